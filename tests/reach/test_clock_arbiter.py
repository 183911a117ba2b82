"""The one line of beats: whoever leads, it never goes back, bends by no more than was said, and keeps its downbeats."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.transport.arbiter import Arbiter
from daemon.transport.midi_clock import CLOCK, CONTINUE, POSITION, START, STOP, MidiClock
from daemon.transport.source import Aim
from daemon.transport.ticks import MMC_PLAY, MMC_STOP, Ticks

LEAD_S, TURN_S = 0.15, 0.011


class Told:
    """A source that is where it is told to be."""

    def __init__(self, **aim) -> None:
        self.now: Aim | None = Aim(**{"at_s": 0.0, "beat": 0.0, "rate": 2.0, **aim}) if aim else None

    def aim(self, now_s):
        return self.now

    def beat_at(self, at_s):
        return self.now.beat + (at_s - self.now.at_s) * self.now.rate


class Run:
    """An arbiter in its loop, and a MIDI output that follows it."""

    def __init__(self, order=("a", "b"), beats_per_bar=4, has_mmc=False, **sources) -> None:
        self.song = Arbiter(sources, order, beats_per_bar, 2.0)
        self.ticks, self.out = Ticks(has_mmc), []
        self.now_s = self.told_s = 0.0

    def until(self, end_s):
        while self.now_s < end_s:
            self.song.advance(self.now_s, self.told_s)
            until_s = max(self.told_s, self.now_s + LEAD_S)
            self.out += self.ticks.turn(self.song, self.told_s, until_s)
            self.told_s = until_s
            self.now_s += TURN_S
        return self

    def sent(self, status):
        return [one.at_s for one in self.out if one.data[0] == status]


def test_the_first_that_is_there_leads_and_the_chosen_one_before_it() -> None:
    run = Run(a=Told(), b=Told(rate=1.5), c=Told(rate=2.5))
    run.until(1.0)
    assert run.song.leader == "b"
    run.song.sources["a"].now = Aim(1.0, 0.3, 3.0)
    assert run.until(2.0).song.leader == "a"
    run.song.chosen = "c"
    assert run.until(3.0).song.leader == "c", "though it is in no order"
    assert run.song.line.rate_at(10.0) == 2.5
    run.song.sources["c"].now = None
    run.until(4.0)
    assert run.song.leader == "" and run.song.line.rate_at(10.0) == 2.5, "it goes on as it was"
    assert run.song.confidence == 0.0
    run.song.chosen = "auto"
    assert run.until(5.0).song.leader == "a"


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    phase=some.floats(-8, 8),
    first=some.floats(1.0, 4.0),
    second=some.floats(1.0, 4.0),
    has_bar=some.booleans(),
    bar=some.integers(2, 7),
)
def test_a_new_leader_is_met_within_a_bar_and_the_line_bends_by_half_at_most(
    phase, first, second, has_bar, bar
) -> None:
    a, b = Told(), Told(rate=first, has_bar=True)
    run = Run(beats_per_bar=bar, a=a, b=b).until(3.0)
    a.now = Aim(3.0, phase, second, has_bar)
    handed_s = run.told_s
    run.until(handed_s + bar / second + 1.0)
    line = run.song.line
    for at_s in [handed_s - 1 + 0.01 * k for k in range(round(100 * (bar / second + 2)))]:
        rate = line.rate_at(at_s)
        wanted = (first,) if at_s < handed_s else (first, second)
        assert any(0.4999 * one <= rate <= 1.5001 * one for one in wanted), (at_s, rate)
    met_s = handed_s + bar / second + 0.06 + TURN_S
    apart = (run.song.song_at(met_s) - a.beat_at(met_s)) % (bar if has_bar else 1)
    assert min(apart, (bar if has_bar else 1) - apart) < 1e-3
    assert run.song.moves == 1, "the song's count goes on"
    assert line.rate_at(met_s) == pytest.approx(second, rel=1e-3)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    some.lists(
        some.tuples(
            some.sampled_from("ab"),
            some.one_of(some.none(), some.tuples(some.floats(-50, 50), some.floats(0.01, 9), some.booleans())),
            some.floats(0, 0.9),
        ),
        max_size=12,
    )
)
def test_whatever_leads_no_beat_goes_back_and_no_tick_is_lost_or_told_twice(changes) -> None:
    run = Run(a=Told(), b=Told(rate=2.0)).until(1.0)
    checked_s, beat = 0.0, -1e9
    for name, aim, seconds in changes:
        source = run.song.sources[name]
        source.now = None if aim is None else Aim(run.now_s, aim[0], aim[1], aim[2])
        told = run.song.song_at(run.told_s)
        before = [run.song.song_at(run.told_s - 0.01 * k) for k in range(1, 10)]
        told_s = run.told_s
        run.until(run.now_s + seconds)
        assert [run.song.song_at(told_s - 0.01 * k) for k in range(1, 10)] == pytest.approx(before, abs=1e-6)
        assert run.song.song_at(told_s) == pytest.approx(told, abs=1e-6)
        while checked_s < run.told_s:
            assert run.song.line.tick_at(checked_s) >= beat
            beat = run.song.line.tick_at(checked_s)
            checked_s += 0.007
    sent = run.sent(CLOCK)
    assert sent == sorted(sent)
    beats = [run.song.song_at(at_s) * 24 for at_s in sent]
    assert all(round(two) - round(one) == 1 for one, two in itertools.pairwise(beats))
    assert max(abs(one - round(one)) for one in beats) < 1e-3
    assert len(run.sent(START)) == 1 and not run.sent(STOP)


def test_ticks_of_a_constant_tempo_are_exact_and_the_first_is_the_songs() -> None:
    run = Run(a=Told(beat=None, rate=2.0), b=Told()).until(20.0)
    sent, (start,) = run.sent(CLOCK), run.sent(START)
    first = next(at_s for at_s in sent if at_s > start)
    assert 0.001 < first - start < 0.01
    assert run.song.song_at(first) == pytest.approx(0.0, abs=1e-9)
    samples = [round(at_s * 48000) for at_s in sent if at_s >= first]
    assert {two - one for one, two in itertools.pairwise(samples)} == {1000}
    assert len(samples) > 900


def test_small_errors_are_made_up_gently() -> None:
    a = Told(rate=2.0)
    run = Run(a=a, b=Told()).until(3.0)
    a.now = Aim(3.0, a.beat_at(3.0) + 0.01, 2.0)  # 5 ms
    run.until(6.0)
    rates = [run.song.line.rate_at(3.0 + 0.01 * k) for k in range(300)]
    assert 2.0 * 1.002 < max(rates) < 2.0 * 1.005 and min(rates) >= 2.0 - 1e-9, "evenly within a bar"
    assert run.song.song_at(5.5) == pytest.approx(a.beat_at(5.5), abs=1e-3)


def test_a_leader_that_moves_in_the_song_is_followed_at_once_and_forward() -> None:
    a = Told(rate=2.0, has_bar=True, playing=True)
    run = Run(a=a, b=Told()).until(3.2)
    line_before = run.song.line.tick_at(run.told_s)
    a.now = a.now._replace(at_s=3.2, beat=40.25, moves=1)
    moved_s = run.told_s
    run.until(5.0)
    assert run.song.song_at(4.0) == pytest.approx(a.beat_at(4.0), abs=1e-5)
    assert 0 <= run.song.line.tick_at(moved_s + 1e-5) - line_before < 1.0
    (stop,), (again,) = run.sent(STOP), run.sent(CONTINUE)
    assert stop < again
    where = next(one for one in run.out if one.data[0] == POSITION)
    tick = next(at_s for at_s in run.sent(CLOCK) if at_s > again)
    assert run.song.song_at(tick) * 4 == pytest.approx(where.data[1] | where.data[2] << 7, abs=1e-6)
    ticks = [at_s for at_s in run.sent(CLOCK) if at_s > stop]
    assert {round((two - one) * 48000) for one, two in itertools.pairwise(ticks)} == {1000}


@pytest.mark.parametrize("jitter_ms", [2.0, 5.0])
def test_neither_phase_nor_tempo_wanders_with_a_jittery_clock(jitter_ms) -> None:
    clock, chance = MidiClock(), random.Random(3)
    run = Run(order=("a",), a=clock)
    off_ms, rates = [], []
    for k in range(24 * 2 * 30):
        run.until(k / 48)
        clock.feed("port", CLOCK, 0, 0, k / 48 + chance.random() * jitter_ms / 1000)
        if k > 24 * 2 * 6:
            beat = run.song.song_at(run.told_s)
            off_ms.append(((beat - 2 * run.told_s + 0.5) % 1 - 0.5) * 500)
            rates.append(run.song.line.rate_at(run.told_s))
    assert max(off_ms) - min(off_ms) < 0.4 * jitter_ms
    assert min(rates) > 2.0 * 0.985 and max(rates) < 2.0 * 1.015


def test_a_performer_starts_stops_and_goes_on() -> None:
    run = Run(a=Told(beat=None, rate=2.0), b=Told(), has_mmc=True).until(3.3)
    run.song.stop()
    run.until(4.0)
    assert not run.song.playing and len(run.sent(STOP)) == 1
    stopped = run.song._stopped_at
    run.song.go_on(run.told_s)
    run.until(5.0)
    assert run.song.playing and len(run.sent(CONTINUE)) == 1
    assert run.song.song_at(run.sent(CONTINUE)[0]) == pytest.approx(stopped, abs=1.0)
    run.song.start(run.told_s)
    started_s = run.told_s
    run.until(6.0)
    assert run.song.song_at(started_s + 0.003) == pytest.approx(0.0, abs=1e-5), "at once: a fixed tempo takes any beat"
    assert len(run.sent(START)) == 2
    told = [one.data for one in run.out if one.data[0] == 0xF0]
    assert told == [MMC_PLAY, MMC_STOP, MMC_PLAY, MMC_STOP, MMC_PLAY]
    clocks = run.sent(CLOCK)
    assert clocks == sorted(clocks) and len(set(clocks)) == len(clocks)


def test_a_performer_starts_on_the_next_beat_of_what_is_followed() -> None:
    run = Run(a=Told(rate=2.0, beat=0.25), b=Told()).until(3.0)
    run.song.start(run.told_s)
    line = run.song.line.tick_at(run.told_s)
    run.until(4.0)
    assert run.song.line.tick_at(run.told_s) - line == pytest.approx(2.0 * (run.told_s - 3.0 - LEAD_S), abs=0.1)
    assert len(run.sent(START)) == 2
    first = next(at_s for at_s in run.sent(CLOCK) if at_s > run.sent(START)[1])
    assert run.song.song_at(first) == pytest.approx(0.0, abs=1e-9)


def test_a_stopped_leader_that_goes_leaves_it_stopped() -> None:
    a = Told(rate=2.0, playing=True)
    run = Run(order=("a",), a=a, b=Told()).until(2.0)
    a.now = a.now._replace(playing=False)
    run.until(3.0)
    a.now = None
    run.until(4.0)
    assert not run.song.playing and run.song.leader == ""
    assert len(run.sent(STOP)) == 1 and run.sent(CLOCK)[-1] > 4.0, "the ticks go on"


def test_what_was_lost_is_told_anew() -> None:
    run = Run(a=Told(beat=None, rate=2.0), b=Told()).until(2.0)
    run.ticks.lose()
    before = len(run.out)
    run.until(3.0)
    kinds = [one.data[0] for one in run.out[before:]]
    assert kinds[: kinds.index(CONTINUE) + 2][-3:] == [POSITION, CONTINUE, CLOCK]
