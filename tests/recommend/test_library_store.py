"""The library's file: merged items, migrations, and what happens to old data where it cannot be read or written."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.item import N_CURVE, N_TIMBRE, Item, Profile
from daemon.recommend.library import schema
from daemon.recommend.library.database import LibraryError
from daemon.recommend.library.history import Play
from daemon.recommend.library.lists import Cue, Grid
from daemon.recommend.library.store import Library

WHOLE = Profile(
    duration_s=200.5,
    tempo_bpm=124.0,
    tempo_stability=0.5,
    key=13,
    key_strength=0.25,
    loudness_lufs=-8.0,
    energy=0.5,
    energy_curve=(0.5,) * N_CURVE,
    onset_density=3.0,
    chroma=(0.5, 0.5, *[0.0] * 10),
    timbre=tuple(float(k) for k in range(N_TIMBRE)),
    traits=(0.5, None, None, 0.25, None),
    intro_beats=16,
    outro_beats=0,
    first_beat_s=0.25,
)
SQL = "Robert'); DROP TABLE items;--"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "new" / "library.db") as opened:
        yield opened


def item(path: str = "", **values) -> Item:
    return Item(id=0, path=path, **{"added": 1.0, **values})


def test_an_item_comes_back_as_it_was_put(library: Library) -> None:
    wanted = item(
        "/a.wav", title=SQL, artist="Björk", genre="Dub; House", tags=("a", "b"), year=1999, rating=4, profile=WHOLE
    )
    bare = item("/b.wav", kind="clip")
    assert library.put([wanted, bare], "test") == [1, 2]
    for number, one in ((1, wanted), (2, bare)):
        there = library.item(number)
        assert there is not None
        assert (there.path, there.title, there.tags, there.profile) == (one.path, one.title, one.tags, one.profile)
        assert library.catalogue().items[number - 1] == there


def test_the_catalogue_of_columns_is_the_one_of_items(library: Library) -> None:
    library.put(
        [
            item("/1", artist="A", genre="x/y", profile=WHOLE),
            item("/2", artist="B", kind="loop"),
            item("/3", artist="a", profile=Profile(tempo_bpm=90.0, traits=(None,) * 5)),
            item("/4", genre="X", kind="preset", profile=Profile(key=3)),
        ],
        "test",
    )
    fast = library.catalogue()
    slow = Catalogue(fast.items)
    for name in set(vars(slow)) - {"items", "genres"}:
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name), err_msg=name)
        assert getattr(fast, name).dtype == getattr(slow, name).dtype, name
    assert fast.genres == slow.genres
    assert fast.rows == slow.rows == {1: 0, 2: 1, 3: 2, 4: 3}


def test_what_two_say_is_merged(library: Library) -> None:
    library.put([item("/a", title="T", artist="A", tags=("one",), profile=Profile(tempo_bpm=120.0))], "one")
    library.put([item("/a", title="t", genre="Dub", tags=("two",), profile=Profile(tempo_bpm=60.0, key=3))], "two")
    (both,) = library.search()
    assert (both.title, both.artist, both.genre, both.tags) == ("t", "A", "Dub", ("one", "two"))
    assert (both.profile.tempo_bpm, both.profile.key) == (60.0, 3)
    library.put([item("/a", title="x", album="B")], "three", new_wins=False)
    assert (library.search()[0].title, library.search()[0].album) == ("t", "B")


def test_an_import_does_not_write_over_an_analysis(library: Library) -> None:
    library.put([item("/a", profile=Profile(tempo_bpm=120.0))], "scan")
    with library.database.writing() as db:
        db.execute("UPDATE profiles SET version = 1")
    library.put([item("/a", profile=Profile(tempo_bpm=60.0, key=3, traits=WHOLE.traits))], "two")
    profile = library.search()[0].profile
    assert (profile.tempo_bpm, profile.key, profile.traits) == (120.0, 3, WHOLE.traits)


def test_what_was_only_heard_of_is_known_by_its_names(library: Library) -> None:
    assert library.put([item(title="Jóga", artist="Björk"), item(title="joga!", artist="BJORK")], "list") == [1, 1]
    assert library.put([item("/joga.flac", title="Joga", artist="Bjork")], "import") == [1]
    assert library.search()[0].path == "/joga.flac"
    assert library.put([item("/live/joga.flac", title="Joga", artist="Bjork")], "import") == [2]  # two files are two
    assert library.put([item(title="Joga", artist="Bjork")], "list") == [1]


def test_words_are_found_without_case_and_accents(library: Library) -> None:
    library.put(
        [item("/x/Ünder.wav", title="Jóga", artist="Björk", tags=("peak time",)), item("/y", title=SQL)], "test"
    )
    for words in (["jog"], ["BJORK", "joga"], ["björk joga"], ["peak"], ["under"]):
        assert [one.id for one in library.search(words)] == [1], words
    assert [one.id for one in library.search(["drop table"])] == [2]
    assert library.search(["%"]) == library.search()
    assert library.search(["oga"]) == []
    assert [one.id for one in library.search(limit=1)] == [2]


def test_history(library: Library) -> None:
    library.put([item("/1"), item("/2"), item("/3")], "test")
    history = library.history
    first = history.start("dj", 10.0)
    history.play(first, 2, 11.0)
    history.play(first, 1, 12.0)
    other = history.put("mixxx", "7", [Play(2, 5.0), Play(2, None)], name="old")
    assert history.put("mixxx", "7", [Play(2, 5.0)], name="old", started=4.0) == other
    assert [(one.id, one.plays) for one in history.sets()] == [(other, ((2, 5.0),)), (first, ((2, 11.0), (1, 12.0)))]
    ids = np.array([3, 2, 9, 1])
    np.testing.assert_array_equal(history.last_played(ids), [np.nan, 11.0, np.nan, 12.0])
    history.verdict(1, 3.0, -1.0)
    history.verdict(1, 2.0, 1.0)
    np.testing.assert_array_equal(history.verdicts(ids), [np.nan, np.nan, np.nan, -1.0])
    assert history.last_played(np.empty(0, np.int64)).size == 0


def test_lists_and_marks(library: Library) -> None:
    library.put([item("/1"), item("/2")], "test")
    lists = library.lists
    number = lists.put("mixxx", "3", "Warm up", [2, 1, 2], folder="Club")
    assert lists.put("mixxx", "3", "Warm-up", [1, 2], folder="Club") == number
    assert [(one.name, one.folder, one.items) for one in lists.all()] == [("Warm-up", "Club", (1, 2))]
    lists.put_cues(1, "mixxx", [Cue(9.0, "hot", "drop", "#ff0000", number=2), Cue(1.0)])
    lists.put_cues(1, "mixxx", [Cue(8.0, "hot", "drop", "#ff0000", number=2), Cue(1.0)])
    assert lists.cues(1) == [Cue(1.0), Cue(8.0, "hot", "drop", "#ff0000", number=2)]
    lists.put_grid(1, "mixxx", [Grid(0.1, 120.0), Grid(60.0, 125.0, 3)])
    assert lists.grid(1) == [Grid(0.1, 120.0), Grid(60.0, 125.0, 3)]
    assert lists.grid(2) == []


def test_all_of_a_transaction_or_nothing(library: Library) -> None:
    def broken() -> Iterator[Item]:
        yield item("/a")
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        library.put(broken(), "test")
    assert len(library) == 0


def test_an_older_library_is_brought_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        library.put([item("/a", title="old")], "test")
    broken = (*schema.MIGRATIONS, "CREATE TABLE later (x); CREATE TABLE items (y);")
    monkeypatch.setattr(schema, "MIGRATIONS", broken)
    monkeypatch.setattr(schema, "VERSION", len(broken))
    with pytest.raises(LibraryError, match="already exists"):
        Library.open(path)
    with pytest.raises(LibraryError, match="older jamd"):
        Library.open(path, read_only=True)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS[:-1], "ALTER TABLE items ADD COLUMN later TEXT;"))
    with Library.open(path) as library, library.database.reading() as db:
        assert db.execute("SELECT title, later FROM items").fetchall() == [("old", None)]
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)


def test_a_newer_library_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    Library.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(LibraryError, match="newer jamd"):
            Library.open(path, read_only)
    assert path.read_bytes() == before


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mixxxdb.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE library (id)")
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(LibraryError, match="another program's"):
            Library.open(path, read_only)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["text", "cut", "page"])
def test_a_damaged_library_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "library.db"
    with Library.open(path) as library:
        library.put([item(f"/{k}", title="x" * 500) for k in range(200)], "test")
    whole = path.read_bytes()
    broken = {"text": b"not a database" * 99, "cut": whole[: len(whole) // 2], "page": _scratched(whole)}[damage]
    path.write_bytes(broken)
    with pytest.raises(LibraryError, match=f"{path}: is damaged .*scan again"), Library.open(path, True) as library:
        library.catalogue()
    assert path.read_bytes() == broken


def _scratched(whole: bytes) -> bytes:
    return whole[:4096] + b"\xff" * (len(whole) - 4096)


def test_a_full_disk_undoes_only_what_was_under_way(library: Library) -> None:
    library.put([item("/old", title="old")], "test")
    with library.database.reading() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LibraryError, match=r"the disk is full.*intact"):
        library.put([item(f"/{k}", title="x" * 500) for k in range(500)], "test")
    assert [one.title for one in library.search()] == ["old"]
    library.put([item("/old", title="new")], "test")
    assert library.search()[0].title == "new"


@contextlib.contextmanager
def read_only_folder() -> Iterator[Path]:
    """A library in a folder that may be read and not written; root becomes nobody for that."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with Library.open(folder / "library.db") as library:
            library.put([item("/old", title="old")], "test")
        for path in (folder, *folder.iterdir()):
            path.chmod(0o555 if path == folder else 0o444)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield folder / "library.db"
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_a_read_only_disk_is_read_and_said() -> None:
    with read_only_folder() as path:
        with Library.open(path, read_only=True) as library:
            assert [one.title for one in library.search()] == ["old"]
            with pytest.raises(LibraryError, match="opened to be read"):
                library.put([item("/new")], "test")
        with pytest.raises(LibraryError, match=f"{path}: may not be written"), Library.open(path) as library:
            library.put([item("/new")], "test")
        with pytest.raises(LibraryError, match="--library"):
            Library.open(path.parent / "deeper" / "library.db")
        with Library.open(path, read_only=True) as library:
            assert [one.title for one in library.search()] == ["old"]


def test_there_is_none_yet(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"no library yet.*jamd library scan"):
        Library.open(tmp_path / "none.db", read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_reader_and_a_writer_do_not_wait_for_each_other(library: Library) -> None:
    library.put([item("/a")], "test")
    with Library.open(library.path) as other, other.database.writing():
        assert len(library.catalogue()) == 1
        other.put([item("/b")], "test")
        assert len(library.catalogue()) == 1
    assert len(library.catalogue()) == 2
