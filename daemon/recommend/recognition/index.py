"""The fingerprints of a library, so ordered that a pair of landmarks is found at once.

Two landmarks of a track, up to 1.3 s and eight semitones apart, are a pair; each landmark begins one. Pairs lie in cells: by
their interval, by the time between them in steps of 8 %, and by their first pitch in half semitones, which is the cells'
fastest index; so what a pair becomes under any position of the fader is a few runs of neighbouring cells. With it is kept
where the next landmark lies, its third: what does not agree there need not be looked up. Source: A. Wang 2003; the search
along a fader's line is our own, in place of the invariant triplets of J. Six and M. Leman (Panako, ISMIR 2014).
"""

from collections.abc import Iterable

import numpy as np

from daemon.recommend.recognition.print import TICK_S, span, unpacked
from dsp import landmarks
from dsp.kernel import inline

SPAN = 8 * landmarks.STEPS  # steps between the two of a pair, at most
NEAREST, FARTHEST = 32, 160  # TICKs between the two
INTERVAL = 16  # steps that a cell spans
GROWTH = 1.08  # of the time between the two, from cell to cell
PITCH = 24  # steps that a cell spans
INTERVALS = 2 * SPAN // INTERVAL + 1
TIMES = int(np.ceil(np.log(FARTHEST / NEAREST) / np.log(GROWTH))) + 1
PITCHES = 4096 // PITCH + 1
CELLS = INTERVALS * TIMES * PITCHES
FINER = 8  # steps that a third's place spans
NO_THIRD = (2 * SPAN // FINER + 1) * TIMES
GAP = int(30 / TICK_S)  # between two items on the segment's one timeline
LARGEST = 1 << 26  # ticks on it, 149 hours; so the votes of a search have room in 32 MB


class Segment:
    """Items and their pairs; never written to after it was made, but for `gone`. [any]"""

    def __init__(self, prints: list[tuple[int, bytes]]) -> None:
        """Of (item id, blob). Raises PrintError."""
        parts = [unpacked(blob) for _, blob in prints]
        self.prints = prints
        self.ids = np.array([number for number, _ in prints], np.int64)
        lengths = np.array([part[0][-1] + GAP if len(part[0]) else GAP for part in parts], np.int64)
        self.bases = GAP + np.cumsum(lengths) - lengths  # where each item begins on the timeline, and
        self.end = GAP + int(lengths.sum())  # where the last one's gap ends
        joined = [part[0] + base for part, base in zip(parts, self.bases, strict=True)]
        self.times = np.concatenate([*joined, np.zeros(0)]).astype(np.uint32)  # of each landmark, rising
        self.pitches = np.concatenate([part[1] for part in parts] + [np.zeros(0, np.uint16)])
        self.gone = np.zeros(len(prints), np.bool_)
        self.starts = _counted(self.times, self.pitches)  # of each cell in the two below
        n = int(self.starts[-1])
        self.firsts, self.fine, self.thirds = np.empty(n, np.uint32), np.empty(n, np.uint8), np.empty(n, np.uint16)
        _filled(self.times, self.pitches, self.starts, self.firsts, self.fine, self.thirds)

    @property
    def nbytes(self) -> int:
        """Memory, without the blobs."""
        pairs = self.starts, self.firsts, self.fine, self.thirds
        return sum(a.nbytes for a in (self.times, self.pitches, self.bases, *pairs))


class Index:
    """All items that can be recognised. Items come and go; not while another thread looks. [worker]"""

    def __init__(self, prints: Iterable[tuple[int, bytes]] = ()) -> None:
        """Of (item id, blob). Raises PrintError."""
        self.segments: list[Segment] = []
        self.add(prints)

    def add(self, prints: Iterable[tuple[int, bytes]]) -> None:
        """Add items, in place of those of the same id. Raises PrintError, and then nothing has changed.

        A segment that is not much larger than what comes is made anew with it, so there are few and adding is cheap.
        """
        new = list(dict(prints).items())
        if not new:
            return
        ids = {number for number, _ in new}
        kept = []
        for segment in self.segments:
            if len(segment.ids) > 2 * len(new):
                kept.append(segment)
            else:
                living = zip(segment.prints, segment.gone, strict=True)
                new = [p for p, gone in living if not gone and p[0] not in ids] + new
        made = [Segment(part) for part in _parts(new)]
        for segment in kept:
            segment.gone |= np.isin(segment.ids, list(ids))
        self.segments = kept + made

    def remove(self, ids: Iterable[int]) -> None:
        """Take items out; ids that are not there are none."""
        away = np.array(list(ids), np.int64)
        for segment in self.segments:
            segment.gone |= np.isin(segment.ids, away)
        self.segments = [segment for segment in self.segments if not segment.gone.all()]

    def find(self, item: int) -> tuple[Segment, int] | None:
        """The segment of an item and its row there; None when it is not there (any more)."""
        for segment in self.segments:
            rows = np.flatnonzero((segment.ids == item) & ~segment.gone)
            if len(rows):
                return segment, int(rows[0])
        return None

    def __len__(self) -> int:
        return sum(int((~segment.gone).sum()) for segment in self.segments)

    @property
    def nbytes(self) -> int:
        """Memory, without the blobs."""
        return sum(segment.nbytes for segment in self.segments)


def _parts(prints: list[tuple[int, bytes]]) -> Iterable[list[tuple[int, bytes]]]:
    """Cut so that no timeline grows too long."""
    start, total = 0, 0
    for k, (_, blob) in enumerate(prints):
        more = GAP + span(blob)
        if total + more > LARGEST and k > start:
            yield prints[start:k]
            start, total = k, 0
        total += more
    yield prints[start:]


@inline
def _cell(interval, ticks, pitch):
    """The cell of a pair, and its place in it: four bits of pitch, four of time."""
    grown = np.log(ticks / NEAREST) / np.log(GROWTH)
    row = int(grown)
    fine = int((pitch % PITCH) * 16 // PITCH) << 4 | int((grown - row) * 16)
    return ((interval + SPAN) // INTERVAL * TIMES + row) * PITCHES + pitch // PITCH, fine


@inline
def partner(times, pitches, i, after):
    """The first landmark behind `after` that may go with `i`; -1 where there is none."""
    for j in range(after + 1, len(times)):
        ticks = np.int64(times[j]) - np.int64(times[i])
        if ticks > FARTHEST:
            break
        if ticks >= NEAREST and abs(np.int64(pitches[j]) - np.int64(pitches[i])) <= SPAN:
            return j
    return -1


@inline
def _counted(times, pitches):
    """Where each cell begins: int64 of shape (CELLS + 1,)."""
    starts = np.zeros(CELLS + 1, np.int64)
    for i in range(len(times)):
        j = partner(times, pitches, i, i)
        if j > 0:
            pitch = np.int64(pitches[i])
            starts[_cell(np.int64(pitches[j]) - pitch, np.int64(times[j]) - np.int64(times[i]), pitch)[0] + 1] += 1
    for k in range(CELLS):
        starts[k + 1] += starts[k]
    return starts


@inline
def _filled(times, pitches, starts, firsts, fine, thirds):
    """Sort the pairs into their cells: each one's first landmark, its place in the cell, and where its third lies."""
    at = starts[:-1].copy()
    for i in range(len(times)):
        j = partner(times, pitches, i, i)
        if j < 0:
            continue
        pitch = np.int64(pitches[i])
        cell, place = _cell(np.int64(pitches[j]) - pitch, np.int64(times[j]) - np.int64(times[i]), pitch)
        p = at[cell]
        at[cell] += 1
        firsts[p], fine[p], thirds[p] = i, place, NO_THIRD
        k = partner(times, pitches, i, j)
        if k > 0:
            row = int(np.log((np.int64(times[k]) - np.int64(times[i])) / NEAREST) / np.log(GROWTH))
            thirds[p] = (np.int64(pitches[k]) - pitch + SPAN) // FINER * TIMES + row
