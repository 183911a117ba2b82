"""What each reader takes of its program's library.

Built to the formats' documentation (`foreign`), not written by their programs: rekordbox's XML and database (the latter
by pyrekordbox's tables), Traktor, Serato, Engine DJ, iTunes, M3U. Written by it: rekordbox's table, a real export.
Mixxx's own is in test_import_mixxx.py.
"""

import datetime
import json
import os
import struct
from pathlib import Path

import foreign
import pytest

from daemon.recommend.importing import kinds
from daemon.recommend.importing.record import ImportingError, Record

SHARED = Path(os.environ.get("JAMD_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sessions"
A_MINOR, F_SHARP_MINOR = 21, 18
SESSION = datetime.datetime(2023, 3, 20, 20, 0, tzinfo=datetime.UTC).timestamp()


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def by_title(record: Record) -> dict[str, dict]:
    return {
        track.title: {name: getattr(track, name) for name in track.__struct_fields__}
        for track in record.tracks.values()
    }


def source(kind: str, folder: Path) -> Path:
    """A program's library that knows two tracks."""
    texts = {"rekordbox": ("collection.xml", foreign.REKORDBOX), "itunes": ("Library.xml", foreign.ITUNES)}
    if kind in texts:
        return written(folder / texts[kind][0], texts[kind][1])
    if kind == "rekordbox_db":
        return foreign.rekordbox_db(folder / "plain.db")
    return {"traktor": foreign.traktor, "serato": foreign.serato, "engine": foreign.engine}[kind](folder / "a" / "b")


@pytest.mark.parametrize("kind", ["rekordbox", "rekordbox_db", "traktor", "serato", "engine", "itunes"])
def test_every_program_says_the_same_of_the_same_tracks(kind: str, tmp_path: Path) -> None:
    record = kinds.read(source(kind, tmp_path))
    assert record.source == kind.partition("_")[0]
    tracks = by_title(record)
    assert list(tracks) == ["Pulse One", "Pulse Two"]
    one = tracks["Pulse One"]
    assert Path(one["path"]).parts[-2:] == ("music", "Pulse One.mp3")
    assert (one["artist"], one["album"], one["genre"], one["year"]) == ("The Renderers", "Clicks", "Techno", 2021)
    assert one["tempo_bpm"] == 124.0
    assert one["duration_s"] == pytest.approx(180.0, abs=0.5)
    if kind != "serato":  # which has none
        assert one["rating"] == 4
    if kind != "itunes":
        assert one["key"] == A_MINOR
        assert tracks["Pulse Two"]["tempo_bpm"] == 128.0
    if kind in ("rekordbox", "rekordbox_db", "traktor", "itunes"):
        assert tracks["Pulse Two"]["path"] == "C:/Music/Pulse Two.mp3"
    if kind in ("rekordbox", "traktor", "serato", "engine"):
        assert tracks["Pulse Two"]["key"] == F_SHARP_MINOR
    (friday,) = record.lists
    titles = [record.tracks[ref].title for ref in friday.tracks]
    assert (friday.name, titles) == ("Friday", ["Pulse Two", "Pulse One"])
    assert friday.folder.endswith("Clubs")
    assert friday.kind == ("crate" if kind == "serato" else "playlist")


@pytest.mark.parametrize("kind", ["rekordbox", "rekordbox_db", "traktor", "engine"])
def test_cues(kind: str, tmp_path: Path) -> None:
    cues = {cue.kind: cue for cue in by_title(kinds.read(source(kind, tmp_path)))["Pulse One"]["cues"]}
    assert cues.keys() == {"hot", "loop"}
    assert (cues["hot"].at_s, cues["hot"].name, cues["hot"].number) == (pytest.approx(62.5), "Drop", 0)
    assert (cues["loop"].at_s, cues["loop"].length_s) == (pytest.approx(10.0), pytest.approx(2.0))


@pytest.mark.parametrize("kind", ["rekordbox", "traktor", "engine"])
def test_grids(kind: str, tmp_path: Path) -> None:
    """rekordbox's line is on the second beat of a bar, Engine DJ's marker four beats before the first downbeat."""
    (line,) = by_title(kinds.read(source(kind, tmp_path)))["Pulse One"]["grid"]
    beat = 60.0 / 124.0
    starts = {"rekordbox": 0.525 - beat, "traktor": 0.525, "engine": 0.525 - 4 * beat}
    assert line.bpm == pytest.approx(124.0, abs=0.001)
    assert line.start_s == pytest.approx(starts[kind], abs=1e-4)


def test_sets_of_traktor_in_the_time_of_the_place(tmp_path: Path) -> None:
    (played,) = kinds.read(foreign.traktor(tmp_path / "Traktor")).sets
    local = datetime.datetime(2023, 12, 20, 20, 0).timestamp()
    assert [at for _, at in played.plays] == [local, local + 180.0]
    assert played.started == local


def test_sets_of_serato_less_what_was_only_loaded(tmp_path: Path) -> None:
    record = kinds.read(foreign.serato(tmp_path))
    (played,) = record.sets
    assert [(record.tracks[ref].title, at) for ref, at in played.plays] == [
        ("Pulse Two", SESSION),
        ("Pulse One", SESSION + 180),
    ]


def test_sets_of_engine_by_time(tmp_path: Path) -> None:
    record = kinds.read(foreign.engine(tmp_path))
    (played,) = record.sets
    assert [(record.tracks[ref].title, at) for ref, at in played.plays] == [
        ("Pulse One", SESSION),
        ("Pulse Two", SESSION + 180),
    ]
    assert len(record.tracks) == 2  # the history's own table names the same files


def test_the_encrypted_database_of_rekordbox(tmp_path: Path) -> None:
    """Encrypted with the key that every rekordbox has, which pyrekordbox knows."""
    from pyrekordbox.masterdb.database import BLOB
    from pyrekordbox.utils import deobfuscate

    path = foreign.rekordbox_db(tmp_path / "master.db", deobfuscate(BLOB))
    assert not path.read_bytes().startswith(b"SQLite")
    before = path.read_bytes()
    record = kinds.read(path)
    assert list(by_title(record)) == ["Pulse One", "Pulse Two"]
    assert record.sets[0].plays == (("1", SESSION),)
    assert record.lists[0].folder == "Circle/Clubs"  # the folders lie within each other
    assert path.read_bytes() == before
    assert [other.name for other in tmp_path.iterdir()] == ["master.db"]


def test_the_marks_of_serato_are_in_its_files(tmp_path: Path) -> None:
    """An MP3 whose tags serato-tools wrote: a hot cue, and a grid that doubles its speed."""
    import soundfile
    from mutagen.id3 import GEOB, ID3
    from serato_tools.track_cues_v2 import TrackCuesV2

    path = tmp_path / "music" / "Marked.mp3"
    path.parent.mkdir()
    soundfile.write(path, [0.0] * 44100, 44100)
    tags = ID3()
    grid = b"\x01\x00" + struct.pack(">I", 2) + struct.pack(">fI", 0.5, 4) + struct.pack(">ff", 2.5, 240.0) + b"\x00"
    tags.add(GEOB(encoding=0, mime="application/octet-stream", desc="Serato BeatGrid", data=grid))
    cues = TrackCuesV2(b"\x01\x01AQE=\x00")
    cues.entries = [TrackCuesV2.CueEntry(b"\x00", 2, 1500, b"\x00", b"\xcc\x00\x00", b"\x00\x00", "Drop")]
    cues._dump()
    tags.add(GEOB(encoding=0, mime="application/octet-stream", desc="Serato Markers2", data=cues.raw_data))
    tags.save(path)
    place = tmp_path / "_Serato_"
    place.mkdir()
    track = foreign._block(b"otrk", foreign._texts(pfil=str(path).lstrip("/"), tsng="Marked"))
    (place / "database V2").write_bytes(foreign._texts(vrsn="2.0/Serato Scratch LIVE Database") + track)
    (marked,) = kinds.read(place, "serato").tracks.values()
    assert [(cue.at_s, cue.kind, cue.name, cue.color, cue.number) for cue in marked.cues] == [
        (1.5, "hot", "Drop", "#cc0000", 2)
    ]
    assert [(line.start_s, line.bpm) for line in marked.grid] == [(0.5, 120.0), (2.5, 240.0)]


def test_m3u(tmp_path: Path) -> None:
    lines = [
        "#EXTM3U",
        "#PLAYLIST:Café",
        "#EXTINF:180,The Renderers - Pulse One",
        "music/Pulse One.mp3",
        "",
        "# a word",
    ]
    lines += ['#EXTINF:-1 tvg-id="x",A stream', "http://radio.example/live", "..\\other\\Naïve.mp3", "C:\\Music\\x.mp3"]
    lines += ["file:///music/Pulse%20Two.mp3", "/abs/last.ogg"]
    for name, encoding in (("a.m3u8", "utf-8"), ("b.m3u", "cp1252"), ("c.m3u8", "utf-8-sig"), ("d.m3u", "utf-16")):
        record = kinds.read(written(tmp_path / name, "\r\n".join(lines), encoding))
        paths = [f"{tmp_path}/music/Pulse One.mp3", f"{tmp_path}/../other/Naïve.mp3", "C:\\Music\\x.mp3"]
        paths += ["/music/Pulse Two.mp3", "/abs/last.ogg"]
        tracks = list(record.tracks.values())
        assert [os.path.normpath(track.path) for track in tracks] == [os.path.normpath(path) for path in paths]
        assert (tracks[0].artist, tracks[0].title, tracks[0].duration_s) == ("The Renderers", "Pulse One", 180.0)
        assert (tracks[1].title, tracks[2].title, tracks[4].title) == ("Naïve", "x", "last")
        assert record.left_out == [("http://radio.example/live", "a stream, not a file")]
        assert record.lists[0].name == "Café"
        assert len(record.lists[0].tracks) == 5


def test_tracklists(tmp_path: Path) -> None:
    table = "session_id\tdate\tdj\tpos\ttrack_id\ttitle\toffset\n"
    table += 's1\t2015/07/04\tJoe\t1\tb\tHenry Wu \N{EN DASH} Neezy 12"\t00:03:00\n'
    table += "s1\t2015/07/04\tJoe\t0\ta\tK15 - Rain\t00:00:09\n"
    table += "s2\t\tAda\t0\ta\tK15 - Rain\t\n"
    record = kinds.read(written(tmp_path / "sessions.tsv", table))
    assert [(track.artist, track.title) for track in record.tracks.values()] == [
        ("Henry Wu", 'Neezy 12"'),
        ("K15", "Rain"),
    ]
    first, second = record.sets
    day = datetime.datetime(2015, 7, 4, tzinfo=datetime.UTC).timestamp()
    assert (first.dj, first.started, first.plays) == ("Joe", day, (("a", day + 9.0), ("b", day + 180.0)))
    assert (second.dj, second.started, second.plays) == ("Ada", None, (("a", None),))
    commas = written(tmp_path / "x.csv", 'session_id,title\n1,"A, B - C"\n')
    assert [(track.artist, track.title) for track in kinds.read(commas).tracks.values()] == [("A, B", "C")]


def test_a_playlist_that_rekordbox_exported_as_text(tmp_path: Path) -> None:
    """Its format, as UTF-16 with tabs; the columns are the shared export's."""
    head = "#\tArtwork\tTrack Title\tArtist\tAlbum\tGenre\tBPM\tRating\tTime\tKey\tDate Added\r\n"
    rows = "1\t\tNaïve\tÅsa\tClicks\tTechno\t124.00\t****\t03:00\tAm\t2022-08-16\r\n"
    record = kinds.read(written(tmp_path / "Friday.txt", head + rows, "utf-16"))
    (track,) = record.tracks.values()
    assert (track.title, track.artist, track.rating, track.duration_s, track.key) == ("Naïve", "Åsa", 4, 180.0, A_MINOR)
    assert (record.lists[0].name, record.lists[0].tracks) == ("Friday", ("0",))


def test_a_real_export_of_rekordbox() -> None:
    path = SHARED / "rekordbox_library_sample" / "track.json"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    rows = json.loads(path.read_text("utf-8"))["nouvellesDonnees"]
    record = kinds.read(path)
    assert len(record.tracks) + len(record.left_out) == len(rows) == 1799
    assert {why for _, why in record.left_out} == {"neither a file nor a title"}
    assert sum(track.tempo_bpm is not None for track in record.tracks.values()) > 1700
    named = [row["Key"] for row in rows if row["Track Title"].strip()]
    no_key = {"", "www.DJLIST.org"}
    assert sum(track.key >= 0 for track in record.tracks.values()) == sum(name not in no_key for name in named)
    assert sum(track.rating is not None for track in record.tracks.values()) == 23
    assert max(track.duration_s or 0 for track in record.tracks.values()) > 300
    assert record.lists == []  # a collection, no playlist


def test_real_tracklists() -> None:
    paths = [path for path in sorted(SHARED.glob("*/sessions.tsv")) if path.stat().st_size < 1e6]
    if not paths:
        pytest.skip(f"no sessions in {SHARED}")
    for path in paths:
        record = kinds.read(path)
        lines = path.read_text("utf-8").splitlines()
        assert sum(len(played.plays) for played in record.sets) == len(lines) - 1
        assert len(record.sets) > 30


def test_a_library_that_is_missing_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {kind: source(kind, tmp_path / kind) for kind in ("rekordbox", "rekordbox_db", "traktor", "serato")}
    for module in ("defusedxml.ElementTree", "pyrekordbox", "serato_tools.database_v2"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    for place in found.values():
        with pytest.raises(ImportingError, match=r"pip install 'jamd\[djs\]'") as caught:
            kinds.read(place)
        assert "\n" not in str(caught.value)
