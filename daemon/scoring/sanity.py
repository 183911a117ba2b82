"""Generated phrases beside those that people wrote, after the same four bars of pieces that nothing has learnt."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context, Meter
from daemon.generate.generator import Generator
from daemon.generate.note import MELODY, Note, Played
from daemon.scoring.figures import Figures, figures
from daemon.scoring.plagiarism import longest
from daemon.train.generator.corpus import Piece, melody
from dsp.harmony import MODES, PITCH_CLASSES

BARS = 4
PHRASES = 500
LEAST = 4  # notes that a prompt and what follows it have
PLAGIARISM = 12  # notes
PEOPLE = "people"


class Prompt(NamedTuple):
    """The first bars of a piece, and the bars that followed."""

    piece: Piece
    meter: Meter
    heard: list[Note]
    follows: list[Note]
    tick: int  # where what follows begins
    ticks: int


class Row(NamedTuple):
    """A generator: means over its phrases that have what is measured."""

    generator: str
    phrases: int
    empty: int
    figures: Figures
    copied: float  # notes of the longest stretch that is in the training pieces, in pitch and rhythm
    copied_most: int
    copied_little: float  # share of phrases that copy fewer than PLAGIARISM notes
    copied_pitch: float  # as `copied`, in pitch alone
    copied_new: float  # as `copied`, of what the prompt has not
    copied_new_little: float


def prompt_of(piece: Piece) -> Prompt | None:
    """None where the piece has too little, or changes its metre there. A long upbeat's bar is not counted."""
    line = melody(piece)
    if not len(line):
        return None
    first = int(line["tick"][0])
    at, beats, unit = max([sign for sign in piece.meters if sign[0] <= first] or piece.meters[:1])
    meter = Meter(beats, unit)
    bar = meter.bar_ticks
    into = (first - at) % bar
    begin = first - into
    end = begin + BARS * bar + (bar if into >= bar / 2 else 0)
    ticks = BARS * bar
    if any(begin < tick < end + ticks and other != [beats, unit] for tick, *other in piece.meters):
        return None
    notes = [
        Note(int(note["tick"]), max(1, int(note["duration"])), int(note["pitch"]), int(note["velocity"]) or 80)
        for note in line
    ]
    heard = [note for note in notes if note.tick < end]
    follows = [note for note in notes if end <= note.tick < end + ticks]
    if min(len(heard), len(follows)) < LEAST:
        return None
    return Prompt(piece, meter, heard, follows, end, ticks)


def prompts(pieces: Sequence[Piece], most: int = PHRASES) -> list[Prompt]:
    """Of so many pieces, evenly out of all that have one; fewer where there are fewer."""
    found = [prompt for prompt in map(prompt_of, pieces) if prompt is not None]
    return [found[k * len(found) // most] for k in range(most)] if len(found) > most else found


def answer(generator: Generator, prompt: Prompt, seed: int) -> list[Note]:
    """What a generator says to a prompt, in the piece's key and by default constraints."""
    piece = prompt.piece
    heard = tuple(Played(*note) for note in prompt.heard)
    pitches = [note.pitch for note in heard]
    length = max(1, prompt.tick - heard[0].tick)
    context = Context(
        tick=prompt.tick,
        heard=heard,
        tonic=piece.tonic,
        mode=piece.mode,
        key_confidence=1.0,
        meter=prompt.meter,
        density=len(heard) * prompt.meter.beat_ticks / length,
        low=min(pitches),
        high=max(pitches),
        velocity=float(np.mean([note.velocity for note in heard])),
    )
    constraints = Constraints(key=f"{PITCH_CLASSES[piece.tonic]} {MODES[piece.mode]}", seed=seed)
    generator.hear(heard, context)
    return [note for note in generator.play(context, constraints, prompt.ticks) if note.part == MELODY]


def table(
    train: Sequence[Piece],
    test: Sequence[Piece],
    makers: Mapping[str, Callable[[], Generator]],
    said: Callable[[str], None] = lambda _: None,
    most: int = PHRASES,
) -> list[Row]:
    """People first, then every generator, made anew for each prompt. [any]"""
    asked = prompts(test, most)
    if not asked:
        return []
    phrases = {PEOPLE: [prompt.follows for prompt in asked]}
    for name, make in makers.items():
        said(f"{name}: {len(asked)} phrases")
        phrases[name] = [answer(make(), prompt, seed) for seed, prompt in enumerate(asked)]
    learnt = [melody(piece) for piece in train]
    every = [_line(phrase) for each in phrases.values() for phrase in each]
    said(f"{len(every)} phrases against {len(learnt)} pieces")
    told = [_line(prompt.heard) for _ in phrases for prompt in asked]
    copied = np.array(
        [longest(learnt, every), longest(learnt, every, rhythm=False), longest(learnt, every, prompts=told)]
    )
    rows = []
    for k, (name, each) in enumerate(phrases.items()):
        own = slice(k * len(asked), (k + 1) * len(asked))
        rows.append(_row(name, asked, each, *copied[:, own]))
    return rows


def _line(phrase: Sequence[Note]) -> np.ndarray:
    """The top notes, as plagiarism is looked for in."""
    tops = {note.tick: note.pitch for note in sorted(phrase, key=lambda note: (note.tick, note.pitch))}
    return np.array(list(tops.items()), [("tick", np.int64), ("pitch", np.int64)])


def _row(
    name: str,
    asked: Sequence[Prompt],
    phrases: Sequence[list[Note]],
    copied: np.ndarray,
    by_pitch: np.ndarray,
    new: np.ndarray,
) -> Row:
    each = np.array(
        [
            figures(phrase, _last(prompt), prompt.piece.tonic, prompt.piece.mode, prompt.meter, prompt.ticks)
            for prompt, phrase in zip(asked, phrases, strict=True)
        ]
    )
    there = [column[~np.isnan(column)] for column in each.T]
    means = Figures(*(float(column.mean()) if len(column) else float("nan") for column in there))
    return Row(
        name,
        len(phrases),
        sum(not phrase for phrase in phrases),
        means,
        float(copied.mean()),
        int(copied.max()),
        float((copied < PLAGIARISM).mean()),
        float(by_pitch.mean()),
        float(new.mean()),
        float((new < PLAGIARISM).mean()),
    )


def _last(prompt: Prompt) -> list[Note]:
    """The prompt's last bars: as many as follow."""
    return [note for note in prompt.heard if note.tick >= prompt.tick - prompt.ticks]


_COLUMNS = (
    *("phrases", "empty", "in scale", "entropy", "a beat", "groove", "motifs", "range", "resolved", "on tonic"),
    *("on triad", "copied", "most", "under 12", "in pitch", "new", "under 12"),
)


def text(rows: Sequence[Row]) -> str:
    """As lines of a table."""
    lines = [f"{'generator':10}" + "".join(f"{name:>9}" for name in _COLUMNS)]
    for row in rows:
        copied = (
            row.copied,
            row.copied_most,
            row.copied_little,
            row.copied_pitch,
            row.copied_new,
            row.copied_new_little,
        )
        values = (row.phrases, row.empty, *row.figures, *copied)
        cells = (f"{v:9}" if isinstance(v, int) else f"{v:9.3f}" for _, v in zip(_COLUMNS, values, strict=True))
        lines.append(f"{row.generator:10}" + "".join(cells))
    return "\n".join(lines)
