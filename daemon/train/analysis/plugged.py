"""Stems played by synth plugins in the place of a sound font, where there are any; without them nothing is changed.

What is drawn here has generators of its own, and each stem is played by a plugin that is opened for it, in a process
apart (see `hosting`): what a stem is depends on its seed and the installed plugins alone.
"""

import functools
import multiprocessing
import sys
from typing import NamedTuple

import numpy as np

from daemon.train.analysis import hosting
from daemon.train.analysis.hosting import OFF, ON, Order
from daemon.train.analysis.patches import PATCHES, PLUGINS, Patch

SHARE = 0.25  # of the stems that some patch here could play: about a seventh of all
PATIENCE_S = 60.0  # for one stem, on a machine that is busy; it takes a few tenths
OPENING_S = 300.0  # the first time, the plugin host is compiled
FAINT, WILD = 1e-4, 100.0  # no stem's peak lies beyond


class Played(NamedTuple):
    """A stem."""

    sound: np.ndarray  # float32 (length,), mono
    plugin: str


def play(
    notes: np.ndarray, program: int, mono: bool, length: int, rate: int, lead: int, rng: np.random.Generator
) -> Played | None:
    """Notes [start s, end s, midi, velocity] as `Synth.play` has them; None where a sound font is to play them. [worker]"""
    if rng.random() >= SHARE or not len(notes):
        return None
    there = host().there
    fit = [p for p in PATCHES if program in p.programs and PLUGINS[p.plugin].uri in there and (mono or not p.alone)]
    if not fit:
        return None
    patch = fit[int(rng.integers(len(fit)))]
    sound = host().play(patch, notes, length, rate, lead)
    return None if sound is None else Played(sound, patch.plugin)


@functools.cache
def host() -> "Host":
    """This process's own, started when first asked for."""
    return Host()


class Host:
    """The process that plays, and what it can open. [worker]"""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=hosting.serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._patience_s, self._said = patience_s, set[str]()
        self.there: frozenset[str] = frozenset(self._ask(None, OPENING_S) or ())
        """URIs of the LV2 plugins that may be asked for."""

    def play(self, patch: Patch, notes: np.ndarray, length: int, rate: int, lead: int) -> np.ndarray | None:
        """float32 (length,), mono, from 0 s on; None, and a line once for each plugin, where it gives no sound to use."""
        uri = PLUGINS[patch.plugin].uri
        events = _events(notes, 12 * patch.octaves, rate, lead)
        order = Order(uri, patch.preset, patch.turned, events, lead + length, rate)
        answer = self._ask((order, self._patience_s), self._patience_s + 10)
        if isinstance(answer, bytes):
            sound = np.frombuffer(answer, np.float32)[lead:]
            peak = float(np.abs(sound).max())
            if FAINT < peak < WILD:  # which NaN is not
                return sound
            answer = "gives silence" if peak <= FAINT else "gives no sound that is one"
        if answer == hosting.HANGS:
            self.there -= {uri}  # or every stem would be waited for
        if uri not in self._said:
            self._said.add(uri)
            print(f"{patch.plugin} {answer} ({patch.preset}); FluidSynth plays for it", file=sys.stderr, flush=True)
        return None

    def _ask(self, question: tuple[Order, float] | None, patience_s: float):
        """What the process answers; where it has none, it is asked for nothing more."""
        try:
            if question is not None:
                self._pipe.send(question)
            if self._pipe.poll(patience_s):
                return self._pipe.recv()
        except (EOFError, OSError):
            pass
        self.there = frozenset()
        return "is lost with the process that plays" if question is not None else ()

    def close(self) -> None:
        """End its process."""
        self._pipe.close()
        self._process.kill()
        self._process.join()


def _events(notes: np.ndarray, below: int, rate: int, lead: int) -> np.ndarray:
    """int64 [sample, status, midi, velocity] by sample, so many semitones `below` what is written; off before on."""
    begin = np.maximum(np.round(notes[:, 0] * rate).astype(int) + lead, 0)
    end = np.maximum(np.round(notes[:, 1] * rate).astype(int) + lead, begin + 1)
    midi = np.clip(np.round(notes[:, 2]).astype(int) - below, 0, 127)
    strength = np.clip(np.round(notes[:, 3]).astype(int), 1, 127)
    on = np.stack([begin, np.full(len(begin), ON), midi, strength], axis=1)
    off = np.stack([end, np.full(len(end), OFF), midi, np.zeros(len(end), int)], axis=1)
    every = np.concatenate([off, on]).astype(np.int64)
    return every[np.argsort(every[:, 0], kind="stable")]
