"""DJ programs that say what plays: real files, real UDP, Mixxx's tables; and all that may be wrong in them."""

import os
import socket
import sqlite3
import time
from pathlib import Path

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from daemon.errors import UserError
from daemon.recommend.library.store import Library
from daemon.recommend.live import finding
from daemon.recommend.live.sources import Told, source
from tests.recommend.booth_stage import library

NOW = 1.7e9
MIXXX = """
CREATE TABLE Playlists (id INTEGER PRIMARY KEY, name varchar(48), position INTEGER, hidden INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE PlaylistTracks (
    id INTEGER PRIMARY KEY, playlist_id INTEGER, track_id INTEGER, position INTEGER, pl_datetime_added
);
CREATE TABLE track_locations (id INTEGER PRIMARY KEY, location varchar(512) UNIQUE, filename varchar(512));
CREATE TABLE library (id INTEGER PRIMARY KEY, artist varchar(64), title varchar(64), location INTEGER);
INSERT INTO track_locations VALUES (1, '/music/0.wav', '0.wav'), (2, '/music/1.wav', '1.wav');
INSERT INTO library VALUES (1, 'Ann', 'Blue Monday', 1), (2, 'Bob', 'Green Tuesday', 2);
INSERT INTO Playlists VALUES (1, 'Auto DJ', 0, 1), (2, '2026-01-01', 1, 2);
"""


def utc(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))


class Mixxx:
    """What Mixxx writes while it plays (schema of mixxx's res/schema.xml, what matters here)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.executescript(MIXXX)

    def play(self, track: int, at: float, playlist: int = 2) -> None:
        sql = "INSERT INTO PlaylistTracks (playlist_id, track_id, position, pl_datetime_added) VALUES (?, ?, 1, ?)"
        self.db.execute(sql, (playlist, track, utc(at)))


@pytest.fixture
def mixxx(tmp_path: Path):
    made = Mixxx(tmp_path / "mixxxdb.sqlite")
    yield made
    made.db.close()


def test_mixxx_tells_what_it_enters_into_its_history(mixxx: Mixxx) -> None:
    told = source(f"mixxx:{mixxx.path}")
    assert told.poll(NOW) is None
    mixxx.play(1, NOW, playlist=1)
    assert told.poll(NOW) is None, "another list is no history"
    mixxx.play(2, NOW + 10)
    assert told.poll(NOW + 11) == Told("Bob", "Green Tuesday", "/music/1.wav", NOW + 10)
    assert told.poll(NOW + 12) is None


@pytest.mark.parametrize(("ago", "counts"), [(300, True), (3600, False)])
def test_what_mixxx_played_before_counts_where_it_may_still_play(mixxx: Mixxx, ago: float, counts: bool) -> None:
    mixxx.play(1, NOW - ago)
    assert (source(f"mixxx:{mixxx.path}").poll(NOW) is not None) == counts


def test_a_mixxx_that_is_missing_locked_or_something_else_is_said_and_tried_again(mixxx: Mixxx, tmp_path: Path) -> None:
    told = source(f"mixxx:{mixxx.path}")
    mixxx.db.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    assert told.poll(NOW) is None
    assert "locked" in told.error
    assert time.monotonic() - begun < 2.0
    mixxx.db.execute("COMMIT")
    mixxx.play(1, NOW)
    assert told.poll(NOW) is not None
    assert not told.error
    (tmp_path / "text").write_text("no database" * 100)
    for path in ("missing", "text"):
        other = source(f"mixxx:{tmp_path}/{path}")
        assert other.poll(NOW) is None
        assert "give now_playing" in other.error
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    ("content", "artist", "title"),
    [
        (b"Ann - Blue Monday\n", "Ann", "Blue Monday"),
        (b"\xef\xbb\xbfAnn - Blue Monday\r\n", "Ann", "Blue Monday"),
        ("Ann - Blüe Monday".encode("utf-16"), "Ann", "Blüe Monday"),
        ("Ann - Blüe Monday".encode("cp1252"), "Ann", "Blüe Monday"),
        ("Ann \N{EN DASH} Blue - Monday".encode(), "Ann \N{EN DASH} Blue", "Monday"),
        (b"first - one\n\nAnn - Blue Monday\n \n", "Ann", "Blue Monday"),
        (b"x" * 3_000_000 + b"\nAnn - Blue Monday", "Ann", "Blue Monday"),
        (b"Blue Monday", "", "Blue Monday"),
    ],
)
def test_a_text_files_last_line_is_what_plays(tmp_path: Path, content: bytes, artist: str, title: str) -> None:
    path = tmp_path / "now.txt"
    told = source(f"file:{path}")
    assert told.poll(NOW) is None
    assert "looked for again" in told.error
    path.write_bytes(content)
    assert told.poll(NOW) == Told(artist, title)
    assert not told.error
    os.utime(path, (1, 1))
    assert told.poll(NOW) is None, "it says the same"


def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def packet(*words: object, address: str = "/jamd/now_playing") -> bytes:
    made = OscMessageBuilder(address)
    for word in words:
        made.add_arg(word)
    return made.build().dgram


def test_an_osc_message_says_what_plays_and_nonsense_is_passed_over() -> None:
    number = port()
    told = source(f"osc:{number}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        nonsense = [b"", b"x" * 5000, b"#bundle\0", packet(1, 2), packet("a", "b", "c"), packet("a", address="/other")]
        nonsense += [b"#bundle\0" + b"\0" * 7 + b"\1" + b"\xff\xff\xff\xfc"]  # a part of less than no size
        for data in [packet("Ann", "Blue Monday"), *nonsense]:
            sender.sendto(data, ("127.0.0.1", number))
        assert told.poll(NOW) == Told("Ann", "Blue Monday")
        assert told.poll(NOW) is None
        sender.sendto(packet("Blue Monday"), ("127.0.0.1", number))
        assert told.poll(NOW) == Told("", "Blue Monday")
    with pytest.raises(UserError, match="give a free port"):
        source(f"osc:{number}")
    told.close()


@pytest.mark.parametrize("said", ["", "serato", "osc:", "osc:x", "osc:70000", "file:"])
def test_a_source_that_cannot_be_is_one_line(said: str) -> None:
    with pytest.raises(UserError, match=r"recommend\.now_playing"):
        source(said)


def test_what_is_told_is_found_in_the_library(tmp_path: Path) -> None:
    with Library.open(library(tmp_path / "l.db")) as opened, opened.database.reading() as db:
        for told, number in (
            (Told("Ann", "Blue Monday"), 1),
            (Told("ANN", "blue  monday!"), 1),
            (Told("", "", "/music/3.wav"), 4),
            (Told("Ann feat. Zoe", "Blue Monday"), 1),
            (Told("", "Red Wednesday"), 3),
            (Told("Bob", "Blue Monday"), 0),
            (Told("Ann", "Blue Monday (Remix)"), 0),
            (Told("%", "%"), 0),
        ):
            assert finding.told(db, told) == number, told
        assert finding.by_words(db, "gold sun") == 7
        with pytest.raises(UserError, match="could be #1"):
            finding.by_words(db, "day")
        with pytest.raises(UserError, match="nothing in the library"):
            finding.by_words(db, "'; DROP TABLE items; --")
