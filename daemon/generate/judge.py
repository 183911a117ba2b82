"""Judges notes by the constraints, after the fact and knowing nothing of the masks: what tests and evaluation ask."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, chord_classes
from daemon.generate.note import DRUMS, Note
from daemon.generate.scale import scale_in_force
from dsp.harmony import note_name


def broken(notes: Sequence[Note], context: Context, constraints: Constraints, ticks: int) -> list[str]:
    """What `notes`, made for a stretch, break: one line each, empty where all is well. Each part for itself. [any]"""
    found: list[str] = []
    for part in sorted({note.part for note in notes}):
        own = [note for note in notes if note.part == part]
        found += _form(own, context.tick, context.tick + ticks)
        found += _rhythm(own, context, constraints)
        if part == DRUMS:
            struck = Counter(note.tick for note in own)
            found += [
                f"tick {tick}: {count} drums at once, of {constraints.polyphony}"
                for tick, count in struck.items()
                if count > constraints.polyphony
            ]
        else:
            found += [*_pitch(own, context, constraints), *_overlap(own, constraints), *_repeats(own, constraints)]
    return found


def _form(notes: list[Note], first: int, end: int) -> Iterator[str]:
    for note in notes:
        if not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 and note.duration >= 1):
            yield f"tick {note.tick}: {note} is no note"
        if not first <= note.tick < end:
            yield f"tick {note.tick}: starts outside {first} to {end}"
        elif note.end > end:
            yield f"tick {note.tick}: ends at {note.end}, after {end}"
    for one, next_one in pairwise(notes):
        if next_one.tick < one.tick:
            yield f"tick {next_one.tick}: listed after tick {one.tick}"


def _rhythm(notes: list[Note], context: Context, constraints: Constraints) -> Iterator[str]:
    for note in notes:
        if note.tick % constraints.grid:
            yield f"tick {note.tick}: off the grid of {constraints.grid}"
    beats = 1 if constraints.density >= 1 else math.ceil(1 / max(constraints.density, 1e-6))
    most = max(1, math.floor(constraints.density))
    span = beats * max(1, context.meter.beat_ticks)
    for window, count in Counter(tick // span for tick in {note.tick for note in notes}).items():
        if count > most:
            yield f"tick {window * span}: {count} starts within {span} ticks, of {most}"


def _pitch(notes: list[Note], context: Context, constraints: Constraints) -> Iterator[str]:
    scale = scale_in_force(context, constraints)
    for note in notes:
        what = f"tick {note.tick}: {note_name(note.pitch)}"
        if not constraints.low <= note.pitch <= constraints.high:
            yield f"{what} is outside {note_name(constraints.low)} to {note_name(constraints.high)}"
        chord = context.chord_at(note.tick)
        in_chord = chord is not None and note.pitch % 12 in chord_classes(chord)
        is_named = bool(constraints.key or constraints.scale)
        if scale is not None and note.pitch % 12 not in scale and (is_named or not in_chord):
            yield f"{what} is not in the scale"
        on_beat = note.tick % max(1, context.meter.beat_ticks) == 0
        where = {"free": False, "beats": on_beat, "always": True}[constraints.chord]
        if chord is not None and where and not in_chord:
            yield f"{what} is no tone of {chord.name}"


def _overlap(notes: list[Note], constraints: Constraints) -> Iterator[str]:
    for tick in sorted({note.tick for note in notes}):
        sounding = Counter(note.pitch for note in notes if note.tick <= tick < note.end)
        if sum(sounding.values()) > constraints.polyphony:
            yield f"tick {tick}: {sum(sounding.values())} notes sound, of {constraints.polyphony}"
        for pitch, count in sounding.items():
            if count > 1:
                yield f"tick {tick}: {note_name(pitch)} sounds {count} times"


def _repeats(notes: list[Note], constraints: Constraints) -> Iterator[str]:
    for pitch, run in groupby(notes, key=lambda note: note.pitch):
        same = list(run)
        if len(same) > constraints.repetition:
            yield f"tick {same[0].tick}: {note_name(pitch)} {len(same)} times in a row, of {constraints.repetition}"
