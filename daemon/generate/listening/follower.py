"""Follows a performer's onsets, from an estimate of the tempo on; and makes that estimate from the first few.

Several oscillators that expect different players (exact and swerving, loose, steady) run side by side and exchange what
they believe: the interacting multiple model of H. A. P. Blom and Y. Bar-Shalom, IEEE Trans. Automatic Control 33(8), 1988.
The start is S. Dixon's idea ("Automatic extraction of tempo and beat from expressive performances", J. New Music Research
30(1), 2001): an agent for each tempo hears the same onsets, and the one that foresaw them best is believed.
"""

from collections.abc import Sequence

import numpy as np

from daemon.generate.listening.oscillators import Oscillators
from daemon.generate.listening.places import places

SLOWEST_BPM, FASTEST_BPM = 30.0, 300.0
USUAL_BPM, USUAL_OCTAVES = 106.0, 0.5  # tempo before anything is heard: log-normal, 70 to 160 preferred

JITTER_S = (0.001, 0.008, 0.012)  # players: their onsets are off by so much,
SWERVE = (0.02, 0.012, 0.003)  # their tempo changes by so much of itself a second,
SWING = (0.24, 0.24, 0.0)  # and swings back (rad/s)
STAY = 0.96  # chance that the player is, at the next onset, still the same
STRAY = 0.06  # of onsets stand for no place of the beat
PRIOR_ONSETS = 12.0  # the places known beforehand weigh as much as so many onsets
FORGET = 0.97  # of the places heard, at each onset
HOLD_S = 3.0  # of silence, after which the tempo stays what it has become
AHEAD_S = tuple(HOLD_S * i / 12 for i in range(13))
STEEPEST = 0.15  # change of tempo, of itself a second
AFTER_SILENCE = (2.5, 0.03)  # at most so unsure: ticks, and of the tempo
FIT = 0.15  # weight of the newest onset in `fit`

AGENTS = 120
AGENT_JITTER_S, AGENT_SWERVE, AGENT_DOUBT = 0.012, 0.01, 0.015


class Follower:
    """One performer's beat. Times in seconds, from any zero; they never go back. Pure. [any]"""

    def __init__(self, beat: int, tick: float, bpm: float, at_s: float, doubt: float = 0.04) -> None:
        """On `tick` at `at_s`, at `bpm` beats of `beat` ticks, known to a relative error of `doubt`."""
        n = len(JITTER_S)
        arrays = np.array(JITTER_S), np.array(SWERVE), np.array(SWING)
        self._bank = Oscillators(beat, np.full(n, bpm), doubt, *arrays)
        self._bank.mean[:, 0] = tick
        self._motions = [self._bank.motion(s) for s in AHEAD_S]
        self._weight = np.full(n, 1.0 / n)
        self._stay = np.full((n, n), (1.0 - STAY) / (n - 1)) + np.eye(n) * (STAY - (1.0 - STAY) / (n - 1))
        self._places = places(beat)
        self._heard = np.zeros(beat)
        self._loudness = 0.0
        self.at_s = at_s
        self.fit = 1.0  # how well the latest onsets were foreseen, in nats against no beat at all
        self.onsets = 0

    def strike(self, at_s: float, velocity: int) -> None:
        """An onset not before the last; softer ones count as strays more easily."""
        n = len(self._weight)
        self._run_on(at_s)
        self._loudness = velocity if not self.onsets else self._loudness + 0.1 * (velocity - self._loudness)
        stray = STRAY * min(max(self._loudness / max(velocity, 1), 0.5), 3.0)
        known = (self._places * PRIOR_ONSETS + self._heard) / (PRIOR_ONSETS + self._heard.sum())
        before = self._weight @ self._stay
        self._bank.mix(self._stay * self._weight[:, None] / before)
        likely, share = self._bank.strike(known, stray)
        self._weight = before * likely
        total = float(self._weight.sum())
        self._weight = self._weight / total if total > 0.0 else np.full(n, 1.0 / n)
        self._heard = self._heard * FORGET + self._weight @ share
        self.fit += FIT * (min(max(float(np.log(max(total, 1e-9))), -2.0), 2.0) - self.fit)
        self.onsets += 1
        unit, mean = self._bank.beat / 60.0, self._bank.mean
        mean[:, 1] = np.clip(mean[:, 1], SLOWEST_BPM * unit, FASTEST_BPM * unit)
        mean[:, 2] = np.clip(mean[:, 2], -STEEPEST * mean[:, 1], STEEPEST * mean[:, 1])

    def ahead(self) -> tuple[list[tuple[float, float]], float]:
        """Corners (s, tick) of the line from the last onset on if there is silence, and the ticks/s after them."""
        states = [self._weight @ self._bank.moved(m, s) for m, s in zip(self._motions, AHEAD_S, strict=True)]
        corners = [(self.at_s + s, float(tick)) for s, (tick, _, _) in zip(AHEAD_S, states, strict=True)]
        return corners, float(states[-1][1])

    @property
    def rate(self) -> float:
        """Ticks a second, at the last onset."""
        return float(self._weight @ self._bank.mean[:, 1])

    def _run_on(self, at_s: float) -> None:
        """Through silence too: its tempo is the one `ahead` ends with, and the player comes back near it."""
        passed = max(at_s - self.at_s, 0.0)
        self.at_s += passed
        self._bank.pass_time(min(passed, HOLD_S))
        if passed > HOLD_S:
            tick, rate, _ = self._weight @ self._bank.mean
            self._bank.mean[:] = tick + rate * (passed - HOLD_S), rate, 0.0
            variance = np.array([AFTER_SILENCE[0] ** 2, (AFTER_SILENCE[1] * rate) ** 2, (0.01 * rate) ** 2])
            self._bank.spread[:] = np.diag(variance)
            self._bank.usual[:] = rate


def induced(
    onsets_s: Sequence[float],
    beat: int,
    anchors: int = 1,
    usual_bpm: float = USUAL_BPM,
    octaves: float = USUAL_OCTAVES,
) -> tuple[float, int]:
    """The tempo (beats a minute) that foresees the onsets best, and which of the first `anchors` onsets is on a beat.

    `onsets_s`: 2 or more, rising. `usual_bpm`: the tempo to expect, give or take so many `octaves`.
    """
    bpm = np.geomspace(SLOWEST_BPM, FASTEST_BPM, AGENTS)
    chance, best, found = places(beat), -np.inf, (usual_bpm, 0)
    full = np.ones(AGENTS)
    for anchor in range(min(anchors, len(onsets_s) - 1)):
        bank = Oscillators(beat, bpm, AGENT_DOUBT, full * AGENT_JITTER_S, full * AGENT_SWERVE, np.zeros(1))
        score = -0.5 * (np.log2(bpm / usual_bpm) / octaves) ** 2
        for before, now in zip(onsets_s[anchor:], onsets_s[anchor + 1 :], strict=False):
            bank.pass_time(now - before)
            likely, _ = bank.strike(chance, STRAY)
            score += np.log(likely)
        if anchors > 1:
            score /= len(onsets_s) - anchor  # fewer onsets are foreseen more easily
        at = int(np.argmax(score))
        if score[at] > best:
            best, found = float(score[at]), (float(bpm[at]), anchor)
    return found
