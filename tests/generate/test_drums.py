"""Drum patterns: the beat is there, energy is heard, phrases end with a fill, and the seed varies it."""

import msgspec
import pytest

from daemon.generate.masks import broken
from daemon.generate.note import DRUMS, MELODY, Note, Played
from daemon.generate.rules.drums import Pattern
from daemon.generate.rules.style import DRUM_NOTES
from tests.generate.players import BAR, holds, in_c, run
from tests.generate.test_comping import METERS, STYLES

KICK, SNARE, HAT, CRASH = (DRUM_NOTES[drum] for drum in ("kick", "snare", "hat", "crash"))
TOMS = {DRUM_NOTES[drum] for drum in ("tom_low", "tom_mid", "tom_high", "tom_floor")}


def ticks(notes: list[Note], *pitches: int) -> list[int]:
    return [note.tick for note in notes if note.pitch in pitches]


def play(style: str, bars: int = 8, seed: int = 0, **fields) -> list[Note]:
    player = Pattern(style)
    wish = msgspec.structs.replace(player.style.drums.constraints, seed=seed)
    return run(player, in_c(**fields), wish, bars * BAR, BAR)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("meter", METERS, ids=lambda meter: f"{meter.beats}/{meter.unit}")
def test_every_style_drums_in_every_meter(style, meter):
    player = Pattern(style)
    wish = player.style.drums.constraints
    for energy in (0.0, 0.6, 1.0):
        context = in_c(meter=meter, energy=energy)
        notes = player.play(context, wish, 8 * meter.bar_ticks)
        assert broken(notes, context, wish, 8 * meter.bar_ticks) == []
        assert {note.part for note in notes} <= {DRUMS}
        assert {note.pitch for note in notes} <= set(DRUM_NOTES.values())
        if energy:
            assert {note.tick // meter.bar_ticks for note in notes} == set(range(8))


@pytest.mark.parametrize("seed", range(5))
def test_pop_has_a_backbeat(seed):
    notes = play("pop", 3, seed)
    for bar in range(3):
        assert {bar * BAR + 24, bar * BAR + 72} <= set(ticks(notes, SNARE, DRUM_NOTES["rim"]))
        assert bar * BAR in ticks(notes, KICK)


def test_techno_has_four_on_the_floor():
    for energy in (0.0, 0.5, 1.0):
        assert ticks(play("techno", 3, energy=energy), KICK) == list(range(0, 3 * BAR, 24))


def test_jazz_has_the_hi_hat_on_two_and_four():
    notes = play("jazz", 7)
    foot = set(ticks(notes, DRUM_NOTES["hat_foot"]))
    assert {bar * BAR + beat for bar in range(3) for beat in (24, 72)} <= foot


@pytest.mark.parametrize("style", STYLES)
def test_layers_come_and_go_with_the_energy(style):
    kinds, loud, count = [], [], []
    for energy in (0.0, 0.5, 1.0):
        notes = play(style, 3, energy=energy)
        kinds.append(len({note.pitch for note in notes}))
        loud.append(sum(note.velocity for note in notes) / max(1, len(notes)))
        count.append(len(notes))
    assert kinds[0] < kinds[1] <= kinds[2]
    assert count[0] < count[1]
    assert loud[0] + 10 < loud[2]


@pytest.mark.parametrize("style", ["pop", "techno"])
@pytest.mark.parametrize("seed", range(4))
def test_a_phrase_of_eight_bars_ends_with_a_fill_and_the_next_begins_with_the_cymbal(style, seed):
    notes = play(style, 9, seed, energy=0.7)
    assert 8 * BAR in ticks(notes, CRASH)
    assert 8 * BAR in ticks(notes, KICK)
    usual = [note for note in notes if 5 * BAR <= note.tick < 6 * BAR]
    last = [note for note in notes if 7 * BAR <= note.tick < 8 * BAR]
    assert sorted((note.tick % BAR, note.pitch) for note in usual) != sorted((n.tick % BAR, n.pitch) for n in last)
    assert set(ticks(last, SNARE, DRUM_NOTES["clap"], *TOMS)) & set(range(7 * BAR + 72, 8 * BAR))


def test_a_player_who_has_ended_is_answered_with_a_fill():
    player = Pattern("pop")
    wish = player.style.drums.constraints
    heard = (Played(0, 24, 60, 80, MELODY), Played(24, 48, 64, 80, MELODY))
    begun = in_c(tick=BAR, heard=heard, energy=0.6)
    still = msgspec.structs.replace(begun, heard=(*heard, Played(72, 24, 65, 80, MELODY)))
    rests = msgspec.structs.replace(begun, heard=(Played(0, 24, 60, 80, MELODY),))
    assert player.play(rests, wish, BAR) != player.play(still, wish, BAR)


def test_halfway_there_is_sometimes_a_fill():
    with_crash = sum(4 * BAR in ticks(play("pop", 5, seed, energy=0.5), CRASH) for seed in range(30))
    assert 5 < with_crash < 28


def test_bars_vary_and_the_seed_says_how():
    first = play("pop", 3)
    assert first == play("pop", 3)
    assert first != play("pop", 3, seed=1)
    bars = [
        {(note.tick % BAR, note.pitch, note.velocity) for note in first if note.tick // BAR == bar} for bar in range(3)
    ]
    assert bars[1] != bars[2]


@pytest.mark.parametrize("style", STYLES)
def test_beat_by_beat_it_is_the_same(style):
    player = Pattern(style)
    wish = player.style.drums.constraints
    context = in_c(energy=0.6)
    assert [note[:1] + note[2:] for note in run(player, context, wish, 8 * BAR, 24)] == [
        note[:1] + note[2:] for note in player.play(context, wish, 8 * BAR)
    ]


@pytest.mark.parametrize("style", ["pop", "jazz", "techno"])
def test_constraints_hold(style):
    holds(Pattern(style))
