"""Follows a player beat by beat and foresees chords: what every Harmony does, whatever weighs the beats.

A `Filter` weighs one beat after the other and says which chords come next. `Following` feeds it the beats of what was
heard, each once; where a note comes late, or a chord was not what was foreseen, it goes back to that beat.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from daemon.generate.beats import HEARD, Beat, beat, beat_at, measure
from daemon.generate.context import ChordSpan, Context, Meter
from daemon.generate.note import DRUMS, Played
from dsp.harmony import key_profiles

AGAIN = 256  # beats gone through again when the key or the meter turns out to be another
KEPT = 1024  # beats whose states are kept
PATIENCE = 4  # after so many beats without a note the player rests; before, the notes may only not have come yet
REVISED = 16  # of the beats gone through, the last so many, whose chords the context may yet change
REMEMBERED = 8192  # notes
STATED = 3  # pitch classes at once that state a chord


class Chord(NamedTuple):
    """Relative to the tonic. `quality` of dsp.harmony, 0: none; `bass` -1: the root."""

    root: int = 0
    quality: int = 0
    bass: int = -1


NONE = Chord()


class Line(NamedTuple):
    """The beats that were heard: `beats` and `heard` (n,) of HEARD; `places` (n,) in the bar; the key."""

    beats: list[Beat]
    heard: np.ndarray
    places: np.ndarray
    tonic: int
    mode: int

    def relative(self, field: str, k: int) -> np.ndarray:
        """`sounding` or `struck` of beat `k` from the tonic up: shape (12,)."""
        found = self.heard[field][k]
        return np.concatenate((found[self.tonic :], found[: self.tonic]))


class Filter(Protocol):
    """Weighs beats in turn. States are values: `step` returns a new one and leaves the old."""

    def start(self) -> Any:
        """The state before anything was heard."""

    def step(self, state: Any, line: Line, k: int, past: Chord, stated: bool) -> Any:
        """The state after beat `k`; `past` sounded in it; `stated`: the player said so."""

    def ahead(self, state: Any, beats: Sequence[Beat], past: Chord, mode: int) -> list[Chord]:
        """A chord for each of the beats that follow; `past` sounds before them."""


class Following:
    """A Harmony made of a Filter. A pure function of what was heard and the context. [worker]"""

    def __init__(self, way: Filter) -> None:
        self._way = way
        self._notes: list[Played] = []
        self._heard: dict[tuple[int, int, int], Played] = {}  # by tick, pitch, part
        self._frame: tuple[int, int, Meter] | None = None
        self._restart(0)

    def hear(self, notes: Sequence[Played], context: Context) -> None:
        """Notes as they are played, in any order; one that has become longer stands for what it was. Drums say nothing."""
        for note in notes:
            key = (note.tick, note.pitch, note.part)
            was = self._heard.get(key)
            if note.part == DRUMS or was == note:
                continue
            if was is not None:
                del self._notes[bisect_left(self._notes, was)]
            self._heard[key] = note
            insort(self._notes, note)
            # What it adds begins where it ended before.
            self._back(note.tick if was is None else min(was.end, note.end))
        if len(self._notes) > REMEMBERED:
            self._notes = self._notes[-REMEMBERED // 2 :]
            self._heard = {(note.tick, note.pitch, note.part): note for note in self._notes}

    def foresee(self, context: Context, beats: int) -> list[ChordSpan]:
        """The chords of the next beats; each step is one of the filter, and most calls need one."""
        self.hear(context.heard, context)  # a worker may have begun anew, and a note that is held grows
        number = max(0, beat_at(context.tick, context.meter))
        tonic, mode = self._key(context)
        if self._frame != (tonic, mode, context.meter) or number < self._first:
            self._frame = (tonic, mode, context.meter)
            self._restart(max(0, number - AGAIN))
        ended = beat_at(max((n.end for n in self._notes[-64:]), default=0) - 1, context.meter) + 1
        until = number if number - ended >= PATIENCE else min(max(ended, self._first), number)
        self._follow(context, until)
        past = self._pasts[-1][0] if self._pasts else NONE
        coming = [beat(n, context.meter) for n in range(until, number + beats)]
        chords = self._way.ahead(self._states[-1], coming, past, mode)[number - until :]
        return self._spans(chords, context, number, tonic)

    def _spans(self, chords: list[Chord], context: Context, number: int, tonic: int) -> list[ChordSpan]:
        found: list[ChordSpan] = []
        before: Chord | None = None
        for k, chord in enumerate(chords):
            if chord != before:
                tick = (number + k) * context.meter.beat_ticks if k else context.tick
                bass = -1 if chord.bass < 0 else (chord.bass + tonic) % 12
                found.append(ChordSpan(tick, (chord.root + tonic) % 12, chord.quality, bass))
            before = chord
        return found

    def _key(self, context: Context) -> tuple[int, int]:
        """The context's key; before it is known, the one that fits best."""
        if context.key_confidence > 0 or not self._notes:
            return context.tonic, context.mode
        classes = np.zeros(12)
        for note in self._notes[-256:]:
            classes[note.pitch % 12] += note.duration
        fits = [np.dot(profile, np.roll(classes, -tonic)) for profile in key_profiles() for tonic in range(12)]
        mode, tonic = divmod(int(np.argmax(fits)), 12)
        return tonic, mode

    def _restart(self, first: int) -> None:
        self._first = first  # the number of the first beat kept
        self._line = Line([], np.zeros(0, HEARD), np.zeros(0, np.int8), *(self._frame or (0, 0))[:2])
        self._states = [self._way.start()]
        self._pasts: list[tuple[Chord, bool]] = []  # what sounded in each beat, and whether the player stated it
        self._givens: list[tuple[Chord, bool] | None] = []  # what of it the context said

    def _back(self, tick: int) -> None:
        """Forget the beats from `tick` on."""
        if self._frame is not None:
            self._keep(max(0, beat_at(tick, self._frame[2]) - self._first))

    def _keep(self, count: int) -> None:
        """Keep the first `count` of the beats that were gone through."""
        if count < len(self._pasts):
            beats, heard, places, *key = self._line
            self._line = Line(beats[:count], heard[:count], places[:count], *key)
            self._states = self._states[: count + 1]
            self._pasts, self._givens = self._pasts[:count], self._givens[:count]

    def _follow(self, context: Context, until: int) -> None:
        """Go through the beats until number `until`."""
        if len(self._pasts) > KEPT:
            self._restart(max(0, until - AGAIN))
        self._keep(until - self._first)
        for k in range(max(0, len(self._pasts) - REVISED), len(self._pasts)):
            if self._given(context, k) != self._givens[k]:
                self._keep(k)
                break
        done = len(self._pasts)
        new = [beat(n, context.meter) for n in range(self._first + done, until)]
        if not new:
            return
        since, end = new[0].tick, new[-1].tick + new[-1].ticks
        notes = [(n.tick, n.duration, n.pitch) for n in self._notes if n.end > since and n.tick < end]
        beats, heard, places, *key = self._line
        heard = np.concatenate([heard, measure(new, notes)])
        places = np.concatenate([places, np.array([b.place for b in new], np.int8)])
        self._line = Line([*beats, *new], heard, places, *key)
        for k in range(done, done + len(new)):
            state, past = self._states[k], self._pasts[k - 1][0] if k else NONE
            given = self._given(context, k)
            sounded, stated = given or (self._way.ahead(state, [self._line.beats[k]], past, self._line.mode)[0], False)
            self._states.append(self._way.step(state, self._line, k, sounded, stated))
            self._givens.append(given)
            self._pasts.append((sounded, stated))

    def _given(self, context: Context, k: int) -> tuple[Chord, bool] | None:
        """The chord that the context has of a beat gone through, and whether the player stated it."""
        here = self._line.beats[k]
        span = context.chord_at(here.tick)
        if span is None:
            return None
        began = max(0, k - (here.tick - span.tick) // here.ticks)
        stated = bool((self._line.heard["together"][began : k + 1] >= STATED).any())
        bass = -1 if span.bass < 0 else (span.bass - self._line.tonic) % 12
        return Chord((span.root - self._line.tonic) % 12, span.quality, bass), stated
