"""A counter-line by the rules of species counterpoint, against a tune that is known and one that is not yet."""

import itertools

import msgspec
import pytest

from daemon.generate.context import Context
from daemon.generate.masks import broken
from daemon.generate.note import COUNTER, MELODY, Note, Played
from daemon.generate.rules.counter import CONSONANT, PERFECT, Species
from tests.generate.music import G_TUNE
from tests.generate.players import BAR, changes, holds, in_c, run
from tests.generate.test_comping import METERS, STYLES

TUNE = tuple(Played(tick, duration, pitch, 80, MELODY) for tick, duration, pitch in G_TUNE)
SPANS = changes("G:maj C:maj G:maj D:maj")
FUX = (62, 65, 64, 62, 67, 65, 69, 67, 65, 64, 62)
"""The cantus firmus of the first species' first example, Dorian."""
PLAYER = Species()
WISH = msgspec.structs.replace(PLAYER.style.counter.constraints, polyphony=1)


def in_g(**fields) -> Context:
    return in_c(**{"tonic": 7, "heard": TUNE, "low": 62, "high": 76, "chords": SPANS, **fields})


def cantus_at(tick: int, tune: tuple[Played, ...] = TUNE) -> int:
    return [note for note in tune if note.tick <= tick][-1].pitch


def whole_notes(pitches: tuple[int, ...]) -> tuple[Played, ...]:
    return tuple(Played(BAR * bar, BAR, pitch, 80, MELODY) for bar, pitch in enumerate(pitches))


def play(seed: int, context: Context | None = None, ticks: int = 4 * BAR) -> list[Note]:
    return run(PLAYER, context or in_g(), msgspec.structs.replace(WISH, seed=seed), ticks, BAR)


@pytest.mark.parametrize("seed", range(6))
def test_on_the_beat_the_voices_are_consonant(seed):
    notes = play(seed)
    assert len(notes) >= 6
    for note in notes:
        if note.tick % 24 == 0:
            assert abs(cantus_at(note.tick) - note.pitch) % 12 in CONSONANT


@pytest.mark.parametrize("tune", [TUNE, whole_notes(FUX)], ids=["tune", "cantus firmus"])
@pytest.mark.parametrize("seed", range(6))
def test_no_fifths_or_octaves_are_parallel(tune, seed):
    context = in_g(heard=tune, chords=() if tune is not TUNE else SPANS, tonic=7 if tune is TUNE else 0)
    notes = play(seed, context, (tune[-1].end // BAR) * BAR)
    for one, other in itertools.pairwise(notes):
        before, now = cantus_at(one.tick, tune) - one.pitch, cantus_at(other.tick, tune) - other.pitch
        moved = cantus_at(one.tick, tune) != cantus_at(other.tick, tune) and one.pitch != other.pitch
        assert not (moved and abs(before) % 12 == abs(now) % 12 and abs(now) % 12 in PERFECT)


def test_where_only_a_parallel_fifth_would_fit_it_is_silent():
    """C under G, then D under A; but D under B is a sixth."""
    only_d = msgspec.structs.replace(WISH, low=62, high=62)
    first = Note(0, 96, 60, 80, COUNTER)

    def under(*pitches: int) -> list[Note]:
        return PLAYER.play(in_c(tick=BAR, own=(first,), heard=whole_notes(pitches)), only_d, BAR)

    assert under(67, 69) == []
    assert {note.pitch for note in under(67, 71)} == {62}


def test_contrary_motion_is_preferred():
    contrary = similar = 0
    for seed in range(6):
        notes = play(seed)
        for one, other in itertools.pairwise(notes):
            theirs, ours = cantus_at(other.tick) - cantus_at(one.tick), other.pitch - one.pitch
            contrary += theirs * ours < 0
            similar += theirs * ours > 0
    assert contrary > 2 * similar


@pytest.mark.parametrize("seed", range(6))
def test_the_line_steps(seed):
    moves = [other.pitch - one.pitch for one, other in itertools.pairwise(play(seed))]
    assert all(abs(move) not in {6, 10, 11} and abs(move) <= 12 for move in moves)
    assert sum(abs(move) <= 4 for move in moves) >= 0.6 * len(moves)


@pytest.mark.parametrize("seed", range(6))
def test_the_line_goes_somewhere(seed):
    """It neither sways between two notes nor stays on one."""
    pitches = [note.pitch for note in play(seed, in_g(tick=6 * BAR, chords=changes("G:maj C:maj", 3 * BAR)), 8 * BAR)]
    assert len(set(pitches)) >= 6
    assert sum(one == third for one, third in zip(pitches, pitches[2:], strict=False)) < 0.4 * len(pitches)
    assert sum(one == other for one, other in itertools.pairwise(pitches)) < 0.2 * len(pitches)


@pytest.mark.parametrize("seed", range(6))
def test_it_keeps_out_of_the_players_way(seed):
    """Below the tune, where there is more room."""
    notes = play(seed)
    assert sum(note.pitch < cantus_at(note.tick) for note in notes) >= 0.8 * len(notes)


def test_it_moves_while_the_player_rests():
    busy = play(0, in_g(energy=0.6))
    rests = play(0, in_g(tick=6 * BAR, chords=changes("G:maj C:maj", 3 * BAR), energy=0.6))
    assert len(rests) > len(busy)


def test_bar_by_bar_is_as_four_bars_at_once():
    assert run(PLAYER, in_g(), WISH, 4 * BAR, BAR) == PLAYER.play(in_g(), WISH, 4 * BAR)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.beats}/{meter.unit}")
def test_it_plays_in_every_style_and_meter(style, meter):
    player = Species(style)
    wish = player.style.counter.constraints
    context = in_g(meter=meter, heard=TUNE)
    notes = player.play(context, wish, 4 * meter.bar_ticks)
    assert broken(notes, context, wish, 4 * meter.bar_ticks) == []
    assert {note.part for note in notes} == {COUNTER}


def test_constraints_hold():
    holds(Species())
