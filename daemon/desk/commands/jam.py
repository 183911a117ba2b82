"""Commands on the band that plays along: its mode and parts, and the performer's signs."""

from typing import Any

from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft
from daemon.errors import Refused


class Jam(Command, tag="jam"):
    """What is given of the [jam] table becomes so; the rest stays."""

    on: bool | None = None
    mode: str | None = None  # answer, accompany, continue, trade, loop
    bars: int | None = None
    pulse: str | None = None  # fixed, played, heard, clock
    tempo_bpm: float | None = None
    meter: str | None = None
    closing: str | None = None  # rest, bars, pedal, cue
    hears: str | None = None  # both, midi, sound
    style: str | None = None
    seed: int | None = None


class JamPart(Command, tag="jam_part"):
    """The same of one part: answer, harmony, chords, bass, drums, counter."""

    part: str
    on: bool | None = None
    generator: str | None = None
    channel: int | None = None
    ports: list[str] | None = None
    constraints: dict[str, Any] | None = None  # these; one that is null goes back to the style's


class JamCue(Command, tag="jam_cue"):
    """The sign: the phrase ends here; jamd takes over or stops; the loop is recorded anew."""


class JamPanic(Command, tag="jam_panic"):
    """Every note of the band's ends now, and what was to come is taken back."""


class JamShow(Command, tag="jam_show"):
    """How the band plays now."""


def change(draft: Draft, c: Jam) -> dict[str, Any]:
    """Give what is new."""
    new = {name: getattr(c, name) for name in c.__struct_fields__ if getattr(c, name) is not None}
    return _change(draft, {**({"on": True} if not draft.jam else {}), **new})


def part(draft: Draft, c: JamPart) -> dict[str, Any]:
    """Give the part as it is said now."""
    before = _table(draft.jam.get(c.part))
    named = ("on", "generator", "channel", "ports")
    new = {**before, **{name: getattr(c, name) for name in named if getattr(c, name) is not None}}
    if c.constraints is not None:
        merged = {**_table(before.get("constraints")), **c.constraints}
        new["constraints"] = {name: value for name, value in merged.items() if value is not None}
    return _change(draft, {c.part: new})


def cue(draft: Draft, c: JamCue) -> dict[str, Any]:
    """Give the sign."""
    draft.signs.append("cue")
    return {"sign": "cue"}


def panic(draft: Draft, c: JamPanic) -> dict[str, Any]:
    """Give the sign."""
    draft.signs.append("panic")
    return {"sign": "panic"}


def show(draft: Draft, c: JamShow) -> dict[str, Any]:
    """Give the table, and the state that is published."""
    return {"jam": draft.jam, "state": draft.band.show()}


def _table(value: Any) -> dict[str, Any]:
    """A preset may have anything there; what it said wrong is given up."""
    return value if isinstance(value, dict) else {}


def _change(draft: Draft, new: dict[str, Any]) -> dict[str, Any]:
    """Raises Refused for what cannot be; what a preset already said wrong is no reason."""
    known = draft.band.check(draft.jam)
    problems = [problem for problem in draft.band.check({**draft.jam, **new}) if problem not in known]
    if problems:
        raise Refused(422, problems[0])
    draft.jam = {**draft.jam, **new}
    draft.tell("jam", **new)
    return new
