"""Sets as files and as a library's own: what is read, and the line that names what cannot be."""

import csv
import gzip
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from daemon.recommend.item import Item
from daemon.recommend.library.history import Play
from daemon.recommend.library.store import Library
from daemon.train.recommender.sets import DAY_S, PARTS, Sets, SetsError, folders, joined, of_library, read

HEAD = "session_id\tdate\tdj\tpos\ttrack_id\ttitle\tpart\n"
ROWS = (
    "late\t2021-05-02\tann\t0\tb\tBob - Two\ttrain\n"
    "early\t2020/01/02\tbob\t1\ta\tAnn \u2013 \"One\tdev\n"  # a dash of another kind, and a quote
    "late\t2021-05-02\tann\t2\tc\tThree\ttrain\n"
    "late\t2021-05-02\tann\t1\ta\tAnn - One\ttrain\n"
    "early\t2020/01/02\tbob\t0\td\tDee - Four - Live\tdev\n"
    "first\t1970-01-02\tann\t0\ta\tAnn - One\ttrain\n"
)  # fmt: skip


def table(folder: Path, rows: str = ROWS, head: str = HEAD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sessions.tsv").write_text(head + rows, "utf-8")
    return folder


def played(one: Sets) -> dict[str, list[list[str]]]:
    """Titles, by part."""
    items = one.catalogue.items
    return {part: [[items[row].title for row in sitting.rows] for sitting in one.parts[part]] for part in PARTS}


def test_a_table_is_read_by_place_and_by_date(tmp_path: Path) -> None:
    one = read(table(tmp_path / "mine"))
    assert one.name == "mine"
    assert {(item.artist, item.title) for item in one.catalogue.items} == {
        ("Bob", "Two"), ("Ann", '"One'), ("", "Three"), ("Dee", "Four - Live"),
    }  # fmt: skip
    assert played(one) == {
        "train": [['"One'], ["Two", '"One', "Three"]],
        "dev": [["Four - Live", '"One']],
        "test": [],
    }
    late = one.parts["train"][1]
    assert (late.name, late.dj, late.at) == ("late", "ann", datetime(2021, 5, 2, tzinfo=UTC).timestamp())
    assert [one.catalogue.items[row].title for row in np.flatnonzero(~one.seen("train"))] == ["Four - Live"]
    assert one.seen("train", "dev").all() and not one.seen().any()


def test_without_dates_sessions_are_a_day_apart_in_the_file_s_order(tmp_path: Path) -> None:
    rows = "".join(f"s{k}\t{date}\t\t0\tt{k}\tT{k}\ttrain\n" for k, date in enumerate(("", "soon", "2020-13-45")))
    sittings = read(table(tmp_path, rows)).parts["train"]
    assert [sitting.name for sitting in sittings] == ["s0", "s1", "s2"]
    assert np.diff([sitting.at for sitting in sittings]).tolist() == [DAY_S, DAY_S]


def test_how_tracks_sound_is_told_by_a_folder_beside_it(tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    with gzip.open(tmp_path / "sounds" / "union_features.csv.gz", "wt", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["track_id", "k", "tempo", "key", "mode", "energy", "loudness", "danceability", "valence"])
        out.writerow(["c", "nobody|else", "120.5", "9", "0", "0.5", "-7.5", "0.25", ""])
        out.writerow(["x", "ANN|one", "0", "-1", "1", "nan", "loud", "", "0.75"])
        out.writerow(["y"])  # broken off
    items = {item.title: item.profile for item in read(table(tmp_path / "sets")).catalogue.items}
    three, one = items["Three"], items['"One']
    assert (three.tempo_bpm, three.key, three.energy, three.loudness_lufs) == (120.5, 21, 0.5, -7.5)
    assert three.traits == (0.25, None, None, None, None)
    assert (one.tempo_bpm, one.key, one.energy, one.loudness_lufs) == (None, -1, None, None)
    assert one.traits[1] == 0.75
    assert items["Two"].traits == ()


def test_lines_of_ids_are_read_and_the_newest_of_train_are_dev(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("".join(f"{k} {k + 1} 7\n" for k in range(40)) + "\n  \n")
    (tmp_path / "test.txt").write_text("7 new\n")
    one = read(tmp_path)
    assert {part: len(one.parts[part]) for part in PARTS} == {"train": 38, "dev": 2, "test": 1}
    paths = [item.path for item in one.catalogue.items]
    assert [paths[row] for row in one.parts["train"][3].rows] == ["3", "4", "7"]
    assert [paths[row] for row in one.parts["test"][0].rows] == ["7", "new"]
    assert paths != sorted(paths, key=lambda path: (path == "new", len(path), path))  # a row tells nothing of when
    assert [paths[row] for row in np.flatnonzero(~one.seen("train", "dev"))] == ["new"]
    at = [sitting.at for part in PARTS for sitting in one.parts[part]]
    assert at == sorted(at) and len(set(at)) == 41


def test_folders_are_found_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        table(tmp_path / name)
    (tmp_path / "c").mkdir()
    assert [folder.name for folder in folders(tmp_path)] == ["a", "b"]
    assert folders(tmp_path / "b") == [tmp_path / "b"]
    for nothing in (tmp_path / "c", tmp_path / "nowhere"):
        with pytest.raises(SetsError, match=r"no sessions here; give a folder with sessions\.tsv"):
            folders(nothing)


def broken_archive(folder: Path) -> None:
    table(folder)
    (folder / "union_features.csv.gz").write_bytes(gzip.compress(b"track_id,k\n" * 999)[:-20])


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no column": (lambda f: table(f, head=HEAD.replace("\tdj", "")), r"sessions\.tsv: no column dj; its first line"),
    "empty": (lambda f: table(f, "", ""), "no column session_id, date"),
    "a short line": (lambda f: table(f, ROWS + "late\t2021\tann\n"), "line 8: wanted are 7 fields"),
    "a long line": (lambda f: table(f, "s\td\ta\t0\tb\tt\ttrain\tand more\n"), "line 2: wanted are 7 fields"),
    "no number": (lambda f: table(f, ROWS.replace("\t2\t", "\tlast\t")), "line 4: .* a whole number as pos"),
    "another part": (lambda f: table(f, ROWS + ROWS.replace("dev", "eval")), "line 9: .* train, dev, test"),
    "no text": (lambda f: (table(f) / "sessions.tsv").write_bytes(b"\xff\xfe\x00"), "cannot be read as sessions"),
    "a field without end": (lambda f: table(f, "x" * 200_000), "field larger|wanted are 7"),
    "no test": (lambda f: (f / "train.txt").write_text("1 2\n"), r"cannot be read .*test\.txt"),
    "half an archive": (broken_archive, "cannot be read as sessions"),
}


@pytest.mark.parametrize("how", BAD)
def test_what_cannot_be_read_is_named_in_one_line(how: str, tmp_path: Path) -> None:
    make, words = BAD[how]
    folder = tmp_path / "x"
    folder.mkdir()
    make(folder)
    with pytest.raises(SetsError, match=words) as caught:
        read(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_sets_are_joined_by_artist_and_title(tmp_path: Path) -> None:
    other = "z\t2019-01-01\teve\t0\tq\tEVE - Five\ttrain\nz\t2019-01-01\teve\t1\tr\tbob - two\ttrain\n"
    one = joined([read(table(tmp_path / "a")), read(table(tmp_path / "b", other))])
    assert one.name == "a+b"
    assert [item.id for item in one.catalogue.items] == [1, 2, 3, 4, 5]
    assert played(one)["train"] == [['"One'], ["Five", "Two"], ["Two", '"One', "Three"]]
    assert len(one.parts["dev"]) == 1


def test_a_library_s_own_sets(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        ids = library.put([Item(id=0, path=f"/m/{k}.wav", title=f"T{k}") for k in range(30)], "test")
        for k in range(9):
            library.history.put("test", str(k), [Play(ids[k], 1.0), Play(ids[k + 1], 2.0)], "ann", started=1000.0 - k)
        library.history.put("test", "one", [Play(ids[0], 1.0)], "ann", started=1.0)
    with pytest.raises(SetsError, match=r"library\.db: 9 sets of two tracks or more were played; 10 are needed"):
        of_library(path)
    with Library.open(path) as library:
        for k in range(9, 25):
            library.history.put("test", str(k), [Play(ids[k], None), Play(ids[k + 1], None)], "ann", started=1000.0 - k)
    one = of_library(path)
    assert {part: len(one.parts[part]) for part in PARTS} == {"train": 23, "dev": 2, "test": 0}
    assert played(one)["train"][0] == ["T24", "T25"] and played(one)["dev"][-1] == ["T0", "T1"], "oldest first"
    assert not re.search("one", repr(one.parts["train"][0].name))
