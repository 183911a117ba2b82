"""Singing and whistling, synthesised: vibrato, slides, vowel changes, breath, swells. Onsets stand where a note is heard.

Harmonics under three formants that wander from vowel to vowel (or a near-sine for a whistle), with an amplitude and a
pitch drawn per note: struck anew, or bound to the last by a slide or a dip.
"""

import random

import numpy as np

from daemon.train.pieces import Line
from daemon.train.render import RATE, low_pass

CONTROL = 441  # samples between two values of the slow curves
HARMONICS = 30


def phrase(line: Line, rnd: random.Random) -> Line:
    """A line that one voice can sing: no two notes at once, none too close."""
    kept: Line = []
    for note in line:
        if not kept or note[0] - kept[-1][0] >= 0.12:
            kept.append(note)
    ends = [later[0] for later in kept[1:]] + [float("inf")]
    return [(start, min(end, cap), note, v) for (start, end, note, v), cap in zip(kept, ends, strict=True)]


class Voice:
    """One singer or whistler."""

    def __init__(self, length_s: float, rnd: random.Random, noise: np.random.Generator) -> None:
        self.rnd, self.noise = rnd, noise
        self.n = int(length_s * RATE)
        self.time_s = np.arange(self.n) / RATE
        self.pitch, self.level, self.breath = np.full(self.n, 60.0), np.zeros(self.n), np.zeros(self.n)
        self.whistles = rnd.random() < 0.45
        self.shift = rnd.choice([12, 24]) if self.whistles else rnd.choice([0, 12, -12])
        rate_hz = rnd.uniform(4.2, 6.8) * (1 + self._wander(0.5, 0.1))
        self.vibrato = rnd.choice([0, 15, 30, 50, 80, 110]) / 100 * np.sin(np.cumsum(2 * np.pi * rate_hz / RATE))

    def _wander(self, step_s: float, depth: float) -> np.ndarray:
        """A smooth random curve."""
        at = np.arange(0, self.n / RATE + 2 * step_s, step_s)
        return np.interp(self.time_s, at, self.noise.standard_normal(len(at)) * depth)

    def sing(self, line: Line) -> tuple[np.ndarray, list[float]]:
        """Sound and onsets in s."""
        onsets: list[float] = []
        before: tuple[float, float, float] | None = None  # end s, pitch, level
        for start, end, note, velocity in line:
            stop = max(end, start + 0.14)
            i, j = int(start * RATE), min(self.n, int(stop * RATE))
            if j - i < 2000:
                continue
            hz, loud = float(note + self.shift), 0.4 + 0.6 * velocity / 127 * self.rnd.uniform(0.5, 1.2)
            bound = before is not None and start - before[0] < 0.06 and self.rnd.random() < 0.65
            late = self._bind(i, j, before, hz, loud) if bound and before else self._strike(i, j, hz, loud)
            onsets.append(start + late)
            self.pitch[i:j] += self.vibrato[i:j] * np.clip((np.arange(j - i) / RATE - 0.12) / 0.2, 0, 1)
            self._let_go(i, j)
            before = (stop, hz, float(self.level[j - 1]) + 0.05)
        return self._sound(), onsets

    def _bind(self, i: int, j: int, before: tuple[float, float, float], hz: float, loud: float) -> float:
        """Bound to the note before by a slide, mostly with a dip between; returns how late the onset is, in s."""
        rnd, t = self.rnd, np.arange(j - i) / RATE
        slide_s = rnd.uniform(0.03, 0.12)
        k = np.clip(t / slide_s, 0, 1)
        self.pitch[i:j] = before[1] + (hz - before[1]) * k * k * (3 - 2 * k)
        level = before[2] + (loud - before[2]) * np.clip(t / 0.06, 0, 1)
        if before[1] != hz and rnd.random() > 0.6:
            self.level[i:j] = level
            return slide_s * 0.5
        dip, width_s = rnd.uniform(0.3 if before[1] == hz else 0.1, 0.9), rnd.uniform(0.03, 0.08)
        first = max(0, i - int(width_s * RATE))
        self.level[first:i] *= 1 - dip * np.linspace(0, 1, i - first)
        self.level[i:j] = level * (1 - dip * np.clip(1 - t / width_s, 0, 1))
        return width_s * 0.35

    def _strike(self, i: int, j: int, hz: float, loud: float) -> float:
        """Begun anew, perhaps with a scoop, a consonant or a breath; returns how late the onset is, in s."""
        rnd, t = self.rnd, np.arange(j - i) / RATE
        attack_s = rnd.choice([0.015, 0.03, 0.05, 0.07, 0.1])
        self.pitch[i:j] = hz + rnd.choice([0, 0, -1, -2, -3, 0.7]) * np.exp(-t / rnd.uniform(0.02, 0.06))
        k = np.clip(t / attack_s, 0, 1)
        self.level[i:j] = loud * (k * k * (3 - 2 * k) if rnd.random() < 0.5 else k)
        if rnd.random() < 0.4 and not self.whistles:
            first, last = max(0, i - int(rnd.uniform(0.03, 0.1) * RATE)), min(self.n, i + 400)
            self.breath[first:last] += loud * rnd.uniform(0.02, 0.35) * np.hanning(last - first + 2)[1:-1]
        elif rnd.random() < 0.3:
            first = max(0, i - int(rnd.uniform(0.2, 0.4) * RATE))
            self.breath[first:i] += loud * rnd.uniform(0.01, 0.08) * np.hanning(i - first + 2)[1:-1]
        return min(0.03, attack_s * 0.45)

    def _let_go(self, i: int, j: int) -> None:
        """The end of a note: to silence or not quite, perhaps swelling before; and a short tail."""
        rnd, t = self.rnd, np.arange(j - i) / RATE
        fall = np.clip((t[-1] - t) / rnd.uniform(0.04, 0.15), 0, 1)
        level = self.level[i:j] * (fall if rnd.random() < 0.5 else 0.3 + 0.7 * fall)
        if rnd.random() < 0.4:
            level = level * (1 + rnd.uniform(-0.4, 0.5) * np.clip(t / 0.4, 0, 1))
        self.level[i:j] = level
        q = min(self.n, j + int(0.05 * RATE))
        self.level[j:q] = level[-1] * np.linspace(1, 0, q - j)
        self.pitch[j:q] = self.pitch[j - 1] + np.linspace(0, rnd.choice([0, -1, -2]), q - j)

    def _sound(self) -> np.ndarray:
        rnd = self.rnd
        drift = self._wander(0.12, rnd.uniform(3, 22)) + self._wander(0.03, rnd.uniform(0, 5))
        swell = np.exp(self._wander(0.1, rnd.uniform(0.03, 0.2)) + self._wander(0.02, rnd.uniform(0, 0.06)))
        hz = 440 * 2 ** ((self.pitch + drift / 100 - 69) / 12)
        level = np.minimum(self.level, 2) * swell
        hiss = self.noise.standard_normal(self.n)
        hiss -= low_pass(hiss, 2500)
        phase = np.cumsum(2 * np.pi * hz / RATE)
        if self.whistles:
            tone = np.sin(phase) + rnd.uniform(0.01, 0.2) * np.sin(2 * phase) + rnd.uniform(0, 0.08) * np.sin(3 * phase)
            sound = level * tone + (level * rnd.uniform(0.003, 0.04) + 0.3 * self.breath) * hiss
        else:
            sound = 0.4 * level * self._vowels(hz, phase) + (self.breath + level * rnd.uniform(0.002, 0.02)) * hiss
        return sound + self.noise.standard_normal(self.n) * 10 ** (-rnd.uniform(45, 75) / 20)

    def _vowels(self, hz: np.ndarray, phase: np.ndarray) -> np.ndarray:
        """Harmonics under wandering formants."""
        rnd, n = self.rnd, self.n // CONTROL + 2
        at, slow_hz = np.arange(n), hz[np.minimum(np.arange(n) * CONTROL, self.n - 1)]
        formants, now, k = np.empty((3, n)), self._vowel(), 0
        while k < n:
            last, move = min(n, k + int(rnd.uniform(8, 60))), int(rnd.uniform(3, 12))
            then = self._vowel() if rnd.random() < 0.7 else now
            part = np.minimum(1, np.arange(last - k) / move)
            formants[:, k:last] = now[:, None] + (then - now)[:, None] * part
            now, k = then, last
        tilt, where, sound = rnd.uniform(0.9, 1.7), np.arange(self.n) / CONTROL, np.zeros(self.n)
        for h in range(1, HARMONICS + 1):
            f = slow_hz * h
            if (f < 15000).mean() < 0.3:
                break
            peaks = zip(formants, (2, 1.6, 1), strict=True)
            gain = 0.25 + sum(g * np.exp(-(((f - c) / (0.12 * c + 70)) ** 2)) for c, g in peaks)
            sound += np.interp(where, at, h**-tilt * gain * (f < 15000)) * np.sin(h * phase + h * h)
        return sound

    def _vowel(self) -> np.ndarray:
        rnd = self.rnd
        return np.array([rnd.uniform(300, 850), rnd.uniform(850, 2200), rnd.uniform(2400, 3300)])
