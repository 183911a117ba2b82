"""Chords on the grid: those held on MIDI, and where none is, those the analysis hears in the sound."""

from collections import deque

from daemon.generate.context import ChordSpan, Meter
from dsp.harmony import CHORD_QUALITIES, PITCH_CLASSES

MOST = 64
HELD_NOTES = 3  # of which a chord is made
LASTS_BARS = 2  # a chord that was let go is taken to go on for so long
FORGET_BARS = 4  # since the last chord on MIDI, until the sound's chords count


def chord_named(name: str) -> tuple[int, int] | None:
    """(root, quality) of Harte's name as jamd writes it, `N` as (0, 0); None: it is no such name."""
    root, _, quality = name.partition(":")
    if name == "N":
        return 0, 0
    if root not in PITCH_CLASSES or quality not in CHORD_QUALITIES:
        return None
    return PITCH_CLASSES.index(root), CHORD_QUALITIES.index(quality)


class Chords:
    """The newest spans, fed in order of time with ticks as played. Pure. [any]"""

    def __init__(self, meter: Meter) -> None:
        self._beat, self._bar = meter.beat_ticks, meter.bar_ticks
        self._spans: deque[ChordSpan] = deque(maxlen=MOST)
        self._held = False
        self._let_go: float | None = None  # when the last chord on MIDI ended

    def held(self, played: float, notes: int, name: str, bass: int) -> None:
        """So many notes sound on MIDI, and make this chord."""
        found = chord_named(name)
        holds = notes >= HELD_NOTES and found is not None and found[1] > 0
        if self._held and not holds:
            self._let_go = played
        self._held = holds
        if holds and found is not None:
            self._add(played, *found, bass)

    def heard(self, played: float, name: str, bass: int) -> None:
        """The sound's chord from a tick on."""
        found = chord_named(name)
        on_midi = self._held or (self._let_go is not None and played - self._let_go < FORGET_BARS * self._bar)
        if found is not None and not on_midi:
            self._let_go = None
            self._add(played, *found, bass)

    def spans(self, tick: int) -> tuple[ChordSpan, ...]:
        """What is known for the time from `tick` on: a chord let go long before is no chord any more."""
        spans = tuple(self._spans)
        if spans and spans[-1].quality and not self._held and self._let_go is not None:
            over = int(self._let_go // self._bar + LASTS_BARS) * self._bar
            if spans[-1].tick < over <= tick:
                return (*spans, ChordSpan(over, 0, 0))
        return spans

    def _add(self, played: float, root: int, quality: int, bass: int) -> None:
        """On the nearest half beat; what was there before only a moment gives way."""
        half = self._beat / 2
        tick = int(round(played / half) * half)
        while self._spans and self._spans[-1].tick >= tick:
            tick = min(tick, self._spans.pop().tick)
        bass = -1 if bass == root or not quality else bass
        last = self._spans[-1] if self._spans else None
        if last is None or (last.root, last.quality, last.bass) != (root, quality, bass):
            self._spans.append(ChordSpan(tick, root, quality, bass))
