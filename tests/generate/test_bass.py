"""Bass lines: the root where the chord changes, an approach before it, one line through all stretches."""

import itertools

import msgspec
import pytest

from daemon.generate.context import Meter
from daemon.generate.masks import broken
from daemon.generate.note import BASS
from daemon.generate.rules.bass import Root, Walking
from tests.generate.players import BAR, at, changes, chord, holds, in_c, run
from tests.generate.test_comping import METERS, STYLES

RHYTHM = "D:min7 G:7 C:maj7 A:7 D:min7 G:7 E:min7 A:7 F:maj7 B:dim E:7 A:min7 D:7 G:7 C:maj7 C:maj7"
SPANS = changes(RHYTHM)
WALKING = Walking()
WISH = WALKING.style.bass.constraints


def line(seed: int = 0, energy: float = 0.5) -> list:
    wish = msgspec.structs.replace(WISH, seed=seed)
    return run(WALKING, in_c(chords=SPANS, energy=energy), wish, 16 * BAR, BAR)


@pytest.mark.parametrize("seed", range(5))
def test_it_walks_a_note_a_beat(seed):
    notes = line(seed)
    assert {note.tick for note in notes if note.tick % 24 == 0} == set(range(0, 16 * BAR, 24))
    assert {note.part for note in notes} == {BASS}
    assert all(one.end <= other.tick for one, other in itertools.pairwise(notes))


@pytest.mark.parametrize("seed", range(5))
def test_the_root_is_where_the_chord_changes(seed):
    notes = line(seed)
    for bar, span in enumerate(SPANS[:15]):
        assert [pitch % 12 for pitch in at(notes, bar * BAR)] == [span.root]


@pytest.mark.parametrize("seed", range(5))
def test_the_beat_before_leads_into_the_root(seed):
    """By a step, or from the dominant."""
    notes = line(seed)
    moves = []
    for bar in range(1, 15):
        (before,), (root,) = at(notes, bar * BAR - 24), at(notes, bar * BAR)
        moves.append(abs(root - before))
    assert all(move in {1, 2, 5, 7} for move in moves)
    assert sum(move <= 2 for move in moves) >= 9


def test_strong_beats_have_chord_tones():
    notes = line()
    for bar, span in enumerate(SPANS[:15]):
        (pitch,) = at(notes, bar * BAR + 48)
        step = (pitch - span.root) % 12
        assert step in {0, 3, 4, 6, 7}


@pytest.mark.parametrize("seed", range(5))
def test_the_line_is_one_line(seed):
    pitches = [note.pitch for note in line(seed)]
    leaps = [abs(a - b) for a, b in itertools.pairwise(pitches)]
    assert max(leaps) <= 12
    assert sum(leaps) / len(leaps) < 4.5
    assert max(pitches) - min(pitches) >= 12  # it goes somewhere
    assert sum(leap == 0 for leap in leaps) < 0.2 * len(leaps)


def test_beat_by_beat_it_walks_the_same_line():
    context = in_c(chords=SPANS, energy=0.0)
    assert run(WALKING, context, WISH, 8 * BAR, 24) == run(WALKING, context, WISH, 8 * BAR, 4 * BAR)


def test_a_slash_chord_has_its_own_bass():
    spans = (msgspec.structs.replace(chord("C:maj"), bass=4), chord("F:maj", BAR))
    assert at(WALKING.play(in_c(chords=spans), WISH, BAR), 0)[0] % 12 == 4
    assert at(Root().play(in_c(chords=spans), WISH, BAR), 0)[0] % 12 == 4


@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.beats}/{meter.unit}")
def test_it_walks_in_every_meter(meter):
    spans = changes("C:maj A:min F:maj G:7", meter.bar_ticks)
    notes = WALKING.play(in_c(chords=spans, meter=meter), WISH, 4 * meter.bar_ticks)
    assert {note.tick for note in notes} >= set(range(0, 4 * meter.bar_ticks, meter.beat_ticks))
    assert [at(notes, span.tick)[0] % 12 for span in spans] == [span.root for span in spans]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.beats}/{meter.unit}")
def test_every_style_has_a_bass_in_every_meter(style, meter):
    player = Root(style)
    wish = player.style.bass.constraints
    for energy in (0.0, 0.6, 1.0):
        context = in_c(meter=meter, energy=energy, chords=changes("C:maj A:min F:maj G:7", meter.bar_ticks))
        notes = player.play(context, wish, 4 * meter.bar_ticks)
        assert broken(notes, context, wish, 4 * meter.bar_ticks) == []
        for span in context.chords:
            first = next(note for note in notes if note.tick >= span.tick)
            assert first.tick < span.tick + meter.bar_ticks
            assert first.pitch % 12 == span.root


def test_the_root_follows_a_change_within_a_note():
    spans = (chord("C:maj"), chord("G:maj", 48))
    notes = Root("pop").play(in_c(chords=spans, energy=0.0), WISH, BAR)
    assert [pitch % 12 for pitch in at(notes, 48)] == [7]
    assert all(not note.tick < 48 < note.end for note in notes)


def test_techno_is_off_the_beat():
    player = Root("techno")
    notes = player.play(in_c(energy=0.3), player.style.bass.constraints, 4 * BAR)
    assert {note.tick % 24 for note in notes} == {12}
    assert len(notes) == 16


def test_folk_alternates_root_and_fifth():
    player = Root("folk")
    notes = player.play(in_c(energy=0.2, chords=changes("D:min")), player.style.bass.constraints, 2 * BAR)
    assert [note.pitch % 12 for note in notes if note.tick % 48 == 0] == [2, 9, 2, 9]


def test_a_dominant_in_three_four_is_not_walked_past():
    notes = WALKING.play(in_c(meter=Meter(3, 4), chords=changes("D:min7 G:7", 72)), WISH, 144)
    assert [note.tick for note in notes if note.tick % 24 == 0] == [0, 24, 48, 72, 96, 120]
    assert abs(at(notes, 48)[0] - at(notes, 72)[0]) in {1, 2, 5, 7}


@pytest.mark.parametrize("player", [Walking(), Root("pop"), Root("techno")], ids=["walking", "pop", "techno"])
def test_constraints_hold(player):
    holds(player)
