"""Comping: the chord of the moment in the style's rhythm, each near the one before, whatever the stretches."""

import itertools

import msgspec
import pytest

from daemon.generate.context import Meter, chord_classes
from daemon.generate.masks import broken
from daemon.generate.note import CHORDS, MELODY, Note, Played
from daemon.generate.rules.comping import Comping
from daemon.generate.rules.voicing import distance
from tests.generate.players import BAR, at, changes, chord, holds, in_c, run

STYLES = ["ambient", "bossa", "folk", "jazz", "pop", "techno", "waltz"]
METERS = [Meter(4, 4), Meter(3, 4), Meter(5, 4), Meter(6, 8), Meter(7, 8), Meter(12, 8)]


def struck(notes: list[Note]) -> list[tuple[int, list[int]]]:
    return [(tick, at(notes, tick)) for tick in sorted({note.tick for note in notes})]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.beats}/{meter.unit}")
def test_every_style_comps_in_every_meter(style, meter):
    player = Comping(style)
    wish = player.style.chords.constraints
    for energy in (0.0, 0.6, 1.0):
        context = in_c(meter=meter, energy=energy, chords=changes("C:maj A:min F:maj G:7", meter.bar_ticks))
        notes = player.play(context, wish, 4 * meter.bar_ticks)
        assert broken(notes, context, wish, 4 * meter.bar_ticks) == []
        assert {note.part for note in notes} == {CHORDS}
        assert len({note.tick // meter.bar_ticks for note in notes}) >= 2
        assert sum(len(pitches) >= 3 for _, pitches in struck(notes)) >= 0.9 * len(struck(notes))


@pytest.mark.parametrize("style", STYLES)
def test_voices_lead(style):
    """A chord's voices move to the next by two semitones each at the mean, at most."""
    player = Comping(style)
    names = "C:maj A:min D:min G:7 E:min A:min F:maj G:maj"
    notes = run(player, in_c(chords=changes(names)), player.style.chords.constraints, 8 * BAR, BAR)
    chords = [pitches for _, pitches in struck(notes)]
    moved = [distance(one, other) / len(other) for one, other in itertools.pairwise(chords) if one != other]
    assert sum(moved) / len(moved) < 2.6


@pytest.mark.parametrize("style", ["pop", "folk", "ambient"])
def test_only_the_chord_sounds(style):
    player = Comping(style)
    spans = changes("C:maj A:min F:maj G:maj")
    wish = msgspec.structs.replace(player.style.chords.constraints, chord="always")
    context = in_c(chords=spans)
    for note in player.play(context, wish, 4 * BAR):
        assert note.pitch % 12 in chord_classes(context.chord_at(note.tick))


def test_a_change_within_a_held_chord_is_struck():
    player = Comping("pop")
    spans = (chord("C:maj"), chord("G:maj", 48), chord("F:maj", 96 + 24))
    notes = player.play(in_c(chords=spans, energy=0.0), player.style.chords.constraints, 2 * BAR)
    assert {48, 96 + 24} <= {note.tick for note in notes}
    assert all(not note.tick < 48 < note.end for note in notes)


def test_what_sounds_on_is_not_struck_again_but_what_was_cut_is():
    player = Comping("pop")
    wish = player.style.chords.constraints
    context = in_c(energy=0.0, chords=changes("C:maj"))
    whole = player.play(context, wish, BAR)
    assert {note.tick for note in whole} == {0}
    later = msgspec.structs.replace(context, tick=24, own=tuple(whole))
    assert player.play(later, wish, 72) == []
    cut = msgspec.structs.replace(later, own=tuple(note._replace(duration=24) for note in whole))
    assert [note.pitch for note in player.play(cut, wish, 72)] == [note.pitch for note in whole]
    changed = msgspec.structs.replace(later, chords=(*context.chords, chord("G:maj", 24)))
    assert 7 in {note.pitch % 12 for note in player.play(changed, wish, 72) if note.tick == 24}


def test_jazz_anticipates():
    """The off-beat before a bar line has the next bar's chord already."""
    player = Comping("jazz")
    spans = changes("C:maj7 F#:7 " * 16)
    early = set()
    for seed in range(8):
        wish = msgspec.structs.replace(player.style.chords.constraints, seed=seed)
        for tick, pitches in struck(player.play(in_c(chords=spans, energy=0.6), wish, 16 * BAR)):
            if tick % BAR == 84 and tick < 15 * BAR:
                early.add((tick // BAR % 2, tuple(sorted({pitch % 12 for pitch in pitches}))))
    assert early
    third = {0: 10, 1: 4}  # of the chord that comes: F#7's, Cmaj7's
    assert all(third[bar] in classes for bar, classes in early)


def test_in_stretches_it_goes_on_as_it_would_in_one():
    """Bar by bar or four bars at once: the same notes, for all that comes from what was played."""
    player = Comping("jazz")
    wish = player.style.chords.constraints
    context = in_c(chords=changes("D:min7 G:7 C:maj7 A:7"))
    whole = player.play(context, wish, 4 * BAR)
    assert [(n.tick, n.pitch) for n in run(player, context, wish, 4 * BAR, BAR)] == [(n.tick, n.pitch) for n in whole]


def test_who_plays_much_is_left_room():
    player = Comping("jazz")
    spans = changes("D:min7 G:7 " * 8)

    def strokes(density: float) -> int:
        context = in_c(chords=spans, energy=0.7, density=density)
        return len(struck(player.play(context, player.style.chords.constraints, 16 * BAR)))

    assert strokes(6.0) < strokes(1.0)


def test_energy_is_heard():
    player = Comping("pop")

    def loud(energy: float) -> tuple[int, float]:
        notes = player.play(
            in_c(chords=changes("C:maj F:maj"), energy=energy), player.style.chords.constraints, 4 * BAR
        )
        return len(notes), sum(note.velocity for note in notes) / len(notes)

    assert loud(0.1)[0] < loud(0.9)[0]
    assert loud(0.1)[1] + 10 < loud(0.9)[1]


def test_with_no_chord_known_it_plays_the_keys_own():
    player = Comping("folk")
    notes = player.play(in_c(tonic=9, mode=1), player.style.chords.constraints, BAR)
    assert {note.pitch % 12 for note in notes} == {9, 0, 4}


def test_another_seed_comps_otherwise():
    player = Comping("jazz")
    context = in_c(chords=changes("D:min7 G:7 C:maj7 A:7"))
    wish = player.style.chords.constraints
    takes = {tuple(player.play(context, msgspec.structs.replace(wish, seed=seed), 4 * BAR)) for seed in range(6)}
    assert len(takes) == 6


def test_it_stays_out_of_the_players_register():
    player = Comping("folk")
    heard = (Played(0, 24, 64, 80, MELODY), Played(24, 24, 67, 80, MELODY))
    low = player.play(in_c(heard=heard, low=64, high=67, chords=changes("C:maj")), player.style.chords.constraints, BAR)
    free = player.play(in_c(chords=changes("C:maj")), player.style.chords.constraints, BAR)
    assert max(note.pitch for note in low) <= max(note.pitch for note in free)
    assert max(note.pitch for note in low) <= 68


@pytest.mark.parametrize("style", ["jazz", "pop", "ambient"])
def test_constraints_hold(style):
    holds(Comping(style))
