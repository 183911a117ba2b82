"""The musical context: the one record that every generator reads."""

import msgspec

from daemon.generate.note import TICKS, Note, Played
from dsp.harmony import CHORD_QUALITIES, CHORD_TONES


class Meter(msgspec.Struct, frozen=True):
    """As written: 4/4, 6/8."""

    beats: int = 4
    unit: int = 4

    @property
    def bar_ticks(self) -> int:
        """Length of a bar."""
        return self.beats * self.unit_ticks

    @property
    def unit_ticks(self) -> int:
        """Length of what the lower number counts."""
        return TICKS * 4 // self.unit

    @property
    def beat_ticks(self) -> int:
        """Length of what a foot taps: three eighths in 6/8, 9/8 and 12/8, else the unit."""
        compound = self.unit == 8 and self.beats % 3 == 0
        return self.unit_ticks * (3 if compound else 1)


class ChordSpan(msgspec.Struct, frozen=True):
    """A chord from `tick` on, until the next. `root` and `bass` pitch classes, `quality` of `dsp.harmony`; 0 = no chord."""

    tick: int
    root: int
    quality: int
    bass: int = -1  # -1 = the root

    @property
    def name(self) -> str:
        """Harte's name, such as `A:min`."""
        from dsp.harmony import chord_name

        return chord_name(self.root, self.quality)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when notes are to be made for the time from `tick` on. Ticks count from where the pulse began.

    Pure data: the same context, constraints and seed give the same notes. It crosses to the worker as msgpack.
    """

    tick: int  # where what is generated begins
    heard: tuple[Played, ...] = ()  # what the player has played, oldest first, at most the last 512 notes
    phrase: int = 0  # index in `heard` of the last phrase's first note
    own: tuple[Note, ...] = ()  # what jamd has played or decided to, oldest first, at most the last 256 notes
    tonic: int = 0  # pitch class of the key
    mode: int = 0  # 0 major, 1 minor, as dsp.harmony.MODES
    key_confidence: float = 0.0  # 0 = not known yet
    chords: tuple[ChordSpan, ...] = ()  # heard, and foreseen beyond `tick`; oldest first
    meter: Meter = Meter()
    tempo_bpm: float = 120.0  # of beats (`meter.beat_ticks`)
    swing: float = 0.5  # where the second of two eighths falls: 0.5 straight, 0.667 triplet
    density: float = 2.0  # notes a beat, of the player, over the last four bars
    low: int = 48  # the player's range, over the last four bars
    high: int = 84
    velocity: float = 80.0  # the player's mean, over the last four bars
    energy: float = 0.5  # 0 hushed .. 1 all out: density and dynamics, against the session so far

    def chord_at(self, tick: int) -> ChordSpan | None:
        """The chord that sounds at a tick; None: none known, or no chord."""
        found = None
        for span in self.chords:
            if span.tick > tick:
                break
            found = span
        return found if found is not None and found.quality else None


SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "chromatic": tuple(range(12)),
}
"""Name -> semitones above the tonic."""


def chord_classes(span: ChordSpan) -> tuple[int, ...]:
    """The pitch classes of a chord, from its root up."""
    return tuple((span.root + tone) % 12 for tone in CHORD_TONES[CHORD_QUALITIES[span.quality]])
