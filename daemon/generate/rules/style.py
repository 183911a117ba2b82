"""A style: how a band plays, as a file in presets/styles/ says it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from daemon.generate.constraints import Constraints
from daemon.generate.note import BASS, CHORDS, COUNTER, DRUMS, MELODY

DRUM_NOTES = {
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "brush": 40, "tom_floor": 41, "hat": 42, "tom_low": 45,
    "hat_foot": 44, "hat_open": 46, "tom_mid": 47, "crash": 49, "tom_high": 50, "ride": 51, "bell": 53,
    "tambourine": 54, "cowbell": 56, "conga_mute": 62, "conga_high": 63, "conga_low": 64, "shaker": 70, "claves": 75,
    "triangle": 81,
}  # fmt: skip
"""A drum's name in a style -> its note (General MIDI 1, percussion key map)."""

COMPING_MARKS = {"x": "struck", "X": "struck hard", "o": "struck softly"}
DRUM_MARKS = {"x": "struck", "X": "struck hard", "o": "struck softly, and not always"}
BASS_MARKS = {
    "R": "the root", "5": "the fifth", "8": "the octave", "3": "the third", "7": "the seventh",
    "r": "the root, softly", "A": "a step from the next root",
}  # fmt: skip
"""What a mark in a grid strikes, beside `.` (silence) and `-` (goes on)."""

Energy = Annotated[float, Meta(ge=0.0, le=1.0, description="0.0 hushed to 1.0 all out")]
Weight = Annotated[float, Meta(gt=0.0, le=100.0, description="how often, against the others; above 0.0")]
Bars = Annotated[int, Meta(ge=1, le=64, description="bars, 1 to 64")]


class Pattern(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A rhythm of a bar or more (`rhythm`)."""

    grid: str
    weight: Weight = 1.0
    energy: tuple[Energy, Energy] = (0.0, 1.0)  # it is played between these


class Groove(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What each drum plays in a bar or more. A fill's beats are the last of its bar."""

    drums: dict[str, str]  # name of DRUM_NOTES -> grid
    weight: Weight = 1.0
    energy: tuple[Energy, Energy] = (0.0, 1.0)


class Humanise(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How far from exact, as one standard deviation. `timing_ms` is the schedule's to apply."""

    timing_ms: Annotated[float, Meta(ge=0.0, le=50.0, description="ms, 0.0 to 50.0")] = 4.0
    velocity: Annotated[float, Meta(ge=0.0, le=30.0, description="MIDI velocity, 0.0 to 30.0")] = 4.0


class Chords(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How chords are comped."""

    patterns: tuple[Pattern, ...] = (Pattern("x---"),)
    voicing: Literal["rootless", "drop2", "open", "close", "stab", "quartal"] = "close"
    voices: Annotated[int, Meta(ge=2, le=6, description="2 to 6")] = 4
    change: Bars = 4  # a pattern is kept for so long
    variety: Annotated[float, Meta(ge=0.0, le=24.0, description="semitones, 0.0 to 24.0")] = 0.0  # detours it takes
    anticipates: bool = False  # an off-beat right before a change has the next chord already
    constraints: Constraints = Constraints(low=48, high=76, polyphony=4, density=8.0, repetition=64)


class Bass(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the bass goes. `kind` is the generator's name that suits best; the patterns are the root bass's."""

    kind: Literal["walking", "root"] = "root"
    patterns: tuple[Pattern, ...] = (Pattern("R---"),)
    change: Bars = 4
    skips: Energy = 0.0  # of a walking bass: how likely an eighth is put in before a beat, all out
    constraints: Constraints = Constraints(low=28, high=52, repetition=64)


class Drums(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Grooves, and what is added as the energy grows."""

    grooves: tuple[Groove, ...] = (Groove({"kick": "x..."}),)
    fills: tuple[Groove, ...] = ()
    layers: dict[str, Energy] = {}  # a drum is played from this energy on; one not named always
    change: Bars = 8
    phrase: Bars = 8  # a fill at its end, and often halfway
    crash: str = "crash"  # on the one after a fill; "" for none
    constraints: Constraints = Constraints(low=0, high=127, polyphony=6, density=12.0, repetition=64)


class Line(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A single line's constraints."""

    constraints: Constraints = Constraints()


class Style(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a band plays. Each part has the constraints that suit it, for whoever sets none."""

    name: str = ""
    about: str = ""
    swing: Annotated[float, Meta(ge=0.5, le=0.75, description="0.5 straight to 0.75")] = 0.5  # as Context.swing
    humanise: Humanise = Humanise()
    chords: Chords = Chords()
    bass: Bass = Bass()
    drums: Drums = Drums()
    melody: Line = Line()
    counter: Line = Line()

    def constraints(self, part: int) -> Constraints:
        """A part's own, by note.PARTS' number."""
        of = {MELODY: self.melody, CHORDS: self.chords, BASS: self.bass, DRUMS: self.drums, COUNTER: self.counter}
        return of[part].constraints  # type: ignore[attr-defined]
