"""The show language: a preset's [lights] table becomes a Show, or a line for each thing in it that cannot be.

[lights]
strobe_allowed = []                        # fixtures that may flash more than four times a second
safe = { dimmer = 0.3, colour = "#ffb060" } # what a panic shows

[lights.fixtures.wash]
address = 1                                # of its first channel; universe = 1
channels = ["red", "green", "blue"]
count = 4                                  # of them in a row
dimmer = { from = "kick", release_ms = 250, floor = 0.1 }
colour = { from = "chroma" }
"""

import colorsys
import difflib
import re
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from daemon.lights.sacn import CHANNELS

Part = Annotated[float, Meta(ge=0.0, le=1.0, description="0 to 1")]
Ms = Annotated[float, Meta(ge=0.0, le=10000.0, description="0 to 10000 ms")]
Source = Literal[
    "level", "low", "mid", "high", "energy",
    "attack", "onset", "kick", "snare", "hat", "section", "build", "drop", "break", "boundary",
    "beat", "bar", "note", "control",
]  # fmt: skip
"""How loud it is; what has just happened; where the music is; what is played on MIDI."""
HITS = ("attack", "onset", "kick", "snare", "hat", "section", "build", "drop", "break", "boundary")
LEVELS = ("level", "low", "mid", "high")
COLOURS = {
    "white": "#ffffff", "warm": "#ffb060", "red": "#ff0000", "orange": "#ff6000", "amber": "#ffa000",
    "yellow": "#ffe000", "green": "#00ff00", "cyan": "#00ffff", "blue": "#0000ff", "violet": "#6000ff",
    "magenta": "#ff00ff", "pink": "#ff4080", "black": "#000000",
}  # fmt: skip
RGB = ("red", "green", "blue")
NAMED = (*RGB, "white", "dimmer", "strobe", "none")
"""Channels with a meaning of their own; any other name is a value that the fixture's `values` drive."""


class Driver(msgspec.Struct, forbid_unknown_fields=True, rename={"of": "from"}):
    """What a value follows. Its raw 0..1, times `gain`, is laid between `floor` and `ceiling`."""

    of: Source
    gain: Annotated[float, Meta(ge=0.0, le=10.0, description="0 to 10")] = 1.0
    floor: Part = 0.0
    ceiling: Part = 1.0
    attack_ms: Ms = 0.0
    release_ms: Ms = 200.0
    invert: bool = False
    shape: Literal["pulse", "saw", "sine", "square"] = "pulse"  # of beat and bar
    every: Annotated[float, Meta(ge=0.125, le=64.0, description="0.125 to 64 beats")] = 1.0
    offset: Annotated[float, Meta(ge=-64.0, le=64.0, description="beats, -64 to 64")] = 0.0
    spread: Annotated[float, Meta(ge=-16.0, le=16.0, description="beats, -16 to 16")] = 0.0  # later for each of `count`
    note: Annotated[int, Meta(ge=-1, le=127, description="0 to 127, or -1 for any")] = -1
    channel: Annotated[int, Meta(ge=0, le=16, description="1 to 16, or 0 for any")] = 0
    number: Annotated[int, Meta(ge=0, le=127, description="0 to 127")] = 1  # of a controller


class Colour(msgspec.Struct, forbid_unknown_fields=True, rename={"of": "from"}):
    """What a colour follows: pitch classes as hues around the circle of fifths, or a palette, a step at a time."""

    of: Literal["fixed", "chroma", "chord", "key", "note", "palette"]
    colours: list[str] = []
    saturation: Part = 1.0
    glide_ms: Ms = 300.0
    step: Literal["beat", "bar", "section", "kick"] = "bar"  # of a palette
    spread: Annotated[int, Meta(ge=0, le=16, description="0 to 16 steps")] = 0


class Safe(msgspec.Struct, forbid_unknown_fields=True):
    """The safe look: steady, on every fixture."""

    dimmer: Part = 0.3
    colour: str = "#ffb060"


class Fixture(msgspec.Struct, forbid_unknown_fields=True):
    """One fixture, or `count` of them one after the other."""

    channels: list[str]
    address: Annotated[int, Meta(ge=1, le=CHANNELS, description="1 to 512")] = 1
    universe: Annotated[int, Meta(ge=1, le=63999, description="1 to 63999")] = 1
    count: Annotated[int, Meta(ge=1, le=170, description="1 to 170")] = 1
    group: str = ""
    dimmer: Driver | float | str = 1.0
    colour: Colour | str = "white"
    values: dict[str, Driver | float | str] = {}


class Show(msgspec.Struct, forbid_unknown_fields=True):
    """The whole table, checked."""

    master: Part = 1.0
    masters: dict[str, Part] = {}  # of groups
    strobe_allowed: list[str] = []
    safe: Safe = msgspec.field(default_factory=Safe)
    fixtures: dict[str, Fixture] = {}


DEFAULT: dict[str, Any] = {
    "fixtures": {
        "par": {
            "channels": list(RGB),
            "count": 8,
            "dimmer": {"from": "kick", "release_ms": 300, "floor": 0.15},
            "colour": {"from": "chroma"},
        }
    }
}
"""The show of who has said where light goes, but not which: eight RGB pars from address 1."""


def read(values: dict[str, Any]) -> tuple[Show, list[str]]:
    """The show of a table, and one line for each thing in it that could not be and was left out. [main]"""
    problems: list[str] = []
    values = values or DEFAULT
    top = {name: value for name, value in values.items() if name != "fixtures"}
    show = _convert(top, Show, "lights", problems) or Show()
    given = values.get("fixtures", {})
    if not isinstance(given, dict):
        problems.append("lights.fixtures: give a table for each fixture, [lights.fixtures.NAME]")
        given = {}
    taken: dict[tuple[int, int], str] = {}
    for name, one in given.items():
        fixture = _convert(one, Fixture, f"lights.fixtures.{name}", problems)
        if fixture is not None:
            _whole(fixture, f"lights.fixtures.{name}", problems)
            if _fits(name, fixture, taken, problems):
                show.fixtures[name] = fixture
    groups = {fixture.group for fixture in show.fixtures.values()}
    for place, names, known in (
        ("strobe_allowed", show.strobe_allowed, set(show.fixtures)),
        ("masters", list(show.masters), groups),
    ):
        for name in [name for name in names if name not in known]:
            problems.append(f"lights.{place}: there is no {name!r}{_near(name, known - {''})}")
    if not _is_colour(show.safe.colour):
        problems.append(_no_colour("lights.safe.colour", show.safe.colour))
        show.safe.colour = Safe().colour
    return show, problems


def rgb(text: str) -> tuple[float, float, float]:
    """A colour by name or as #rrggbb: three parts 0..1. [any]"""
    text = COLOURS.get(text, text)
    red, green, blue = (int(text[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return red, green, blue


def hue(part: float, saturation: float) -> tuple[float, float, float]:
    """Hue 0..1 from red on. [any]"""
    return colorsys.hsv_to_rgb(part % 1.0, saturation, 1.0)


def _whole(fixture: Fixture, where: str, problems: list[str]) -> None:
    """Shorthands become what they are short for; what they cannot be is said, and replaced by what does no harm."""
    fixture.dimmer = _driver(fixture.dimmer, f"{where}.dimmer", problems)
    for name in list(fixture.values):
        if name in NAMED and name != "strobe":
            problems.append(f"{where}.values.{name}: is made of the fixture's dimmer and colour; give those")
            del fixture.values[name]
            continue
        if name not in fixture.channels:
            problems.append(f"{where}.values: it has no channel {name!r}{_near(name, fixture.channels)}")
        fixture.values[name] = _driver(fixture.values[name], f"{where}.values.{name}", problems)
    if isinstance(fixture.colour, str):
        fixture.colour = Colour("fixed", [fixture.colour])
    for colour in [colour for colour in fixture.colour.colours if not _is_colour(colour)]:
        problems.append(_no_colour(f"{where}.colour", colour))
        fixture.colour.colours.remove(colour)
    if fixture.colour.of in ("fixed", "palette") and not fixture.colour.colours:
        fixture.colour.colours = ["white"]


def _driver(given: Driver | float | str, where: str, problems: list[str]) -> Driver | float:
    if isinstance(given, Driver):
        return given
    if isinstance(given, str):
        if given in get_args(Source):
            return msgspec.convert({"from": given}, Driver)
        problems.append(f"{where} = {given!r}: nothing is called so{_near(given, get_args(Source))}")
        return 0.0
    if 0.0 <= given <= 1.0:
        return float(given)
    problems.append(f"{where} = {given!r}: give 0 to 1")
    return 0.0


def _fits(name: str, fixture: Fixture, taken: dict[tuple[int, int], str], problems: list[str]) -> bool:
    """Whether its channels lie within their universe, and are nobody else's."""
    where, width = f"lights.fixtures.{name}", len(fixture.channels)
    last = fixture.address + width * fixture.count - 1
    if not width:
        problems.append(f'{where}.channels: give at least one, such as ["red", "green", "blue"]')
        return False
    if last > CHANNELS:
        problems.append(f"{where}: its last channel would be {last}; a universe has {CHANNELS}")
        return False
    mine = [(fixture.universe, address) for address in range(fixture.address, last + 1)]
    other = next((taken[one] for one in mine if one in taken), None)
    if other is not None:
        problems.append(f"{where}: {other!r} has channels of its own there; give another address")
        return False
    taken.update(dict.fromkeys(mine, name))
    return True


def _convert(values: Any, kind: Any, where: str, problems: list[str]) -> Any:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        text, _, at = str(error).partition(" - at `$")
        place = where + at.rstrip("`").replace("[...]", "")
        unknown = re.search(r"unknown field `(\w+)`", text)
        if unknown:
            known = [*msgspec.json.schema(kind).get("$defs", {}).get(_kind_at(kind, at), {}).get("properties", {})]
            problems.append(f"{place}: there is no {unknown[1]!r}{_near(unknown[1], known)}")
        else:
            text = text.replace("`object`", "a table").replace("`array`", "a list").replace("`str`", "a text")
            choices = _choices(at)
            problems.append(f"{place}: {text[0].lower() + text[1:]}{f'; give one of {choices}' if choices else ''}")
        return None


def _kind_at(kind: Any, at: str) -> str:
    """Which struct an error's place lies in."""
    part = at.strip(".`").split(".")[-1] if at else ""
    return {"dimmer": "Driver", "colour": "Colour", "safe": "Safe", "[...]": "Driver"}.get(part, kind.__name__)


def _choices(at: str) -> str:
    """What a word of a driver or a colour may be."""
    *_, owner, name = ("", "", *at.strip("`").split("."))
    struct: Any = {"dimmer": Driver, "colour": Colour}.get(
        owner.replace("[...]", ""), Driver if "values" in at else None
    )
    fields = msgspec.structs.fields(struct) if struct else ()
    found = [get_args(field.type) for field in fields if field.encode_name == name]
    return ", ".join(map(str, found[0])) if found and isinstance(found[0][0], str) else ""


def _is_colour(text: str) -> bool:
    return text in COLOURS or re.fullmatch(r"#[0-9a-fA-F]{6}", text) is not None


def _no_colour(where: str, text: str) -> str:
    return f"{where}: {text!r} is no colour{_near(text, COLOURS)}, or #rrggbb"


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; choose one of {', '.join(sorted(known))}" if known else ""
