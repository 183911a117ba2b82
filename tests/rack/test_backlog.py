"""MIDI for a process that is late: whatever comes, and however long it takes, no note hangs, nothing changes its order."""

import numpy as np
import pytest
from numba import njit

from daemon.plugins.call import CALL
from daemon.rack.isolation.backlog import BACKLOG, ROOM, TOO_LATE_S, forget_notes, hand_over, keep
from dsp.block import BLOCK, MAX_MIDI
from dsp.kernel import zeros

RATE, N = 48000.0, 64
Event = tuple[int, int, int, int]


@njit
def _keep(log, call):
    keep(log[0], call[0])


@njit
def _hand_over(log, block, sample_time, rate):
    hand_over(log[0], block[0], sample_time, rate)


@njit
def _forget_notes(log):
    forget_notes(log[0])


class Log:
    """A backlog, fed and emptied block by block."""

    def __init__(self) -> None:
        self.record, self.call, self.block = zeros(BACKLOG), zeros(CALL), zeros(BLOCK)
        self.time = 0
        self.given: list[Event] = []
        self.taken: list[Event] = []

    def keep(self, *events: Event) -> None:
        """A block's events, (at, status, data1, data2), in this block."""
        call = self.call[0]
        call["sample_time"], call["n_midi"] = self.time, len(events)
        for k, (at, status, data1, data2) in enumerate(events):
            call["midi"][k] = (at, 0, status, data1, data2, 0)
        self.given += [(self.time + at, *rest) for at, *rest in events]
        _keep(self.record, self.call)

    def hand_over(self) -> list[Event]:
        """What the process is given in this block."""
        self.block["n"] = N
        _hand_over(self.record, self.block, self.time, RATE)
        events = self.block["midi"][0][: int(self.block["n_midi"][0])]
        found = [(int(e["at"]), int(e["status"]), int(e["data1"]), int(e["data2"])) for e in events]
        self.taken += [(self.time + at, *rest) for at, *rest in found]
        return found

    def next(self) -> None:
        self.time += N


def sounding(events: list[Event]) -> set[tuple[int, int]]:
    keys = set()
    for _, status, key, velocity in events:
        if status & 0xF0 == 0x90 and velocity > 0:
            keys.add((status & 15, key))
        elif status & 0xF0 in (0x80, 0x90):
            keys.discard((status & 15, key))
    return keys


def test_what_is_taken_at_once_is_as_it_was() -> None:
    log = Log()
    events = [(0, 0x90, 60, 100), (5, 0xB0, 64, 127), (63, 0x80, 60, 0)]
    log.keep(*events)
    assert log.hand_over() == events


def test_what_waited_comes_first_and_at_the_start() -> None:
    log = Log()
    log.keep((9, 0x90, 60, 100))
    log.next()
    log.keep((7, 0x80, 60, 0))
    assert log.hand_over() == [(0, 0x90, 60, 100), (7, 0x80, 60, 0)]


def test_a_note_that_should_have_begun_long_ago_does_not_begin() -> None:
    log = Log()
    log.keep((0, 0x90, 60, 100), (1, 0xB0, 7, 1), (2, 0x80, 61, 0))
    log.time += round(RATE * TOO_LATE_S) + N
    assert log.hand_over() == [(0, 0xB0, 7, 1), (0, 0x80, 61, 0)]


def test_where_no_process_is_left_only_controllers_are_kept() -> None:
    log = Log()
    log.keep((0, 0x90, 60, 100), (1, 0xB0, 7, 1), (2, 0x80, 61, 0), (3, 0xC0, 5, 0))
    _forget_notes(log.record)
    assert [event[1:] for event in log.hand_over()] == [(0xB0, 7, 1), (0xC0, 5, 0)]
    for k in range(3 * ROOM // 256):
        log.keep(*((0, 0xB0, 7, (k + j) % 128) for j in range(256)))
        _forget_notes(log.record)
    assert 0 < int(log.record["n"][0]) <= ROOM // 2
    last = log.given[-1][3]
    found = []
    while int(log.record["n"][0]):
        found += log.hand_over()
    assert found[-1][3] == last, "the newest is kept"


@pytest.mark.parametrize("seed", range(8))
def test_no_note_hangs_however_much_comes_and_however_late_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    log, most = Log(), int(rng.choice([3, 60, MAX_MIDI]))
    for _ in range(400):
        count = int(rng.integers(0, most + 1))
        kinds = rng.choice([0x80, 0x90, 0x90, 0xB0, 0xE0], count)
        log.keep(
            *(
                (int(at), int(kind | rng.integers(0, 16)), int(rng.integers(0, 128)), int(rng.integers(0, 128)))
                for at, kind in zip(np.sort(rng.integers(0, N, count)), kinds, strict=True)
            )
        )
        if rng.random() < (0.02 if most == MAX_MIDI else 0.3):
            assert len(log.hand_over()) <= MAX_MIDI
        log.next()
    while int(log.record["n"][0]):
        log.hand_over()
        log.next()
    assert sounding(log.taken) <= sounding(log.given)
    times = [at for at, *_ in log.taken]
    assert times == sorted(times)
    left = iter(log.given)
    assert all(any(event[1:] == other[1:] for other in left) for event in log.taken), "out of order, or made up"
    assert len(log.taken) + int(log.record["dropped"][0]) == len(log.given)
