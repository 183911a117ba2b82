"""What is taken by Open Sound Control (daemon.osc.addresses.TAKEN), as the commands that `jamd ctl` gives."""

import math
from typing import Any, NamedTuple
from urllib.parse import unquote

from daemon.errors import UserError


class ControlError(UserError):
    """A message that means nothing here."""


class Meant(NamedTuple):
    """A command as a map. `is_value`: of several on an address only the newest counts, as of a fader."""

    command: dict[str, Any]
    is_value: bool = False


def meant(address: str, arguments: list[Any]) -> Meant | None:
    """What a message asks for; None: a button was let go. Raises ControlError. [any]"""
    root, _, rest = address[1:].partition("/")
    if root != "jamd":
        raise _unknown(address)
    parts = [unquote(part) for part in rest.split("/")]
    value = _value(address, parts, arguments)
    if value is not None:
        return Meant(value, is_value=True)
    command = _press(parts, arguments)
    if command is None:
        raise _unknown(address)
    return Meant(command) if _is_pressed(address, arguments) else None


def _value(address: str, parts: list[str], arguments: list[Any]) -> dict[str, Any] | None:
    match parts:
        case ["set", plugin, param, *more]:
            name = "/".join((param, *more))
            return {"cmd": "set", "plugin": plugin, "param": name, "value": _part(address, arguments)}
        case ["mix", plugin]:
            return {"cmd": "mix", "plugin": plugin, "mix": _part(address, arguments)}
        case ["bypass", plugin]:
            return {"cmd": "bypass", "plugin": plugin, "on": _is_pressed(address, arguments)}
        case ["jam", "on"]:
            return {"cmd": "jam", "on": _is_pressed(address, arguments)}
        case ["clock", "tempo"]:
            return {"cmd": "clock", "tempo_bpm": _number(address, arguments)}
        case ["lights", "master"]:
            return {"cmd": "lights", "master": _part(address, arguments)}
    return None


def _press(parts: list[str], arguments: list[Any]) -> dict[str, Any] | None:
    match parts:
        case ["snapshot", name]:
            return {"cmd": "snapshot", "snapshot": int(name) if name.isdecimal() and len(name) < 6 else name}
        case ["jam", "mode", mode]:
            return {"cmd": "jam", "mode": mode}
        case ["jam", ("cue" | "panic") as sign]:
            return {"cmd": f"jam_{sign}"}
        case ["clock", "tap"]:
            return {"cmd": "clock_tap"}
        case ["clock", ("start" | "stop" | "continue") as to]:
            return {"cmd": "clock_run", "to": to}
        case ["clock", "source", source]:
            return {"cmd": "clock", "source": source}
        case ["lights", ("go" | "blackout" | "safe") as to]:
            return {"cmd": "lights", "to": to}
        case ["next", ("accept" | "skip" | "up" | "down") as verdict]:
            given = arguments[0] if arguments and isinstance(arguments[0], int | float) else 1
            place = int(given) if 1 <= given <= 100 else 1
            return {"cmd": "next_verdict", "verdict": verdict, "place": place}
        case ["next", "energy", energy]:
            return {"cmd": "next_wish", "energy": energy}
        case ["panic"]:
            return {"cmd": "panic", "why": "osc"}
        case ["panic", "over"]:
            return {"cmd": "panic", "over": True, "why": "osc"}
    return None


def _is_pressed(address: str, arguments: list[Any]) -> bool:
    return not arguments or _number(address, arguments) > 0.0


def _number(address: str, arguments: list[Any]) -> float:
    if len(arguments) != 1 or not isinstance(arguments[0], int | float) or not math.isfinite(arguments[0]):
        raise ControlError(f"{_short(address)}: give one number")
    return float(arguments[0])


def _part(address: str, arguments: list[Any]) -> float:
    number = _number(address, arguments)
    if not 0.0 <= number <= 1.0:
        raise ControlError(f"{_short(address)}: {number:.4g} is not within 0 to 1")
    return number


def _unknown(address: str) -> ControlError:
    return ControlError(f"there is no address {_short(address)}; `jamd osc` prints those there are")


def _short(address: str) -> str:
    return repr(address[:60])
