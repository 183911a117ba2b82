"""The band on the transport: where that is, it is; it stops when that stops, and begins where that begins."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon import messages as m
from daemon.generate.listening.pulse import Pulse
from tests.generate.stage import RATE, Stage, phrase

BAR = 96


def transport(sample_time, beat, bpm=120.0, playing=True, known_at=None):
    known_at = max(0, sample_time - RATE // 8) if known_at is None else known_at
    return m.Transport(
        rate=RATE,
        sample_time=sample_time,
        known_at=known_at,
        beat=beat,
        tempo_bpm=bpm,
        playing=playing,
        source="link",
        confidence=1.0,
    )


def test_it_is_where_the_transport_is() -> None:
    pulse = Pulse(RATE, "clock")
    assert not pulse.ready
    pulse.strike(100, 90)
    assert not pulse.ready, "what is played does not move it"
    pulse.follow(RATE, 5.5, 120.0, True)
    assert pulse.ready
    assert pulse.tick_at(RATE) == pytest.approx(5.5 * 24)
    assert pulse.tempo_bpm == pytest.approx(120.0)
    pulse.advance(RATE)
    pulse.follow(2 * RATE, 7.5, 90.0, True)
    assert pulse.tick_at(2 * RATE) == pytest.approx(7.5 * 24)
    assert pulse.tick_at(3 * RATE) == pytest.approx(9.0 * 24)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    some.lists(
        some.tuples(some.floats(-100, 100), some.floats(20, 400), some.booleans(), some.floats(0.02, 3)), max_size=20
    )
)
def test_its_ticks_never_go_back_wherever_the_transport_goes(words) -> None:
    pulse, now_s = Pulse(RATE, "clock"), 0.0
    newest = -1e9
    for k, (beat, bpm, playing, seconds) in enumerate(words):
        pulse.advance(round(now_s * RATE))
        pulse.follow(round((now_s + 0.1) * RATE), beat, bpm, playing)
        for part in range(10):
            tick = pulse.tick_at((now_s + seconds * part / 10) * RATE)
            assert tick >= newest - 1e-6 or k == 0 or not pulse.ready or newest == -1e9
            newest = max(newest, tick) if pulse.ready else -1e9
        now_s += seconds
    if words and words[-1][2]:
        beat, bpm, _, _ = words[-1]
        at_s = now_s + 60.0 / bpm * 12
        said_s = now_s - words[-1][3] + 0.1
        ticks = (beat + (at_s - said_s) * bpm / 60) * 24
        apart = (pulse.tick_at(at_s * RATE) - ticks + BAR / 2) % BAR - BAR / 2
        assert abs(apart) < 0.01, "within a bar or two it is there"


@pytest.fixture
def stage():
    one = Stage(120.0, answer={"generator": "motif"}, harmony={"generator": "rules"}, mode="answer", bars=2)
    assert one.configure(pulse="clock") == []
    yield one
    one.close()
    one.out.check()


def runs(one, start, beats, first=0, bpm=120.0):
    """The transport's words for so many beats from tick `start` of the stage."""
    for k in range(beats):
        at = one.at(start + 24 * k)
        one._score.append((max(0, at - RATE // 8), transport(at, float(first + k), bpm)))
    one._score.sort(key=lambda word: word[0])


def test_an_answer_falls_on_the_transports_downbeat(stage) -> None:
    stage.plays(phrase(12, 2))
    runs(stage, 12, 40)  # its downbeats are half a beat after the stage's
    stage.until(5 * BAR + 12)
    (answer,) = stage.heard(m.Answer)
    assert answer.sample_time == pytest.approx(stage.at(2 * BAR + 12), abs=2)
    assert len(stage.out.ons(0)) > 2


def test_the_band_stops_with_the_transport(stage) -> None:
    stage.plays(phrase(0, 2))
    runs(stage, 0, 9)
    stage.until(2 * BAR + 24)
    assert stage.out.ons(0)
    stage.band.feed(transport(stage.now, 9.0, playing=False, known_at=stage.now))
    count = len(stage.out.ons(0))
    stage.until(6 * BAR)
    assert len(stage.out.ons(0)) == count
    assert stage.heard(m.Jam)[-1].phase == "waiting"
    stage._score.clear()
    stage.plays(phrase(6 * BAR + 24, 2))
    runs(stage, 6 * BAR + 24, 30)
    stage.until(11 * BAR)
    assert stage.heard(m.Answer)[-1].sample_time == pytest.approx(stage.at(8 * BAR + 24), abs=4)
