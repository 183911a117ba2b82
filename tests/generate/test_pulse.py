import math
import random
from itertools import accumulate, cycle, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.errors import UserError
from daemon.generate.context import Meter
from daemon.generate.listening.places import places
from daemon.generate.listening.pulse import Pulse
from dsp.line import Line

RATE = 48000
BAR = 96

RHYTHMS = {
    "quarters": [24],
    "mixed": [24, 12, 12, 24, 24, 12, 12, 12, 12, 24, 24],
    "dotted": [36, 12, 24, 24, 18, 6, 12, 12, 24, 24],
    "triplets": [24, 8, 8, 8, 24, 12, 12, 8, 8, 8, 24, 24, 24],
    "syncopated": [12, 24, 24, 24, 12, 12, 12, 24, 24, 24],
    "rests": [24, 24, 12, 36, 48, 24, 24],
}


def onsets(name, bars=24):
    ticks = accumulate(cycle(RHYTHMS[name]), initial=0)
    return list(takewhile(lambda tick: tick < bars * BAR, ticks))


def drifting(bpm, period_s=30.0, depth=0.1):
    """Seconds of a tick where the tempo swings sinusoidally: solved by Newton's method."""
    turn, rate = 2 * math.pi / period_s, bpm * 24 / 60

    def seconds(tick):
        t = tick / rate
        for _ in range(30):
            there = rate * (t + depth / turn * (1 - math.cos(turn * t)))
            t -= (there - tick) / (rate * (1 + depth * math.sin(turn * t)))
        return t

    return seconds


def downbeat_errors_ms(pulse, ticks, seconds, jitter_s=0.0, seed=1, block=1):
    """How wrong each downbeat is foreseen at the last onset before it. Onsets are stamped with the ends of blocks."""
    chance, errors = random.Random(seed), []
    for now, then in pairwise(ticks):
        at_s = seconds(now) + (chance.gauss(0, jitter_s) if now else 0)
        pulse.strike(math.ceil(at_s * RATE / block) * block, 80)
        downbeat = (now // BAR + 1) * BAR
        if pulse.ready and then >= downbeat:
            errors.append((pulse.sample_at(downbeat) / RATE - seconds(downbeat)) * 1000)
    return errors[2:]


def within(errors, share):
    return sorted(abs(error) for error in errors)[int(share * (len(errors) - 1))]


@pytest.mark.parametrize("bpm", [60, 120, 174])
def test_it_foresees_the_downbeat_of_a_file_whose_tempo_drifts(bpm):
    for name in RHYTHMS:
        for period_s in (20.0, 30.0, 40.0):
            pulse = Pulse(RATE, tempo_bpm=bpm)
            errors = downbeat_errors_ms(pulse, onsets(name), drifting(bpm, period_s))
            print(f"{bpm} BPM {name}, {period_s:g} s: {within(errors, 0.5):.1f} ms, p95 {within(errors, 0.95):.1f} ms")
            # a second ahead, at 60, a tempo that turns this fast cannot be known better
            assert within(errors, 0.95) < (5.0 if bpm > 60 else 40.0 if name == "rests" else 12.0)
            assert pulse.confidence > 0.9


def test_stamps_that_are_a_block_late_do_little_harm():
    for name in RHYTHMS:
        errors = downbeat_errors_ms(Pulse(RATE, tempo_bpm=120), onsets(name), drifting(120), block=128)
        assert within(errors, 0.95) < 8.0


@pytest.mark.parametrize("jitter_ms", [5, 10])
@pytest.mark.parametrize("bpm", [60, 120, 174])
def test_it_follows_a_person(bpm, jitter_ms):
    for name in RHYTHMS:
        errors = downbeat_errors_ms(
            Pulse(RATE, tempo_bpm=bpm), onsets(name, 20), drifting(bpm, 40.0), jitter_ms / 1000, seed=3
        )
        print(f"{bpm} BPM {name}, {jitter_ms} ms: {within(errors, 0.5):.1f} ms, p95 {within(errors, 0.95):.1f} ms")
        assert within(errors, 0.5) < 40.0
        assert max(abs(error) for error in errors) < 60000 / bpm / 3  # the beat was never lost


@pytest.mark.parametrize("bpm", [84, 100, 120])
@pytest.mark.parametrize("name", ["mixed", "dotted", "triplets", "syncopated"])
def test_it_finds_the_tempo_in_the_first_bar_or_so(name, bpm):
    pulse = Pulse(RATE)
    errors = downbeat_errors_ms(pulse, onsets(name, 12), drifting(bpm, 30.0), 0.003)
    assert within(errors, 0.95) < 25.0
    assert pulse.tempo_bpm == pytest.approx(bpm, rel=0.13)


def test_it_is_not_ready_before_it_knows_and_silence_decides():
    pulse = Pulse(RATE)
    for beat in range(3):
        pulse.strike(beat * RATE // 2, 80)
    assert not pulse.ready and pulse.confidence == 0.0
    pulse.advance(4 * RATE)
    assert pulse.ready
    assert pulse.tempo_bpm == pytest.approx(120, rel=0.03)
    assert pulse.tick_at(0) == 0.0
    alone = Pulse(RATE)
    alone.strike(0, 80)
    alone.advance(10 * RATE)
    assert alone.ready and alone.tempo_bpm == pytest.approx(120)


def test_the_same_onsets_give_the_same_line():
    seconds = drifting(120)
    pulses = [Pulse(RATE), Pulse(RATE)]
    for pulse in pulses:
        for tick in onsets("mixed", 8):
            pulse.strike(round(seconds(tick) * RATE), 80)
    assert [p.tick_at(s) for p in pulses[:1] for s in range(0, 40 * RATE, 999)] == [
        p.tick_at(s) for p in pulses[1:] for s in range(0, 40 * RATE, 999)
    ]


def test_silence_runs_on_at_the_last_tempo_and_the_player_may_come_back():
    pulse = Pulse(RATE, tempo_bpm=100)
    for beat in range(32):
        pulse.strike(round(beat * 0.6 * RATE), 80)
    for minutes in (1, 3):
        assert pulse.tick_at(minutes * 60 * RATE) == pytest.approx(minutes * 2400, abs=1)
    pulse.advance(180 * RATE)
    for beat in range(300, 320):
        pulse.strike(round((beat * 0.6 + 0.02) * RATE), 80)
    assert pulse.tempo_bpm == pytest.approx(100, rel=0.01)
    assert pulse.sample_at(321 * 24) / RATE == pytest.approx(321 * 0.6 + 0.02, abs=0.005)


def test_flurries_ornaments_and_ghosts_do_not_throw_it():
    pulse, tempo = Pulse(RATE, tempo_bpm=120), []
    for beat in range(64):
        at = beat * RATE // 2
        if beat % 4 == 3:
            pulse.strike(at - round(0.045 * RATE), 50)  # a grace note
        pulse.strike(at, 90)
        if beat == 20:
            for i in range(3000):  # 10,000 notes/s
                pulse.strike(at + i * RATE // 10000, 100)
        tempo.append(pulse.tempo_bpm)
    assert tempo[-1] == pytest.approx(120, rel=0.01)
    assert all(abs(bpm - 120) < 12 for bpm in tempo)
    assert pulse.sample_at(64 * 24) == pytest.approx(32 * RATE, abs=0.01 * RATE)


@pytest.mark.parametrize(("name", "faster"), [("dotted", 1.25), ("mixed", 1.15), ("syncopated", 0.8)])
def test_another_tempo_is_found_again(name, faster):
    pulse, at = Pulse(RATE, tempo_bpm=100), 0.0
    for tick in onsets(name, 4):
        at = tick / 40
        pulse.strike(round(at * RATE), 80)
    start = at + 0.6
    for tick in onsets(name, 12):
        pulse.strike(round((start + tick / (40 * faster)) * RATE), 80)
    assert pulse.tempo_bpm == pytest.approx(100 * faster, rel=0.02)


def test_it_begins_where_it_is_told():
    fixed = Pulse(RATE, "fixed", 90, Meter(3, 4))
    fixed.start(1000)
    fixed.strike(40000, 80)
    assert fixed.ready and fixed.confidence == 1.0
    assert fixed.tick_at(1000) == 0 and fixed.tick_at(1000 + RATE) == pytest.approx(36)
    assert fixed.next_downbeat(0) == 72 and fixed.next_downbeat(71.9) == 72 and fixed.next_downbeat(-1) == 0
    first = Pulse(RATE, "fixed", 120)
    first.strike(RATE, 80)
    first.strike(RATE + 7000, 80)
    assert first.sample_at(0) == RATE and first.sample_at(96) == 3 * RATE
    pickup = Pulse(RATE, tempo_bpm=120, pickup_ticks=12)
    pickup.strike(0, 80)
    assert pickup.tick_at(0) == 84 and pickup.next_downbeat(84) == 96


def test_six_eight_counts_dotted_quarters():
    pulse = Pulse(RATE, tempo_bpm=80, meter=Meter(6, 8))
    eighth = 60 / 80 / 3
    for bar in range(12):
        for at in (0, 2, 3, 4, 5):
            pulse.strike(round((bar * 6 + at) * eighth * RATE), 80)
    assert pulse.tempo_bpm == pytest.approx(80, rel=0.005)
    assert pulse.sample_at(12 * 72) == pytest.approx(72 * eighth * RATE, abs=0.003 * RATE)


def test_beats_of_the_sound_carry_it_and_say_where_the_bar_begins():
    pulse = Pulse(RATE, "heard")
    pulse.strike(100, 80)
    assert not pulse.ready
    for beat in range(40):
        at = round(beat * 0.5 * RATE)
        pulse.advance(at - 2000)
        pulse.beat(at, 120.0, (beat + 2) % 4 + 1, 0.8)
    assert pulse.tempo_bpm == pytest.approx(120) and pulse.confidence == pytest.approx(0.8)
    assert pulse.tick_at(20 * RATE) % 96 == pytest.approx(48, abs=0.1)  # beat 40 is the third of a bar
    before = [pulse.tick_at(s) for s in range(0, 19 * RATE, 1000)]
    for beat in range(40, 60):  # the analysis changes its mind about the bar
        at = round(beat * 0.5 * RATE)
        pulse.advance(at - 2000)
        pulse.beat(at, 120.0, beat % 4 + 1, 0.8)
    assert pulse.tick_at(30 * RATE) % 96 == pytest.approx(0, abs=0.1)
    assert [pulse.tick_at(s) for s in range(0, 19 * RATE, 1000)] == pytest.approx(before, abs=1e-6)


def test_taps_say_the_tempo():
    for source in ("fixed", "played", "heard"):
        pulse = Pulse(RATE, source, 100)
        for beat in range(8):
            pulse.tap(round(beat * 0.4 * RATE))
        assert pulse.ready
        assert pulse.tempo_bpm == pytest.approx(150, rel=0.01)
        assert pulse.sample_at(8 * 24) == pytest.approx(8 * 0.4 * RATE, abs=0.01 * RATE)


def test_a_new_stream_goes_on():
    pulse = Pulse(RATE, tempo_bpm=120)
    for beat in range(9):
        pulse.strike(beat * RATE // 2, 80)
    pulse.begin(44100)
    assert pulse.tick_at(0) == pytest.approx(192, abs=0.1)
    for beat in range(1, 9):
        pulse.strike(round(beat * 0.5 * 44100), 80)
    assert pulse.sample_at(17 * 24) == pytest.approx(4.5 * 44100, abs=100)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"source": "guessed"}, "guessed"),
        ({"source": "fixed"}, "tempo"),
        ({"tempo_bpm": 10}, "10"),
        ({"tempo_bpm": float("nan")}, "nan"),
        ({"pickup_ticks": 96}, "96"),
    ],
)
def test_what_cannot_be_is_refused(options, names):
    with pytest.raises(UserError, match=names):
        Pulse(RATE, **options)


EVENTS = some.lists(
    some.tuples(
        some.sampled_from(["strike", "strike", "strike", "beat", "tap", "advance", "begin", "set_tempo"]),
        some.one_of(some.integers(0, 200), some.integers(0, 3 * RATE), some.just(300 * RATE)),
        some.integers(1, 127),
    ),
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(events=EVENTS, source=some.sampled_from(["fixed", "played", "heard"]), known=some.booleans())
def test_the_past_never_moves_and_time_never_turns(events, source, known):
    pulse, now = Pulse(RATE, source, 97.0 if known or source == "fixed" else None), 0
    fallen = []
    for kind, step, velocity in events:
        now += step
        if kind == "strike":
            pulse.strike(now, velocity)
        elif kind == "beat":
            pulse.beat(now + 3000, 30.0 + 2 * velocity, velocity % 6)
        elif kind == "tap":
            pulse.tap(now)
        elif kind == "set_tempo":
            pulse.set_tempo(velocity * 3.0)
        elif kind == "begin":
            pulse.begin(RATE)
            now, fallen = 0, []
        pulse.advance(now)
        if pulse.ready:
            fallen.append((now, pulse.tick_at(now)))
    assert [pulse.tick_at(at) for at, _ in fallen] == pytest.approx([tick for _, tick in fallen], abs=1e-6)
    line = [pulse.tick_at(at) for at in range(max(now - 5 * RATE, 0), now + 20 * RATE, 4801)]
    assert all(a < b for a, b in pairwise(line))
    assert 30.0 <= pulse.tempo_bpm <= 300.0 and 0.0 <= pulse.confidence <= 1.0
    for ahead in (0.5, 7, 96, 1000):
        tick = pulse.tick_at(now) + ahead
        assert pulse.tick_at(pulse.sample_at(tick)) == pytest.approx(tick, abs=0.01 if source != "heard" else 200)


@settings(max_examples=50, deadline=None)
@given(some.lists(some.tuples(some.floats(0, 3), some.floats(-40, 40), some.floats(0.5, 100)), max_size=40))
def test_a_line_reads_the_same_both_ways(bends):
    line, now = Line(0.0, 0.0, 48.0), 0.0
    for step, off, rate in bends:
        now += step
        line.bend(now, [(now, line.tick_at(now) + off)], rate)
    for at in (now - 1, now, now + 0.1, now + 100):
        assert line.seconds_at(line.tick_at(at)) == pytest.approx(at, abs=1e-6)


def test_strong_places_are_likely():
    for beat in (6, 12, 24, 36, 48):
        chance = places(beat)
        assert chance.shape == (beat,) and chance.sum() == pytest.approx(1.0)
        assert chance[0] == chance.max() and chance.min() > 0
    assert places(24)[12] > places(24)[6] > places(24)[4] > places(24)[1]
    assert places(36)[12] == places(36)[24] > places(36)[18]
