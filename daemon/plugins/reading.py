"""Reading a value from a text, for plugins that cannot, or do it wrongly: by comparing with what they write. [main]"""

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from daemon.plugins.plugin import PluginError

Write = Callable[[float], str]

_NUMBER = re.compile(
    r"\s*([-+\u2212]?)\s*(\d+(?:[.,]\d*)?(?:e[-+]?\d+)?|[.,]\d+|inf(?:inity)?|\u221e)\s*(\S*)", re.IGNORECASE
)

_IDLE_ZEROS = re.compile(r"(\.\d*?)0{3,}(?!\d)")

_SCALES = {"khz": ("hz", 1000.0), "k": ("hz", 1000.0), "ms": ("s", 0.001), "us": ("s", 1e-6), "sec": ("s", 1.0)}
"""Units that mean another one times a factor."""

GRID = 64  # parts of the range looked at first
HALVINGS = 40
NEAR = 1e-4  # of a number: what a plugin's own reading may be off


class Number(NamedTuple):
    """What a text begins with: "2 kHz" is (2.0, 2000.0, "hz")."""

    bare: float
    based: float
    unit: str


def number(text: str) -> Number | None:
    """The number that a text begins with; None where it does not."""
    found = _NUMBER.match(text)
    if not found:
        return None
    sign, digits, unit = found.groups()
    bare = math.inf if digits[0] in "iI\u221e" else float(digits.replace(",", "."))
    bare = -bare if sign in ("-", "\u2212") else bare
    base, scale = _SCALES.get(unit.lower(), (unit.lower(), 1.0))
    return Number(bare, bare * scale, base)


def tidy(text: str) -> str:
    """A plugin's text without the zeros of a bare printf: "10.000000 ms" is "10 ms"."""
    return _IDLE_ZEROS.sub(lambda found: found[1].rstrip("."), text.strip())


def read(text: str, write: Write, steps: int, guess: float | None = None) -> float:
    """The normalised value 0..1 that `write` writes as this text, or the nearest; `guess` is the plugin's own answer.

    `steps` as in Param. Raises PluginError for what is no value of the parameter; the text names those that are.
    """
    wanted, asked = _plain(text), number(text)
    values = [k / (steps - 1) for k in range(steps)] if 1 < steps <= 1024 else [k / GRID for k in range(GRID + 1)]
    named = values if steps or asked is None else []  # of numbers, more than one value may be written alike
    for value in (*([] if guess is None else [guess]), *named):
        if _plain(write(value)) == wanted:
            return value
    numbers = {value: shown for value in values if (shown := number(write(value)))}
    if asked is None or not numbers or not _agree(asked, numbers.values()):
        raise PluginError(f"{text!r} is no value of it; give {_choice(write, values, steps)}")
    has_units = bool(asked.unit) and any(shown.unit for shown in numbers.values())
    target = asked.based if has_units else asked.bare

    def shown_as(value: float) -> float:
        shown = number(write(value))
        return math.nan if shown is None else shown.based if has_units else shown.bare

    if guess is not None and _is_near(shown_as(guess), target):
        return guess
    known = {value: shown_as(value) for value in numbers}
    if not min(known.values()) <= target <= max(known.values()):
        raise PluginError(f"{text!r} is out of its range; give {_choice(write, values, steps)}")
    places = sorted(known)
    near = min(range(len(places)), key=lambda k: 0.0 if known[places[k]] == target else abs(known[places[k]] - target))
    low, high = places[max(near - 1, 0)], places[min(near + 1, len(places) - 1)]
    is_end = known[places[near]] == target and places[near] in (places[0], places[-1])
    if steps or is_end or not min(known[low], known[high]) <= target <= max(known[low], known[high]):
        return places[near]
    return _bisect(low, high, shown_as, target)


def _bisect(low: float, high: float, shown_as: Callable[[float], float], target: float) -> float:
    """Where what is shown passes the target: the middle of all that is shown like it."""
    sign = 1.0 if shown_as(high) > shown_as(low) else -1.0
    ends = []
    for is_end in (False, True):
        a, b = low, high
        for _ in range(HALVINGS):
            middle = (a + b) / 2
            short = sign * (target - shown_as(middle))
            a, b = (middle, b) if short > 0.0 or (is_end and short == 0.0) else (a, middle)
        ends.append((a + b) / 2)
    return sum(ends) / 2


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _agree(asked: Number, numbers: object) -> bool:
    """Whether a unit, where both have one, is the same."""
    units = {shown.unit for shown in numbers if shown.unit}  # type: ignore[attr-defined]
    return not asked.unit or not units or asked.unit in units


def _is_near(shown: float, target: float) -> bool:
    return shown == target or (math.isfinite(shown) and abs(shown - target) <= NEAR * max(abs(target), 0.01))


def _choice(write: Write, values: list[float], steps: int) -> str:
    """What may be given, for an error."""
    texts = [repr(write(value).strip()) for value in values]
    return "one of " + ", ".join(texts) if 1 < steps <= 12 else f"{texts[0]} to {texts[-1]}"
