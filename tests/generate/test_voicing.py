"""Voicings: they move little, sound clear, tell the chord, and take only the tensions that its scale has."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from daemon.generate.rules import voicing
from daemon.generate.rules.chord_scale import degrees
from daemon.generate.rules.voicing import FORMS, candidates, choose, distance, is_clear
from dsp.harmony import CHORD_QUALITIES, PITCH_CLASSES
from tests.generate.players import changes, chord

C, A_MINOR = (0, 0), (9, 1)
SET = some.lists(some.integers(40, 80), min_size=1, max_size=4)


def allowed(low: int, high: int) -> np.ndarray:
    free = np.zeros(128, bool)
    free[low : high + 1] = True
    return free


def names(pitches: list[int] | tuple[int, ...]) -> list[str]:
    return [PITCH_CLASSES[pitch % 12] for pitch in pitches]


def naive(one: list[int], other: list[int]) -> int:
    """Every way in which each voice goes somewhere and each goal is reached; the cheapest."""
    pairs = list(itertools.product(range(len(one)), range(len(other))))
    best = 10**9
    for count in range(max(len(one), len(other)), len(one) + len(other)):
        for some_pairs in itertools.combinations(pairs, count):
            if len({i for i, _ in some_pairs}) == len(one) and len({j for _, j in some_pairs}) == len(other):
                best = min(best, sum(abs(one[i] - other[j]) for i, j in some_pairs))
    return best


@given(
    some.lists(some.integers(40, 80), min_size=1, max_size=3), some.lists(some.integers(40, 80), min_size=1, max_size=3)
)
def test_the_distance_is_the_least_of_all_voice_leadings(one, other):
    if len(one) == len(other):
        paired = min(
            sum(abs(a - b) for a, b in zip(one, order, strict=True)) for order in itertools.permutations(other)
        )
        assert distance(one, other) == paired
    else:
        assert distance(one, other) == naive(one, other)


@given(SET, SET)
def test_the_distance_is_the_same_both_ways_and_nothing_to_oneself(one, other):
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == 0


PROGRESSIONS = [
    "C:maj A:min F:maj G:7 C:maj",
    "D:min7 G:7 C:maj7 A:7 D:min7",
    "C:maj G:maj A:min F:maj",
    "C:maj7 Eb:maj7 Ab:maj7 G:7",
]


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("progression", PROGRESSIONS)
def test_voices_move_far_less_than_where_voicings_are_drawn_at_random(kind, progression):
    dice = random.Random(1)
    free, spans = allowed(48, 76), changes(progression)
    last, moved = (), 0
    for span in spans:
        chosen = choose(span, last, free, kind, 4, C)
        moved += distance(chosen, last)
        last = chosen
    by_chance = []
    for _ in range(50):
        drawn = [dice.choice(candidates(span.root, span.quality, C, kind, 4, 48, 76)) for span in spans]
        by_chance.append(sum(distance(a, b) for a, b in itertools.pairwise(drawn)))
    assert moved < 0.6 * sum(by_chance) / len(by_chance)


def test_a_two_five_one_resolves_by_steps():
    """The sevenths fall to thirds and the rest stays, as every book has it."""
    two, five, one = changes("D:min7 G:7 C:maj7")
    first = choose(two, (), allowed(50, 74), "rootless", 4, C)
    second = choose(five, first, allowed(50, 74), "rootless", 4, C)
    third = choose(one, second, allowed(50, 74), "rootless", 4, C)
    assert sorted(names(second)) == ["A", "B", "E", "F"]
    assert distance(first, second) == 1
    assert distance(second, third) <= 5
    assert all(abs(a - b) <= 2 for a, b in zip(second, third, strict=True))


@pytest.mark.parametrize("quality", ["7", "maj7", "min7"])
@pytest.mark.parametrize("voices", [2, 3, 4])
@pytest.mark.parametrize("root", range(12))
def test_jazz_voicings_keep_the_guide_tones_and_leave_the_root(quality, voices, root):
    index = CHORD_QUALITIES.index(quality)
    third, seventh = (root + (3 if quality == "min7" else 4)) % 12, (root + (11 if quality == "maj7" else 10)) % 12
    found = candidates(root, index, None, "rootless", voices, 48, 76)
    assert found
    for one in found:
        assert {third, seventh} <= {pitch % 12 for pitch in one}
        assert root not in {pitch % 12 for pitch in one}
        assert len(one) == voices


@pytest.mark.parametrize("kind", FORMS)
@pytest.mark.parametrize("key", [None, C, A_MINOR])
def test_every_voicing_is_clear(kind, key):
    for root in range(12):
        for quality in range(1, len(CHORD_QUALITIES)):
            found = candidates(root, quality, key, kind, 4, 45, 80)
            assert found
            for one in found:
                gaps = [b - a for a, b in itertools.pairwise(one)]
                assert all(gap > 0 for gap in gaps)
                assert all(gap >= 7 for low, gap in zip(one, gaps, strict=False) if low < 46)  # wide below
                assert all(gap <= 12 for gap in gaps[1:])  # close above
                assert 13 not in {b - a for a, b in itertools.combinations(one, 2)}
                if key:
                    assert sum(pitch % 12 == (key[0] - 1) % 12 for pitch in one) < 2


def test_what_is_unclear_is_refused():
    assert not is_clear((40, 44, 47), set())  # thirds in the bass
    assert not is_clear((60, 64, 71, 72), set())  # a semitone on top
    assert not is_clear((60, 64, 73), set())  # a minor ninth
    assert not is_clear((59, 67, 71), {11})  # the leading tone twice
    assert is_clear((48, 55, 64), set())


@pytest.mark.parametrize(
    ("name", "key", "has", "lacks"),
    [
        ("C:maj7", C, {9: "D", 13: "A"}, {11}),
        ("D:min7", C, {9: "E", 11: "G"}, {13}),
        ("E:min7", C, {11: "A"}, {9, 13}),
        ("F:maj7", C, {9: "G", 11: "B", 13: "D"}, set()),
        ("G:7", C, {9: "A", 13: "E"}, {11}),
        ("A:min7", C, {9: "B", 11: "D"}, {13}),
        ("B:dim", C, {7: "A", 11: "E"}, {9}),
        ("A:7", C, {9: "B", 13: "F"}, {11}),
        ("E:7", A_MINOR, {9: "F", 13: "C"}, set()),
        ("C:maj", C, {7: "B"}, {11}),
        ("G:maj", C, {7: "F"}, set()),
        ("D:maj", C, {7: "C"}, set()),
    ],
)
def test_tensions_are_those_of_the_chord_scale(name, key, has, lacks):
    found = degrees(chord(name), key)
    assert {degree: PITCH_CLASSES[found[degree]] for degree in has} == has
    assert not lacks & set(found)


@given(some.integers(0, 11), some.integers(1, 8), some.integers(0, 11), some.integers(0, 1))
def test_what_is_added_to_a_chord_is_in_the_key(root, quality, tonic, mode):
    from daemon.generate.context import ChordSpan, chord_classes
    from daemon.generate.scale import OF_MODE

    span = ChordSpan(0, root, quality)
    key = {(tonic + step) % 12 for step in OF_MODE[mode]}
    assert set(degrees(span, (tonic, mode)).values()) <= key | set(chord_classes(span))


def test_where_little_is_allowed_the_chords_tones_are_found():
    free = np.zeros(128, bool)
    free[[60, 64, 67, 69]] = True
    assert set(choose(chord("C:maj"), (), free, "quartal", 4, C)) <= {60, 64, 67}
    assert choose(chord("C:maj"), (), np.zeros(128, bool)) == ()


def test_it_stays_below_the_player():
    free = allowed(48, 84)
    high = choose(chord("C:maj"), (), free, "close", 3, C)
    under = choose(chord("C:maj"), (), free, "close", 3, C, ceiling=62)
    assert under[-1] < high[-1]
    assert voicing.distance(under, high) > 0
