"""When beats fall: steady, drifting as people do, or shaped as soloists do; and where within a beat its parts fall."""

import numpy as np

STEADY, HUMAN, SHAPED = range(3)


def durations(n: int, bpm: float, manner: int, rng: np.random.Generator) -> np.ndarray:
    """Seconds of `n` successive beats."""
    curve = np.zeros(n)
    if manner >= HUMAN:
        drift, slow = np.cumsum(rng.standard_normal(n)), rng.uniform(0.002, 0.012)
        curve += slow * (drift - np.linspace(0, drift[-1], n)) if n > 1 else 0
        curve += rng.standard_normal(n) * rng.uniform(0.002, 0.012)
        if rng.random() < 0.15:
            curve += np.linspace(0, rng.uniform(-0.2, 0.2), n)  # a whole passage that slows down or speeds up
    if manner == SHAPED:
        at = 0
        while at < n:
            length = int(rng.choice([4, 6, 8, 8, 12, 16]))
            depth, k = rng.uniform(0.02, 0.3), np.arange(min(length, n - at)) / length
            curve[at : at + length] += depth * (2 * k - 1) ** 2 * (k > 0.5) + 0.4 * depth * (2 * k - 1) ** 2 * (
                k <= 0.5
            )
            if rng.random() < 0.12:
                curve[min(n, at + length) - 1] += rng.uniform(0.1, 0.5)  # a breath, or nearly a stop
            at += length
        curve += rng.standard_normal(n) * rng.uniform(0.01, 0.05)
    if manner == HUMAN and rng.random() < 0.06:
        curve[rng.integers(n) :] += rng.choice([-1, 1]) * rng.uniform(0.05, 0.3)  # another tempo from here on
    return 60 / bpm * np.exp(curve)


class Clock:
    """Beats to seconds: beat `first` + k falls at `times[k]`; before and after, as the first and last beat run."""

    def __init__(self, times: np.ndarray, first: int, swing: float, divide: int) -> None:
        """`swing`: where the second half of a beat begins, 0.5 where it doesn't swing; `divide` 3: never."""
        self.times, self.first = times, first
        self._swing = swing if divide == 2 else 0.5

    def seconds(self, beats: np.ndarray) -> np.ndarray:
        """The time of positions in beats."""
        at = np.asarray(beats, float) - self.first
        whole = np.floor(at + 1e-4)
        part = at - whole
        if self._swing != 0.5:
            s = self._swing
            part = np.where(part < 0.5, part * 2 * s, s + (part - 0.5) * 2 * (1 - s))
        k = np.clip(whole.astype(int), 0, len(self.times) - 2)
        length = self.times[k + 1] - self.times[k]
        return self.times[k] + (whole - k + part) * length
