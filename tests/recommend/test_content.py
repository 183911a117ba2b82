"""The content family against plain arithmetic: each shown part computed again, the kernel, and what is not known."""

import math
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.catalogue import Catalogue, folded
from daemon.recommend.content.content import FIELDS, NEUTRAL, WEIGHTS, Content
from daemon.recommend.item import KINDS, N_TIMBRE, Item, Profile
from daemon.recommend.session import Session, Wishes

GENRES = ("house", "techno; acid", "Deep House", "")
ARTISTS = ("Ada", "Ben feat. Cleo", "Dub & Eve", "")


def profile(rng: np.random.Generator, known: float) -> Profile:
    """Each part is there with probability `known`."""

    def maybe(value):
        return value if rng.random() < known else None

    chroma, timbre, traits = rng.dirichlet(np.ones(12)), rng.normal(size=N_TIMBRE) * 3, rng.random(5)
    return Profile(
        tempo_bpm=maybe(float(rng.uniform(60, 190))),
        key=int(rng.integers(24)) if rng.random() < known else -1,
        energy=maybe(float(rng.random())),
        loudness_lufs=maybe(float(rng.uniform(-30, -4))),
        chroma=tuple(chroma.tolist()) if rng.random() < known else (),
        timbre=tuple(timbre.tolist()) if rng.random() < known else (),
        traits=tuple(maybe(float(value)) for value in traits) if rng.random() < known else (),
    )


def library(seed: int, n: int, known: float = 0.7) -> Catalogue:
    rng = np.random.default_rng(seed)
    return Catalogue(
        Item(
            id=row + 1,
            kind=KINDS[rng.integers(len(KINDS))],
            artist=ARTISTS[rng.integers(4)],
            genre=GENRES[rng.integers(4)],
            tags=("Peak Time",) if rng.random() < 0.3 else (),
            profile=profile(rng, known),
        )
        for row in range(n)
    )


def session_of(catalogue: Catalogue, seed: int, n: int, **more) -> Session:
    return Session(rows=np.random.default_rng(seed).integers(0, len(catalogue), n), **more)


def naive_words(item: Item) -> set[str]:
    names = {folded(name) for name in re.split("[;,/]", item.genre)} | {folded(tag) for tag in item.tags}
    artists = re.split(r"\bfeat\b\.?|&|,", item.artist)
    return {name for name in names if name} | {"artist " + folded(name) for name in artists if name.strip()}


def naive(catalogue: Catalogue, session: Session, row: int) -> dict[str, float]:
    """The parts that are known, by definition, in Python's own numbers."""
    items, fader_range = catalogue.items, session.wishes.fader_percent
    now, then = session.heard or items[session.last].profile, items[row].profile
    found, shift = {}, 0
    if now.tempo_bpm and then.tempo_bpm:
        percents = [(now.tempo_bpm / (then.tempo_bpm * factor) - 1) * 100 for factor in (1, 2, 0.5)]
        percent = min(percents, key=abs)
        found["tempo"] = max(0.0, 1 - abs(percent) / (2 * fader_range))
        if abs(percent) <= fader_range:
            shift = round(12 * math.log2(1 + percent / 100))
    if now.key >= 0 and then.key >= 0:
        fifths = [
            {key: i for i, key in enumerate((i * 7 + (9 if minor else 0)) % 12 for i in range(12))} for minor in (0, 1)
        ]
        places = [fifths[key >= 12][k % 12] for key, k in ((now.key, now.key), (then.key, then.key + shift))]
        around = (places[1] - places[0]) % 12
        steps = min(around, 12 - around) + ((now.key >= 12) != (then.key >= 12))
        found["key"] = (1, 0.85, 0.5, 0.25, 0.1, 0, 0, 0)[steps]
    if now.chroma and then.chroma:
        turned = [then.chroma[(pitch - shift) % 12] for pitch in range(12)]
        found["chroma"] = 0.5 + 0.5 * float(np.corrcoef(now.chroma, turned)[0, 1])
    if now.energy is not None and then.energy is not None:
        target = min(1, max(0, now.energy + {"up": 0.1, "hold": 0, "down": -0.1}[session.wishes.energy]))
        found["energy"] = max(0.0, 1 - abs(then.energy - target) / 0.5)
    if now.loudness_lufs is not None and then.loudness_lufs is not None:
        found["loudness"] = max(0.0, 1 - abs(then.loudness_lufs - now.loudness_lufs) / 12)

    def sound(one: Profile) -> list[float | None]:
        return [*(one.timbre or [None] * N_TIMBRE), *(one.traits or [None] * 5)]

    played = [(0.9 ** (len(session.rows) - i), items[r]) for i, r in enumerate(session.rows)]
    heard = [(w, sound(item.profile)) for w, item in played]
    if session.heard is not None:
        heard.append((1.0, sound(session.heard)))
    squares = []
    for i, value in enumerate(sound(then)):
        everywhere = [x for item in items if (x := sound(item.profile)[i]) is not None]
        of_set = [(w, s[i]) for w, s in heard if s[i] is not None]
        if value is None or not of_set:
            continue
        mean, spread = np.mean(everywhere), np.std(everywhere) if np.std(everywhere) > 1e-6 else 1.0

        def z(x: float, mean=mean, spread=spread) -> float:
            return float(np.clip((x - mean) / spread, -4, 4))

        centre = sum(w * z(x) for w, x in of_set) / sum(w for w, _ in of_set)
        squares.append((z(value) - centre) ** 2)
    if squares:
        found["timbre"] = 1 / (1 + np.mean(squares))

    def vector(item: Item) -> dict[str, float]:
        rarity = {
            word: math.log((1 + len(items)) / sum(word in naive_words(other) for other in items))
            for word in naive_words(item)
        }
        length = math.sqrt(sum(value**2 for value in rarity.values()))
        return {word: value / length for word, value in rarity.items()}

    of_set = {}
    for weight, item in played:
        for word, value in vector(item).items():
            of_set[word] = of_set.get(word, 0.0) + weight * value
    length = math.sqrt(sum(value**2 for value in of_set.values())) or 1.0
    shared = sum(value * of_set.get(word, 0.0) / length for word, value in vector(items[row]).items())
    if shared > 0:
        found["words"] = shared
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("known", [0.5, 1.0])
def test_each_shown_part_is_computed_again_from_the_items(seed: int, known: float) -> None:
    catalogue = library(seed, 30, known)
    heard = profile(np.random.default_rng(seed + 100), known) if seed % 2 else None
    wishes = Wishes(energy=("up", "hold", "down")[seed % 3], fader_percent=(8.0, 16.0)[seed % 2])
    session = session_of(catalogue, seed, 6, heard=heard, wishes=wishes)
    content = Content(catalogue)
    table = content.scores(session, np.arange(30))
    for row in range(30):
        truth = naive(catalogue, session, row)
        shown = {part.name: part.value for part in content.parts(session, row) if part.name != "mix"}
        assert shown == pytest.approx(truth, abs=2e-5)
        if truth:
            whole = {name: float(NEUTRAL[i]) for i, name in enumerate(FIELDS)} | truth
            assert dict(zip(FIELDS, table[row].tolist(), strict=True)) == pytest.approx(whole, abs=2e-5)
        else:
            assert not table[row].any()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.sampled_from([1, 17, 1500]), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 20))
def test_scores_are_bounded_and_candidates_are_the_best(seed: int, n: int, known: float, k: int) -> None:
    catalogue = library(seed, n, known)
    rng = np.random.default_rng(seed)
    content = Content(catalogue, rng.random(len(FIELDS)).astype(np.float32) + 0.01)
    session = session_of(catalogue, seed, 4, wishes=Wishes(fader_percent=float(rng.choice([0, 8, 50]))))
    allowed = (rng.random(n) < 0.8).astype(np.uint8)
    scores = content.scores(session, np.arange(n))
    assert scores.shape == (n, len(FIELDS))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1
    total = scores @ content._weights
    rows = content.candidates(session, allowed, k)
    some = np.flatnonzero((allowed > 0) & scores.any(axis=1))
    assert len(rows) == min(k, len(some)) == len(set(rows.tolist()))
    assert rows.dtype == np.int64 and allowed[rows].all()
    assert (np.diff(total[rows]) <= 1e-6).all()
    best = np.sort(total[some])[::-1][: len(rows)]
    assert total[rows] == pytest.approx(best, abs=4e-3)  # packed: a rare one at the edge may be another that is as good
    assert (content.candidates(session, allowed, k) == rows).all()
    assert not content._shared.any()


def test_equal_items_come_in_the_order_of_their_rows() -> None:
    item = Item(id=1, artist="Ada", profile=Profile(tempo_bpm=120.0, key=3, energy=0.5))
    catalogue = Catalogue(msgspec.structs.replace(item, id=row + 1) for row in range(3000))
    session = Session(rows=np.array([7]))
    rows = Content(catalogue).candidates(session, np.ones(3000, np.uint8), 50)
    assert rows.tolist() == list(range(50))


def test_a_part_that_is_not_known_is_neutral_and_no_reason() -> None:
    full = Profile(tempo_bpm=120.0, key=3, energy=0.5, loudness_lufs=-9.0)
    catalogue = Catalogue([Item(id=1, profile=full), Item(id=2, profile=Profile(energy=0.5)), Item(id=3)])
    content, session = Content(catalogue), Session(rows=np.array([0]))
    assert [part.name for part in content.parts(session, 1)] == ["energy"]
    table = content.scores(session, np.array([1, 2]))
    assert table[0] == pytest.approx([*NEUTRAL[:3], 1.0, *NEUTRAL[4:]])
    assert content.parts(session, 2) == ()
    assert not table[1].any()
    assert content.candidates(session, np.ones(3, np.uint8), 5).tolist() == [0, 1]


def test_what_programs_write_for_unknown_is_not_known() -> None:
    odd = Profile(tempo_bpm=0.0, loudness_lufs=-math.inf, energy=math.nan)
    plain = Profile(tempo_bpm=120.0, loudness_lufs=-9.0, energy=0.5)
    catalogue = Catalogue([Item(id=1, profile=odd), Item(id=2, profile=plain)])
    content = Content(catalogue)
    for playing, row in ((0, 1), (1, 0), (0, 0)):
        session = Session(rows=np.array([playing]))
        assert content.parts(session, row) == ()
        assert not content.scores(session, np.array([row])).any()


def test_nothing_is_known_before_anything_sounds() -> None:
    catalogue = library(3, 20)
    content = Content(catalogue)
    assert len(content.candidates(Session(), np.ones(20, np.uint8), 5)) == 0
    assert not content.scores(Session(), np.arange(20)).any()
    assert content.parts(Session(), 0) == ()
    empty = Content(Catalogue([]))
    assert len(empty.candidates(Session(heard=Profile(tempo_bpm=120.0)), np.empty(0, np.uint8), 5)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_fits_a_performer_is_found_among_items_of_any_kind(kind: str) -> None:
    heard = Profile(tempo_bpm=100.0, key=21, energy=0.4, timbre=(2.0,) * N_TIMBRE)
    fits = Profile(tempo_bpm=101.0, key=21, energy=0.42, timbre=(1.9,) * N_TIMBRE)
    catalogue = library(5, 200, 1.0)
    items = [*catalogue.items, Item(id=201, kind=kind, profile=fits)]
    catalogue = Catalogue(items)
    allowed = (catalogue.kinds == KINDS.index(kind)).astype(np.uint8)
    content, session = Content(catalogue), Session(heard=heard)
    rows = content.candidates(session, allowed, 5)
    assert rows[0] == 200
    assert {items[row].kind for row in rows} == {kind}
    texts = {part.name: part.text for part in content.parts(session, 200)}
    assert texts["tempo"] == "100.0 -> 101.0 BPM, fader -1.0 %"
    assert texts["key"] == "8A -> 8A, same key"
    assert texts["timbre"].endswith("from what plays")


def test_energy_goes_where_it_is_wanted() -> None:
    catalogue = Catalogue(Item(id=i + 1, profile=Profile(energy=0.3 + i / 10)) for i in range(6))
    content, played = Content(catalogue), np.array([2])
    for direction, first in (("up", 3), ("hold", 2), ("down", 1)):
        session = Session(rows=played, wishes=Wishes(energy=direction))
        assert content.candidates(session, np.ones(6, np.uint8), 1).tolist() == [first]


def test_key_lock_keeps_the_key() -> None:
    playing, faster = Profile(tempo_bpm=126.0, key=21), Profile(tempo_bpm=126.0 / 1.06, key=20)
    catalogue = Catalogue([Item(id=1, profile=playing), Item(id=2, profile=faster)])
    session = Session(rows=np.array([0]))
    free, locked = Content(catalogue), Content(catalogue, key_lock=True)
    key = FIELDS.index("key")
    assert free.scores(session, np.array([1]))[0, key] == 1.0
    assert locked.scores(session, np.array([1]))[0, key] == 0.0
    assert free.parts(session, 1)[1].text == "8A -> 1A, 8A at fader +6.0 %, same key"
    assert locked.parts(session, 1)[1].text == "8A -> 1A, five up the wheel"


def test_the_set_counts_and_what_is_recent_counts_more() -> None:
    names = ["Ada", "Ada", "Ben", "Ada", "Ben", "Cleo"]
    catalogue = Catalogue(Item(id=i + 1, artist=name) for i, name in enumerate(names))
    content, allowed = Content(catalogue), np.ones(6, np.uint8)
    assert content.candidates(Session(rows=np.array([0, 1, 2])), allowed, 6)[0] == 0
    assert content.candidates(Session(rows=np.array([0, 2])), allowed, 6)[0] == 2
    assert 5 not in content.candidates(Session(rows=np.array([0, 2])), allowed, 6)


def test_weights_lie_beside_their_fields() -> None:
    assert len(FIELDS) == len(WEIGHTS) == len(NEUTRAL)
    assert WEIGHTS.min() >= 0 and NEUTRAL.min() >= 0 and NEUTRAL.max() <= 1
