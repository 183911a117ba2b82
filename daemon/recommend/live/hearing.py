"""How what is played now sounds, from the daemon's own messages; and whether that has moved so far that it matters."""

import time
from collections import deque
from statistics import median

import numpy as np

from daemon import messages as m
from daemon.recommend.item import Profile
from daemon.recommend.library.energy import energy

BEATS = 16  # the tempo is the median of so many
MOVED_PERCENT = 3.0  # of tempo,
MOVED_LU = 3.0  # of loudness: that is another energy
EVERY_S = 4.0  # at most
SMOOTH_S = 10.0  # loudness and onsets: a mean over about this long
QUIET_LUFS = -60.0  # below, nothing is played
MAJOR = "major"


class Hearing:
    """[main]"""

    def __init__(self) -> None:
        self._tempos: deque[float] = deque(maxlen=BEATS)
        self._key = -1
        self._strength = 0.0
        self._loudness: float | None = None
        self._centroid_hz = 0.0
        self._onsets: deque[int] = deque(maxlen=256)  # sample times
        self._level_at = self._rate = 0
        self._told: Profile | None = None
        self._told_at = 0.0

    def feed(self, message: m.Message) -> None:
        """A message of the bus; the dense ones are met with as little as can be."""
        if isinstance(message, m.Level):
            self._level(message)
        elif isinstance(message, m.Bands):
            self._centroid_hz += 0.001 * (message.centroid_hz - self._centroid_hz)  # over about 5 s
        elif isinstance(message, m.Onset):
            self._onsets.append(message.sample_time)
        elif isinstance(message, m.Beat):
            self._tempos.append(message.tempo_bpm)
        elif isinstance(message, m.Key):
            self._key, self._strength = message.tonic + (0 if message.mode == MAJOR else 12), message.confidence
        elif isinstance(message, m.Engine) and message.state == "running":
            self._tempos.clear()
            self._onsets.clear()
            self._key, self._loudness, self._level_at = -1, None, 0

    def moved(self) -> Profile | None:
        """How it sounds, where that is another than was last given."""
        now = time.monotonic()
        if now - self._told_at < EVERY_S or self._loudness is None or self._loudness < QUIET_LUFS:
            return None
        heard = self._profile()
        if self._told is not None and not _is_another(heard, self._told):
            return None
        self._told, self._told_at = heard, now
        return heard

    def _level(self, message: m.Level) -> None:
        """Short-term loudness (3 s), smoothed; a hop's weight is its length."""
        loudness = message.short_term_lufs
        if self._loudness is None:
            self._loudness = loudness
        elif message.rate:
            weight = min(1.0, (message.sample_time - self._level_at) / message.rate / SMOOTH_S)
            self._loudness += weight * (loudness - self._loudness)
        self._level_at, self._rate = message.sample_time, message.rate

    def _profile(self) -> Profile:
        recent = [at for at in self._onsets if at > self._level_at - SMOOTH_S * self._rate]
        density = len(recent) / SMOOTH_S
        loud, busy, bright = (np.array([value]) for value in (self._loudness or 0.0, density, self._centroid_hz))
        return Profile(
            energy=float(energy(loud, busy, bright)[0]),
            tempo_bpm=median(self._tempos) if self._tempos else None,
            key=self._key,
            key_strength=self._strength if self._key >= 0 else None,
            loudness_lufs=self._loudness,
            onset_density=density,
        )


def _is_another(heard: Profile, told: Profile) -> bool:
    if heard.key != told.key or (heard.tempo_bpm is None) != (told.tempo_bpm is None):
        return True
    if abs((heard.loudness_lufs or 0.0) - (told.loudness_lufs or 0.0)) > MOVED_LU:
        return True
    return abs((heard.tempo_bpm or 1.0) / (told.tempo_bpm or 1.0) - 1.0) > MOVED_PERCENT / 100.0
