"""Records put into a library: what is the same track, whose word holds, and that twice is once."""

from pathlib import Path

import foreign
import pytest

from daemon.recommend.importing import kinds
from daemon.recommend.importing.record import Record
from daemon.recommend.importing.take import Taken, take
from daemon.recommend.item import Item, Profile
from daemon.recommend.library.lists import Cue, Grid
from daemon.recommend.library.store import Library


@pytest.fixture
def library(tmp_path: Path):
    with Library.open(tmp_path / "library.db") as opened:
        yield opened


def record(*tracks: dict, source: str = "mixxx") -> Record:
    made = Record(source)
    for number, facts in enumerate(tracks):
        made.track(number, **facts)
    return made


def counted(taken: Taken) -> tuple[int, int]:
    return taken.new, taken.known


def test_what_the_scan_knows_stays_and_its_gaps_are_filled(library: Library) -> None:
    profile = Profile(duration_s=180.0, tempo_bpm=125.0, key=3)
    (number,) = library.put([Item(id=0, path="/m/a.ogg", title="A", artist="B", rating=2, profile=profile)], "scan")
    facts = {"path": "/m/a.ogg", "title": "Other", "artist": "B", "genre": "Techno", "rating": 5, "year": 2021}
    assert counted(take(library, record(facts | {"tempo_bpm": 124.0, "key": 4}))) == (0, 1)
    item = library.item(number)
    assert item is not None
    assert (item.title, item.rating, item.genre, item.year) == ("A", 2, "Techno", 2021)
    assert (item.profile.tempo_bpm, item.profile.key) == (125.0, 3)


def test_a_program_may_change_its_own_word_only(library: Library) -> None:
    take(library, record({"path": "/m/a.ogg", "title": "A", "artist": "B", "rating": 2}))
    take(library, record({"path": "/m/a.ogg", "title": "A", "artist": "B", "rating": 3}))
    take(library, record({"path": "/m/a.ogg", "title": "A", "artist": "B", "rating": 4}, source="traktor"))
    (item,) = library.search([])
    assert item.rating == 3


def test_the_same_name_on_another_machine(library: Library, tmp_path: Path) -> None:
    """A file that is not here is the one of its name that lasts as long, within two seconds; one that is here is not."""
    here = tmp_path / "a.ogg"
    here.touch()
    take(library, record({"path": str(here), "title": "Été", "artist": "The B", "duration_s": 180.0}))
    away = {"path": "C:/a.mp3", "title": "ETE", "artist": "the b"}
    assert counted(take(library, record(away | {"duration_s": 181.5}))) == (0, 1)
    assert counted(take(library, record(away | {"duration_s": 200.0}))) == (1, 0)
    assert counted(take(library, record(away | {"path": "C:/b.mp3"}))) == (1, 0)  # how long it lasts is not known
    copy = tmp_path / "copy.ogg"
    copy.touch()
    assert counted(take(library, record(away | {"path": str(copy), "duration_s": 180.0}))) == (1, 0)


def test_what_was_only_heard_of(library: Library) -> None:
    """A tracklist's title is the file's of that name; a file that comes later takes the place of what was heard of."""
    heard = {"title": "Pulse One", "artist": "The Renderers"}
    alone = {"title": "Dark Star"}
    assert counted(take(library, record(heard, alone, source="tracklist"))) == (2, 0)
    assert counted(take(library, record(heard, alone, source="tracklist"))) == (0, 2)
    assert counted(take(library, record(heard | {"path": "/m/one.mp3", "duration_s": 180.0}))) == (0, 1)
    assert counted(take(library, record(heard, source="tracklist"))) == (0, 1)
    item = library.at("/m/one.mp3")
    assert item is not None
    assert (item.title, item.profile.duration_s) == ("Pulse One", 180.0)
    assert len(library) == 2


def test_missing_files_are_kept_with_their_history(library: Library) -> None:
    made = record({"path": "/gone/a.mp3", "title": "A", "artist": "B"})
    made.played("s", [("0", 1e9), ("not there", 1e9 + 60)], "Friday", "Ada")
    taken = take(library, made)
    assert (taken.missing, taken.sets, taken.plays) == (1, 1, 1)
    (played,) = library.history.sets()
    assert (played.dj, played.name, played.started, played.source) == ("Ada", "Friday", 1e9, "mixxx")
    item = library.item(played.plays[0].item_id)
    assert item is not None
    assert item.path == "/gone/a.mp3"


def test_crates_and_words_of_a_comment_are_tags(library: Library) -> None:
    made = record({"path": "/m/a.ogg", "title": "A", "comment": "#vocal nice #"}, {"path": "/m/b.ogg", "title": "B"})
    made.list("c", "Peak time", ["0", "1", "9"], kind="crate")
    made.list("p", "Friday", ["1", "0", "1"])
    taken = take(library, made)
    assert (taken.crates, taken.playlists) == (1, 1)
    first, second = library.at("/m/a.ogg"), library.at("/m/b.ogg")
    assert first is not None
    assert second is not None
    assert (first.tags, second.tags) == (("vocal", "Peak time"), ("Peak time",))
    friday = next(one for one in library.lists.all() if one.name == "Friday")
    assert friday.items == (second.id, first.id, second.id)


def test_cues_and_grids_of_two_programs_beside_each_other(library: Library) -> None:
    facts = {"path": "/m/a.ogg", "title": "A"}
    take(library, record(facts | {"cues": [Cue(1.0, "hot", number=0)], "grid": [Grid(0.5, 120.0)]}))
    take(library, record(facts | {"cues": [Cue(2.0, "hot", number=0)], "grid": [Grid(0.6, 120.0)]}))
    take(library, record(facts | {"cues": [Cue(3.0, "cue")], "grid": [Grid(0.7, 60.0)]}, source="traktor"))
    (item,) = library.search([])
    assert [cue.at_s for cue in library.lists.cues(item.id)] == [2.0, 3.0]
    assert [line.start_s for line in library.lists.grid(item.id)] == [0.6]


def test_a_large_library_is_searched_by_its_indexes(library: Library) -> None:
    """A hundred thousand tracks into as many: none of them may be found by going through all."""
    with library.database.writing() as db:
        said: list[str] = []
        db.set_trace_callback(said.append)
        facts = {"path": "/m/a.ogg", "title": "A", "artist": "B"}
        take(library, record(facts, {"title": "C", "artist": "D"}))
        db.set_trace_callback(None)
        plans = {
            query: str(db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
            for query in said
            if query.startswith("SELECT")
        }
    slow = [query for query, plan in plans.items() if "SCAN items" in plan and "artist = ''" not in query]
    assert len(plans) > 3
    assert slow == []


@pytest.mark.parametrize("program", ["traktor", "serato", "engine"])
def test_twice_is_once(program: str, library: Library, tmp_path: Path) -> None:
    path = getattr(foreign, program)(tmp_path / "a" / "b")
    first = take(library, kinds.read(path))
    state = [library.search([]), library.history.sets(), library.lists.all()]
    cues = [library.lists.cues(item.id) + library.lists.grid(item.id) for item in library.search([])]
    again = take(library, kinds.read(path))
    assert (first.new, first.known, again.new, again.known) == (2, 0, 0, 2)
    assert first.plays == again.plays == 2
    assert [library.search([]), library.history.sets(), library.lists.all()] == state
    assert [library.lists.cues(item.id) + library.lists.grid(item.id) for item in library.search([])] == cues


def test_two_programs_of_one_folder_are_one_library(library: Library, tmp_path: Path) -> None:
    """Traktor, rekordbox and iTunes name the same files."""
    (tmp_path / "c.xml").write_text(foreign.REKORDBOX)
    (tmp_path / "i.xml").write_text(foreign.ITUNES)
    found = [
        take(library, kinds.read(path))
        for path in (foreign.traktor(tmp_path / "t"), tmp_path / "c.xml", tmp_path / "i.xml")
    ]
    assert [counted(taken) for taken in found] == [(2, 0), (0, 2), (0, 2)]
    assert len(library.lists.all()) == 3
