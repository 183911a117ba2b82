"""What the DJ's wishes leave of a library, which wish leaves nothing, and what must be played soon."""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from daemon.errors import UserError
from daemon.recommend.catalogue import NOBODY, Catalogue, folded
from daemon.recommend.family import Part
from daemon.recommend.item import KINDS
from daemon.recommend.session import Session, Wishes

DIRECTIONS = ("up", "hold", "down")
FAMILIES = ("content", "collaborative", "deep")
SOON_S = 3600.0
"""From so long before its time, what must be played is put forward."""


class WishesError(UserError):
    """A wish that cannot be; the text names it and what can."""


class Due(NamedTuple):
    """Something that must be played by a time."""

    row: int
    part: Part  # "by": 0 from SOON_S before its time, 1 at it and after


def check(wishes: Wishes) -> None:
    """Raises WishesError for what makes no sense. [any]"""

    def never(wrong: bool, text: str) -> None:
        if wrong:
            raise WishesError(text)

    unknown = [kind for kind in wishes.kinds if kind not in KINDS]
    never(bool(unknown) or not wishes.kinds, f"kinds {unknown or 'none'}: give some of {', '.join(KINDS)}")
    if wishes.tempo_bpm is not None:
        low, high = wishes.tempo_bpm
        sane = math.isfinite(low) and math.isfinite(high) and 0 < low <= high
        never(not sane, f"tempo {low:g} to {high:g} BPM: give the lowest first, both above 0")
    fader = wishes.fader_percent
    never(not 0 <= fader <= 50, f"fader {fader:g} %: give how far it goes either way, 0 to 50, as 8 or 16")
    odd = [key for key in wishes.keys if not 0 <= key < 24]
    never(bool(odd), f"keys {odd}: give 0 to 11 for C major to B major, 12 to 23 for C minor to B minor")
    never(wishes.energy not in DIRECTIONS, f"energy {wishes.energy!r}: give up, hold or down")
    never(not 0 <= wishes.not_within_h < math.inf, f"not within {wishes.not_within_h:g} hours: give 0 or more")
    unknown = [name for name in wishes.families if name not in FAMILIES]
    never(bool(unknown) or not wishes.families, f"families {unknown or 'none'}: give some of {', '.join(FAMILIES)}")
    never(not all(map(math.isfinite, wishes.by.values())), "by: give times in seconds since 1970")


def allowed(
    wishes: Wishes, session: Session, catalogue: Catalogue, last_played: np.ndarray | None = None
) -> np.ndarray:
    """uint8, one a row: 1 where every wish is met. Raises WishesError.

    What is not known meets no wish that asks for it. `last_played` float64, a row each: seconds since 1970, NaN for
    never; None where nobody kept it. [worker]
    """
    check(wishes)
    mask = np.ones(len(catalogue), bool)
    for _, _, meets in _asked(wishes, session, catalogue, last_played):
        mask &= meets()
    return mask.view(np.uint8)


def why_none(
    wishes: Wishes, session: Session, catalogue: Catalogue, last_played: np.ndarray | None = None
) -> str | None:
    """The wish without which something would be left, and what to do; None where something is left as it is. [worker]"""
    check(wishes)
    if len(catalogue) == 0:
        return "the library is empty: fill it by jamd library scan DIR"
    masks = [(name, remedy, meets()) for name, remedy, meets in _asked(wishes, session, catalogue, last_played)]
    if np.logical_and.reduce([mask for _, _, mask in masks]).any():
        return None
    for name, remedy, mask in masks:
        if not mask.any():
            return f"nothing in the library meets {name}: {remedy}"
    left = [
        int(np.logical_and.reduce([other for at, (_, _, other) in enumerate(masks) if at != index]).sum())
        for index in range(len(masks))
    ]
    most = max(range(len(masks)), key=lambda index: (left[index], -index))
    name, remedy, _ = masks[most]
    if left[most]:
        return f"{name} leaves nothing, without it {left[most]} would be: {remedy}"
    return f"{', '.join(name for name, _, _ in masks)} leave nothing together: give up two or more of them"


def due(wishes: Wishes, session: Session, catalogue: Catalogue) -> list[Due]:
    """What must be played by a time that is near and has not been, the most pressing first. [worker]"""
    played = set(session.rows.tolist())
    found = []
    for number, by in wishes.by.items():
        row = catalogue.rows.get(number)
        left_s = by - session.now
        if row is None or row in played or left_s >= SOON_S:
            continue
        minutes = f"in {math.ceil(left_s / 60)} min" if left_s > 0 else "now overdue"
        text = f"must play by {time.strftime('%H:%M', time.localtime(by))}, {minutes}"
        found.append(Due(row, Part("by", min(1.0, 1.0 - left_s / SOON_S), text)))
    return sorted(found, key=lambda one: (-one.part.value, one.row))


def _asked(
    wishes: Wishes, session: Session, catalogue: Catalogue, last_played: np.ndarray | None
) -> list[tuple[str, str, Callable[[], np.ndarray]]]:
    """(the wish's name, what to do where it leaves nothing, the bool mask of what meets it), of each that is made."""
    asked: list[tuple[str, str, Callable[[], np.ndarray]]] = []
    kinds = np.isin(np.arange(256), [KINDS.index(kind) for kind in wishes.kinds])
    named = " or ".join(wishes.kinds)
    asked.append(
        (f"kind {named}", f"scan or import a {named}, or wish for another kind", lambda: kinds[catalogue.kinds])
    )
    if wishes.tempo_bpm is not None:
        low, high = wishes.tempo_bpm
        reach = wishes.fader_percent / 100
        asked.append(
            (
                f"tempo {low:g} to {high:g} BPM with fader {wishes.fader_percent:g} %",
                "widen the tempo or the fader, or scan what has no tempo yet",
                lambda: (
                    (catalogue.tempo_bpm * np.float32(1 + reach) >= low)
                    & (catalogue.tempo_bpm * np.float32(1 - reach) <= high)
                ),
            )
        )
    if wishes.keys:
        from daemon.recommend.content.camelot import camelot

        keys = np.isin(np.arange(-128, 128), wishes.keys)
        names = ", ".join(camelot(key) for key in wishes.keys)
        asked.append(
            (f"key {names}", "add its neighbours on the wheel", lambda: keys[catalogue.keys.astype(int) + 128])
        )
    if wishes.genres:
        wanted = frozenset(folded(genre) for genre in wishes.genres)
        asked.append(
            (
                f"genre {' or '.join(wishes.genres)}",
                "add genres, or look how the library spells them by jamd library list",
                lambda: _of_genres(catalogue, wanted),
            )
        )
    if wishes.not_within_h > 0 and last_played is not None:
        before = session.now - wishes.not_within_h * 3600
        name = f"not played within {wishes.not_within_h:g} hours"
        asked.append((name, "lower the hours", lambda: ~(last_played > before)))
    if len(session.rows) and not wishes.repeats:
        asked.append(("no repeats", "allow repeats", lambda: _without(len(catalogue), session.rows)))
    if len(session.rows) and wishes.artist_once:
        artists = np.unique(catalogue.artists[session.rows])
        artists = artists[artists != NOBODY]
        asked.append(("no artist twice", "allow an artist again", lambda: ~np.isin(catalogue.artists, artists)))
    return asked


def _of_genres(catalogue: Catalogue, wanted: frozenset[str]) -> np.ndarray:
    names, codes = catalogue.genre_codes
    return np.array([not wanted.isdisjoint(some) for some in names], bool)[codes]


def _without(n: int, rows: np.ndarray) -> np.ndarray:
    mask = np.ones(n, bool)
    mask[rows] = False
    return mask
