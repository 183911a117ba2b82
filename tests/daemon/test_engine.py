"""The engine's promise: the same samples give the same events, whatever the block size; and it allocates nothing."""

import gc
import resource
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import registry
from daemon.config import Config
from daemon.engine import offline
from daemon.inputs.performance import Performance
from dsp.hop import EVENT, FEATURES

ANALYSERS = [registry.analyser(kind, name) for kind, name in Config().analysers()]
SECONDS = 6.0


def played(rate: int, seconds: float = SECONDS) -> np.ndarray:
    """The built-in performance, shape (2, n)."""
    return np.concatenate(list(Performance(seconds).blocks(rate)), axis=1)


def heard(sound: np.ndarray, rate: int, sizes: list[int]) -> offline.Found:
    """What the engine finds when the sound arrives in blocks of these sizes, over and over."""
    engine = offline.Engine(rate, sound.shape[0], ANALYSERS)
    reader = offline.Reader(engine.state)
    parts, start, k = [], 0, 0
    while start < sound.shape[1]:
        n = sizes[k % len(sizes)]
        engine.process(sound[:, start : start + n])
        start, k = start + n, k + 1
        parts.append(reader.read())
    assert reader.events_lost == reader.hops_lost == 0
    return offline.Found(*(np.concatenate(kind) for kind in zip(*parts, strict=True)))


def assert_same(a: offline.Found, b: offline.Found) -> None:
    for x, y, dtype in ((a.events, b.events, EVENT), (a.hops, b.hops, FEATURES)):
        for field in dtype.names:
            np.testing.assert_array_equal(x[field], y[field], err_msg=field)


@pytest.fixture(scope="module")
def reference() -> dict:
    return {rate: heard(played(rate), rate, [4096]) for rate in (44100, 48000, 96000)}


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("size", [16, 64, 100, 441, 1024])
def test_block_size_changes_nothing(reference: dict, rate: int, size: int) -> None:
    assert len(reference[rate].events) > 20
    assert_same(reference[rate], heard(played(rate), rate, [size]))


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(1, 4096), min_size=1, max_size=8))
def test_any_chopping_changes_nothing(sizes: list[int]) -> None:
    sound = played(48000, 2.0)
    assert_same(heard(sound, 48000, [4096]), heard(sound, 48000, sizes))


@pytest.mark.parametrize(
    "sound",
    [
        np.full((2, 48000), np.nan, np.float32),
        np.full((1, 48000), np.inf, np.float32),
        np.full((2, 48000), 1.0, np.float32),
        np.zeros((1, 48000), np.float32),
        np.sign(np.sin(2 * np.pi * 220 * np.arange(96000) / 48000)).astype(np.float32)[None],
        np.where(np.arange(96000) % 7 == 0, np.nan, 0.5 * np.sin(np.arange(96000) * 0.05)).astype(np.float32)[None],
        np.full((1, 20000), 1e-40, np.float32),
        np.random.default_rng(1).uniform(-1e6, 1e6, (2, 48000)).astype(np.float32),
    ],
    ids=["nan", "infinite", "dc", "silence", "full-scale square", "nan among sound", "denormal", "a million"],
)
def test_nothing_unfinite_leaves(sound: np.ndarray) -> None:
    found = heard(sound, 48000, [333])
    for field in FEATURES.names:
        assert np.isfinite(found.hops[field]).all(), field
    assert np.isfinite(found.events["value"]).all()
    if not np.nan_to_num(sound, posinf=0, neginf=0).any():
        assert len(found.events) == 0


def test_silence_starts_nothing_and_sound_is_forgotten_in_silence() -> None:
    sound = np.concatenate([played(48000, 4.0), np.zeros((2, 48000 * 5), np.float32)], axis=1)
    found = heard(sound, 48000, [256])
    late = found.events[found.events["known_at"] > 48000 * 8]
    assert len(late) == 0
    assert found.hops["f0_confidence"][-1] == 0 or found.hops["voiced"][-1] == 0


def test_hundred_thousand_hops_allocate_nothing() -> None:
    engine = offline.Engine(48000, 2, ANALYSERS)
    block = played(48000, 3.0)[:, : 256 * 500]
    blocks = [np.ascontiguousarray(block[:, k * 256 : k * 256 + 256]) for k in range(500)]
    process = engine.process
    for one in blocks:
        process(one)
    gc.collect()
    gc.disable()
    try:
        before, memory = sys.getallocatedblocks(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(200):
            for one in blocks:
                process(one)
        after, memory_after = sys.getallocatedblocks(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    finally:
        gc.enable()
    assert int(engine.state["hop"]["index"][0]) >= 100_000
    assert abs(after - before) < 50
    assert memory_after - memory < 2048  # KiB


def test_mono_loudness_is_not_doubled() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 997 * np.arange(96000) / 48000).astype(np.float32)
    one = heard(tone[None], 48000, [512]).hops[-1]
    two = heard(np.stack([tone, tone]), 48000, [512]).hops[-1]
    assert one["momentary_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert two["momentary_lufs"] == pytest.approx(-20.0, abs=0.1)
