"""MIDI clock on a real JACK server: what jamd sends is exact to the sample, and what it hears it follows."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

from clockwork import BLOCK, RATE, TICK, Live, Peer, are_even, between, frames, until

from daemon import messages as m
from daemon.ctl.said import lines
from daemon.midi.message import CLOCK, CONTINUE, SONG_POSITION, START, STOP

pytestmark = pytest.mark.parametrize("fresh_jack_server", [BLOCK], indirect=True)
WIRES = ("player:out>jamd:midi_in", "jamd:midi_out>listener:in")


@pytest.fixture
def stage(fresh_jack_server) -> Iterator[Callable[..., Any]]:
    """Makes what is closed after the test, the newest first."""
    made: list[Any] = []

    def make(kind: Callable[..., Any], *arguments: Any) -> Any:
        made.append(kind(*arguments))
        return made[-1]

    yield make
    for one in reversed(made):
        one.close()


def test_our_clock_is_exact_to_the_sample_and_goes_on_after_the_engine(stage, tmp_path) -> None:
    live = stage(Live, tmp_path, {"sources": ["fixed"], "midi_out": ["jack"]})
    peer = stage(Peer, WIRES[1])
    live.asks(cmd="clock_run", to="start")
    time.sleep(3.0)
    heard = peer.heard()
    ticks, (start,) = frames(heard, CLOCK), frames(heard, START)
    assert len(ticks) > 100
    assert are_even([tick for tick in ticks if tick > start])
    first = next(tick for tick in ticks if tick > start)
    assert RATE // 1000 <= first - start < TICK, "a millisecond or more before the tick that it is for"
    assert live.asks(cmd="clock", tempo_bpm=100.0)["ok"]
    time.sleep(1.5)
    assert between(frames(peer.heard(), CLOCK))[-20:].count(1200) > 15
    live.asks(cmd="clock_run", to="stop")
    until(lambda: frames(peer.heard(), STOP), "stop")
    live.asks(cmd="clock_run", to="continue")
    until(lambda: frames(peer.heard(), CONTINUE), "continue")
    before = live.transports()[-1]
    os.kill(live.app.supervisor.pid, signal.SIGKILL)
    until(lambda: live.states()[-1] == "died", "the death")
    until(lambda: live.states()[-1] == "running", "the engine")
    found: list[list[int]] = []
    until(lambda: found.extend(peer.heard()) or frames(found, CONTINUE), "continue")
    until(lambda: live.transports()[-1].sample_time > RATE // 2, "what is said of the new stream")
    after = live.transports()[-1]
    beats = (after.t_ns - before.t_ns) * 1e-9 * before.tempo_bpm / 60
    assert after.beat - before.beat == pytest.approx(beats, abs=0.1), "as if it had not been away"
    peer.heard()
    live.close()
    assert frames(peer.heard(), STOP), "nobody is left to run alone"


def score(count: int, samples: float, *before: list[int]) -> list[tuple[int, list[int]]]:
    """Messages, and from 100 samples later on ticks."""
    return [(0, message) for message in before] + [(100 + round(k * samples), [CLOCK]) for k in range(count)]


def test_a_clock_that_is_heard_is_followed_to_the_sample(stage, tmp_path) -> None:
    live = stage(Live, tmp_path, {"sources": ["midi_clock", "fixed"], "midi_out": ["jack"], "tempo_bpm": 90})
    peer = stage(Peer, *WIRES)
    live.leads("fixed")
    xruns = live.app.supervisor.state["xruns"]
    for _ in range(3):  # a block that the machine leaves out moves the stream against JACK's frames
        before = int(xruns[0])
        first = peer.plays(score(110, TICK, [START])) + 100
        assert live.leads("midi_clock").playing
        time.sleep(2.1)
        heard = peer.heard()
        if int(xruns[0]) == before:
            break
        live.leads("fixed")
    ticks = [tick for tick in frames(heard, CLOCK) if tick > first + RATE]
    off = sorted(abs((tick - first + TICK // 2) % TICK - TICK // 2) for tick in ticks)
    assert len(off) > 30
    assert off[-1] <= (2 if int(xruns[0]) == before else BLOCK), "samples"
    assert live.leads("midi_clock").tempo_bpm == pytest.approx(120.0, abs=0.1)
    place, again = [
        k for k, (frame, kind, *_) in enumerate(heard) if kind in (SONG_POSITION, CONTINUE) and frame > first
    ][:2]
    position, tick = heard[place][1:], next(tick for tick in frames(heard, CLOCK) if tick > heard[again][0])
    assert abs(tick - first - (position[1] | position[2] << 7) * 6 * TICK) <= BLOCK * 2
    until(lambda: live.transports()[-1].source == "fixed", "the clock is lost")
    assert live.transports()[-1].playing, "and the song goes on"
    peer.plays(score(60, TICK, [SONG_POSITION, 32, 0], [CONTINUE]))
    live.leads("midi_clock")
    until(lambda: 8.0 < live.transports()[-1].beat < 12.0, "from the ninth beat")
    peer.plays([(0, [STOP])])
    until(lambda: not live.transports()[-1].playing, "stop")


def test_what_is_said_is_said_ahead(stage, tmp_path) -> None:
    live = stage(Live, tmp_path, {"sources": ["tap"], "midi_latency_ms": 20.0, "midi_out": ["jack"]})
    assert live.transports()[0].source == "" and not live.transports()[0].playing
    for _ in range(4):
        live.asks(cmd="clock_tap")
        time.sleep(0.4)
    assert live.leads("tap").tempo_bpm == pytest.approx(150.0, rel=0.2)
    time.sleep(2.0)
    said = [one for one in live.transports() if one.source == "tap"]
    beats = [one for one in said if one.beat == round(one.beat)]
    ahead = sorted(one.sample_time - one.known_at for one in beats[2:])
    assert len(beats) >= 4 and ahead[len(ahead) // 2] > 0.1 * RATE
    assert [one.beat for one in beats[2:]] == [beats[2].beat + k for k in range(len(beats) - 2)]
    assert live.do(live.app.conductor.latencies) == {"midi_clock": 20.0}
    outputs = [one for one in live.got if isinstance(one, m.Output)]
    assert [(one.name, one.state) for one in outputs] == [("midi_clock:jack", "open")]
    shown = live.asks(cmd="clock_show")["results"][0]
    assert shown["sources"]["tap"]["there"] and lines("clock_show", shown)[0].startswith("tap leads, 1")
    assert live.asks(cmd="clock", source="link")["error"]["code"] == 409
