"""Call and response by motif: whatever is heard and asked, it obeys, lands, and belongs to the player."""

import random
import statistics
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context, Meter, chord_classes
from daemon.generate.masks import broken
from daemon.generate.note import Note, Played
from daemon.generate.rules import transformation as form
from daemon.generate.rules.choice import choose
from daemon.generate.rules.landing import strength
from daemon.generate.rules.line import last_phrase, motifs, top_line
from daemon.generate.rules.motif import Motif
from daemon.generate.rules.transformation import Figure
from dsp.harmony import CHORD_QUALITIES
from tests.generate.music import G_TUNE, constraints, contexts, groove, likeness, tune

MAJ, SEVENTH = CHORD_QUALITIES.index("maj"), CHORD_QUALITIES.index("7")


@given(contexts(), constraints(), some.integers(0, 500))
@settings(max_examples=80, deadline=None)
def test_whatever_is_asked_nothing_is_broken_and_the_seed_decides(context, wish, ticks):
    notes = Motif().play(context, wish, ticks)
    assert broken(notes, context, wish, ticks) == []
    assert notes == Motif().play(context, wish, ticks)


@pytest.mark.parametrize(
    "heard",
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
def test_every_player_is_answered(heard, ticks):
    context = Context(tick=768, heard=heard, key_confidence=1.0)
    notes = Motif().play(context, Constraints(), ticks)
    assert broken(notes, context, Constraints(), ticks) == []
    assert bool(notes) == (ticks > 0)


@pytest.mark.parametrize("closeness", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("meter", [Meter(), Meter(3, 4), Meter(6, 8)])
def test_an_answer_lands_on_a_strong_place_on_the_tonic_and_breathes(meter, closeness):
    context = tune(G_TUNE, meter=meter, chords=(ChordSpan(0, 7, MAJ),))
    ticks = 4 * meter.bar_ticks
    for seed in range(10):
        last = Motif().play(context, Constraints(seed=seed, closeness=closeness), ticks)[-1]
        assert strength(last.tick, meter) >= 2
        assert last.tick >= context.tick + 3 * meter.bar_ticks
        assert last.pitch % 12 == 7
        assert last.end <= context.tick + ticks - meter.beat_ticks // 2


def test_over_a_chord_without_the_tonic_it_lands_on_a_tone_of_the_chord():
    d7 = ChordSpan(0, 2, SEVENTH)
    for seed in range(10):
        last = Motif().play(tune(G_TUNE, chords=(d7,)), Constraints(seed=seed), 384)[-1]
        assert last.pitch % 12 in chord_classes(d7)


def test_the_groove_is_the_players():
    context = tune(G_TUNE)
    rng = random.Random(1)
    like, unlike = [], []
    for seed in range(20):
        notes = Motif().play(context, Constraints(seed=seed), 384)
        like.append(groove(notes, last_phrase(context)))
        places = sorted(rng.sample(range(0, 384, 12), len(notes)))
        unlike.append(groove([Note(384 + tick, 6, 60) for tick in places], last_phrase(context)))
    assert statistics.mean(like) > statistics.mean(unlike) + 0.2


def test_close_is_closer_than_far():
    context = tune(G_TUNE)
    mean = [
        statistics.mean(
            likeness(Motif().play(context, Constraints(seed=seed, closeness=closeness), 384), last_phrase(context))
            for seed in range(30)
        )
        for closeness in (0.0, 0.5, 1.0)
    ]
    assert mean[0] < mean[1] < mean[2]


def test_it_answers_and_does_not_repeat():
    context = tune(G_TUNE)
    answers = [Motif().play(context, Constraints(seed=seed), 384) for seed in range(10)]
    phrase = [(note.tick + 384, note.pitch) for note in last_phrase(context)]
    assert len({tuple(answer) for answer in answers}) == 10
    assert all([(note.tick, note.pitch) for note in answer] != phrase for answer in answers)


def test_a_consequent_begins_as_the_antecedent_does():
    context = tune(G_TUNE)
    same = 0
    for seed in range(20):
        notes = Motif().play(context, Constraints(seed=seed, closeness=1.0), 384)
        begins = [two.pitch > one.pitch for one, two in pairwise(notes[:3])]
        same += begins == [True, True] and [note.tick - 384 for note in notes[:3]] == [0, 12, 24]
    assert same >= 15


def test_a_cadence_goes_by_step_and_leaps_are_few():
    context = tune(G_TUNE)
    for seed in range(20):
        notes = Motif().play(context, Constraints(seed=seed), 384)
        assert abs(notes[-1].pitch - notes[-2].pitch) <= 5
        assert sum(abs(two.pitch - one.pitch) > 7 for one, two in pairwise(notes)) <= 3


def test_a_line_is_the_top():
    played = [Played(0, 24, 60, 80, 0), Played(0, 24, 64, 80, 0), Played(12, 12, 62, 0, 0)]
    assert top_line(played) == [Note(0, 12, 64), Note(12, 12, 62, 1)]


def test_motifs_end_where_a_note_is_long_or_a_rest():
    line = [Note(tick, 6, 60 + i) for i, tick in enumerate([0, 12, 24, 72, 84, 96, 144, 156, 168])]
    assert [len(motif) for motif in motifs(line, Meter())] == [3, 3, 3]
    dense = [Note(6 * i, 6, 60 + i % 7) for i in range(200)]
    cut = motifs(dense, Meter())
    assert max(len(motif) for motif in cut) <= 8
    assert [note for motif in cut for note in motif] == dense


FIGURES = [Figure(0, 12, 10, 80), Figure(12, 12, 12, 80), Figure(24, 24, 11, 80), Figure(48, 48, 14, 80)]


def test_transformations():
    def steps(figures):
        return [figure.step for figure in figures]

    assert steps(form.transposed(FIGURES, 2)) == [12, 14, 13, 16]
    assert steps(form.inverted(FIGURES)) == [10, 8, 9, 6]
    assert steps(form.tail_reversed(FIGURES)) == [10, 12, 14, 11]
    assert [figure.at for figure in form.displaced(FIGURES, 12)] == [12, 24, 36, 60]
    assert form.stretched(form.stretched(FIGURES, 2.0), 0.5) == FIGURES
    assert [(figure.at, figure.step) for figure in form.fragmented(FIGURES, 48, 1)] == [
        (0, 10),
        (12, 12),
        (24, 11),
        (36, 13),
    ]
    assert steps(form.ornamented(FIGURES, 12)) == [10, 12, 11, 14, 15]
    assert steps(form.turned(FIGURES, 4)) == [10, 12, 16, 15]


def test_a_choice_is_cooled_and_cut():
    weights = [1.0, 3.0, 2.0]
    assert {choose(random.Random(seed), weights, 0.0) for seed in range(20)} == {1}
    assert {choose(random.Random(seed), weights, 1.0, 0.7) for seed in range(50)} == {1, 2}
    assert {choose(random.Random(seed), weights) for seed in range(50)} == {0, 1, 2}
