"""The clock: a jittered stream's line, both ways, whole even when the record is read in mid-write."""

import threading
import time

import numpy as np
import pytest
from numba import njit

from daemon.clock import Clock, offsets
from daemon.engine.state import STATE
from dsp import dll
from dsp.kernel import zeros

RATE, BLOCK = 48000, 128
TRUE_RATE = RATE * (1 + 80e-6)  # the card's crystal against the computer's


@njit
def _feed(d, sample, n, now_s, rate):
    dll.update(d[0], sample, n, now_s, rate)


def _stream(state, blocks: int, jitter_s: float, start_s: float = 1e5) -> None:
    random = np.random.default_rng(3)
    line = state["dll"]
    for block in range(blocks):
        late = random.exponential(jitter_s) if jitter_s else 0.0
        _feed(line, block * BLOCK, BLOCK, start_s + block * BLOCK / TRUE_RATE + late, float(RATE))


def test_says_none_before_the_stream_runs():
    clock = Clock(zeros(STATE))
    assert clock.monotonic_ns(0) is None
    assert clock.sample_time(time.monotonic_ns()) is None
    assert clock.wall_ns(0) is None


def test_a_jittered_stream_becomes_a_smooth_line():
    state = zeros(STATE)
    _stream(state, blocks=8000, jitter_s=300e-6)
    clock, mean_late_ns = Clock(state), 300_000
    for ahead in (-RATE, 0, RATE // 2):
        sample = 8000 * BLOCK + ahead
        truth_ns = (1e5 + sample / TRUE_RATE) * 1e9 + mean_late_ns
        assert abs(clock.monotonic_ns(sample) - truth_ns) < 100_000
        assert abs(clock.sample_time(clock.monotonic_ns(sample)) - sample) <= 1


def test_a_new_stream_is_not_answered_with_the_old_line():
    state = zeros(STATE)
    _stream(state, blocks=10, jitter_s=0)
    clock = Clock(state)
    assert clock.monotonic_ns(0) is not None
    state["dll"] = np.zeros(1, dll.DLL)
    assert clock.monotonic_ns(0) is None


@pytest.mark.parametrize("field", ["sample", "time_s", "origin_s"])
def test_a_torn_record_is_answered_with_the_last_whole_one(field):
    state = zeros(STATE)
    _stream(state, blocks=100, jitter_s=0)
    clock = Clock(state)
    before = clock.monotonic_ns(12800)
    other = zeros(STATE)
    _stream(other, blocks=101, jitter_s=0)
    state["dll"][field] = other["dll"][field]
    assert clock.monotonic_ns(12800) == before


def test_no_answer_is_torn_while_another_thread_writes():
    state = zeros(STATE)

    @njit(nogil=True)
    def write(d, first, count):
        for block in range(first, first + count):
            dll.update(d[0], block * BLOCK, BLOCK, 1e5 + block * BLOCK / RATE, float(RATE))

    write(state["dll"], 0, 1)
    ends_at = time.monotonic() + 0.5

    def writer():
        block = 1
        while time.monotonic() < ends_at:
            write(state["dll"], block, 20_000)
            block += 20_000

    thread = threading.Thread(target=writer)
    thread.start()
    clock, answers = Clock(state), 0
    while thread.is_alive():
        at_ns = clock.monotonic_ns(0)
        assert abs(at_ns - 100_000_000_000_000) < 1_000_000  # torn, it would be off by a block: 2.7 ms
        answers += 1
    assert answers > 100


def test_offsets_agree_with_the_clocks():
    found = offsets()
    assert abs(time.monotonic_ns() + found.realtime_offset_ns - time.time_ns()) < 5_000_000
    assert abs(time.monotonic_ns() + found.raw_offset_ns - time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)) < 5_000_000


def test_wall_time_is_now_for_a_sample_handed_over_now():
    state = zeros(STATE)
    _feed(state["dll"], 0, BLOCK, time.monotonic(), float(RATE))
    assert abs(Clock(state).wall_ns(0) - time.time_ns()) < 50_000_000
