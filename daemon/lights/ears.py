"""The ears of the light show: the engine's newest sound and its clock, in memory that it writes and waits for nobody."""

import mmap

import numpy as np

from daemon.clock import Clock
from daemon.lights.link import Place
from daemon.lights.scene import Scene
from dsp import followers
from dsp.dll import DLL
from dsp.kernel import zeros

MARGIN = 4096  # samples that the engine may be about to overwrite
WARM = 480  # samples with which the follower's code is made ready


class Ears:
    """[main]"""

    def __init__(self, place: Place) -> None:
        whole = mmap.mmap(place.fd, place.size, prot=mmap.PROT_READ)
        n = self._capacity = place.capacity
        self._samples = np.frombuffer(whole, np.float32, 2 * n, place.samples).reshape(2, n)
        self._count, self._epoch, self._pulse = (
            np.frombuffer(whole, np.int64, 1, offset) for offset in (place.count, place.epoch, place.daemon_pulse)
        )
        self._clock = Clock({"dll": np.frombuffer(whole, DLL, 1, place.dll)})  # type: ignore[arg-type]
        self._follower = zeros(followers.FOLLOWERS)
        self._rate, self._read, self._stream, self._attacks, self._heard_s = 0, 0, -1, 0, 0.0
        followers.prepare(self._follower, 48000)
        silence = np.zeros(WARM, np.float32)
        silence.flags.writeable = False  # as the mapped memory is: Numba compiles for that anew
        followers.follow(self._follower[0], silence, silence)

    @property
    def daemon_pulse(self) -> int:
        return int(self._pulse[0])

    def seconds(self, sample_time: float) -> float | None:
        """When a sample was or will be handed over, in CLOCK_MONOTONIC; None: the clock is not locked."""
        at = self._clock.monotonic_ns(sample_time)
        return None if at is None else at * 1e-9

    def begin(self, rate: int) -> None:
        """A stream at `rate` Hz; 0: none."""
        self._rate, self._stream = rate, -1

    def hear(self, scene: Scene, now_s: float) -> bool:
        """Follow what is new; whether an attack is among it."""
        epoch, count = int(self._epoch[0]), int(self._count[0])
        if not self._rate:
            return False
        if epoch != self._stream or count < self._read or count - self._read > self._capacity - MARGIN:
            self._stream, self._read, self._heard_s = epoch, count, now_s
            self._follower = zeros(followers.FOLLOWERS)
            followers.prepare(self._follower, self._rate)
            self._attacks = 0
        if count == self._read:
            return False
        start, stop = self._read & (self._capacity - 1), count & (self._capacity - 1)
        parts = [(start, stop)] if start < stop else [(start, self._capacity), (0, stop)]
        for begin, end in parts:
            followers.follow(self._follower[0], self._samples[0, begin:end], self._samples[1, begin:end])
        self._read = count
        follower = self._follower[0]
        scene.hear(follower["levels"], float(follower["loudness"]), now_s - self._heard_s, now_s)
        self._heard_s = now_s
        attacks, self._attacks = self._attacks, int(follower["attacks"])
        if self._attacks == attacks:
            return False
        scene.hit("attack", now_s, 1.0)
        return True
