"""Oscillators that note onsets pull along: where the music is (ticks), its tempo, and how that is changing.

Each is a Kalman filter on (ticks, ticks/s, ticks/s^2), as in A. T. Cemgil, B. Kappen, P. Desain and H. Honing, "On tempo
tracking: tempogram representation and Kalman filtering", J. New Music Research 29(4), 2000: the phase and period coupling
of E. W. Large and M. R. Jones, "The dynamics of attending", Psychological Review 106(1), 1999, with gains that follow from
what is uncertain. A change of tempo fades (R. A. Singer, IEEE Trans. Aerospace and Electronic Systems 6(4), 1970) and the
tempo swings back to the usual one. Which place of the beat an onset stands for is not decided: each pulls as much as it is
likely, beside the chance that it is none (Y. Bar-Shalom and E. Tse, Automatica 11(5), 1975: probabilistic association).
"""

import numpy as np

FADE_S = 6.0  # time constant of a change of tempo
USUAL_S = 40.0  # and of the usual tempo
TAYLOR = 8  # terms


class Oscillators:
    """Some of them side by side, a hypothesis each: shape (n,) for every quantity. Pure arithmetic. [any]"""

    def __init__(
        self, beat: int, bpm: np.ndarray, doubt: float, jitter_s: np.ndarray, swerve: np.ndarray, swing: np.ndarray
    ) -> None:
        """On tick 0 at `bpm` beats of `beat` ticks a minute, known to a relative error of `doubt`.

        Onsets are off by `jitter_s`, the tempo changes by `swerve` of itself a second (both standard deviations), and
        it swings back at `swing` radians a second (one for all, or each its own).
        """
        rate = bpm * beat / 60.0
        self.beat, self._jitter_s, self._swerve = beat, jitter_s, swerve
        self.mean = np.stack([0.0 * rate, rate, 0.0 * rate], axis=1)
        self.spread = np.zeros((len(rate), 3, 3))
        for i, deviation in enumerate((jitter_s, np.full_like(jitter_s, doubt), swerve)):
            self.spread[:, i, i] = (deviation * rate) ** 2
        self.usual = rate.copy()  # ticks/s
        self._law = np.zeros((len(swing), 3, 3))
        self._law[:, 0, 1] = self._law[:, 1, 2] = 1.0
        self._law[:, 2, 1] = -(swing**2)
        self._law[:, 2, 2] = -1.0 / FADE_S

    def motion(self, seconds: float) -> np.ndarray:
        """What `moved` needs to know of so many seconds; it never changes."""
        return _exponential(self._law * seconds)

    def moved(self, motion: np.ndarray, seconds: float) -> np.ndarray:
        """The mean after so many seconds in which nothing is heard, shape (n, 3). The tempo moves against the usual one."""
        mean = self.mean.copy()
        mean[:, 1] -= self.usual
        mean = (motion @ mean[:, :, None])[:, :, 0]
        mean[:, 0] += self.usual * seconds
        mean[:, 1] += self.usual
        return mean

    def pass_time(self, seconds: float) -> None:
        """Run on for so long. The disturbance that time adds is C. F. Van Loan's (IEEE Trans. Automatic Control, 1978)."""
        block = np.zeros((len(self._law), 6, 6))
        block[:, :3, :3] = -self._law
        block[:, 2, 5] = 2.0 / FADE_S
        block[:, 3:, 3:] = self._law.transpose(0, 2, 1)
        block = _exponential(block * seconds)
        motion = block[:, 3:, 3:].transpose(0, 2, 1)
        added = motion @ block[:, :3, 3:] * (self._swerve * self.mean[:, 1])[:, None, None] ** 2
        self.mean = self.moved(motion, seconds)
        self.spread = motion @ self.spread @ motion.transpose(0, 2, 1) + added
        self.usual += (self.mean[:, 1] - self.usual) * (1.0 - np.exp(-seconds / USUAL_S))

    def strike(self, places: np.ndarray, stray: float) -> tuple[np.ndarray, np.ndarray]:
        """An onset, now: `places` is the chance of each tick of the beat, `stray` that it stands for none.

        Returns how likely each oscillator found it, against one without any beat, and each place's share, (n, beat).
        """
        middle = np.rint(self.mean[:, :1])
        near = middle + (np.arange(self.beat) - self.beat // 2)
        off = near - self.mean[:, :1]
        variance = self.spread[:, 0, 0] + (self._jitter_s * self.mean[:, 1]) ** 2
        at = near.astype(np.int64) % self.beat
        chance = np.exp(-0.5 * off**2 / variance[:, None]) / np.sqrt(2.0 * np.pi * variance[:, None])
        chance *= (1.0 - stray) * places[at]
        likely = chance.sum(axis=1) + stray / self.beat
        chance /= likely[:, None]
        pull = (chance * off).sum(axis=1)
        doubt = (chance * off**2).sum(axis=1) - pull**2
        gain = self.spread[:, :, 0] / variance[:, None]
        self.mean = self.mean + gain * pull[:, None]
        known = chance.sum(axis=1) * variance - doubt
        self.spread = self.spread - known[:, None, None] * gain[:, :, None] * gain[:, None, :]
        share = np.empty_like(chance)
        np.put_along_axis(share, at, chance, axis=1)
        return likely * self.beat, share

    def mix(self, weight: np.ndarray) -> None:
        """Let each go on from what all of them believe: `weight` (from, to), columns of sum 1."""
        mean = weight.T @ self.mean
        apart = self.mean[:, None, :] - mean[None, :, :]
        outer = np.einsum("ij,ijk,ijl->jkl", weight, apart, apart)
        self.spread = np.einsum("ij,ikl->jkl", weight, self.spread) + outer
        self.mean = mean


def _exponential(matrices: np.ndarray) -> np.ndarray:
    """Of each square matrix, by halving, Taylor's series, and squaring."""
    size = float(np.abs(matrices).sum(axis=2).max())
    halvings = max(0, int(np.ceil(np.log2(max(size, 1e-9)))) + 2)
    small = matrices / 2.0**halvings
    term = small
    total = np.eye(matrices.shape[-1]) + term
    for k in range(2, TAYLOR + 1):
        term = term @ small / k
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total
