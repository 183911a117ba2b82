"""The beats that the analysis finds in sound, each foreseen before it falls."""

from daemon.transport.source import Aim

LOST_S = 2.5  # after the last beat that was foreseen


class Beats:
    """A `daemon.transport.source.Source`. [main]"""

    def __init__(self, beats_per_bar: int) -> None:
        self._bar = beats_per_bar
        self._aim: Aim | None = None
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

    def aim(self, now_s: float) -> Aim | None:
        """The newest beat, while they come."""
        last = self._aim
        return last if last is not None and now_s < last.at_s + LOST_S else None
