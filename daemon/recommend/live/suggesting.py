"""From a session and wishes to the list that is shown: the recommender's rows as items with their names and reasons."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from daemon import messages as m
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.content.camelot import camelot
from daemon.recommend.item import Item, Profile
from daemon.recommend.live.keeper import Play
from daemon.recommend.live.shelf import Shelf
from daemon.recommend.session import Session, Wishes

MIX = "mix"
"""The part (daemon.recommend.content) that says where two items could be mixed; it is told by itself."""


def session(
    catalogue: Catalogue,
    plays: Sequence[Play],
    verdicts: Mapping[int, float],
    now: float,
    dj: str = "",
    heard: Profile | None = None,
) -> Session:
    """What was played, as rows; what is no more in the library is left out."""
    rows = catalogue.rows
    kept = [play for play in plays if play.id in rows]
    return Session(
        rows=np.array([rows[play.id] for play in kept], np.int64),
        at=np.array([play.at for play in kept], np.float64),
        now=now,
        dj=dj,
        verdicts={rows[number]: value for number, value in verdicts.items() if number in rows},
        heard=heard,
    )


def suggest(shelf: Shelf, session: Session, wishes: Wishes, n: int) -> tuple[list[m.NextItem], float]:
    """The `n` best, and the ms that they took."""
    begun = time.perf_counter()
    found = shelf.recommends.next(session, wishes, n)
    took = 1000.0 * (time.perf_counter() - begun)
    return [_item(shelf.catalogue.items[one.row], one, session) for one in found], took


def _item(item: Item, one: Any, session: Session) -> m.NextItem:
    return m.NextItem(
        id=item.id,
        title=title(item),
        artist=item.artist,
        tempo_bpm=item.profile.tempo_bpm or 0.0,
        key=camelot(item.profile.key) if item.profile.key >= 0 else "",
        score=_finite(one.score),
        family=one.family,
        parts=[m.NextPart(part.name, _finite(part.value), part.text) for part in one.parts if part.name != MIX],
        transition=next((part.text for part in one.parts if part.name == MIX), ""),
        kind=item.kind,
        duration_s=item.profile.duration_s or 0.0,
        verdict=session.verdicts.get(one.row, 0.0),
    )


def title(item: Item) -> str:
    """Its title, else its file's name."""
    return item.title or item.path.rpartition("/")[2] or f"#{item.id}"


def name(item: Item) -> str:
    """`Artist - Title`."""
    return f"{item.artist} - {title(item)}" if item.artist else title(item)


def _finite(value: float) -> float:
    return float(value) if math.isfinite(value) else 0.0


def names(wishes: Wishes, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Wishes as they are told: keys on the wheel, and no more than differs from none."""
    plain = Wishes()
    said: dict[str, Any] = {}
    for field in wishes.__struct_fields__:
        value = getattr(wishes, field)
        if value != getattr(plain, field) or field in ("energy", "families"):
            said[field] = list(value) if isinstance(value, tuple) else value
    if wishes.keys:
        said["keys"] = [camelot(key) for key in wishes.keys]
    if wishes.by:
        said["by"] = {str(number): at for number, at in wishes.by.items()}
    return said


def plays_said(catalogue: Catalogue | None, plays: Iterable[Play]) -> list[m.SessionPlay]:
    """Plays with their names."""
    rows = catalogue.rows if catalogue is not None else {}
    said = []
    for play in plays:
        item = catalogue.items[rows[play.id]] if catalogue is not None and play.id in rows else Item(id=play.id)
        said.append(m.SessionPlay(play.id, title(item), item.artist, play.at, play.source))
    return said
