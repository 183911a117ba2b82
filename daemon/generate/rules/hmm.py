"""Harmony by a hidden Markov model: hidden are the chords, heard are the melody's pitch classes.

The filter (the forward algorithm; Rabiner, Proc. IEEE 77(2), 1989) over 24 triads counted from the tonic, after
Simon, Morris and Basu's MySong (CHI 2008), but online: only what is past is known. Whether a chord moves depends on
the place in the bar. The tables, hmm.npz, are learnt by `daemon.train.generator.hmm`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.errors import UserError
from daemon.generate.beats import Beat
from daemon.generate.following import Chord, Following, Line

PATH = Path(__file__).parent / "hmm.npz"
PLACES = 3  # of a bar: downbeat, middle, between
TRIADS = 24  # twice the root from the tonic, and one more for a minor third
MINOR = (2, 5, 6)  # qualities of dsp.harmony whose third is minor
HOLD = 1.3  # how many times likelier another chord must be than the one that sounds


class TableError(UserError):
    """Tables that are missing or damaged."""


class Tables(NamedTuple):
    """All by mode first; chances."""

    first: np.ndarray  # (2, TRIADS)
    moves: np.ndarray  # (2, PLACES, TRIADS, TRIADS): into a beat of that place
    tones: np.ndarray  # (2, TRIADS, 12): of the melody, from the tonic
    quality: np.ndarray  # int (2, TRIADS): of dsp.harmony, the most frequent


def load(path: Path = PATH) -> Tables:
    """Raises TableError."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            tables = Tables(*(kept[name] for name in Tables._fields))
    except FileNotFoundError:
        raise TableError(f"{path}: not there; install jamd again") from None
    except Exception as error:
        raise TableError(f"{path}: damaged; install jamd again ({error})") from None
    wanted = ((2, TRIADS), (2, PLACES, TRIADS, TRIADS), (2, TRIADS, 12), (2, TRIADS))
    if tuple(table.shape for table in tables) != wanted:
        raise TableError(f"{path}: tables of another size; install jamd again")
    return tables


def place(beat: Beat) -> int:
    """0 the downbeat, 1 the bar's middle, 2 between."""
    return 0 if beat.place == 0 else 1 if beat.place * 2 == beat.of else 2


def triad(chord: Chord) -> int:
    """The number of a chord's triad; -1: no chord."""
    return -1 if chord.quality == 0 else 2 * chord.root + (chord.quality in MINOR)


class Markov:
    """The filter. Its state: how likely each triad is in the beat that is over."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def start(self) -> np.ndarray | None:
        """Nothing heard yet."""
        return None

    def step(self, state: np.ndarray | None, line: Line, k: int, past: Chord, stated: bool) -> np.ndarray:
        """Move, then weigh by what was sung; a stated chord is certain."""
        if stated and past.quality:
            return np.eye(TRIADS)[triad(past)]
        mode = line.mode
        before = self._tables.first[mode] if state is None else state @ self._tables.moves[mode, place(line.beats[k])]
        sung = np.log(self._tables.tones[mode]) @ line.relative("sounding", k)
        after = before * np.exp(sung - sung.max())
        return after / after.sum()

    def ahead(self, state: np.ndarray | None, beats: Sequence[Beat], past: Chord, mode: int) -> list[Chord]:
        """The likeliest, one move further for each beat."""
        found: list[Chord] = []
        for beat in beats:
            state = self._tables.first[mode] if state is None else state @ self._tables.moves[mode, place(beat)]
            past = self.choose(state, past, mode)
            found.append(past)
        return found

    def choose(self, chances: np.ndarray, past: Chord, mode: int) -> Chord:
        """The likeliest chord, unless the one that sounds is nearly as likely."""
        best = int(chances.argmax())
        now = triad(past)
        if now >= 0 and (best == now or chances[best] < HOLD * chances[now]):
            return past
        return Chord(best // 2, int(self._tables.quality[mode, best]))


class Hmm(Following):
    """The Harmony of the registry."""

    def __init__(self, path: Path = PATH) -> None:
        super().__init__(Markov(load(path)))
