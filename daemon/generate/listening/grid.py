"""The grid: what was played becomes what would be written, with the difference kept beside it.

Each beat divides in two (and four, eight), in three, or in two with a swing; which, is believed as it was in the beat before
until its onsets say otherwise. Of all places an onset may stand for, the likeliest is taken: how likely a place is to be
written, times how likely it is to be played so far off (A. T. Cemgil, P. Desain and B. Kappen, "Rhythm quantization for
transcription", Computer Music Journal 24(2), 2000; D. Temperley, *Music and Probability*, MIT Press 2007). It decides at
once, from the past alone, and so never takes a note back.
"""

from collections import deque
from math import exp, sqrt
from statistics import median

from daemon.generate.context import Meter
from daemon.generate.listening.places import places
from daemon.generate.note import MELODY, TICKS, Played

OFF_TICKS, OFF_LEAST, OFF_MOST = 0.7, 0.35, 1.5  # standard deviation of a start: at first, and as it can be found
OFF_FOLLOWS = 0.06  # weight of the newest onset in it
END_TICKS, END_SHARE = 1.0, 0.08  # that of an end, and the part of a note's length that it grows by
LEAST = 3  # ticks a note lasts
TOGETHER_TICKS = 0.75  # starts closer than this are a chord
APART_TICKS = 1.5  # and those further apart do not get one place
STRAY = 1e-4
PERSIST = 0.9  # chance that the next beat divides as this one
STRAIGHT, SWUNG = 0.5, 2 / 3
SWING_FROM, SWING_TO = 0.44, 0.72  # where the second of two notes may fall to tell of swing
PAIRS, PAIRS_FIRST = 16, 4  # pairs remembered; that make an estimate
LEAST_SWING = 0.55

_BINARY = {1: 0.45, 2: 0.27, 4: 0.12, 8: 0.01}
_TERNARY = {1: 0.40, 3: 0.25, 6: 0.02}
_COMPOUND = {1: 0.30, 3: 0.20, 6: 0.06, 2: 0.04, 12: 0.005}

Template = list[tuple[float, int, float]]  # where it is played, where written (ticks of the beat), how likely


def _divided(span: int, parts: dict[int, float]) -> Template:
    chance = {span // n * k: p for n, p in reversed(parts.items()) if span % n == 0 for k in range(n)}
    return [(float(tick), tick, p) for tick, p in sorted(chance.items())] + [(float(span), span, chance[0])]


class Grid:
    """One player's onsets and ends on the grid; fed in order. Pure. [any]"""

    def __init__(self, meter: Meter) -> None:
        compound = meter.beat_ticks % 36 == 0
        self._span = 36 if compound else min(meter.beat_ticks, TICKS)
        self._templates = [_divided(self._span, parts) for parts in ((_COMPOUND,) if compound else (_BINARY, _TERNARY))]
        self._prior = [1.0] if compound else [0.60, 0.25, 0.15]
        if not compound:
            self._templates.append([])
        self._belief = list(self._prior)
        self._ends = [float(p) for p in places(self._span)]
        self._pairs: deque[float] = deque(maxlen=PAIRS)
        self._beat = 0  # the newest,
        self._phases: list[float] = []  # and the first onsets in it
        self._played, self._tick, self._off = -1e9, -(1 << 60), 0.0  # the newest onset: played, written, how far off
        self._variance = OFF_TICKS**2
        self._swing_to(SWUNG)

    @property
    def swing(self) -> float:
        """Where the second of two eighths falls: 0.5 straight, 0.667 triplet."""
        if len(self._pairs) < PAIRS_FIRST or len(self._templates) == 1:
            return STRAIGHT
        found = median(self._pairs)
        return found if found >= LEAST_SWING else STRAIGHT

    def start(self, played: float) -> int:
        """The place of a note that starts at `played` ticks."""
        gap = played - self._played
        if abs(gap) < TOGETHER_TICKS:
            return self._tick
        beat = int(played // self._span)
        phase = played - beat * self._span
        self._count(beat, phase)
        self._believe(phase)
        base, deviation = beat * self._span, self._deviation
        best, tick, off = 0.0, round(played), 0.0
        for belief, template in zip(self._belief, self._templates, strict=True):
            for at, written, chance in template:
                taken = gap > APART_TICKS and (
                    base + written < self._tick or (base + written == self._tick and abs(phase - at) >= abs(self._off))
                )
                here = 0.0 if taken else belief * chance * exp(-0.5 * ((phase - at) / deviation) ** 2)
                if here > max(best * (1 + 1e-9), STRAY**2):
                    best, tick, off = here, base + written, phase - at
        if best > 0.0:
            self._variance += OFF_FOLLOWS * (off**2 - self._variance)
        elif gap > 0.0:
            tick = max(tick, self._tick)
        self._played, self._tick, self._off = played, tick, off
        return tick

    def note(self, tick: int, start: float, end: float, pitch: int, velocity: int, part: int = MELODY) -> Played:
        """A note that has ended: started at `start`, which is `tick` on the grid, and ended at `end`."""
        length = max(end - start, 0.0)
        written_end = self._straight(end)
        spread = END_TICKS + END_SHARE * length
        reach = int(min(3 * spread, self._span)) + 1
        middle = max(round(written_end), tick + LEAST)
        best, found = -1.0, middle
        for at in range(max(tick + LEAST, middle - reach), middle + reach + 1):
            here = self._ends[at % self._span] * exp(-0.5 * ((written_end - at) / spread) ** 2)
            if here > best:
                best, found = here, at
        duration = found - tick
        return Played(tick, duration, pitch, velocity, part, start - tick, length - duration)

    @property
    def _deviation(self) -> float:
        return min(max(sqrt(self._variance), OFF_LEAST), OFF_MOST)

    def _believe(self, phase: float) -> None:
        """How well each way to divide the beat foresaw this onset."""
        deviation = self._deviation
        likely = [
            belief * (STRAY + sum(chance * exp(-0.5 * ((phase - at) / deviation) ** 2) for at, _, chance in template))
            for belief, template in zip(self._belief, self._templates, strict=True)
        ]
        total = sum(likely)
        self._belief = [each / total for each in likely]

    def _count(self, beat: int, phase: float) -> None:
        """Onsets of one beat; a pair in the beat before tells of swing."""
        if beat == self._beat:
            if len(self._phases) < 3:
                self._phases.append(phase)
            return
        if len(self._phases) == 2 and self._phases[0] < 2.5:
            at = self._phases[1] / self._span
            if SWING_FROM <= at <= SWING_TO:
                self._pairs.append(at)
                self._swing_to(self.swing if self.swing > STRAIGHT else SWUNG)
        self._beat, self._phases = beat, [phase]
        prior = zip(self._belief, self._prior, strict=True)
        self._belief = [PERSIST * belief + (1 - PERSIST) * usual for belief, usual in prior]

    def _swing_to(self, swing: float) -> None:
        self._second = swing * self._span
        if len(self._templates) == 3:
            half, span = self._span // 2, self._span
            second, rest = self._second, (self._second + span) / 2
            self._templates[2] = [
                *((0.0, 0, 0.5), (second / 2, half // 2, 0.01), (second, half, 0.45)),
                *((rest, half + half // 2, 0.01), (float(span), span, 0.5)),
            ]

    def _straight(self, played: float) -> float:
        """Where an end would lie if it did not swing."""
        if len(self._templates) < 3 or self._belief[2] < 0.5:
            return played
        base = played // self._span * self._span
        phase, half = played - base, self._span / 2
        if phase < self._second:
            return base + phase * half / self._second
        return base + half + (phase - self._second) * half / (self._span - self._second)
