"""The beats that the analysis finds in sound, each foreseen before it falls.

What it follows is how the spectrum moves, whose middle lies some milliseconds behind an attack. So where attacks fall near
beats, the beats are laid where the attacks begin: at the middle one of the last distances between the two.
"""

from collections import deque
from statistics import median

from daemon.transport.source import Aim

LOST_S = 2.5  # after the last beat that was foreseen
NEAR_S = 0.03  # an attack no further from a beat falls on it
LEANS, ENOUGH = 16, 4  # distances kept, and how many say something


class Beats:
    """A `daemon.transport.source.Source`. [main]"""

    def __init__(self, beats_per_bar: int) -> None:
        self._bar = beats_per_bar
        self._aim: Aim | None = None
        self._leans: deque[float] = deque(maxlen=LEANS)
        self._astray: tuple[float, int] = (0.0, 0)  # beats the bar is off by, and how often in a row that was said

    def feed(self, at_s: float, tempo_bpm: float, position: int, confidence: float) -> None:
        """A beat; `position` in the bar from 1, 0 = not known. One beyond the bar is not known either."""
        rate, last = tempo_bpm / 60.0, self._aim
        if rate <= 0.0:
            return
        where = (position - 1) % self._bar
        knows_bar = 1 <= position <= self._bar
        if last is None or last.beat is None or not last.at_s - LOST_S < at_s < last.at_s + 2 * LOST_S:
            self._aim = Aim(at_s, float(where if knows_bar else 0), rate, knows_bar, None, confidence)
            return
        beat = last.beat + round((at_s - last.at_s) * (rate + last.rate) / 2)
        has_bar = last.has_bar
        if knows_bar:
            off = (where - beat) % self._bar
            self._astray = (off, self._astray[1] + 1 if off == self._astray[0] else 1)
            if off == 0 or self._astray[1] >= (2 * self._bar if has_bar else 1):  # a bar moves only when that is sure
                beat, has_bar = beat + off, True
        self._aim = Aim(at_s, float(beat), rate, has_bar, None, confidence)

    def strike(self, at_s: float) -> None:
        """An attack in the sound."""
        last = self._aim
        if last is None:
            return
        beats = (at_s - last.at_s) * last.rate
        away_s = (beats - round(beats)) / last.rate
        if abs(away_s) < NEAR_S and abs(beats) < 4:
            self._leans.append(away_s)

    def aim(self, now_s: float) -> Aim | None:
        """The newest beat, while they come."""
        last = self._aim
        if last is None or now_s >= last.at_s + LOST_S:
            return None
        lean_s = median(self._leans) if len(self._leans) >= ENOUGH else 0.0
        return last._replace(at_s=last.at_s + lean_s)
