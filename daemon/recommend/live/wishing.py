"""What a DJ wishes, from the words of a command or a config to Wishes; each error says which wish, and what is right."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon.errors import UserError
from daemon.recommend.item import KINDS
from daemon.recommend.library.keys import key_of
from daemon.recommend.session import Wishes

FAMILIES = ("content", "collaborative", "deep")
ENERGIES = ("up", "hold", "down")
RANGES = {"fader_percent": (0.0, 100.0), "not_within_h": (0.0, 24.0 * 3660)}


class WishError(UserError):
    """A wish that cannot be; the text is one line with the remedy."""


def wished(before: Wishes, said: Mapping[str, Any], now: float, find: Callable[[str], int]) -> Wishes:
    """`before`, and what is said of it. `find` gives the id that words mean, or raises UserError. Raises UserError."""
    new: dict[str, Any] = {}
    for name, value in said.items():
        if name not in Wishes.__struct_fields__:
            raise WishError(f"there is no wish {name!r}; choose one of {', '.join(Wishes.__struct_fields__)}")
        if value is not None:
            new[name] = _read(name, value, now, find)
    return msgspec.structs.replace(before, **new)


def _read(name: str, value: Any, now: float, find: Callable[[str], int]) -> Any:
    match name:
        case "tempo_bpm":
            return _tempo(value)
        case "keys":
            return tuple(dict.fromkeys(_key(one) for one in _list(name, value)))
        case "genres":
            return tuple(str(one) for one in _list(name, value))
        case "kinds":
            return _chosen(name, value, KINDS) or KINDS[:1]
        case "families":
            return _chosen(name, value, FAMILIES) or FAMILIES
        case "energy":
            return _chosen(name, [value], ENERGIES)[0]
        case "by":
            return _by(value, now, find)
        case "artist_once" | "repeats":
            if not isinstance(value, bool):
                raise WishError(f"{name} is {value!r}; give true or false")
            return value
    low, high = RANGES.get(name, (0, 2**31 - 1))
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise WishError(f"{name} is {value!r}; give a number from {low:g} to {high:g}")
    return int(value) if name == "seed" else float(value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise WishError(f"{name} is {value!r}; give a list")
    return list(value)


def _chosen(name: str, value: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    for one in _list(name, value):
        if one not in known:
            raise WishError(f"{name}: there is no {one!r}; choose among {', '.join(known)}")
    return tuple(one for one in known if one in value)


def _tempo(value: Any) -> tuple[float, float] | None:
    numbers = _list("tempo_bpm", value)
    if not numbers:
        return None
    right = len(numbers) == 2 and all(isinstance(one, int | float) and 0 < one < 1000 for one in numbers)
    if not right or numbers[0] > numbers[1]:
        raise WishError(f"tempo_bpm is {value!r}; give the lowest and the highest beats a minute")
    return float(numbers[0]), float(numbers[1])


def _key(value: Any) -> int:
    number = key_of(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 24:
        raise WishError(f"keys: {value!r} is no key; give one such as 8A or 'A minor'")
    return number


def _by(value: Any, now: float, find: Callable[[str], int]) -> dict[int, float]:
    if not isinstance(value, Mapping):
        raise WishError(f'by is {value!r}; give a table such as {{"blue monday" = "01:00"}}')
    return {_id(str(item), find): _moment(when, now) for item, when in value.items()}


def _id(said: str, find: Callable[[str], int]) -> int:
    number = said.removeprefix("#")
    return int(number) if number.isdigit() else find(said)


def _moment(said: Any, now: float) -> float:
    """Seconds since 1970: as they are, or the next time that the clock here shows `01:00`."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        return float(said)
    try:
        clock = datetime.time.fromisoformat(str(said).rjust(5, "0"))
    except ValueError:
        raise WishError(f"by: {said!r} is no time; give one such as 01:00") from None
    here = datetime.datetime.fromtimestamp(now)
    then = datetime.datetime.combine(here.date(), clock)
    return (then if then > here else then + datetime.timedelta(days=1)).timestamp()
