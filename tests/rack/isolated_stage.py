"""A rack in a test of isolated chains, with the test plugins, and all that it said."""

import multiprocessing.connection
import time

import numpy as np

from daemon.rack.isolation.chain import Isolated
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Done, News, Order, Set
from daemon.rack.rack import Rack
from tests.plugins.build import FAULTY, SYNTH

RATE, N = 48000.0, 64
PATIENT = 48.0  # Hz: at this rate a block's time is so long that none is missed
GAIN, FAULT, LATENCY = "10", "11", "12"
SEGFAULT, HANG, NAN, SLEEP = 0.2, 0.4, 0.6, 0.8


def effect(uid: int = 1, **more) -> Slot:
    return Slot(f"clap:{FAULTY}", uid=uid, **more)


def synth(uid: int = 1) -> Slot:
    return Slot(f"clap:{SYNTH}", uid=uid)


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE / N) * N)).astype(np.float32)


def sine(seconds: float) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * 110 * np.arange(round(seconds * RATE / N) * N) / RATE)).astype(np.float32)


class Stage:
    """A rack, and all that it said."""

    def __init__(self, *chains: Chain) -> None:
        self.rack = Rack(RATE)
        self.numbers = iter(range(1, 1 << 30))
        self.news: list[tuple[float, News]] = []
        self.show(*chains)

    def show(self, *chains: Chain, **more) -> Done:
        self.chains = chains
        return self.tell(document=Document(list(chains)), **more)

    def tell(self, **order) -> Done:
        done = self.rack.carry_out(Order(next(self.numbers), **order))
        assert not done.failed, done.failed
        return done

    def set(self, param: str, value: float, uid: int = 1) -> None:
        self.tell(sets=[Set(uid, param, value)], morph_s=0.1)

    def turn(self) -> None:
        news = self.rack.turn()
        if news is not None:
            self.news.append((time.monotonic(), news))

    def died(self) -> list[tuple[float, str]]:
        return [(at, text) for at, news in self.news for text in news.died.values()]

    def back(self) -> list[float]:
        return [at for at, news in self.news for _ in news.back]

    def one(self, uid: int = 7) -> Isolated:
        return self.rack._isolation._chains[uid]

    def pid(self, uid: int = 7) -> int:
        return self.one(uid).pid

    def has_spare(self) -> bool:
        """Whether a process stands loaded."""
        spare = self.rack._isolation._spare._child
        return spare is not None and bool(multiprocessing.connection.wait([spare.way.fd], 0))

    def wait(self, what, seconds: float = 20.0) -> None:
        """Have turns until this is so."""
        ends_at = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < ends_at, (self.died(), self.back())
            self.turn()
            time.sleep(0.01)


def check_sound(out: np.ndarray) -> None:
    """No click, and nothing that is no sound: a 110 Hz sine of 0.2 has steps of 0.003."""
    assert np.isfinite(out).all()
    assert np.abs(np.diff(out)).max() < 0.02
