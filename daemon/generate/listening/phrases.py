"""Phrases: where one that is being played closes, and what was in it."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from daemon.errors import UserError
from daemon.generate.context import Meter
from daemon.generate.note import Played

Closing = Literal["rest", "bars", "pedal", "cue"]

STILL_BARS = 2  # without an onset, after which a phrase closes though a note is held (a drone, or a stuck key)
MOST_NOTES, MOST_BARS = 512, 16  # a longer one is split,
MOST_BEFORE_A_LINE = 2048  # unless it waits for a bar line: there the rest is let go
_PITCH, _ONSETS, _REST = 0.25, 0.50, 0.25


class Phrase(NamedTuple):
    """A closed phrase. `why`: rest, bars, pedal, cue, still (no onset for long) or split (too long)."""

    notes: tuple[Played, ...]  # by tick
    tick: int  # of the first
    end: int  # the first tick after the last, or the bar line
    why: str


class Phrases:
    """One player's. Fed in order of time, with ticks as played; answers with what has closed. Pure. [any]"""

    def __init__(
        self,
        meter: Meter,
        closing: Closing = "rest",
        rest_beats: float = 1.0,
        bars: int = 4,
        sounding: Callable[[], Sequence[Played]] = tuple,
    ) -> None:
        """Closes by `rest` of so many beats, at the line after so many `bars`, by `pedal`, or by `cue` alone. UserError.

        `sounding` tells the notes that are held now, as long as they have lasted.
        """
        if closing not in ("rest", "bars", "pedal", "cue"):
            raise UserError(f"phrases cannot close by {closing!r}: rest, bars, pedal or cue")
        if not rest_beats > 0 or bars < 1:
            raise UserError("a phrase closes after a rest longer than 0 beats, or after 1 bar or more")
        self._meter, self._closing, self._bars, self._sounding = meter, closing, bars, sounding
        self._rest = rest_beats * meter.beat_ticks
        self._notes: list[Played] = []
        self._from: int | None = None  # tick of the first onset of the phrase that is being played
        self._closed: set[tuple[int, int]] = set()  # (tick, pitch) held when the last phrase closed, and in it
        self._onset = self._silent = 0.0  # played ticks: the newest onset, the newest end
        self.last_tick = 0  # where the phrase began that is being played, or if none is, the last one

    @property
    def open(self) -> bool:
        """A phrase is being played."""
        return self._from is not None

    def onset(self, tick: int, played: float) -> None:
        """A note begins."""
        if self._from is None:
            self._from = self.last_tick = tick
        self._onset = self._silent = max(played, self._onset)

    def note(self, note: Played, end: float) -> None:
        """It has ended, at `end` ticks as played. One that began in a phrase which has closed is not in the next."""
        self._silent = max(end, self._silent)
        if self._belongs(note) and len(self._notes) < MOST_BEFORE_A_LINE:
            self._notes.append(note)

    @property
    def waits_for_rest(self) -> bool:
        """A note that is held puts its end off."""
        return self._closing == "rest"

    def due(self) -> float | None:
        """The tick at which the open phrase closes if nothing more is played; None where only the player can say."""
        if self._from is None:
            return None
        if self._closing == "bars":
            return float(self._line())
        return self._silent + self._rest if self._closing == "rest" else None

    def advance(self, tick: float, holding: bool = False) -> Phrase | None:
        """Time has come to `tick`; `holding`: some note is held."""
        if self._from is None:
            return None
        bar = self._meter.bar_ticks
        if self._closing == "bars":
            return self._close("bars", self._line()) if tick >= self._line() else None
        if self._closing == "rest":
            if not holding and tick - self._silent >= self._rest:
                return self._close("rest")
            if tick - self._onset >= STILL_BARS * bar:
                return self._close("still")
        if len(self._notes) >= MOST_NOTES or self._onset - self._from >= MOST_BARS * bar:
            return self._split()
        return None

    def pedal(self) -> Phrase | None:
        """The sustain pedal was released, or the soft or sostenuto pedal pressed: a cue, where that was asked for."""
        return self._close("pedal") if self._closing == "pedal" else None

    def cue(self) -> Phrase | None:
        """Somebody says: it closes now. Whatever closes phrases otherwise."""
        return self._close("cue")

    def _belongs(self, note: Played) -> bool:
        return self._from is not None and note.tick >= self._from and (note.tick, note.pitch) not in self._closed

    def _line(self) -> int:
        """The bar line at which the phrase closes; a pickup within the last beat belongs to the bar after it."""
        assert self._from is not None
        bar = self._meter.bar_ticks
        return ((self._from + self._meter.beat_ticks) // bar + self._bars) * bar

    def _close(self, why: str, before: int = 1 << 60) -> Phrase | None:
        """Notes that start before a tick; a note that sounds on is cut there."""
        if self._from is None:
            return None
        held = [note for note in self._sounding() if self._belongs(note)]
        both = sorted([*self._notes, *held])
        inside = [n._replace(duration=min(n.duration, before - n.tick)) for n in both if n.tick < before]
        after = [note for note in both if note.tick >= before]
        self._notes = [note for note in self._notes if note.tick >= before]
        self._closed = {key for key in self._closed if key[0] >= self._from}
        self._closed.update((note.tick, note.pitch) for note in held if note.tick < before)
        start, self._from = self._from, after[0].tick if after else None
        if not inside:
            return None
        phrase = Phrase(tuple(inside), inside[0].tick, min(before, max(note.end for note in inside)), why)
        if why == "bars":
            phrase = phrase._replace(end=before)
        self.last_tick = after[0].tick if after else start
        return phrase

    def _split(self) -> Phrase | None:
        """Where the second half of what was played breaks most; all of it where nothing was."""
        notes = sorted(self._notes)
        half = len(notes) // 2
        strength = boundaries(notes)[half:]
        tick = notes[half + strength.index(max(strength)) + 1].tick if strength else 0
        return self._close("split", tick) if notes and tick > notes[0].tick else self._close("split")


def boundaries(notes: Sequence[Played]) -> list[float]:
    """Strength, 0 to 1, of a boundary after each note but the last: large where pitch, onsets or rests change.

    The local boundary detection model of E. Cambouropoulos, Proc. ICMC 2001.
    """
    pairs = list(pairwise(notes))
    total = [0.0] * len(pairs)
    for weight, profile in (
        (_PITCH, [abs(b.pitch - a.pitch) for a, b in pairs]),
        (_ONSETS, [b.tick - a.tick for a, b in pairs]),
        (_REST, [max(0, b.tick - a.end) for a, b in pairs]),
    ):
        change = [abs(x - y) / (x + y) if x + y else 0.0 for x, y in pairwise(profile)]
        around = zip([0.0, *change], [*change, 0.0], strict=True)
        strength = [x * (before + after) for x, (before, after) in zip(profile, around, strict=True)] if pairs else []
        most = max(strength, default=0.0)
        if most > 0:
            total = [t + weight * s / most for t, s in zip(total, strength, strict=True)]
    return total
