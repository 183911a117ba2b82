"""Where in the library a few seconds of sound may come from: pairs that agree, counted along one timeline. [worker]

A pair of the sound that a fader moved by `s` has its pitches higher by 12 log2(s) semitones and its times shorter by `s`;
under key lock the times alone. So the fader's range is gone through in slices of 1.4 %, and what the index holds near a
pair, so moved, votes for the place where the sound's time 0 would lie. Key lock is one more slice.
"""

import numpy as np

from daemon.recommend.recognition import index
from daemon.recommend.recognition.index import INTERVAL, INTERVALS, PITCH, PITCHES, SPAN, TIMES, Segment
from dsp import landmarks
from dsp.kernel import inline

FADER = 1.09  # the fastest, and its inverse the slowest
STEPS = 12 * landmarks.STEPS  # an octave
SLICE = 12  # steps from one to the next, and
WIDE = 14  # steps either way of its middle that a pair is looked for
SLICES = 2 * int(np.ceil(np.log2(FADER) * STEPS / SLICE)) + 1
SLACK = 5  # ticks that the time between two landmarks may be off by
SHIFT = SLICES // 2 * SLICE + SLICE // 2  # steps a pitch is moved by, at most
PURE = 8  # steps that a pitch may be off by under key lock
BIN = 32  # ticks: votes are counted in quarters of a second
GEARS = 3
MOST_BINS = 1_000_000  # with votes, in one search
FEWEST = 3  # votes
BUDGET = 4_000_000  # pairs of a segment looked at in one search, the rarest first, and
MOST_PAIRS = 60_000_000  # of the whole library's


class Ballot:
    """Room for the votes of a search, kept from one to the next: a byte for each slice and bin, 0 between two. [worker]"""

    def __init__(self) -> None:
        self._votes = np.zeros((SLICES + 1, 0), np.uint8)
        self._touched = np.zeros((MOST_BINS, 2), np.int32)

    def candidates(
        self, segment: Segment, times: np.ndarray, pitches: np.ndarray, most: int, budget: int = BUDGET
    ) -> np.ndarray:
        """Ticks on the segment's timeline, int64, where time 0 of the sound may lie; at most `most`, likeliest first.

        `times` in ticks about 0 (float32, rising), `pitches` in steps (float32). At most `budget` pairs are looked at.
        """
        bins = segment.end // BIN + 2
        if self._votes.shape[1] < bins:
            self._votes = np.zeros((SLICES + 1, bins), np.uint8)
        pairs = _pairs(times, pitches)
        sizes = _sizes(pairs, times, pitches, segment.starts)
        order = np.argsort(sizes, kind="stable")
        pairs = pairs[order[: np.searchsorted(np.cumsum(sizes[order]), budget, "right")]]
        held = segment.starts, segment.firsts, segment.fine, segment.thirds, segment.times
        touched = self._touched[
            : _vote(pairs, times, pitches, _masks(times, pitches), *held, self._votes, self._touched)
        ]
        return _best(self._votes, touched, most) * BIN + BIN


@inline
def _pairs(times, pitches):
    """All pairs that, moved by a fader, could be one of the library's: int32 of shape (n, 2)."""
    out = np.empty((64 * len(times), 2), np.int32)
    n = 0
    for i in range(len(times)):
        for j in range(i + 1, len(times)):
            between = times[j] - times[i]
            if between > index.FARTHEST * FADER or n == len(out):
                break
            if between >= index.NEAREST / FADER and abs(pitches[j] - pitches[i]) <= SPAN:
                out[n, 0], out[n, 1] = i, j
                n += 1
    return out[:n]


@inline
def _rows(shortest, longest):
    """The first and last row of cells for a time between two landmarks."""
    grown = np.log(index.GROWTH)
    shortest, longest = max(shortest, np.float64(index.NEAREST)), min(longest, np.float64(index.FARTHEST))
    if shortest > longest:
        return 0, -1
    return int(np.log(shortest / index.NEAREST) / grown), min(int(np.log(longest / index.NEAREST) / grown), TIMES - 1)


@inline
def _intervals(interval):
    """The two columns of cells an interval, in steps, may be in."""
    first = min(max(int(np.floor((interval + SPAN) / INTERVAL - 0.5)), 0), INTERVALS - 1)
    return first, min(first + 1, INTERVALS - 1)


@inline
def _columns(low, high):
    """The first and last cell of pitches in steps."""
    return max(int(low) // PITCH, 0), min(int(high) // PITCH, PITCHES - 1)


@inline
def _sizes(pairs, times, pitches, starts):
    """How many of the library's pairs each one meets on its way along the fader: int64."""
    sizes = np.zeros(len(pairs), np.int64)
    for k in range(len(pairs)):
        i, j = pairs[k, 0], pairs[k, 1]
        first, last = _intervals(pitches[j] - pitches[i])
        between = np.float64(times[j] - times[i])
        early, late = _rows(between - SLACK, between + SLACK)
        low, high = _columns(pitches[i] - SHIFT, pitches[i] + SHIFT)
        for interval in range(first, last + 1):
            for row in range(early, late + 1):
                cell = (interval * TIMES + row) * PITCHES
                sizes[k] += starts[cell + high + 1] - starts[cell + low]
    return sizes


@inline
def _gear(speed):
    """Which GEARS-th of the fader's range a speed is in."""
    return min(max(int((speed - np.float32(1 / FADER)) * np.float32(GEARS / (FADER - 1 / FADER))), 0), GEARS - 1)


@inline
def _masks(times, pitches):
    """Whether a landmark has one where a third may lie, for each third of the fader: uint8 (landmarks, GEARS, places)."""
    masks = np.zeros((len(times), GEARS, index.NO_THIRD + 1), np.uint8)
    columns = 2 * SPAN // index.FINER + 1
    width = (FADER - 1 / FADER) / GEARS
    for i in range(len(times)):
        masks[i, :, index.NO_THIRD] = 1
        for j in range(i + 1, len(times)):
            between, interval = np.float64(times[j] - times[i]), pitches[j] - pitches[i] + SPAN
            if between > index.FARTHEST * FADER + SLACK:
                break
            if abs(interval - SPAN) > SPAN + index.FINER:
                continue
            column = int(np.floor(interval / index.FINER))
            for gear in range(GEARS):
                slow = 1 / FADER + gear * width
                early, late = _rows(between * slow - SLACK, between * (slow + width) + SLACK)
                for c in range(max(column - 1, 0), min(column + 2, columns)):
                    masks[i, gear, c * TIMES + early : c * TIMES + late + 1] = 1
    return masks


@inline
def _cast(votes, touched, n, s, at):
    """One more vote; where it is the first of its bin, that is noted."""
    if at < 0 or at >= votes.shape[1] or votes[s, at] == 255 or (votes[s, at] == 0 and n == len(touched)):
        return n
    if votes[s, at] == 0:
        touched[n, 0], touched[n, 1] = s, at
        n += 1
    votes[s, at] += np.uint8(1)
    return n


@inline
def _vote(pairs, times, pitches, masks, starts, firsts, fine, thirds, when, votes, touched):
    """Count for each of the library's pairs, in each slice it fits, where time 0 would lie. The last slice is key lock.

    Returns how many bins have votes; `touched` names them.
    """
    n = 0
    speeds = (2.0 ** ((np.arange(SLICES) - SLICES // 2) * (SLICE / STEPS))).astype(np.float32)
    for k in range(len(pairs)):
        i, j = pairs[k, 0], pairs[k, 1]
        between, pitch = times[j] - times[i], pitches[i]
        first, last = _intervals(pitches[j] - pitch)
        low, high = _columns(pitch - SHIFT, pitch + SHIFT)
        for column in range(low, high + 1):
            slowest = 2.0 ** ((pitch - (column + 1) * PITCH - WIDE) / STEPS)
            fastest = 2.0 ** ((pitch - column * PITCH + WIDE) / STEPS)
            if column * PITCH <= pitch + PURE and pitch - PURE <= (column + 1) * PITCH:
                slowest, fastest = 1 / FADER, FADER
            early, late = _rows(between * slowest - SLACK, between * fastest + SLACK)
            for row in range(early, late + 1):
                shortest = np.float32(index.NEAREST * index.GROWTH**row)
                for interval in range(first, last + 1):
                    cell = (interval * TIMES + row) * PITCHES + column
                    for p in range(starts[cell], starts[cell + 1]):
                        d, ticks = pitch - _pitch(column, fine[p]), _between(shortest, fine[p])
                        place = (d + np.float32(SHIFT)) * np.float32(1 / SLICE)
                        if place < 0 or place >= SLICES:
                            continue
                        s = int(place)
                        locked = ticks / between if abs(d) <= PURE else np.float32(0.0)
                        third = thirds[p]
                        if not masks[i, _gear(speeds[s]), third] and not (
                            locked > 0 and masks[i, _gear(locked), third]
                        ):
                            continue
                        if abs(ticks - speeds[s] * between) <= SLACK:
                            at = (np.int64(when[firsts[p]]) - np.int64(speeds[s] * times[i])) // BIN
                            n = _cast(votes, touched, n, s, at)
                        t = s - 1 if place - s < np.float32(0.5) else s + 1
                        if 0 <= t < SLICES and abs(ticks - speeds[t] * between) <= SLACK:
                            at = (np.int64(when[firsts[p]]) - np.int64(speeds[t] * times[i])) // BIN
                            n = _cast(votes, touched, n, t, at)
                        if locked > 0:
                            speed = min(max(locked, np.float32(1 / FADER)), np.float32(FADER))
                            at = (np.int64(when[firsts[p]]) - np.int64(speed * times[i])) // BIN
                            n = _cast(votes, touched, n, SLICES, at)
    return n


@inline
def _pitch(column, place):
    """The pitch of a pair's first landmark, in steps."""
    return np.float32(column * PITCH + PITCH / 32) + np.float32(place >> 4) * np.float32(PITCH / 16)


@inline
def _between(shortest, place):
    """The ticks between a pair's two, in a row that begins with `shortest`."""
    return shortest * (
        np.float32(1.0) + (np.float32(place & 15) + np.float32(0.5)) * np.float32((index.GROWTH - 1) / 16)
    )


@inline
def _best(votes, touched, most):
    """The bins which, with the next one and in one slice, have most votes; int64, the fullest first. Clears the votes."""
    bins, counts = np.zeros(most, np.int64), np.zeros(most, np.int64)
    filled, least, enough = 0, 0, FEWEST
    for i in range(len(touched)):
        row, b = votes[touched[i, 0]], touched[i, 1]
        if b < 1 or b + 2 >= len(row):
            continue
        count = np.int64(row[b]) + np.int64(row[b + 1])
        if count < enough or count < np.int64(row[b - 1]) + row[b] or count <= np.int64(row[b + 1]) + row[b + 2]:
            continue
        where = filled if filled < most else least
        for k in range(filled):
            if bins[k] - 1 <= b <= bins[k] + 1:  # found in another slice already
                where = k if count > counts[k] else -1
                break
        if where < 0:
            continue
        bins[where], counts[where] = b, count
        filled = max(filled, where + 1)
        if filled == most:
            least = np.argmin(counts)
            enough = counts[least] + 1
    for i in range(len(touched)):
        votes[touched[i, 0], touched[i, 1]] = 0
    order = np.argsort(-counts[:filled], kind="mergesort")
    return bins[:filled][order]
