"""aubio in the callback finds what aubio's own Python interface finds."""

import aubio
import numpy as np
import pytest

from daemon import registry
from daemon.engine import offline
from daemon.inputs.performance import Performance
from dsp.hop import BEAT, HOP, ONSET

RATE = 44100


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return np.concatenate(list(Performance(8.0).blocks(RATE)), axis=1).mean(axis=0, dtype=np.float32)


def heard(sound: np.ndarray, analysis: str, name: str) -> offline.Found:
    engine = offline.Engine(RATE, 1, [registry.analyser(analysis, name)])
    reader = offline.Reader(engine.state)
    found = []
    for start in range(0, sound.size, 4096):
        engine.process(sound[None, start : start + 4096])
        found.append(reader.read())
    return offline.Found(*(np.concatenate(part) for part in zip(*found, strict=True)))


def hops(sound: np.ndarray) -> list[np.ndarray]:
    return [sound[k : k + HOP] for k in range(0, sound.size - HOP + 1, HOP)]


@pytest.mark.parametrize("method", ["hfc", "specflux", "complex"])
def test_onsets(sound: np.ndarray, method: str) -> None:
    peer = aubio.onset(method, 1024, HOP, RATE)
    expected = [peer.get_last() for hop in hops(sound) if peer(hop)[0]]
    found = heard(sound, "onset", f"aubio:{method}").events
    assert len(expected) > 10
    assert found["sample_time"][found["kind"] == ONSET].tolist() == expected


@pytest.mark.parametrize(("method", "frame"), [("yinfft", 2048), ("yinfast", 2048), ("mcomb", 4096)])
def test_f0(sound: np.ndarray, method: str, frame: int) -> None:
    peer = aubio.pitch(method, frame, HOP, RATE)
    expected = [float(peer(hop)[0]) for hop in hops(sound)]
    found = heard(sound, "f0", f"aubio:{method}").hops
    np.testing.assert_allclose(found["f0_hz"], expected, rtol=1e-3)
    assert (found["sample_time"] - found["f0_time"] == frame // 2).all()


def test_beats(sound: np.ndarray) -> None:
    peer = aubio.tempo("default", 1024, HOP, RATE)
    expected = [peer.get_last() for hop in hops(sound) if peer(hop)[0]]
    found = heard(sound, "beat", "aubio:default").events
    assert len(expected) > 3
    assert found["sample_time"][found["kind"] == BEAT].tolist() == expected
