"""What plugins are told of tempo and beat: the transport's where one leads, else the analysis's; and never half of it."""

import ctypes
import threading

import numpy as np
import pytest

from daemon.engine import host_time
from daemon.engine.host_time import HostTime
from daemon.engine.offline import Engine
from daemon.engine.state import STATE
from dsp.analysers import beat as analysed
from dsp.block import BLOCK
from dsp.kernel import kernel, record_at, zeros

RATE = 48000
SEEN = np.dtype([("n", np.int64), ("tempo_bpm", np.float64, (4096,)), ("beats", np.float64, (4096,))])
TORN = np.dtype([("reads", np.int64), ("torn", np.int64), ("gave_up", np.int64), ("newest", np.int64)])


@kernel(BLOCK, SEEN)
def _see(block_pointer, seen_pointer):
    """Stands in the plugin slot."""
    block, seen = record_at(block_pointer, 1)[0], record_at(seen_pointer, 1)[0]
    seen.tempo_bpm[seen.n], seen.beats[seen.n] = block.tempo_bpm, block.beats
    seen.n += 1


@kernel(STATE, TORN)
def _read(state_pointer, torn_pointer):
    """Reads over and over; what is said has beat and sample alike."""
    s, torn = record_at(state_pointer, 1)[0], record_at(torn_pointer, 1)[0]
    for _ in range(torn.reads):
        at, beat, rate = host_time.read(s.host_time)
        if at < 0:
            torn.gave_up += 1
        elif beat != at or at < torn.newest or (rate == 0.0 and at != 0):
            torn.torn += 1
        else:
            torn.newest = at


@pytest.fixture
def engine():
    made = Engine(RATE, 1, [analysed])
    made.seen = zeros(SEEN)
    made.state["rack"] = _see.address, made.seen.ctypes.data
    return made


def clicks(bpm, seconds):
    sound = np.zeros((1, round(seconds * RATE)), np.float32)
    for k in range(round(seconds * bpm / 60)):
        at = round(k * 60 / bpm * RATE)
        sound[0, at : at + 64] = np.hanning(64)[: sound.shape[1] - at]
    return sound


def told(engine):
    n = int(engine.seen["n"][0])
    return engine.seen["tempo_bpm"][0][:n].copy(), engine.seen["beats"][0][:n].copy()


def test_plugins_are_told_the_transport_at_the_blocks_first_sample(engine) -> None:
    host = HostTime(engine.state)
    host.lead(100, 7.25, 2.0 / RATE)
    for n in (64, 640, 1000, 7):
        engine.process(np.zeros((1, n), np.float32))
    tempo, beats = told(engine)
    assert tempo == pytest.approx([120.0] * 4, rel=1e-9)
    assert beats == pytest.approx([7.25 + (at - 100) * 2.0 / RATE for at in (0, 64, 704, 1704)], abs=1e-6)
    host.lead(1711, 0.0, 1.5 / RATE)
    engine.process(np.zeros((1, 64), np.float32))
    assert (told(engine)[0][-1], told(engine)[1][-1]) == pytest.approx((90.0, 0.0), abs=1e-6)


def test_where_none_leads_they_are_told_what_the_analysis_finds(engine) -> None:
    plain = Engine(RATE, 1, [analysed])
    plain.seen = zeros(SEEN)
    plain.state["rack"] = _see.address, plain.seen.ctypes.data
    host = HostTime(engine.state)
    host.release()
    sound = clicks(128, 6.0)
    for start in range(0, sound.shape[1], 512):
        for one in (engine, plain):
            one.process(sound[:, start : start + 512])
        if start == 512 * 20:
            host.lead(start, 3.0, 2.0 / RATE)
        if start == 512 * 30:
            host.release()
    (tempo, beats), (alone, _) = told(engine), told(plain)
    assert alone[-1] > 0, "the analysis has found a tempo"
    assert tempo[21:31] == pytest.approx([120.0] * 10)
    assert np.array_equal(np.delete(tempo, slice(21, 32)), np.delete(alone, slice(21, 32)))
    assert np.all(np.diff(beats[32:]) > -0.5), "it goes on from there"


def test_what_is_said_is_never_half_seen(engine) -> None:
    host, torn = HostTime(engine.state), zeros(TORN)
    torn["reads"] = 3_000_000
    read = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(_read.address)
    reader = threading.Thread(target=read, args=(engine.state.ctypes.data, torn.ctypes.data))
    reader.start()
    said = 0
    while reader.is_alive():
        said += 1
        host.lead(said, float(said), 1e-4)
    reader.join()
    assert int(torn["torn"][0]) == 0
    assert 0 < int(torn["newest"][0]) <= said
    assert int(torn["gave_up"][0]) < 3_000_000 // 100
