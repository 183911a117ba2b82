"""The Continuator: it learns what is played, goes on with it, obeys, lands, and does not only copy."""

import random
import statistics
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context, Meter
from daemon.generate.masks import broken
from daemon.generate.note import Note, Played
from daemon.generate.rules import memory as remembering
from daemon.generate.rules.landing import strength
from daemon.generate.rules.line import last_phrase
from daemon.generate.rules.markov import Markov, copy_limit
from daemon.generate.rules.memory import CAPACITY, ORDER, PLACES, Memory
from dsp.harmony import CHORD_QUALITIES
from tests.generate.music import G_TUNE, constraints, contexts, groove, heard, likeness, tune

MAJ = CHORD_QUALITIES.index("maj")


def learnt(context: Context) -> Markov:
    markov = Markov()
    markov.hear(context.heard, context)
    return markov


@given(contexts(), constraints(), some.integers(0, 500))
@settings(max_examples=80, deadline=None)
def test_whatever_is_asked_nothing_is_broken_and_the_seed_decides(context, wish, ticks):
    markov = learnt(context)
    notes = markov.play(context, wish, ticks)
    assert broken(notes, context, wish, ticks) == []
    assert notes == markov.play(context, wish, ticks) == learnt(context).play(context, wish, ticks)


@pytest.mark.parametrize(
    "played",
    [
        (),
        (Played(0, 6, 60, 90, 0),),
        tuple(Played(0, 12, pitch, 90, 0) for pitch in range(128)),
        tuple(Played(i % 700, 1 + i % 50, (i * 37) % 128, 1 + i % 127, 0) for i in range(10_000)),
        tuple(Played(i // 100, 5000, (i * 37) % 128, 127, 0) for i in range(10_000)),
    ],
    ids=["nothing", "one note", "all at once", "10,000 notes", "10,000 held"],
)
@pytest.mark.parametrize("ticks", [0, 1, 24, 96, 384])
@pytest.mark.parametrize("polyphony", [1, 4])
def test_every_player_is_answered(played, ticks, polyphony):
    context = Context(tick=768, heard=played, key_confidence=1.0)
    wish = Constraints(polyphony=polyphony)
    notes = learnt(context).play(context, wish, ticks)
    assert broken(notes, context, wish, ticks) == []
    assert bool(notes) == (ticks > 0)


def test_one_that_was_told_nothing_learns_from_the_context():
    context = tune(G_TUNE)
    assert Markov().play(context, Constraints(), 384) == learnt(context).play(context, Constraints(), 384)


@pytest.mark.parametrize("closeness", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("meter", [Meter(), Meter(3, 4), Meter(6, 8)])
def test_an_answer_lands_on_a_strong_place_on_the_tonic_and_breathes(meter, closeness):
    context = tune(G_TUNE, meter=meter, chords=(ChordSpan(0, 7, MAJ),))
    ticks = 4 * meter.bar_ticks
    for seed in range(10):
        last = learnt(context).play(context, Constraints(seed=seed, closeness=closeness), ticks)[-1]
        assert strength(last.tick, meter) >= 2
        assert last.pitch % 12 == 7
        assert last.end <= context.tick + ticks - meter.beat_ticks // 2


ALBERTI = tuple(
    (12 * (8 * bar + i), 12, pitch)
    for bar, chord in enumerate(((60, 67, 64), (62, 69, 65), (59, 67, 62), (60, 67, 64)))
    for i, pitch in enumerate((chord[0], chord[1], chord[2], chord[1]) * 2)
)


def test_an_alberti_figure_goes_on():
    context = tune(ALBERTI, tonic=0)
    known = {two[2] - one[2] for one, two in pairwise(ALBERTI)}
    for seed in range(10):
        notes = learnt(context).play(context, Constraints(seed=seed, closeness=1.0, low=48, high=84), 384)
        body = notes[:-1]
        assert all(two.tick - one.tick == 12 for one, two in pairwise(body))
        own = [two.pitch - one.pitch for one, two in pairwise(body)]
        assert sum(interval in known for interval in own) >= 0.85 * len(own)
        turns = [(a > 0) != (b > 0) for a, b in pairwise(own)]
        assert sum(turns) >= 0.75 * len(turns)


def test_close_is_closer_than_far_and_keeps_the_groove():
    context = tune(G_TUNE)
    phrase = last_phrase(context)
    answers = {
        closeness: [learnt(context).play(context, Constraints(seed=s, closeness=closeness), 384) for s in range(30)]
        for closeness in (0.0, 0.5, 1.0)
    }
    like = [statistics.mean(likeness(answer, phrase) for answer in answers[c]) for c in (0.0, 0.5, 1.0)]
    assert like[0] < like[1] < like[2]
    rng = random.Random(1)
    for answer in answers[0.5]:
        ticks = sorted(rng.sample(range(0, 384, 12), len(answer)))
        assert groove(answer, phrase) > groove([Note(384 + tick, 6, 60) for tick in ticks], phrase)


def wandering(count: int) -> tuple[tuple[int, int, int], ...]:
    """A line in C that repeats itself little."""
    rng, tick, notes = random.Random(3), 0, []
    for _ in range(count):
        step = rng.choice((6, 12, 12, 18, 24))
        notes.append((tick, step, rng.choice((60, 62, 64, 65, 67, 69, 71, 72))))
        tick += step
    return tuple(notes)


@pytest.mark.parametrize("closeness", [0.0, 0.5])
def test_no_copy_grows_too_long(closeness):
    context = tune(wandering(200), tonic=0)
    markov = learnt(context)
    material = shapes(last_phrase(context))
    longest = []
    for seed in range(20):
        wish = Constraints(seed=seed, closeness=closeness, density=8)
        own = shapes(markov.play(context, wish, 8 * 96)[:-1])
        longest.append(max(copied(own[i:], material) for i in range(len(own))))
    assert max(longest) < copy_limit(closeness)
    assert statistics.mean(longest) >= 2


def shapes(notes):
    return [(two.tick - one.tick, two.pitch - one.pitch) for one, two in pairwise(notes)]


def copied(own, material):
    """How many of the first shapes stand somewhere in the material, in a row."""
    best = 0
    for i in range(len(material)):
        n = 0
        while n < len(own) and i + n < len(material) and own[n] == material[i + n]:
            n += 1
        best = max(best, n)
    return best


def test_velocity_and_length_come_from_the_material():
    loud = tuple(note._replace(velocity=40 + i) for i, note in enumerate(tune(G_TUNE).heard))
    context = msgspec.structs.replace(tune(G_TUNE), heard=loud)
    for note in learnt(context).play(context, Constraints(), 384)[:-1]:
        assert 40 <= note.velocity < 40 + len(loud)
        assert note.duration in (12, 24, 36, 48)


def test_chords_come_back_where_the_polyphony_allows_them():
    chords = tuple((24 * i, 20, root + tone) for i, root in enumerate((60, 65, 67, 60) * 4) for tone in (0, 4, 7))
    context = tune(chords, tonic=0)
    wish = Constraints(polyphony=3)
    notes = learnt(context).play(context, wish, 384)
    assert statistics.mean([sum(note.tick == other.tick for other in notes) for note in notes]) > 2
    assert broken(notes, context, wish, 384) == []


@given(heard(30), some.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_the_memory_finds_what_a_search_finds(notes, silent):
    notes = [*notes, *(note._replace(tick=note.tick + 580) for note in notes[:silent])]  # a new phrase, after a silence
    memory = Memory()
    for note in notes:
        memory.learn(note, 96, 24, 0)
    line = []
    for note in notes:
        if line and line[-1].tick == note.tick:
            line[-1] = max(line[-1], note, key=lambda note: note.pitch)
        else:
            line.append(note)
    steps = [(b.tick - a.tick, b.pitch - a.pitch) for a, b in pairwise(line)]
    breaks = [i for i, (step, _) in enumerate(steps) if step > remembering.LONGEST]
    for order in range(1, ORDER + 1):
        for end in range(order, len(steps)):
            window = range(end - order, end + 1)
            if any(i in breaks for i in window):
                continue
            asked = tuple(steps[end - order : end])
            found = [
                i + 1
                for i in range(order, len(steps))
                if tuple(steps[i - order : i]) == asked and not any(b in range(i - order, i + 1) for b in breaks)
            ]
            assert memory._places[asked] == found[-PLACES:]


@given(some.permutations([60, 64, 67, 72]))
def test_the_order_of_a_chords_notes_is_nothing(pitches):
    memory = Memory()
    for tick, chord in ((0, [55]), (24, pitches), (48, [70])):
        for pitch in chord:
            memory.learn(Played(tick, 12, pitch, 80, 0), 96, 24, 0)
    assert (memory[1].pitch, memory[1].interval, set(memory[1].below)) == (72, 17, {-5, -8, -12})
    assert memory._places == {((24, 17),): [2], (7,): [1], (0,): [2], (7, 0): [2]}


def test_the_memory_is_bounded():
    memory, rng = Memory(), random.Random(1)
    for i in range(2 * CAPACITY + 100):
        memory.learn(Played(12 * i, 12, rng.randrange(48, 84), 80, 0), 96, 24, 0)
    assert len(memory) == CAPACITY
    assert min(min(places) for places in memory._places.values()) >= memory.count - CAPACITY
    assert len(memory._places) <= CAPACITY * (ORDER + 2)
    assert max(len(places) for places in memory._places.values()) <= PLACES
