"""What wishes leave, which wish left nothing, and what presses."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.catalogue import Catalogue, folded
from daemon.recommend.item import Item, Profile
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import SOON_S, WishesError, allowed, check, due, why_none

NOW = 1_700_000_000.0
ITEMS = [
    Item(id=11, artist="Ada", genre="House", profile=Profile(tempo_bpm=124.0, key=21)),
    Item(id=12, artist="ada", genre="Techno; Acid", profile=Profile(tempo_bpm=140.0, key=16)),
    Item(id=13, artist="Ben", genre="House/Disco", profile=Profile(tempo_bpm=118.0, key=21)),
    Item(id=14, artist="", genre="", profile=Profile()),
    Item(id=15, kind="loop", artist="Ben", genre="House", profile=Profile(tempo_bpm=125.0, key=21)),
]
LIBRARY = Catalogue(ITEMS)
LAST = np.array([NOW - 3600, NOW - 86400, np.nan, np.nan, np.nan])


def left(wishes: Wishes, rows: tuple[int, ...] = ()) -> list[int]:
    mask = allowed(wishes, Session(rows=np.array(rows, np.int64), now=NOW), LIBRARY, LAST)
    assert mask.dtype == np.uint8
    return np.flatnonzero(mask).tolist()


def test_each_wish_is_met() -> None:
    assert left(Wishes()) == [0, 1, 2, 3]
    assert left(Wishes(kinds=("loop",))) == [4]
    assert left(Wishes(kinds=("loop", "track"), genres=("HOUSE",))) == [0, 2, 4]
    assert left(Wishes(tempo_bpm=(126.0, 128.0), fader_percent=8.0)) == [0, 2]
    assert left(Wishes(tempo_bpm=(126.0, 128.0), fader_percent=2.0)) == [0]
    assert left(Wishes(tempo_bpm=(62.0, 62.0), fader_percent=0.0)) == []
    assert left(Wishes(keys=(16,))) == [1]
    assert left(Wishes(genres=("acid", "disco"))) == [1, 2]
    assert left(Wishes(not_within_h=2.0)) == [1, 2, 3]
    assert left(Wishes(not_within_h=48.0)) == [2, 3]
    assert left(Wishes(), (0,)) == [1, 2, 3]
    assert left(Wishes(repeats=True), (0,)) == [0, 1, 2, 3]
    assert left(Wishes(artist_once=True), (0,)) == [2, 3]
    assert left(Wishes(artist_once=True), (3,)) == [0, 1, 2]


@settings(deadline=None, max_examples=200)
@given(
    kinds=st.sets(st.sampled_from(["track", "loop"]), min_size=1),
    tempo=st.none() | st.tuples(st.floats(100, 130), st.floats(130, 150)),
    keys=st.sets(st.sampled_from([16, 21, 3])),
    genres=st.sets(st.sampled_from(["house", "Acid", "polka"])),
    hours=st.sampled_from([0.0, 2.0, 48.0]),
    once=st.booleans(),
    repeats=st.booleans(),
    rows=st.lists(st.integers(0, 4), max_size=3),
)
def test_the_mask_is_what_a_plain_loop_says(kinds, tempo, keys, genres, hours, once, repeats, rows) -> None:
    wishes = Wishes(
        kinds=tuple(kinds),
        tempo_bpm=tempo,
        keys=tuple(keys),
        genres=tuple(genres),
        not_within_h=hours,
        artist_once=once,
        repeats=repeats,
    )

    def meets(row: int) -> bool:
        item, bpm = ITEMS[row], ITEMS[row].profile.tempo_bpm
        names = {folded(name) for name in item.genre.replace("/", ";").split(";")}
        return (
            item.kind in kinds
            and (tempo is None or (bpm is not None and bpm * 1.08 >= tempo[0] and bpm * 0.92 <= tempo[1]))
            and (not keys or item.profile.key in keys)
            and (not genres or not names.isdisjoint({genre.lower() for genre in genres}))
            and (not hours or not LAST[row] > NOW - hours * 3600)
            and (repeats or row not in rows)
            and (not once or not item.artist or folded(item.artist) not in {folded(ITEMS[r].artist) for r in rows})
        )

    assert left(wishes, tuple(rows)) == [row for row in range(5) if meets(row)]
    said = why_none(wishes, Session(rows=np.array(rows, np.int64), now=NOW), LIBRARY, LAST)
    assert (said is None) == any(meets(row) for row in range(5))


def reason(wishes: Wishes, rows: tuple[int, ...] = ()) -> str:
    said = why_none(wishes, Session(rows=np.array(rows, np.int64), now=NOW), LIBRARY, LAST)
    assert said is not None and "\n" not in said
    return said


def test_what_emptied_it_is_named() -> None:
    assert reason(Wishes(genres=("polka",))).startswith("nothing in the library meets genre polka: add genres")
    assert reason(Wishes(tempo_bpm=(60.0, 65.0))).startswith(
        "nothing in the library meets tempo 60 to 65 BPM with fader 8 %: widen the tempo or the fader"
    )
    assert reason(Wishes(genres=("house",), keys=(16,))).startswith("key 9A leaves nothing, without it 2 would be")
    repeat = Wishes(kinds=("loop",))
    assert (
        reason(repeat, (4,))
        == "kind loop leaves nothing, without it 4 would be: scan or import a loop, or wish for another kind"
    )
    assert reason(Wishes(kinds=("loop",), keys=(21,), tempo_bpm=(120.0, 126.0), artist_once=True), (0, 2, 4)).endswith(
        "of them"
    )
    assert reason(Wishes(kinds=("preset",))).startswith("nothing in the library meets kind preset")
    assert "jamd library scan" in (why_none(Wishes(), Session(), Catalogue([])) or "")
    assert why_none(Wishes(), Session(), LIBRARY) is None


@pytest.mark.parametrize(
    ("wishes", "word"),
    [
        (Wishes(kinds=("song",)), "song"),
        (Wishes(kinds=()), "kinds"),
        (Wishes(tempo_bpm=(130.0, 120.0)), "lowest first"),
        (Wishes(tempo_bpm=(math.nan, 120.0)), "tempo"),
        (Wishes(fader_percent=-1.0), "fader"),
        (Wishes(fader_percent=math.nan), "fader"),
        (Wishes(keys=(24,)), "24"),
        (Wishes(energy="more"), "'more'"),
        (Wishes(not_within_h=math.inf), "hours"),
        (Wishes(families=("magic",)), "magic"),
        (Wishes(by={1: math.nan}), "by"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wishes: Wishes, word: str) -> None:
    with pytest.raises(WishesError, match=word):
        check(wishes)


def test_what_must_be_played_presses_as_its_time_nears() -> None:
    def pressing(left_s: float, rows: tuple[int, ...] = ()) -> list:
        wishes = Wishes(by={12: NOW + left_s, 99: NOW})
        return due(wishes, Session(rows=np.array(rows, np.int64), now=NOW), LIBRARY)

    values = [pressing(left_s)[0].part.value for left_s in (SOON_S - 1, 1800.0, 60.0, 0.0, -600.0)]
    assert values == sorted(values) and values[0] > 0 and values[1] == 0.5 and values[-1] == 1.0
    assert pressing(1800.0)[0].row == 1
    assert pressing(1800.0)[0].part.text.endswith(", in 30 min")
    assert pressing(-5.0)[0].part.text.endswith(", now overdue")
    assert pressing(SOON_S + 1) == [] and pressing(60.0, (1,)) == []
