"""The masks against the judge, which knows nothing of them: what they allow breaks nothing, what they forbid does."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate import masks
from daemon.generate.constraints import Constraints
from daemon.generate.context import SCALES, ChordSpan, Context, Meter
from daemon.generate.masks import ConstraintError, Masks, broken, check
from daemon.generate.note import DRUMS, MELODY, Note
from dsp.harmony import CHORD_QUALITIES
from tests.generate.music import PARTS, constraints, contexts

C_MAJOR = Context(tick=0, tonic=0, mode=0, key_confidence=1.0)
MAJ, SEVENTH = CHORD_QUALITIES.index("maj"), CHORD_QUALITIES.index("7")


def walk(context: Context, wish: Constraints, ticks: int, part: int, rng: random.Random, most: int = 24) -> list[Note]:
    """Whatever the masks allow, taken at random."""
    allowed = Masks(context, wish, ticks, part)
    notes: list[Note] = []
    while len(notes) < most:
        where = np.flatnonzero(allowed.starts(notes))
        if not len(where):
            break
        tick = context.tick + int(rng.choice(where[:6]))
        which = np.flatnonzero(allowed.pitches(notes, tick))
        if not len(which):
            break
        note = Note(tick, 1, int(rng.choice(which)), 80, part)
        longest = allowed.longest(notes, note)
        notes.append(note._replace(duration=min(longest, rng.choice([1, 6, 12, 100]))))
    return notes


@given(contexts(0), constraints(), some.integers(0, 400), some.sampled_from(PARTS), some.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_allowed_breaks_nothing(context, wish, ticks, part, rng):
    assert broken(walk(context, wish, ticks, part, rng), context, wish, ticks) == []


@given(contexts(0), constraints(), some.sampled_from(PARTS), some.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_forbidden_breaks_something(context, wish, part, rng):
    ticks = 192
    notes = walk(context, wish, ticks, part, rng, 6)
    allowed = Masks(context, wish, ticks, part)
    starts = allowed.starts(notes)
    begin = notes[-1].tick if notes else context.tick
    for _ in range(30):
        note = Note(rng.randrange(begin, context.tick + ticks), 1, rng.randrange(128), 80, part)
        is_allowed = starts[note.tick - context.tick] and allowed.pitches(notes, note.tick)[note.pitch]
        assert bool(is_allowed) == (not broken([*notes, note], context, wish, ticks))


@given(contexts(0), constraints(), some.sampled_from(PARTS), some.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_a_note_may_last_until_it_would_break_something_and_no_longer(context, wish, part, rng):
    notes = walk(context, wish, 192, part, rng)
    if not notes:
        return
    i = rng.randrange(len(notes))
    others = notes[:i] + notes[i + 1 :]
    longest = Masks(context, wish, 192, part).longest(others, notes[i])
    for duration, is_well in ((longest, True), (longest + 1, False)):
        tried = [*notes[:i], notes[i]._replace(duration=duration), *notes[i + 1 :]]
        assert (not broken(tried, context, wish, 192)) == is_well


def test_the_functions_say_what_the_class_says():
    wish, notes = Constraints(), [Note(0, 12, 60)]
    allowed = Masks(C_MAJOR, wish, 96)
    assert np.array_equal(masks.starts(C_MAJOR, wish, notes, 96), allowed.starts(notes))
    assert np.array_equal(masks.pitches(C_MAJOR, wish, notes, 12), allowed.pitches(notes, 12))
    assert masks.longest(C_MAJOR, wish, notes, Note(12, 1, 62), 96) == 84
    struck = masks.starts(C_MAJOR, Constraints(polyphony=2), [Note(0, 12, 36, 80, DRUMS)] * 2, 96, DRUMS)
    assert not struck[0]
    assert struck[6]


def test_the_masks_a_caller_was_given_are_its_own():
    allowed = Masks(C_MAJOR, Constraints(), 96)
    allowed.starts([])[:] = False
    allowed.pitches([], 0)[:] = False
    assert allowed.starts([]).any()
    assert allowed.pitches([], 0).any()


def classes(context: Context, wish: Constraints, tick: int = 0) -> set[int]:
    return {int(pitch) % 12 for pitch in np.flatnonzero(Masks(context, wish, 96).pitches([], tick))}


@pytest.mark.parametrize(
    ("key", "scale", "expected"),
    [
        ("D minor", "", {2, 4, 5, 7, 9, 10, 0, 1}),
        ("Bb major", "", {10, 0, 2, 3, 5, 7, 9}),
        ("f# minor", "minor pentatonic", {6, 9, 11, 1, 4}),
        ("C♭ major", "chromatic", set(range(12))),
        ("", "dorian", set(SCALES["dorian"])),
        ("", "", set(SCALES["major"])),
    ],
)
def test_keys_and_scales(key, scale, expected):
    assert classes(C_MAJOR, Constraints(key=key, scale=scale)) == expected


def test_a_key_nobody_knows_allows_every_pitch():
    assert classes(Context(tick=0), Constraints(scale="dorian")) == set(range(12))


def test_the_chords_tones_come_where_the_key_is_only_heard():
    over_d7 = Context(tick=0, key_confidence=1.0, chords=(ChordSpan(0, 2, SEVENTH),))
    assert 6 in classes(over_d7, Constraints())
    assert 6 not in classes(over_d7, Constraints(key="C major"))
    assert classes(over_d7, Constraints(chord="always")) == {2, 6, 9, 0}
    assert classes(over_d7, Constraints(chord="beats")) == {2, 6, 9, 0}
    assert classes(over_d7, Constraints(chord="beats"), 12) == {*SCALES["major"], 6}


def test_beats_of_a_compound_meter_are_three_eighths():
    jig = Context(tick=0, key_confidence=1.0, chords=(ChordSpan(0, 0, MAJ),), meter=Meter(6, 8))
    assert classes(jig, Constraints(chord="beats"), 36) == {0, 4, 7}
    assert classes(jig, Constraints(chord="beats"), 24) == set(SCALES["major"])


def test_a_chord_struck_together_is_one_start():
    wish = Constraints(density=1.0, polyphony=3)
    chord = [Note(0, 24, 60), Note(0, 24, 64)]
    allowed = Masks(C_MAJOR, wish, 96).starts(chord)
    assert allowed[0]
    assert not allowed[1:24].any()
    assert allowed[24]


def test_half_a_note_a_beat_is_one_in_two_beats():
    notes = [Note(24, 12, 60)]
    assert np.flatnonzero(Masks(C_MAJOR, Constraints(density=0.5), 96).starts(notes))[0] == 48


@pytest.mark.parametrize(
    ("note", "wish", "says"),
    [
        (Note(3, 6, 60), Constraints(), "grid"),
        (Note(0, 6, 61), Constraints(), "scale"),
        (Note(0, 6, 86), Constraints(), "outside C3 to C6"),
        (Note(0, 97, 60), Constraints(), "ends at 97"),
        (Note(96, 6, 60), Constraints(), "starts outside"),
        (Note(0, 0, 60), Constraints(), "no note"),
        (Note(0, 6, 62), Constraints(chord="beats"), "no tone of C:maj"),
    ],
)
def test_the_judge_says_what_is_broken(note, wish, says):
    context = Context(tick=0, key_confidence=1.0, chords=(ChordSpan(0, 0, MAJ),))
    (line,) = broken([note], context, wish, 96)
    assert says in line


def test_the_judge_counts():
    four = [Note(24 * i, 24, 60) for i in range(4)]
    assert ["4 times in a row" in line for line in broken(four, C_MAJOR, Constraints(), 96)] == [True]
    both = [Note(0, 12, 60), Note(6, 12, 62)]
    assert ["2 notes sound" in line for line in broken(both, C_MAJOR, Constraints(), 96)] == [True]
    dense = [Note(6 * i, 6, 60 + 2 * (i % 2)) for i in range(3)]
    assert ["3 starts within 24" in line for line in broken(dense, C_MAJOR, Constraints(density=2.0), 96)] == [True]
    drums = [Note(0, 6, 36, 80, DRUMS), Note(0, 6, 42, 80, DRUMS)]
    assert ["2 drums at once" in line for line in broken(drums, C_MAJOR, Constraints(), 96)] == [True]
    unsorted = [Note(12, 6, 60), Note(0, 6, 62)]
    assert ["listed after" in line for line in broken(unsorted, C_MAJOR, Constraints(), 96)] == [True]
    assert broken([*both[:1], both[1]._replace(part=MELODY + 2)], C_MAJOR, Constraints(), 96) == []


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (Constraints(key="H major"), "key 'H major' is no key; write a tonic and a mode"),
        (Constraints(scale="bebop"), "scale 'bebop' is not known; choose one of major, minor"),
        (Constraints(low=70, high=60), "low 70 is above high 60"),
        (Constraints(grid=0), "Expected `int` >= 1 for `grid`"),
        (Constraints(density=float("nan")), "density"),
    ],
)
def test_a_constraint_that_means_nothing_is_refused(wish, says):
    with pytest.raises(ConstraintError, match=says.replace("(", r"\(")):
        check(wish)
    with pytest.raises(ConstraintError):
        Masks(C_MAJOR, wish, 96)
