"""Commands on the recommender: what could be played next, what is wished for, what was played, what is thought of it.

They are carried out by the recommender's own process, not by the rack's desk: so they go in a batch without others.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta

from daemon.desk.commands.command import Command

Count = Annotated[int, Meta(ge=1, le=50, description="1 to 50")]


class NextWish(Command, tag="next_wish"):
    """What is given becomes so from now on, the rest stays; an empty list or table means any. `reset`: first all back.

    `tempo_bpm` is [lowest, highest]; `keys` such as 8A or "A minor"; `by` says until when an item must be played: its id, or
    words that find it, to "01:00" or seconds since 1970.
    """

    reset: bool = False
    kinds: list[str] | None = None
    tempo_bpm: list[float] | None = None
    fader_percent: float | None = None
    keys: list[str] | None = None
    genres: list[str] | None = None
    energy: Literal["up", "hold", "down"] | None = None
    not_within_h: float | None = None
    artist_once: bool | None = None
    repeats: bool | None = None
    by: dict[str, str | float] | None = None
    families: list[str] | None = None
    seed: int | None = None


class Next(Command, tag="next"):
    """What could be played next, `n` of them, with reasons; `wishes` (as of `next_wish`) for this once."""

    n: Count | None = None
    wishes: dict[str, Any] | None = None


class NextPlayed(Command, tag="next_played"):
    """This plays now: an item's id, or words that find it."""

    id: int = 0
    words: str = ""


class NextVerdict(Command, tag="next_verdict"):
    """What is thought of an item: by its id, words that find it, or its place from 1 among the suggestions."""

    verdict: Literal["accept", "skip", "up", "down"]
    id: int = 0
    words: str = ""
    place: int = 0


class NextShow(Command, tag="next_show"):
    """The session, what is wished for, what plays, and how the recommender fares."""


OWN = (Next, NextWish, NextPlayed, NextVerdict, NextShow)
