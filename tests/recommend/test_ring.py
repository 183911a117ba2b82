"""The newest sound, read from the record that a real engine writes."""

import numpy as np
import pytest

from daemon.engine.link import Memory
from daemon.engine.state import N_CAPTURE, STATE
from daemon.recommend.live.link import Place
from daemon.recommend.live.ring import MARGIN, Ring

rng = np.random.default_rng(5)


class Written:
    """A record as the engine's callback writes it, and a ring that reads it."""

    def __init__(self) -> None:
        self.memory = Memory()
        offsets = {name: STATE.fields[name][1] for name in ("capture", "sample_time", "epoch")}
        place = (STATE.itemsize, offsets["capture"], N_CAPTURE, offsets["sample_time"], offsets["epoch"])
        self.ring = Ring(Place(self.memory.fd, *place))
        self.state = self.memory.state
        self.state["epoch"] = 1
        self.all = np.empty((2, 0), np.float32)

    def write(self, n: int) -> None:
        new = rng.uniform(-1, 1, (2, n)).astype(np.float32)
        where = (int(self.state["sample_time"][0]) + np.arange(n)) % N_CAPTURE
        self.state["capture"][0][:, where] = new
        self.state["sample_time"] += n
        self.all = np.concatenate([self.all, new], axis=1)

    def restart(self) -> None:
        self.state["sample_time"] = 0
        self.state["epoch"] += 1
        self.all = np.empty((2, 0), np.float32)

    def sound(self, start: int) -> np.ndarray:
        return 0.5 * (self.all[0, start:] + self.all[1, start:])


@pytest.fixture
def written():
    made = Written()
    yield made
    made.memory.close()


def test_all_is_read_once_in_order(written: Written) -> None:
    got = []
    for n in (100, 64, 1, 0, 50_000, 60_000, 70_000):
        written.write(n)
        piece = written.ring.read()
        assert not piece.fresh or not got
        got.append(piece.sound)
    np.testing.assert_array_equal(np.concatenate(got), written.sound(0))
    assert written.ring.lost == 0


def test_what_was_overwritten_is_counted_and_the_rest_is_right(written: Written) -> None:
    written.write(1000)
    written.ring.read()
    for _ in range(4):
        written.write(N_CAPTURE // 2)
    piece = written.ring.read()
    assert piece.fresh
    assert len(piece.sound) == N_CAPTURE - MARGIN
    assert written.ring.lost == 2 * N_CAPTURE - len(piece.sound)
    np.testing.assert_array_equal(piece.sound, written.sound(piece.start))


def test_another_engine_begins_anew(written: Written) -> None:
    written.write(5000)
    written.ring.read()
    written.restart()
    assert not len(written.ring.read().sound)
    written.write(7000)
    piece = written.ring.read()
    np.testing.assert_array_equal(piece.sound, written.sound(0))
    written.restart()
    written.write(9000)  # more than before: only the epoch tells
    piece = written.ring.read()
    assert piece.fresh
    np.testing.assert_array_equal(piece.sound, written.sound(0))
