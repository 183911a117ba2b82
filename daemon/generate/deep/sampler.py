"""Draws notes from the network's chances, out of what the constraints allow, so that none is ever broken."""

from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.deep import alphabet, known
from daemon.generate.deep.alphabet import PITCHES, VALUES
from daemon.generate.deep.network import Stream
from daemon.generate.masks import Masks
from daemon.generate.note import MELODY, Note

SWAY = 6.0  # nats between closeness 0 and 1, for a symbol that copying puts forward
LOUDNESS, USUAL, SWING = 16, 88, 0.7  # velocities in a class, the usual of the songs learned from, how much it counts
TRIES = 8  # pitches that would copy, before the place is given up


def draw(
    logits: np.ndarray, allowed: np.ndarray, constraints: Constraints, rng: np.random.Generator
) -> tuple[int, float]:
    """(symbol, its log chance among the allowed): nucleus sampling (Holtzman et al., 2020); some symbol is allowed."""
    masked = np.where(allowed, logits.astype(np.float64), -np.inf)
    plain = masked - masked.max()
    log_chance = plain - np.log(np.exp(plain).sum())
    if constraints.temperature < 1e-3:
        best = int(masked.argmax())
        return best, float(log_chance[best])
    chance = np.exp(plain / constraints.temperature)
    chance /= chance.sum()
    order = np.argsort(-chance, kind="stable")
    kept = order[: int(np.searchsorted(np.cumsum(chance[order]), constraints.top_p)) + 1]
    kept = kept[chance[kept] > 0]
    symbol = int(rng.choice(kept, p=chance[kept] / chance[kept].sum()))
    return symbol, float(log_chance[symbol])


def swayed(logits: np.ndarray, candidates: np.ndarray, closeness: float) -> np.ndarray:
    """Logits with more, or less, for what has been before; closeness 0.5 changes nothing."""
    sway = SWAY * (closeness - 0.5)
    if sway == 0.0:
        return logits
    found = logits.copy()
    found[np.unique(candidates[candidates < len(logits)])] += sway
    return found


class Echo:
    """How much of a line may come back note for note, in any key: at most so many notes in a row."""

    def __init__(self, line: Sequence[Note], most: int) -> None:
        self._most = most
        steps = [(b.pitch - a.pitch, b.tick - a.tick) for a, b in pairwise(line)]
        self._there = {tuple(steps[k : k + most]) for k in range(len(steps) - most + 1)}

    def is_too_long(self, notes: Sequence[Note], tick: int, pitch: int) -> bool:
        """Whether a note more would bring back more than that."""
        last = [(note.pitch, note.tick) for note in notes[-self._most :]] + [(pitch, tick)]
        return tuple((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(last)) in self._there


class Sampler:
    """Draws a stretch of one part, note by note, from a stream. [worker]"""

    def __init__(
        self,
        stream: Stream,
        base: int,
        masks: Masks,
        constraints: Constraints,
        rng: np.random.Generator,
        loud: Callable[[int], float],
        known: np.ndarray | None = None,
        echo: Echo | None = None,
        part: int = MELODY,
    ) -> None:
        """`base`: the tick where the stream's count began. `loud`: the velocity usual at a tick.

        `known` (as there) and `echo` say what is not to be copied.
        """
        self._stream, self._base, self._masks, self._constraints = stream, base, masks, constraints
        self._rng, self._loud, self._known, self._echo, self._part = rng, loud, known, echo, part
        self._barred = np.zeros(max(0, masks.end - masks.first), bool)
        self.notes: list[Note] = []
        self.nats = 0.0
        """Log chance of all that was drawn."""

    def begin(self, until: int) -> None:
        """Add the first note at the first place before `until` where one may start: an answer comes in on the one."""
        for place in np.flatnonzero(self._masks.starts(self.notes)[: max(0, until - self._masks.first)]).tolist():
            tick = self._masks.first + place
            if self._strike(
                alphabet.symbol(tick - self._base - self._stream.onset), tick, self._masks.pitches([], tick)
            ):
                self._base = tick - self._stream.onset
                return

    def play(self, until: int, most: int = 1024) -> None:
        """Add notes that start before `until`, or until the network ends the phrase. The stream is left fed with them."""
        first, closeness = self._masks.first, self._constraints.closeness
        count = until - first
        while count > 0 and len(self.notes) < most:
            free = self._masks.starts(self.notes)[:count] & ~self._barred[:count]
            place = self._base + self._stream.onset + VALUES - first
            inside = (place >= 0) & (place < count)
            allowed = inside & free[np.where(inside, place, 0)]
            if not allowed.any():
                return
            after = place >= count  # the phrase may also be over
            logits = swayed(self._stream.time, self._stream.candidates[0, 0], closeness)
            time, nats = draw(logits, allowed | after if self.notes else allowed, self._constraints, self._rng)
            if after[time]:
                return
            tick = first + int(place[time])
            if self._strike(time, tick, self._masks.pitches(self.notes, tick)):
                self.nats += nats
            else:
                self._barred[tick - first] = True

    def land(self, goal: int, classes: Collection[int]) -> None:
        """Add the last note, at `goal`, of these pitch classes where one of them may be; nothing where none can start."""
        place = goal - self._base - self._stream.onset
        if place < 0 or not self._masks.starts(self.notes)[goal - self._masks.first]:
            return
        may = self._masks.pitches(self.notes, goal)
        home = may & np.isin(np.arange(PITCHES) % 12, list(classes))
        self._strike(alphabet.symbol(place), goal, home if home.any() else may)

    def _strike(self, time: int, tick: int, may: np.ndarray) -> bool:
        """Add a note at a tick; False: none of these pitches can be."""
        stream, constraints, part = self._stream, self._constraints, self._part
        if not may.any():
            return False
        chances = swayed(stream.pitches(time)[1][part], stream.candidates[1, 0], constraints.closeness)
        for _ in range(TRIES):
            pitch, pitch_nats = draw(chances, may, constraints, self._rng)
            if not self._copies(time, tick, pitch):
                break
            may[pitch] = False
            if not may.any():
                return False
        else:
            return False
        durations, loudness = stream.durations(time, pitch, part)
        durations = swayed(durations, stream.candidates[2, 0], constraints.closeness)
        longest = self._masks.longest(self.notes, Note(tick, 1, pitch, 1, part))
        duration, nats = draw(durations, (longest >= VALUES) & (VALUES > 0), constraints, self._rng)
        louder, _ = draw(loudness, np.arange(9) > 0, constraints, self._rng)
        struck = min(127, max(1, round(self._loud(tick) + SWING * (LOUDNESS * louder - USUAL))))
        self.notes.append(Note(tick, int(VALUES[duration]), pitch, struck, part))
        stream.feed(time, pitch, duration, struck, part)
        self.nats += pitch_nats + nats
        return True

    def _copies(self, time: int, tick: int, pitch: int) -> bool:
        """Whether that note would complete what is known too well."""
        if self._echo is not None and self._echo.is_too_long(self.notes, tick, pitch):
            return True
        return self._known is not None and bool(known.completes(self._known, self._stream.history[0], time, pitch))
