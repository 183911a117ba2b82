"""How well chords are foreseen, online, beside the chords that people wrote.

Of every piece the key and the meter are given, and of the melody what is past. One beat ahead is what is committed:
when a beat begins its chord is chosen, by what was sung before it. Judged on the beats to which people gave a chord:

- in chord: the share of the melody's duration whose pitch class is in the chord;
- chord: the share of beats with the right root and third;
- root: with the right root;
- changes: of the chord, in a bar.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from daemon.generate.deep import harmony as deep
from daemon.generate.following import NONE, Chord, Filter
from daemon.generate.rules import harmony, hmm
from daemon.models.opening import open_model
from daemon.train.generator.corpus import Piece
from daemon.train.generator.sheets import SETS, Sheet, sheets


class Score(NamedTuple):
    """Of a method on a collection; shares 0 to 1."""

    set: str
    method: str
    in_chord: float
    chord: float
    root: float
    changes: float  # a bar


Method = Callable[[Sheet], list[Chord]]
"""Chords of each beat of a sheet."""


def foreseen(way: Filter, sheet: Sheet, ahead: Iterable[int]) -> dict[int, list[Chord]]:
    """What a filter says of each beat so many beats ahead, free-running: its own commitments are its past."""
    beats, mode = sheet.line.beats, sheet.line.mode
    found: dict[int, list[Chord]] = {n: [NONE] * len(beats) for n in ahead}
    furthest = max(found)
    state, past, now = way.start(), NONE, NONE
    for k in range(len(beats)):
        coming = way.ahead(state, beats[k : k + max(1, furthest)], past, mode)
        for n, said in found.items():
            if 1 <= n <= len(coming):
                said[k + n - 1] = coming[n - 1]
        past = coming[0]
        state = way.step(state, sheet.line, k, past, False)
        if 0 in found:
            found[0][k] = now = _now(way, state, now, mode)
    return found


def _now(way: Filter, state, past: Chord, mode: int) -> Chord:
    """The chord of the beat just heard."""
    if isinstance(way, hmm.Markov):
        return way.choose(state, past, mode)
    return deep.choose(state.chords[0], None, past, 0.0)


def score(method: str, of: Sequence[Sheet], chords: Sequence[list[Chord]]) -> Score:
    """Over all beats of the sheets of one collection."""
    sung = inside = beats = right = roots = changes = bars = 0.0
    for sheet, guess in zip(of, chords, strict=True):
        before = NONE
        for k, (true, chord) in enumerate(zip(sheet.chords, guess, strict=True)):
            if true.quality:
                sounding = sheet.line.relative("sounding", k) * sheet.line.beats[k].ticks
                sung += float(sounding.sum())
                inside += float(sounding @ deep.TONES[deep.index(chord.root, chord.quality)])
                beats += 1
                roots += chord.quality > 0 and chord.root == true.root
                right += hmm.triad(chord) == hmm.triad(true)
                changes += before != NONE and chord[:2] != before[:2]
                bars += 1 / sheet.line.beats[k].of
            before = chord
    return Score(of[0].set, method, inside / sung, right / beats, roots / beats, changes / bars)


def table(pieces: list[Piece]) -> list[Score]:
    """Every method on every collection that has chords among the pieces."""
    ways: dict[str, tuple[Filter, tuple[int, ...]]] = {
        "rules": (harmony.Functional(), (1,)),
        "HMM": (hmm.Markov(hmm.load()), (0, 1, 2)),
        "neural": (deep.Network(open_model("harmony", "harmony").graphs["harmony"]), (0, 1, 2, 4)),
    }
    rows = []
    every = sheets(pieces)
    for name in SETS:
        of = [s for s in every if s.set == name]
        if not of:
            continue
        rows.append(score("people", of, [s.chords for s in of]))
        rows.append(score("always the tonic", of, [[Chord(0, 1 + s.line.mode)] * len(s.chords) for s in of]))
        for method, (way, ahead) in ways.items():
            said = [foreseen(way, s, ahead) for s in of]
            rows += [score(f"{method}, {n} ahead", of, [one[n] for one in said]) for n in ahead]
    return rows


def text(rows: Sequence[Score]) -> str:
    """As lines of a table."""
    head = f"{'set':12}{'method':20}{'in chord':>9}{'chord':>8}{'root':>8}{'changes a bar':>15}"
    return "\n".join(
        [head] + [f"{r.set:12}{r.method:20}{r.in_chord:9.3f}{r.chord:8.3f}{r.root:8.3f}{r.changes:15.2f}" for r in rows]
    )
