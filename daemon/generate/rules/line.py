"""What was played as one line: its top notes, each until the next, and the motifs it falls into."""

from collections.abc import Sequence
from itertools import pairwise

from daemon.generate.context import Context, Meter
from daemon.generate.note import Note, Played

LONGEST = 8
"""Notes of a motif, at most."""


def top_line(played: Sequence[Played]) -> list[Note]:
    """The highest note of each tick, cut where the next begins; in order of tick. [any]"""
    tops: dict[int, Played] = {}
    for note in played:
        if note.tick not in tops or note.pitch > tops[note.tick].pitch:
            tops[note.tick] = note
    notes = [tops[tick] for tick in sorted(tops)]
    ends = [note.tick for note in notes[1:]] + [note.end for note in notes[-1:]]
    return [
        Note(note.tick, max(1, min(note.duration, end - note.tick)), note.pitch, min(127, max(1, note.velocity)))
        for note, end in zip(notes, ends, strict=True)
    ]


def last_phrase(context: Context) -> list[Note]:
    """The line of the last phrase that was played; of everything heard, where that has none. [any]"""
    return top_line(context.heard[context.phrase :] or context.heard)


def octaves_within(line: Sequence[Note], low: int, high: int) -> int:
    """By how many semitones, whole octaves, to move a line so that it lies about a range that it would lie outside."""
    if not line:
        return 0
    middle = (min(note.pitch for note in line) + max(note.pitch for note in line)) / 2
    return 0 if low <= middle <= high else 12 * round(((low + high) / 2 - middle) / 12)


def motifs(line: Sequence[Note], meter: Meter) -> list[list[Note]]:
    """The line cut into motifs of at most a bar, at its strongest boundaries. [any]

    A boundary is as strong as the note before it is long, the rest is long and the leap is wide, and as the place after
    it is metrically strong: grouping preference rules 2 and 3 of Lerdahl and Jackendoff (1983), in the numbers of
    E. Cambouropoulos's local boundary detection model (ICMC 2001).
    """
    steps = [two.tick - one.tick for one, two in pairwise(line)]
    mean = sum(steps) / len(steps) if steps else 1.0
    beat, bar = max(1, meter.beat_ticks), max(1, meter.bar_ticks)
    strengths = [
        steps[i] / mean
        + max(0, line[i + 1].tick - line[i].end) / mean
        + abs(line[i + 1].pitch - line[i].pitch) / 24
        + (0.75 if line[i + 1].tick % bar == 0 else 0.25 if line[i + 1].tick % beat == 0 else 0.0)
        for i in range(len(steps))
    ]
    found, todo = [], [(0, len(line))] if line else []
    while todo:
        first, end = todo.pop()
        if end - first > 3 and (end - first > LONGEST or line[end - 1].tick - line[first].tick >= bar):
            cut = max(range(first + 1, end - 2), key=lambda i: strengths[i]) + 1  # no half has only one note
            todo += [(cut, end), (first, cut)]
        else:
            found.append(list(line[first:end]))
    return found
