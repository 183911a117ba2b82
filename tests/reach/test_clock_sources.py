"""What may lead the transport, each alone: what it makes of what comes, late, early, or not at all."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.transport.beats import Beats
from daemon.transport.fixed import Fixed
from daemon.transport.midi_clock import CLOCK, CONTINUE, LOST_S, POSITION, START, STOP, MidiClock
from daemon.transport.tap import Tap
from dsp.lock import Lock


def ticks(clock, start_s, count, bpm, jitter_s=0.0, seed=1, port="a"):
    """Feeds ticks, each late by up to `jitter_s`; gives when the next would come."""
    chance, period = random.Random(seed), 60.0 / bpm / 24
    for k in range(count):
        clock.feed(port, CLOCK, 0, 0, start_s + k * period + chance.random() * jitter_s)
    return start_s + count * period


def beat_at(source, at_s):
    aim = source.aim(at_s)
    return aim.beat + (at_s - aim.at_s) * aim.rate


@settings(max_examples=40, deadline=None, derandomize=True)
@given(bpm=some.floats(40, 240), jitter_ms=some.floats(0, 6), seed=some.integers(0, 99))
def test_jitter_of_milliseconds_does_not_reach_the_line(bpm, jitter_ms, seed) -> None:
    lock, chance, period = Lock(), random.Random(seed), 60.0 / bpm / 24
    worst = 0.0
    for k in range(480):
        lock.feed(k, k * period + chance.random() * jitter_ms / 1000)
        if k > 200:
            off_s = lock.time_at(k) - k * period - jitter_ms / 2000  # late by half of it on average
            worst = max(worst, abs(off_s))
    assert worst < 0.22 * jitter_ms / 1000 + 1e-9
    assert lock.period_s == pytest.approx(period, rel=3e-3)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(before=some.floats(60, 200), after=some.floats(60, 200), jitter_ms=some.floats(0, 3))
def test_a_tempo_that_changes_at_once_is_caught_within_a_beat(before, after, jitter_ms) -> None:
    lock, chance, at_s = Lock(), random.Random(2), 0.0
    for k in range(240):
        lock.feed(k, at_s + chance.random() * jitter_ms / 1000)
        at_s += 60.0 / (before if k < 200 else after) / 24
        if k == 200 + 24:
            assert abs(lock.time_at(k + 1) - at_s - jitter_ms / 2000) < 0.004


def test_exact_ticks_make_an_exact_line() -> None:
    lock = Lock()
    for k in range(2000):
        lock.feed(k, 5.0 + k / 48)
    assert lock.time_at(48) == pytest.approx(6.0, abs=1e-9)


def test_a_start_makes_the_next_tick_the_first() -> None:
    clock = MidiClock()
    at_s = ticks(clock, 1.0, 30, 120)
    assert not clock.aim(at_s).has_bar and clock.aim(at_s).playing is None, "it may have started before we came"
    clock.feed("a", START, 0, 0, at_s)
    first_s = at_s
    at_s = ticks(clock, at_s, 48, 120)
    aim = clock.aim(at_s)
    assert aim.playing and aim.has_bar and aim.moves == 1
    assert beat_at(clock, first_s + 1.0) == pytest.approx(2.0, abs=1e-6)
    assert aim.rate == pytest.approx(2.0, rel=1e-6)


def test_a_stopped_song_goes_on_where_it_stopped_or_was_sent_to() -> None:
    clock = MidiClock()
    clock.feed("a", START, 0, 0, 0.0)
    at_s = ticks(clock, 0.0, 36, 120)  # a beat and a half
    clock.feed("a", STOP, 0, 0, at_s)
    at_s = ticks(clock, at_s, 31, 120)
    assert clock.aim(at_s).playing is False
    clock.feed("a", CONTINUE, 0, 0, at_s)
    here = at_s
    at_s = ticks(clock, at_s, 24, 120)
    assert beat_at(clock, here) == pytest.approx(1.5, abs=1e-6)
    clock.feed("a", STOP, 0, 0, at_s)
    clock.feed("a", POSITION, 64 & 0x7F, 64 >> 7, at_s)  # sixteenths
    clock.feed("a", CONTINUE, 0, 0, at_s)
    here = at_s
    ticks(clock, at_s, 24, 120)
    assert beat_at(clock, here) == pytest.approx(16.0, abs=1e-6)
    assert clock.aim(at_s).moves == 3


def test_a_clock_that_falls_silent_is_lost_and_another_port_is_taken() -> None:
    clock = MidiClock()
    at_s = ticks(clock, 0.0, 48, 120, port="a")
    ticks(clock, 0.0, 48, 90, port="b")  # not while the first is there
    assert clock.aim(at_s).rate == pytest.approx(2.0, rel=1e-6)
    last_s = at_s - 1 / 48
    assert clock.aim(last_s + LOST_S - 0.01) is not None and clock.aim(last_s + LOST_S + 0.01) is None
    at_s = ticks(clock, 3.0, 48, 90, port="b")
    assert clock.aim(at_s).rate == pytest.approx(1.5, rel=1e-6)
    assert MidiClock("c").aim(0.0) is None
    only = MidiClock("c")
    ticks(only, 0.0, 48, 90, port="b")
    assert only.aim(1.0) is None


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    some.lists(
        some.tuples(some.sampled_from([CLOCK, CLOCK, CLOCK, START, STOP, CONTINUE, POSITION]), some.floats(0, 0.3))
    )
)
def test_nothing_that_comes_in_breaks_it(messages) -> None:
    clock, at_s = MidiClock(), 0.0
    for status, step in messages:
        at_s += step
        clock.feed("a", status, 127, 127, at_s)
        aim = clock.aim(at_s)
        assert aim is None or (aim.rate > 0 and aim.beat == aim.beat)


def test_taps_say_phase_then_tempo() -> None:
    tap = Tap()
    assert tap.aim(0.0) is None
    tap.tap(1.0, 2.0)
    assert tap.aim(1.0).rate == 2.0 and tap.aim(1.0).beat == 0.0
    for k in range(1, 5):
        tap.tap(1.0 + k * 0.6, 2.0)
    assert tap.aim(4.0).rate == pytest.approx(1 / 0.6)
    assert beat_at(tap, 1.0 + 6 * 0.6) == pytest.approx(6.0)
    tap.tap(1.0 + 4 * 0.6 + 0.05, 2.0)  # a bounce
    assert tap.aim(4.0).at_s == pytest.approx(1.0 + 4 * 0.6)
    tap.tap(20.0, 2.0)  # long after: a beat, at the tempo there is
    assert tap.aim(20.0).rate == pytest.approx(1 / 0.6) and tap.aim(20.0).at_s == 20.0
    tap.forget()
    assert tap.aim(20.0) is None


def test_beats_count_on_and_a_bar_moves_only_when_that_is_sure() -> None:
    beats = Beats(4)
    for k in range(8):
        beats.feed(k * 0.5, 120.0, k % 4 + 1, 0.8)
    assert beats.aim(3.6).has_bar and beats.aim(3.6).beat == 7.0
    for k in range(8, 12):  # says once in a while that the bar is elsewhere
        beats.feed(k * 0.5, 120.0, (k + (k == 9)) % 4 + 1, 0.8)
    assert beats.aim(5.6).beat == 11.0
    for k in range(12, 24):
        beats.feed(k * 0.5, 120.0, (k + 2) % 4 + 1, 0.8)
    assert beats.aim(11.6).beat % 4 == (23 + 2) % 4
    assert beats.aim(11.5 + 3.0) is None
    beats.feed(100.0, 120.0, 0, 0.5)
    assert not beats.aim(100.0).has_bar


def test_a_fixed_tempo_takes_any_beat() -> None:
    assert Fixed(90.0).aim(3.0) == (3.0, None, 1.5, False, None, 1.0, 0)


def test_beats_are_laid_where_attacks_begin() -> None:
    beats = Beats(4)
    for k in range(12):
        beats.feed(k * 0.5 + 0.006, 120.0, k % 4 + 1, 0.8)
        beats.strike(k * 0.5)
        beats.strike(k * 0.5 + 0.25)  # an eighth between them says nothing of where a beat is
    assert beats.aim(5.6).at_s == pytest.approx(5.5)
    assert beats.aim(5.6).beat == 11.0
