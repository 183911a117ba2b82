"""The families together: one list for one session, the DJ's wishes and verdicts, true reasons, and little to go by."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from daemon.recommend.blend.blend import Recommender
from daemon.recommend.blend.opening import SHIPPED, recommender
from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.blend.variety import varied
from daemon.recommend.blend.verdict import ARTIST, verdicts
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.artists import Artists
from daemon.recommend.collaborative.history import History
from daemon.recommend.content.camelot import camelot
from daemon.recommend.deep import deep as of_deep
from daemon.recommend.deep.deep import Deep
from daemon.recommend.family import Suggestion
from daemon.recommend.item import Item, Profile
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import SOON_S, WishesError
from tests.recommend import blend_stage as stage
from tests.recommend.blend_stage import NOW, STEP, N, session

FAMILIES = ("content", "collaborative", "deep")


@pytest.fixture(scope="module")
def crate() -> Recommender:
    """Only for what does not learn."""
    return stage.recommender()


def rows(found: list[Suggestion]) -> list[int]:
    return [one.row for one in found]


def test_the_same_list_in_this_process_and_in_another() -> None:
    here = stage.mark()
    assert here == stage.mark()
    again = subprocess.run([sys.executable, "-m", stage.__name__], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == here


def test_one_list_whatever_was_asked_before(crate: Recommender) -> None:
    first = crate.next(session(3, 10), Wishes(), 10)
    crate.next(session(40, 20, 8), Wishes(energy="down"), 10)
    crate.next(session(3, 10, verdicts={12: -1.0}), Wishes(families=("deep",)), 3)
    assert crate.next(session(3, 10), Wishes(), 10) == first


def test_the_three_families_answer_differently_and_each_its_own_way(crate: Recommender) -> None:
    """Content takes what sounds alike, the past what followed, the network what lies a row on."""
    lists = {name: crate.next(session(5, 11, 17), Wishes(families=(name,)), 8) for name in FAMILIES}
    firsts = [tuple(rows(found)) for found in lists.values()]
    assert len(set(firsts)) == 3
    assert len(set.union(*map(set, firsts))) >= 16, "they have little in common"
    assert 17 + STEP in rows(lists["collaborative"])[:2]
    assert 18 in rows(lists["deep"])[:3]
    assert {crate.catalogue.items[row].genre for row in rows(lists["content"])[:5]} == {"ambient"}
    for name, found in lists.items():
        assert {one.family for one in found} == {name}


@pytest.mark.parametrize("off", FAMILIES)
def test_a_family_that_is_off_has_no_say(crate: Recommender, off: str) -> None:
    """The same list as where the library never had it; none of its reasons."""
    on = tuple(name for name in FAMILIES if name != off)
    found = crate.next(session(3, 10, 17), Wishes(families=on), 12)
    without = [family for family in crate.families if family.name != off]
    bare = Recommender(crate.catalogue, without, Ranking(SHIPPED / "blend.npz"))
    assert bare.next(session(3, 10, 17), Wishes(), 12) == found
    names = {part.name for one in found for part in one.parts}
    its = {"content": {"tempo", "key", "timbre", "words", "mix"}, "deep": {"network"}}
    assert names.isdisjoint(its.get(off, {"plays", "played_after", "together", "artist"}))
    assert off not in {one.family for one in found}


def test_scores_fall_and_lie_between_0_and_1(crate: Recommender) -> None:
    for wishes in (Wishes(), Wishes(families=("deep",)), Wishes(energy="up", by={130: NOW})):
        found = crate.next(session(3, 10, verdicts={5: 1.0, 6: -1.0}), wishes, 30)
        assert len(set(rows(found))) == 30
        assert found[0].score == 1.0
        assert all(0 <= one.score <= 1 for one in found)
        assert all(0 <= part.value <= 1 and part.text for one in found for part in one.parts)
        assert all(len({part.name for part in one.parts}) == len(one.parts) for one in found)


# What the DJ wishes.


def test_hard_wishes_hold_for_all_of_the_list(crate: Recommender) -> None:
    told, c = session(3, 10), crate.catalogue
    tempo = crate.next(told, Wishes(tempo_bpm=(121.0, 124.0), fader_percent=0.0), N)
    assert rows(tempo) and all(121 <= c.items[row].profile.tempo_bpm <= 124 for row in rows(tempo))
    keys = crate.next(told, Wishes(keys=(0, 5)), N)
    assert rows(keys) and {c.items[row].profile.key for row in rows(keys)} <= {0, 5}
    genre = crate.next(told, Wishes(genres=("Techno",)), N)
    assert rows(genre) and {c.items[row].genre for row in rows(genre)} == {"techno"}
    artists = crate.next(told, Wishes(artist_once=True), N)
    assert rows(artists) and {"Artist 3", "Artist 10"}.isdisjoint(c.items[row].artist for row in rows(artists))
    assert {3, 10}.isdisjoint(rows(crate.next(told, Wishes(), N)))
    assert {3, 10} < set(rows(crate.next(told, Wishes(repeats=True), N)))
    with pytest.raises(WishesError, match="families"):
        crate.next(told, Wishes(families=("luck",)), 3)


def test_not_within_hours_of_any_session(crate: Recommender) -> None:
    last = np.full(N, np.nan)
    last[[17, 24, 31]] = session(3, 10).now - 3600 * np.array([1, 3, 100])
    one = Recommender(crate.catalogue, crate.families, Ranking(SHIPPED / "blend.npz"), last)
    found = rows(one.next(session(3, 10), Wishes(not_within_h=2), N))
    assert 17 not in found and {24, 31} < set(found)
    assert {17, 24}.isdisjoint(rows(one.next(session(3, 10), Wishes(not_within_h=4), N)))


def test_what_was_just_played_counts_at_once() -> None:
    one, told = stage.recommender(), session(3)
    before = rows(one.next(told, Wishes(families=("collaborative",)), N)).index(55)
    one.learn(told)
    played = session(3, 55)
    one.learn(played)
    later = replace(session(20), at=np.array([NOW + 3600.0]), now=NOW + 3700.0)
    assert 55 not in rows(one.next(later, Wishes(not_within_h=2), N))
    again = replace(session(3, dj="ann"), at=np.array([NOW + 7200.0]), now=NOW + 7300.0)
    after = rows(one.next(again, Wishes(families=("collaborative",)), N)).index(55)
    assert after < before, "it followed 3 lately"
    texts = [part.text for part in next(x for x in one.next(again, Wishes(), N) if x.row == 55).parts]
    assert any(text.startswith("played next once") for text in texts), texts


def test_learning_leaves_the_library_and_the_session_alone() -> None:
    one, told = stage.recommender(), session(3, 10, 17, verdicts={4: 1.0})
    before = (told.rows.copy(), told.at.copy(), dict(told.verdicts))
    one.next(told, Wishes(), 5)
    one.learn(told)
    one.learn(session())
    np.testing.assert_array_equal(told.rows, before[0])
    np.testing.assert_array_equal(told.at, before[1])
    assert told.verdicts == before[2]
    assert math.isclose(one.last_played[17], told.at[-1])


def test_what_must_be_played_rises_as_its_time_nears(crate: Recommender) -> None:
    told = session(3, 10)
    usual = rows(crate.next(told, Wishes(), N))
    worst = usual[-1]
    number, places, shown = crate.catalogue.items[worst].id, [], []
    for left in (2 * SOON_S, 0.6 * SOON_S, 0.3 * SOON_S, 0.0, -600.0):
        found = crate.next(told, Wishes(by={number: told.now + left}), N)
        places.append(rows(found).index(worst))
        shown += [(part.value, part.text) for one in found for part in one.parts if part.name == "by"]
    assert places[0] == len(usual) - 1
    assert places == sorted(places, reverse=True)
    assert places[3] == 0
    assert [value for value, _ in shown] == pytest.approx([0.4, 0.7, 1.0, 1.0], abs=0.001)
    assert shown[0][1].endswith("in 36 min") and shown[-1][1].endswith("now overdue")
    assert worst not in rows(crate.next(session(3, 10, worst), Wishes(by={number: NOW}), N)), "it was"


def test_energy_goes_where_it_is_wished(crate: Recommender) -> None:
    """A tenth up or down from what plays: the top ten are nearer to that than if nothing were wished."""

    def known(direction: str, *played: int) -> np.ndarray:
        found = rows(crate.next(session(*played), Wishes(energy=direction), 10))
        return crate.catalogue.energy[[row for row in found if row % 10 != 9]]

    for played in ((3, 10), (0, 33), (1, 4), (20,)):
        down, hold, up = (known(direction, *played) for direction in ("down", "hold", "up"))
        assert down.mean() < up.mean(), played
        for wished, by in ((up, 0.1), (down, -0.1)):
            target = np.clip(crate.catalogue.energy[played[-1]] + by, 0, 1)
            assert np.abs(wished - target).mean() < np.abs(hold - target).mean(), played


# What the DJ says.


def place(found: list[Suggestion], row: int) -> int:
    return rows(found).index(row)


def test_verdicts_change_the_very_next_list(crate: Recommender) -> None:
    usual = crate.next(session(3, 10), Wishes(), N)
    for row in rows(usual)[4:20:5]:
        assert row not in rows(crate.next(session(3, 10, verdicts={row: -1.0}), Wishes(), N))
        assert row not in rows(crate.next(session(3, 10, verdicts={row: -0.5}), Wishes(), N)), "a skip"
        up = place(crate.next(session(3, 10, verdicts={row: 1.0}), Wishes(), N), row)
        some = place(crate.next(session(3, 10, verdicts={row: 0.5}), Wishes(), N), row)
        assert up <= some <= place(usual, row) and up < place(usual, row)


def test_verdicts_tell_of_the_same_artist_and_of_what_sounds_the_same() -> None:
    """Two strangers to each other, but for an artist or a sound."""

    def one(number: int, artist: str, sound: float | None) -> Item:
        profile = Profile() if sound is None else Profile(tempo_bpm=120.0, timbre=(sound,) * 24)
        return Item(id=number, title=f"T{number}", artist=artist, profile=profile)

    some = [
        one(1, "A", 0.0),
        one(2, "B", 0.0),
        one(3, "C", 0.0),
        one(4, "B", None),
        one(5, "D", None),
        one(6, "C", 3.0),
    ]
    made = stage.recommender(Catalogue(some), [])

    def apart(said: dict[int, float]) -> float:
        found = made.next(session(1, verdicts=said), Wishes(families=("content",)), 6)
        scores = {one.row + 1: one.score for one in found}
        return math.log(scores[4] / scores[5])

    assert apart({1: 1.0}) == pytest.approx(apart({}) + ARTIST, abs=1e-4), "another of B's"
    assert apart({1: -1.0}) == pytest.approx(apart({}) - ARTIST, abs=1e-4)
    liked, not_liked = (verdicts(made.catalogue, session(verdicts={1: value}), np.arange(6)) for value in (1.0, -1.0))
    np.testing.assert_array_equal(liked, -not_liked)
    assert liked[1] > liked[0] == liked[2] > liked[5] > 0 == liked[4], "itself, what sounds alike, what less so"
    assert liked[3] > 0
    sounds = stage.recommender()
    before = rows(sounds.next(session(3, 10), Wishes(), N))
    after = rows(sounds.next(session(3, 10, verdicts={20: -1.0}), Wishes(), N))
    like = [row for row in before if row % 3 == 2 and row % 12 != 8 and row % 10 != 9 and row != 20]
    assert sum(after.index(row) for row in like) > sum(before.index(row) for row in like)


def test_a_list_is_not_all_by_one_artist() -> None:
    names = ["A", "A", "A", "B", "", "", "C"]
    catalogue = Catalogue(
        Item(id=k + 1, artist=name, title="Tune (Live)" if k in (3, 6) else "") for k, name in enumerate(names)
    )
    logits = np.array([6.0, 5.9, 5.8, 5.0, 4.9, 4.8, 4.7], np.float32)
    assert varied(catalogue, np.arange(7), logits, 7) == [0, 3, 4, 5, 1, 2, 6]
    assert varied(catalogue, np.arange(7), logits, 2) == [0, 3]


# Little to go by.


def test_with_no_history_and_nothing_played_the_newest_come_and_then_what_sounds_alike() -> None:
    one = stage.recommender(played=[])
    found = one.next(session(), Wishes(), 5)
    assert rows(found) == list(range(N - 5, N))
    assert all(not one.parts for one in found)
    after = one.next(session(3), Wishes(families=("content", "collaborative")), 5)
    assert {one.catalogue.items[row].genre for row in rows(after)} == {"house"}
    assert all(one.parts for one in after)


def test_an_empty_library_one_of_one_and_one_too_small() -> None:
    empty = stage.recommender(Catalogue([]), [])
    assert empty.next(session(), Wishes(), 10) == []
    empty.learn(session())
    alone = stage.recommender(Catalogue(stage.items(1)), [])
    assert rows(alone.next(session(), Wishes(), 10)) == [0]
    assert alone.next(session(0), Wishes(), 10) == []
    assert rows(alone.next(session(0), Wishes(repeats=True), 10)) == [0]
    few = stage.recommender(Catalogue(stage.items(4)), [[0, 1, 2]])
    assert sorted(rows(few.next(session(0), Wishes(), 50))) == [1, 2, 3]
    assert few.next(session(0), Wishes(), 0) == []


def test_without_any_artist_and_with_what_is_heard_alone() -> None:
    nameless = [replace(item, artist="", title="") for item in stage.items()]
    one = stage.recommender(Catalogue(nameless))
    assert len(one.next(session(3, 10), Wishes(), 10)) == 10
    assert 10 + STEP in rows(one.next(session(3, 10), Wishes(families=("collaborative",)), 3))
    one.learn(session(3, 10))
    assert one.next(session(3, 10, 17), Wishes(), 10)
    heard = one.next(session(heard=nameless[4].profile), Wishes(families=("content",)), 3)
    assert rows(heard)[0] == 4


def test_artists_with_nobody_and_with_sessions_out_of_order() -> None:
    catalogue = Catalogue([Item(id=1, artist="A"), Item(id=2), Item(id=3, artist="B"), Item(id=4, artist="A")])
    backward = History(4, np.array([0, 2, 4]), np.array([2, 1, 0, 2]), np.array([50.0, 10.0]), ["x", "y"])
    forward = History(4, np.array([0, 2, 4]), np.array([0, 2, 2, 1]), np.array([10.0, 50.0]), ["y", "x"])
    for one in (Artists(catalogue, backward), Artists(catalogue, forward)):
        assert one.history.rows[: one.history.n_plays].tolist() == [0, 1, 1]
        assert one.history.offsets.tolist() == [0, 2, 3]
        assert [one.history.names[code] for code in one.history.djs] == ["y", "x"]
        assert [part.text for part in one.parts(session(0), 3)] == ["A: 1 play in 1 set"]
        assert one.parts(session(0), 1) == ()
        assert one.candidates(session(3), np.ones(4, np.uint8), 3).tolist() == [2, 0, 3]
        one.learn(session(1))
        one.learn(session(1, 3))
        assert one.history.n_plays == 4
    nobody = Artists(Catalogue([Item(id=1), Item(id=2)]), History(2))
    assert nobody.candidates(session(0), np.ones(2, np.uint8), 5).tolist() == []
    assert not nobody.scores(session(0), np.array([0, 1])).any()


# The network's family.


def test_ids_may_be_as_large_as_they_like() -> None:
    far = [replace(item, id=10**9 * (k + 1)) for k, item in enumerate(stage.items())]
    near = stage.recommender()
    for wishes in (Wishes(families=("deep",)), Wishes()):
        assert stage.recommender(Catalogue(far)).next(session(3), wishes, 9) == near.next(session(3), wishes, 9)


def test_a_longer_session_costs_one_step_and_states_are_not_kept_for_ever() -> None:
    network = stage.Ladder()
    one = Deep(Catalogue(stage.items()), network)  # type: ignore[arg-type]
    everything = np.ones(N, np.uint8)
    one.scores(session(1, 2, 3), np.array([4]))
    assert network.steps == 3
    one.candidates(session(1, 2, 3, 4), everything, 5)
    one.parts(session(1, 2, 3, 4), 7)
    assert network.steps == 4
    long = session(*(k % N for k in range(3 * of_deep.KEPT)))
    fresh = Deep(Catalogue(stage.items()), stage.Ladder())  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.scores(long, np.arange(N)), fresh.scores(long, np.arange(N)))
    assert len(one._told) == of_deep.KEPT
    steps = network.steps
    one.scores(long, np.arange(N))
    assert network.steps == steps, "the newest are those that are kept"
    allowed = everything.copy()
    allowed[::2] = 0
    found = one.candidates(session(1, 2, 3), allowed, 50)
    assert len(found) == N // 2 and (found % 2 == 1).all()


def test_reasons_of_the_network_say_what_it_has_seen(crate: Recommender) -> None:
    found = {one.row: one.parts for one in crate.next(session(3, 28), Wishes(families=("deep",)), 10)}
    known = [part.text for part in found[29]]
    new = [part.text for part in found[30]]
    assert known == ["the network expects it after these 2, as sets went before"]
    assert new == ["the network expects it after these 2, by its sound and name; never seen played"]


# Reasons are true: each is computed again, from items and past alone.


def own_parts(played: list[int], row: int, some: list[Item], old: list[list[int]]) -> dict[str, tuple[float, str]]:
    """What can be said of a row after a session: name -> (value, how its text begins)."""
    now, then, last = some[played[-1]].profile, some[row].profile, played[-1]
    said: dict[str, tuple[float, str]] = {}
    shift = 0
    if now.tempo_bpm and then.tempo_bpm:
        ratios = [now.tempo_bpm / (then.tempo_bpm * factor) - 1 for factor in (1.0, 2.0, 0.5)]
        percent = 100 * min(ratios, key=abs)
        shift = round(12 * math.log2(1 + percent / 100)) if abs(percent) <= 8 else 0
        said["tempo"] = max(0.0, 1 - abs(percent) / 16), f"{now.tempo_bpm:.1f} -> {then.tempo_bpm:.1f} BPM"
    if now.key >= 0 and then.key >= 0:
        sounding = then.key // 12 * 12 + (then.key + shift) % 12
        a, b = camelot(now.key), camelot(sounding)
        round_ = abs(int(a[:-1]) - int(b[:-1]))
        steps = min(round_, 12 - round_) + (a[-1] != b[-1])
        said["key"] = (1.0, 0.85, 0.5, 0.25, 0.1, 0, 0, 0)[steps], f"{a} -> {camelot(then.key)}"
    if now.chroma and then.chroma:
        r = float(np.corrcoef(now.chroma, np.roll(then.chroma, shift))[0, 1])
        said["chroma"] = (1 + r) / 2, f"notes correlate {r:.2f}"
    if now.energy is not None and then.energy is not None:
        said["energy"] = (
            max(0.0, 1 - 2 * abs(now.energy - then.energy)),
            f"energy {now.energy:.2f} -> {then.energy:.2f}",
        )
    if now.loudness_lufs is not None and then.loudness_lufs is not None:
        apart = abs(now.loudness_lufs - then.loudness_lufs)
        said["loudness"] = 1 - apart / 12, f"{now.loudness_lufs:.1f} -> {then.loudness_lufs:.1f} LUFS"
    table = np.array([item.profile.timbre or (np.nan,) * 24 for item in some])
    table = np.clip((table - np.nanmean(table, 0)) / np.nanstd(table, 0), -4, 4)
    shares = 0.9 ** np.arange(len(played), 0, -1)
    had = [k for k, one in enumerate(played) if np.isfinite(table[one]).all()]
    if had and np.isfinite(table[row]).all():
        sound = np.average(table[[played[k] for k in had]], axis=0, weights=shares[had])
        square = float(np.mean((table[row] - sound) ** 2))
        said["timbre"] = 1 / (1 + square), f"sound {math.sqrt(square):.1f} deviations from the set's"
    names = [{item.genre, f"artist {item.artist.lower()}"} for item in some]
    rarity = {
        name: math.log((1 + len(some)) / sum(name in its for its in names)) for name in set.union(*names)
    }  # fmt: skip
    lengths = [math.sqrt(sum(rarity[name] ** 2 for name in its)) for its in names]
    of_set: dict[str, float] = {}
    for share, one in zip(shares, played, strict=True):
        for name in names[one]:
            of_set[name] = of_set.get(name, 0.0) + share * rarity[name] / lengths[one]
    length = math.sqrt(sum(value**2 for value in of_set.values()))
    both = names[row] & of_set.keys()
    if both:
        said["words"] = sum(of_set[name] / length * rarity[name] / lengths[row] for name in both), "shares "
    plays, sets = sum(one.count(row) for one in old), sum(row in one for one in old)
    if plays:
        after = sum(one[k : k + 2] == [last, row] for one in old for k in range(len(one)))
        of = sum(one.count(last) for one in old)
        title = some[last].title
        if after:
            times = "once" if after == 1 else f"{after} times"
            said["played_after"] = after / of, f"played next {times} of {of} after '{title}'"
        others = [one for one in dict.fromkeys(played[::-1]) if one != row][:2]
        for n in range(len(others), 0, -1):
            together = sum({*others[:n], row} <= set(one) for one in old)
            if together:
                among = sum(set(others[:n]) <= set(one) for one in old)
                with_ = " and ".join(f"'{some[one].title}'" for one in others[:n])
                said["together"] = together / among, f"in {together} set{'s' * (together != 1)} with {with_}"
                break
        times = "once" if plays == 1 else f"{plays} times"
        said["plays"] = math.nan, f"played {times} in {sets} set{'s' * (sets != 1)}"
    theirs = {k for k, item in enumerate(some) if item.artist == some[row].artist}
    plays, sets = sum(one in theirs for each in old for one in each), sum(bool(theirs & set(one)) for one in old)
    if plays:
        words = f"{plays} play{'s' * (plays != 1)} in {sets} set{'s' * (sets != 1)}"
        said["artist"] = math.nan, f"{some[row].artist}: {words}"
    return said


@pytest.mark.parametrize("played", [(3,), (3, 10), (44, 9, 16, 23), (29,), (7, 21, 35, 49, 3)])
def test_every_shown_part_is_true(crate: Recommender, played: tuple[int, ...]) -> None:
    """All but the network's, which no one can compute without it, and `mix`, which has its own tests."""
    some, old = stage.items(), stage.past()
    checked = set()
    for one in crate.next(session(*played), Wishes(), N):
        wanted = own_parts(list(played), one.row, some, old)
        shown = {part.name: part for part in one.parts if part.name not in ("network", "mix")}
        assert shown.keys() == wanted.keys(), some[one.row]
        for name, (value, text) in wanted.items():
            assert shown[name].text.startswith(text), name
            if not math.isnan(value):
                assert shown[name].value == pytest.approx(value, abs=0.002), (name, some[one.row])
            checked.add(name)
        fader = re.search(
            r"fader ([+-]?[0-9.]+) %", next((part.text for part in one.parts if part.name == "tempo"), "")
        )
        if fader:
            playing, next_ = some[played[-1]].profile.tempo_bpm, some[one.row].profile.tempo_bpm
            moved = next_ * (1 + float(fader[1]) / 100)
            assert min(abs(moved * factor - playing) for factor in (0.5, 1, 2)) < 0.2, "it brings the tempi together"
    assert {"plays", "artist", "words"} < checked


# Opened.


def test_what_is_damaged_beside_a_library_is_said_and_done_without(tmp_path: Path) -> None:
    catalogue, known = Catalogue(stage.items()), stage.history(stage.past())
    usual, _ = recommender(catalogue, known, wanted=("content", "collaborative"))
    (tmp_path / "blend.npz").write_bytes(b"PK\x03\x04 not much of an archive")
    (tmp_path / "step.onnx").write_bytes(b"nor this a network")
    one, why = recommender(catalogue, known, models=tmp_path)
    assert f"{tmp_path}/" in why and "train it" in why and why.count(str(tmp_path)) == 2
    assert "\n" not in why
    assert {family.name for family in one.families} == {"content", "collaborative"}
    assert one.next(session(3), Wishes(), 5) == usual.next(session(3), Wishes(), 5)
    assert recommender(catalogue, known, models=tmp_path, wanted=("content",))[0].next(
        Session(rows=np.array([3]), now=1.0), Wishes(), 2
    )
