"""The library that jamd renders itself for `jamd demo`: the same each time, scanned as any, and made once."""

from pathlib import Path

import numpy as np
import pytest

from daemon import messages as m
from daemon.outputs.next_panel import NextPanel
from daemon.recommend.item import KINDS
from daemon.recommend.library.store import Library
from daemon.record_box import box, pressing, records

FEW = [record for record in records.RECORDS if record.title in ("Postcard Rhythm", "Four on the Floor", "Walking Home")]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box")
    box.fill(folder, FEW)
    return folder


def test_its_records_have_the_tempo_they_were_written_in(filled: Path) -> None:
    with Library.open(box.library(filled), read_only=True) as opened:
        items = {item.title: item for item in opened.catalogue().items}
        assert opened.bad() == []
    for record in FEW:
        item = items[record.title]
        assert item.kind == record.kind
        assert item.profile.tempo_bpm == pytest.approx(record.tempo_bpm, rel=0.01)
        assert item.profile.energy is not None
    assert {item.kind for item in items.values()} == {"loop", "clip", "groove", "preset"}


def test_the_sets_are_of_the_dj_who_is_made_up(filled: Path) -> None:
    with Library.open(box.library(filled), read_only=True) as opened:
        sets, titles = opened.history.sets(), {item.id: item.title for item in opened.catalogue().items}
    assert {one.dj for one in sets} == {records.DJ}
    assert "made up" in records.DJ
    played = [[titles[play.item_id] for play in one.plays] for one in sets]
    known = {record.title for record in FEW}
    assert played == [found for text in records.SETS if (found := [one for one in text.split("; ") if one in known])]


def test_a_full_box_is_left_alone_and_a_copy_is_ones_own(filled: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in filled.rglob("*") if path.name != "lock"}
    box.fill(filled, FEW)
    box.copy(filled, tmp_path / "mine.db")
    with Library.open(tmp_path / "mine.db") as mine:
        mine.history.play(mine.history.start("me", 1.0), 1, 1.0)
    assert {path: path.stat().st_mtime_ns for path in filled.rglob("*") if path.name != "lock"} == before


def test_a_record_always_sounds_the_same() -> None:
    first, again = pressing.sound(FEW[0]), pressing.sound(FEW[0])
    assert np.array_equal(first, again)
    assert 0.3 < np.abs(first).max() <= pressing.PEAK


def test_all_that_is_named_is_there() -> None:
    titles = [record.title for record in records.RECORDS]
    assert len(set(titles)) == len(titles)
    for text in records.SETS:
        assert set(text.split("; ")) <= set(titles)
    assert set(records.DJ_SET) <= {record.title for record in records.TRACKS}
    assert {record.kind for record in records.RECORDS} | {"preset"} == set(KINDS)
    assert all((box.PRESET_FOLDER / f"{name}.toml").exists() for name in records.PRESETS)
    for record in records.TRACKS:
        assert record.bars * 240 / record.tempo_bpm + pressing.TAIL_S > 30.0, f"{record.title} would be a loop"


def test_tracks_are_mixed_one_into_the_other(tmp_path: Path) -> None:
    import soundfile

    (tmp_path / "records").mkdir()
    for title, level in (("One", 0.1), ("Two", 0.2)):
        soundfile.write(tmp_path / "records" / f"Ann - {title}.flac", np.full((4410, 2), level, np.float32), 44100)
    sound, rate = box.set_of(tmp_path, ("One", "Two"), 0.02)
    assert (sound.shape, rate) == ((2 * 4410 - 882, 2), 44100)
    assert sound[0, 0] == pytest.approx(0.1, abs=1e-3)
    assert sound[-1, 0] == pytest.approx(0.2, abs=1e-3)


def test_the_panel_shows_reasons_beside_or_below() -> None:
    panel = NextPanel("soon")
    assert panel.rows(60, 1)[0].plain == "soon"
    assert not panel.is_told
    item = m.NextItem(
        id=1, title="Backbeat", artist="", tempo_bpm=112.0, key="", score=1.0, family="content", kind="groove",
        parts=[m.NextPart("tempo", 1.0, "112.0 -> 112.0 BPM")], transition="", duration_s=8.0, verdict=0.0,
    )  # fmt: skip
    panel.take(
        m.Suggestions(session_id=0, after_id=0, after="", items=[item], why="sound", families=["content"], ms=1.0)
    )
    assert panel.is_told
    assert [len(panel.rows(70, each)) for each in (1, 2)] == [3, 6]
    assert panel.rows(70, 1)[0].plain == "1 Backbeat  groove 112 BPM  112.0 -> 112.0 BPM"
    assert [row.plain for row in panel.rows(70, 2)[:2]] == ["1 Backbeat  groove 112 BPM", "    112.0 -> 112.0 BPM"]
    assert all(row.cell_len <= 20 for row in panel.rows(20, 1))
