"""Who plays what to a prompt: from what was asked for to the band's table, and to the duet that answers."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from daemon import prompt, registry
from daemon.errors import UserError
from daemon.generate import masks
from daemon.generate.constraints import Constraints
from daemon.generate.duet import Duet
from daemon.generate.live.jam import ROLES, Jam, read
from daemon.prompt import Prompt
from daemon.registry import GENERATORS

BY_STYLE: dict[str, dict[str, str]] = {"chords": {"generator": "comping"}, "bass": {}, "drums": {}}


class ArrangementError(UserError):
    """What cannot be played; the text is one line."""


def table(given: Mapping[str, Any], seed: int, bars: int, style: str, harmony: str) -> dict[str, Any]:
    """A [jam] table: `given`, and what is asked for; with a style chords, bass and drums too."""
    found = {**given, "seed": seed, "bars": bars}
    if style:  # its patterns are the rules' to play
        found |= {"style": style, **{role: {**BY_STYLE[role], **found.get(role, {})} for role in BY_STYLE}}
    if harmony:
        found["harmony"] = {**found.get("harmony", {}), "generator": harmony}
    return found


def jam(table: dict[str, Any], heard: Prompt, constraints: dict[str, Any], say: Callable[[str], None]) -> Jam:
    """The band's table: what was asked for, and the prompt's own tempo and meter. Raises ArrangementError, ConstraintError.

    Where nobody is named, and the network is not there, somebody plays by rule; `say` is told so.
    """
    with contextlib.suppress(TypeError):  # a constraint that there is not, or of no kind: `read` says so
        masks.check(msgspec.structs.replace(Constraints(low=0, high=127), **constraints))
    _, beats, unit = heard.meters[-1]
    answer = table.get("answer", {})
    table = {
        **table,
        "pulse": "fixed",
        "tempo_bpm": heard.tempo_bpm,
        "meter": f"{beats}/{unit}",
        "answer": {**answer, "constraints": {**answer.get("constraints", {}), **constraints}},
    }
    found, problems = read(table)
    for role in ROLES:
        is_heard = role in ("answer", "harmony") or found.part(role).on
        if is_heard and not found.part(role).generator:
            table[role] = {**table.get(role, {}), "generator": _usual(role, found.generator(role), say)}
    found, problems = read(table)
    if problems:
        raise ArrangementError(problems[0].removeprefix("jam: "))
    masks.check(found.constraints("answer"))
    return found


def duet(jam: Jam, heard: Prompt, generators: Iterable[str]) -> tuple[Duet, list[str]]:
    """The duet that has heard the prompt, and who answers: those named, else the usual one. Raises UserError."""
    names = list(dict.fromkeys(generators)) or [jam.generator("answer")]
    return Duet(jam, names, prompt.messages(heard, jam.measure.beat_ticks), prompt.RATE, heard.first), names


def _usual(role: str, name: str, say: Callable[[str], None]) -> str:
    """That generator where it can be loaded, else the one by rule, and a line says so."""
    if not registry.is_slow(role, name):
        return name
    try:
        registry.generator(role, name)
        return name
    except UserError as error:
        rule = next(iter(GENERATORS[role]))
        say(f"{role} by rule ({rule}): {error}")
        return rule
