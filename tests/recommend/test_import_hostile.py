"""Sources that are cut off, of another kind, or made to do harm: an error of one line or less of a record, never a crash.

And whatever comes of one, a library that was there before is as it was.
"""

import contextlib
import shutil
import sqlite3
import struct
import zlib
from pathlib import Path

import foreign
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import UserError
from daemon.recommend.importing import engine_dj, kinds
from daemon.recommend.importing.record import Record
from daemon.recommend.importing.take import take
from daemon.recommend.library.store import Library

GOLDEN = Path(__file__).parents[1] / "golden" / "importing" / "mixxx_2.3.3.sql"
TABLES = "DROP TABLE items;--"


def mixxx(path: Path) -> Path:
    db = sqlite3.connect(path)
    db.executescript(GOLDEN.read_text("utf-8"))
    db.close()
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A sound file of each kind's."""
    folder = tmp_path_factory.mktemp("whole")
    table = "session_id\ttitle\n1\tA - B\n"
    return {
        "mixxx": mixxx(folder / "mixxxdb.sqlite").read_bytes(),
        "rekordbox": foreign.REKORDBOX.encode(),
        "rekordbox_db": foreign.rekordbox_db(folder / "plain.db").read_bytes(),
        "rekordbox_table": "#\tTrack Title\tArtist\n1\tA\tB\n".encode("utf-16"),
        "traktor": foreign.TRAKTOR.encode(),
        "serato": (foreign.serato(folder) / "database V2").read_bytes(),
        "engine": (foreign.engine(folder) / "Database2" / "m.db").read_bytes(),
        "itunes": foreign.ITUNES.encode(),
        "m3u": b"#EXTM3U\n#EXTINF:1,A - B\nx.mp3\n",
        "tracklist": table.encode(),
    }


NAMES = {
    "serato": "database V2",
    "engine": "m.db",
    "rekordbox_db": "master.db",
    "m3u": "a.m3u",
    "rekordbox_table": "a.txt",
}


def tried(path: Path, data: bytes, kind: str) -> Record | None:
    """What is read of it; None where it was refused in one line that names it."""
    path = path / NAMES.get(kind, "source.xml")
    path.write_bytes(data)
    record, said = read(path, kind)
    assert record is not None or (str(path) in said and "\n" not in said)
    return record


def read(path: Path, program: str) -> tuple[Record | None, str]:
    """What is read, or else what is said."""
    try:
        return kinds.read(path, program), ""
    except UserError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", list(kinds.READERS))
def test_every_kind_is_seen_from_what_is_in_it(kind: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / NAMES.get(kind, "unnamed")
    path.write_bytes(whole[kind])
    assert kinds.guessed(path) == kind
    assert kinds.read(path).tracks


@pytest.mark.parametrize("kind", list(kinds.READERS))
def test_cut_off_files(kind: str, whole: dict[str, bytes], tmp_path: Path) -> None:
    data = whole[kind]
    for part in (0, 1, 4, len(data) // 3, len(data) // 2, len(data) - 9):
        tried(tmp_path, data[:part], kind)


@pytest.mark.parametrize("kind", [kind for kind in kinds.READERS if kind != "rekordbox_db"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=400), share=st.floats(0.0, 1.0))
def test_noise(kind: str, noise: bytes, share: float, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Random bytes, alone and written over a part of a sound file."""
    record = tried(tmp_path, noise, kind)
    assert record is None or kind == "m3u" or not record.tracks or b"title" in noise.lower()
    data = whole[kind]
    at = int(share * len(data))
    tried(tmp_path, data[:at] + noise + data[at + len(noise) :], kind)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=400), share=st.floats(0.0, 1.0))
def test_noise_in_rekordbox_db(noise: bytes, share: float, whole: dict[str, bytes], tmp_path: Path) -> None:
    """Fewer: each is decrypted first."""
    tried(tmp_path, noise, "rekordbox_db")
    at = int(share * len(whole["rekordbox_db"]))
    tried(tmp_path, whole["rekordbox_db"][:at] + noise + whole["rekordbox_db"][at + len(noise) :], "rekordbox_db")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=300))
def test_noise_of_no_kind(noise: bytes, tmp_path: Path) -> None:
    path = tmp_path / "what.bin"
    path.write_bytes(noise)
    with contextlib.suppress(UserError):
        kinds.read(path)


@pytest.mark.parametrize("program", ["", *kinds.PROGRAMS])
def test_what_is_no_file(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (empty := tmp_path / "empty.xml").touch()
    for path in (folder, empty, tmp_path / "not there", Path("/dev/null/x")):
        record, said = read(path, program)
        if record is None:
            assert str(path) in said
            assert "\n" not in said
        else:  # an empty playlist
            assert program == "m3u"
            assert not record.tracks


BOMB = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lollollollol">{more}]>"""
MORE = "".join(f'<!ENTITY a{k + 1} "{f"&a{k or str()};" * 10}">' for k in range(9))


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("rekordbox", foreign.REKORDBOX, 'Name="Pulse One"'),
        ("traktor", foreign.TRAKTOR, 'TITLE="Pulse One"'),
        ("itunes", foreign.ITUNES, "<string>Pulse One</string>"),
    ],
)
def test_entities(kind: str, text: str, place: str, tmp_path: Path) -> None:
    """A billion laughs, and another file's content, are refused before they are opened."""
    (tmp_path / "secret").write_text("the secret")
    body = text[text.index({"rekordbox": "<DJ_", "traktor": "<NML", "itunes": "<plist"}[kind]) :]
    for head in (BOMB.format(more=MORE), BOMB.format(more=f'<!ENTITY a9 SYSTEM "file://{tmp_path}/secret">')):
        hostile = head + body.replace(place, place.replace("Pulse One", "&a9;"))
        assert tried(tmp_path, hostile.encode(), kind) is None


def _titled(kind: str, title: str, folder: Path) -> Record | None:
    """A record of a track that is called so in every kind that the title can be written in."""
    from xml.sax.saxutils import escape

    safe = escape(title, {'"': "&quot;"})
    texts = {"rekordbox": foreign.REKORDBOX, "traktor": foreign.TRAKTOR, "itunes": foreign.ITUNES}
    if kind in texts:
        return tried(folder, texts[kind].replace("Pulse One", safe).encode(), kind)
    if kind == "tracklist":
        return tried(folder, f"session_id\ttitle\n1\tThe Renderers - {title}\n".encode(), kind)
    if kind == "m3u":
        return tried(folder, f"#EXTM3U\n#EXTINF:1,The Renderers - {title}\nx.mp3\n".encode(), kind)
    path = mixxx(folder / "mixxxdb.sqlite")
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE library SET title = ?, comment = ? WHERE id = 3", (title, title))
    db.close()
    return kinds.read(path)


@pytest.mark.parametrize("kind", ["mixxx", "rekordbox", "traktor", "itunes", "m3u", "tracklist"])
def test_statements_in_titles(kind: str, tmp_path: Path) -> None:
    """SQL is a title like any other."""
    title = f"Robert'); {TABLES}"
    record = _titled(kind, title, tmp_path)
    assert record is not None
    with Library.open(tmp_path / "library.db") as library:
        taken = take(library, record)
        (item,) = (item for item in library.search([]) if item.title == title and item.path != "/music/t2.ogg")
        assert item.title == title
        assert len(library) == taken.new


@pytest.mark.parametrize("kind", ["mixxx", "rekordbox", "traktor", "itunes", "m3u", "tracklist"])
def test_a_megabyte_of_title(kind: str, tmp_path: Path) -> None:
    record = _titled(kind, "x" * 1_000_000, tmp_path)
    assert record is not None
    assert all(len(track.title) <= 1000 and len(track.comment) <= 1000 for track in record.tracks.values())
    with Library.open(tmp_path / "library.db") as library:
        assert take(library, record).new == len(record.tracks)
    assert (tmp_path / "library.db").stat().st_size < 500_000


def test_numbers_beyond_sense(tmp_path: Path) -> None:
    hostile = [("AverageBpm", "124.00"), ("TotalTime", "180"), ("Rating", "204"), ("Start", "62.5"), ("Bpm", "124.00")]
    for number in ("-1", "1e999", "nan", "-inf", "9" * 400, "", "0", "soon", "12,5"):
        text = foreign.REKORDBOX
        for name, value in (
            *hostile,
            ("Year", "2021"),
            ("Inizio", "0.525"),
            ("Num", "0"),
            ("Metro", "4/4"),
            ("Battito", "2"),
        ):
            text = text.replace(f'{name}="{value}"', f'{name}="{number}"')
        record = tried(tmp_path, text.encode(), "rekordbox")
        assert record is not None
        track = record.tracks["1"]
        assert track.tempo_bpm is None or 20.0 <= track.tempo_bpm <= 999.0
        assert track.duration_s is None or track.duration_s > 0.0
        assert track.rating is None
        assert track.year is None
        assert all(cue.at_s >= 0.0 for cue in track.cues)
        assert all(20.0 <= line.bpm <= 999.0 for line in track.grid)
        with Library.open(tmp_path / "library.db") as library:
            take(library, record)


def test_values_of_other_types_in_a_database(tmp_path: Path) -> None:
    """SQLite keeps anything in any column."""
    path = mixxx(tmp_path / "mixxxdb.sqlite")
    columns = ["bpm", "duration", "rating", "key_id", "key", "beats", "samplerate", "year", "genre", "comment"]
    columns.append("datetime_added")
    for value in (b"\xff\xfe\x00", "text", -1, 1e308, float("inf"), None, 2**62, "\x00\ud7ff", b""):
        db = sqlite3.connect(path)
        with db:
            for column in columns:
                db.execute(f"UPDATE library SET {column} = ?", (value,))
            for column in ("position", "length", "hotcue", "label", "color", "type"):
                db.execute(f"UPDATE cues SET {column} = ifnull(?, 0)", (value,))
            db.execute("UPDATE PlaylistTracks SET position = ?, pl_datetime_added = ?", (value, value))
            db.execute("UPDATE crates SET name = ifnull(?, '')", (value,))
        db.close()
        record = kinds.read(path)
        assert len(record.tracks) == 3
        with Library.open(tmp_path / "library.db") as library:
            take(library, record)
            assert len(library) == 3


def test_playlists_in_circles(tmp_path: Path) -> None:
    """Folders that lie within each other, and entries that follow each other, in Engine DJ."""
    home = foreign.engine(tmp_path)
    db = sqlite3.connect(home / "Database2" / "m.db")
    with db:
        db.execute("UPDATE Playlist SET parentListId = 2 WHERE id = 1")
        db.execute("UPDATE PlaylistEntity SET nextEntityId = 2 WHERE id = 1")
    db.close()
    (friday,) = kinds.read(home).lists
    assert friday.folder in ("Friday/Clubs", "Clubs")
    assert sorted(friday.tracks) == ["1", "2"]


def test_folders_without_end(tmp_path: Path) -> None:
    depth = 5000
    inside = '<NODE Type="0" Name="x" Count="1">' * depth + "</NODE>" * depth
    text = foreign.REKORDBOX.replace(
        '<NODE Type="0" Name="Clubs" Count="1">', inside + '<NODE Type="0" Name="Clubs" Count="1">'
    )
    record = tried(tmp_path, text.encode(), "rekordbox")
    assert record is None or record.lists[-1].name == "Friday"
    inside = '<NODE TYPE="FOLDER" NAME="x"><SUBNODES>' * depth + "</SUBNODES></NODE>" * depth
    record = tried(tmp_path, foreign.TRAKTOR.replace("<PLAYLISTS>", f"<PLAYLISTS>{inside}").encode(), "traktor")
    assert record is None or record.lists[-1].name == "Friday"
    nested = "<array>" * depth + "</array>" * depth
    tried(
        tmp_path,
        foreign.ITUNES.replace("<key>Playlists</key>", f"<key>x</key>{nested}<key>Playlists</key>").encode(),
        "itunes",
    )
    tried(tmp_path, b"[" * 100_000, "rekordbox_table")


def test_a_blob_that_unpacks_to_a_thousand_times_its_size(tmp_path: Path) -> None:
    home = foreign.engine(tmp_path)
    bomb = struct.pack(">I", 1 << 30) + zlib.compress(b"\0" * (40 << 20), 9)
    db = sqlite3.connect(home / "Database2" / "m.db")
    with db:
        db.execute("UPDATE PerformanceData SET beatData = ?, quickCues = ?, loops = ?", (bomb, bomb, b"\xff" * 100))
    db.close()
    assert len(engine_dj._unpacked(bomb)) == 16 << 20
    record = kinds.read(home)
    assert record.tracks["1"].cues == record.tracks["1"].grid == ()


def test_another_letter_set(tmp_path: Path) -> None:
    """A database whose texts are not UTF-8, and an NML that says it is what it is not."""
    path = mixxx(tmp_path / "mixxxdb.sqlite")
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE library SET title = CAST(x'4e61ef7665' AS TEXT) WHERE id = 3")
    db.close()
    assert kinds.read(path).tracks["3"].title == "Na\ufffdve"
    assert tried(tmp_path, foreign.TRAKTOR.replace("Pulse One", "Naïve").encode("latin-1"), "traktor") is None


def test_a_library_outlives_an_import_that_fails(tmp_path: Path) -> None:
    """All of an import is one transaction: one that ends half-way, for whatever reason, has not been."""
    with Library.open(tmp_path / "library.db") as library:
        take(library, kinds.read(mixxx(tmp_path / "mixxxdb.sqlite")))
        before = [library.search([]), library.history.sets(), library.lists.all()]
        record = tried(tmp_path, foreign.TRAKTOR.encode(), "traktor")
        assert record is not None
        broken = record.tracks["C:/:Music/:Pulse Two.mp3"]
        record.tracks["last"] = None  # type: ignore[assignment]
        with pytest.raises(AttributeError):
            take(library, record)
        assert [library.search([]), library.history.sets(), library.lists.all()] == before
        del record.tracks["last"]
        assert broken.path not in [item.path for item in library.search([])]
        assert take(library, record).new == 2
    shutil.rmtree(tmp_path)
