"""What a preset says of the band, its [jam] table: the mode, the pulse, and each part's player.

[jam]
mode = "answer"        # accompany, continue, trade, loop
bars = 4
style = "jazz"         # one of presets/styles

[jam.bass]
generator = "walking"
channel = 3
ports = ["generator", "jack"]
[jam.bass.constraints]
high = 50
"""

import difflib
from functools import lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from daemon import registry
from daemon.errors import UserError
from daemon.generate import masks, note
from daemon.generate.constraints import Constraints, Seed
from daemon.generate.context import Meter
from daemon.generate.rules import styles

Mode = Literal["answer", "accompany", "continue", "trade", "loop"]
MODES: tuple[str, ...] = get_args(Mode)

SOLO = "answer"
HARMONY = "harmony"
BAND = ("chords", "bass", "drums", "counter")
ROLES = (SOLO, HARMONY, *BAND)
PARTS = {SOLO: note.MELODY, "chords": note.CHORDS, "bass": note.BASS, "drums": note.DRUMS, "counter": note.COUNTER}
"""role -> part of its notes."""
CHANNELS = {SOLO: 1, "chords": 2, "bass": 3, "counter": 4, "drums": 10, HARMONY: 1}
DEFAULT_STYLE = "pop"
ENGINE_PORTS = ("generator", "jack")
"""The engine's own outputs: the instruments it hosts, and its JACK port."""

FOLLOWED_BPM = (30.0, 300.0)


class Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One part's player."""

    on: bool = True
    generator: str = ""  # of daemon.registry; empty: the network where there is one
    channel: Annotated[int, Meta(ge=0, le=16, description="1 to 16, or 0 for the part's usual one")] = 0
    ports: tuple[str, ...] = ENGINE_PORTS  # MIDI outputs by name
    constraints: dict[str, Any] = {}  # what differs from the style's


class Jam(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The whole table."""

    on: bool = True
    mode: Mode = "answer"
    bars: Annotated[int, Meta(ge=1, le=16, description="bars, 1 to 16")] = 4
    pulse: Literal["fixed", "played", "heard", "clock"] = "played"  # clock: the transport, whoever leads it
    tempo_bpm: Annotated[float, Meta(ge=0.0, le=300.0, description="beats a minute, or 0: found from the playing")] = (
        0.0
    )
    meter: str = "4/4"
    closing: Literal["rest", "bars", "pedal", "cue"] = "rest"  # what ends a phrase of the player's
    hears: Literal["both", "midi", "sound"] = "both"
    style: str = ""
    seed: Seed = 0
    answer: Part | None = None
    harmony: Part | None = None
    chords: Part | None = None
    bass: Part | None = None
    drums: Part | None = None
    counter: Part | None = None

    def part(self, role: str) -> Part:
        """A part, also one that the table does not name: the soloist plays, and where there is none, chords and bass."""
        given = getattr(self, role)
        if given is not None:
            return given
        is_bare = all(getattr(self, name) is None for name in BAND)
        is_on = role in (SOLO, HARMONY) or (self.mode == "accompany" and is_bare and role in ("chords", "bass"))
        return Part(on=is_on)

    def generator(self, role: str) -> str:
        """The name of a part's generator."""
        names = registry.GENERATORS[role]
        usual = self.played.bass.kind if role == "bass" else "neural" if "neural" in names else next(iter(names))
        return self.part(role).generator or usual

    def channel(self, role: str) -> int:
        """0-15."""
        return (self.part(role).channel or CHANNELS[role]) - 1

    def constraints(self, role: str) -> Constraints:
        """The style's for that part, with what the table says instead."""
        usual = Constraints() if role == HARMONY else self.played.constraints(PARTS[role])
        return msgspec.structs.replace(usual, **{"seed": self.seed, **self.part(role).constraints})

    @property
    def played(self) -> styles.Style:
        """The style."""
        return _style(self.style or DEFAULT_STYLE)

    @property
    def measure(self) -> Meter:
        """The meter."""
        return meter_of(self.meter)


_style = lru_cache(styles.load)


class JamError(UserError):
    """A value that cannot be; the text is one line with the remedy."""


def read(values: dict[str, Any]) -> tuple[Jam, list[str]]:
    """The table as far as it can be read, and a line for each thing that was left out. [main]"""
    jam, problems, kept = Jam(), [], dict[str, Any]()
    for key, value in values.items():
        if key in ROLES and isinstance(value, dict):
            kept[key], found = _part(key, value)
            problems += found
            continue
        try:
            _check(key, value)
            kept[key] = value
        except JamError as error:
            problems.append(str(error))
    if kept.get("pulse") == "fixed" and not kept.get("tempo_bpm"):
        problems.append("jam: a fixed pulse needs a tempo; give tempo_bpm")
        del kept["pulse"]
    jam = msgspec.convert(kept, Jam)
    for role in ROLES:
        try:
            masks.check(jam.constraints(role))
        except UserError as error:  # each may be, but not with what the style says
            problems.append(f"jam.{role}.constraints: with those of the style, {error}")
            kept[role] = {**kept.get(role, {}), "constraints": {}}
    return msgspec.convert(kept, Jam), problems


def meter_of(text: str) -> Meter:
    """`6/8` as a meter. Raises JamError."""
    beats, _, unit = text.partition("/")
    if not (beats.isdecimal() and 1 <= int(beats) <= 16 and unit in ("2", "4", "8", "16")):
        raise JamError(f"jam: meter = {text!r}; give one such as 4/4, 3/4 or 6/8")
    return Meter(int(beats), int(unit))


def _check(key: str, value: Any) -> None:
    """Raise JamError unless a key of the table may have this value."""
    fields = Jam.__struct_fields__
    if key not in fields:
        raise JamError(f"jam: there is no key {key!r}{_near(key, fields)}")
    if key in ROLES:
        raise JamError(f"jam: {key} = {value!r}; give a table, [jam.{key}]")
    try:
        msgspec.convert({key: value}, Jam)
    except msgspec.ValidationError as error:
        raise JamError(f"jam: {key} = {value!r}: {_said(error)}{_meaning(Jam, key)}") from None
    if key == "meter":
        meter_of(value)
    if key == "tempo_bpm" and value and not FOLLOWED_BPM[0] <= value <= FOLLOWED_BPM[1]:
        raise JamError(f"jam: tempo_bpm = {value}; give {FOLLOWED_BPM[0]:g} to {FOLLOWED_BPM[1]:g}, or 0")
    if key == "style" and value:
        try:
            styles.load(value)
        except (UserError, OSError) as error:
            raise JamError(f"jam: style = {value!r}: {error}") from None


def _part(role: str, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    kept, problems = {}, []
    for key, value in values.items():
        try:
            if key not in Part.__struct_fields__:
                raise JamError(f"jam.{role}: there is no key {key!r}{_near(key, Part.__struct_fields__)}")
            if key == "constraints" and isinstance(value, dict):
                kept[key], found = _constraints(role, value)
                problems += found
                continue
            msgspec.convert({key: value}, Part)
            if key == "generator" and value:
                registry.target(role, value)
            kept[key] = value
        except JamError as error:
            problems.append(str(error))
        except KeyError as error:
            problems.append(f"jam.{error.args[0]}")
        except (msgspec.ValidationError, TypeError) as error:
            problems.append(f"jam.{role}: {key} = {value!r}: {_said(error)}{_meaning(Part, key)}")
    return kept, problems


def _constraints(role: str, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    kept, problems = dict[str, Any](), list[str]()
    for key, value in values.items():
        try:
            if key not in Constraints.__struct_fields__:
                raise JamError(f"there is no constraint {key!r}{_near(key, Constraints.__struct_fields__)}")
            masks.check(msgspec.convert({"low": 0, "high": 127, **kept, key: value}, Constraints))
            kept[key] = value
        except (UserError, msgspec.ValidationError) as error:
            problems.append(f"jam.{role}.constraints: {key} = {value!r}: {_said(error)}")
    return kept, problems


def _said(error: Exception) -> str:
    text = str(error).partition(" - at `$")[0].replace("`", "")
    return text[:1].lower() + text[1:]


def _meaning(kind: type[msgspec.Struct], key: str) -> str:
    """What a key's value may be, where its type says it."""
    field = next(one for one in msgspec.structs.fields(kind) if one.name == key)
    if get_origin(field.type) is Literal:
        return f"; choose one of {', '.join(map(str, get_args(field.type)))}"
    for meta in getattr(field.type, "__metadata__", ()):
        return f"; give {(meta.extra_json_schema or {}).get('description') or meta.description}"
    return ""


def _near(name: str, known: tuple[str, ...]) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {found[0]!r}?" if found else f"; there is {', '.join(known)}"
