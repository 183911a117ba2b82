"""What the recommender says: what plays now, what could be played next and why, the session so far, and how it fares."""

from typing import Any, ClassVar

import msgspec

from daemon.messages.message import Message


class NextPart(msgspec.Struct):
    """One named part of a score, 0..1, and the words for it."""

    name: str
    value: float
    text: str


class NextItem(msgspec.Struct):
    """One item that could be played next. `parts` are the reasons, `verdict` what the DJ has said of it (-1..1)."""

    id: int
    title: str
    artist: str
    tempo_bpm: float  # 0 = not known
    key: str  # on the Camelot wheel, such as 8A; empty: not known
    score: float  # 0..1
    family: str  # which is most for it: content, collaborative or deep
    parts: list[NextPart]
    transition: str = ""  # where the two could be mixed, in words
    kind: str = "track"
    duration_s: float = 0.0
    verdict: float = 0.0


class Playing(Message, tag="playing"):
    """What plays now, several times a minute while it does. `item_id` 0: nothing, or nothing that the library has.

    `position_s` is in the item at `sample_time`, `speed` what the pitch fader makes of it (1 = as it is), `source` who says
    so: heard, mixxx, file, osc or told; empty while nothing plays.
    """

    item_id: int
    title: str
    artist: str
    position_s: float = 0.0
    duration_s: float = 0.0  # 0 = not known
    speed: float = 1.0
    confidence: float = 1.0
    source: str = ""
    tempo_bpm: float = 0.0  # of the item, at speed 1
    key: str = ""

    keep_last: ClassVar[bool] = True


class Suggestions(Message, tag="suggestions"):
    """What could be played next, best first, each time that something has changed.

    `why`: track, sound, wish, verdict, library or start. A list that is `stale` is the last one, said again because the next
    is late; `late` counts how often that was so.
    """

    session_id: int
    after_id: int  # the item that they are to follow; 0: none was played yet
    after: str
    items: list[NextItem]
    why: str
    families: list[str] = []  # noqa: RUF012 - msgspec copies it
    energy: str = "hold"
    stale: bool = False
    late: int = 0
    ms: float = 0.0  # it took to make
    note: str = ""  # why there are none or fewer, and what to do

    keep_last: ClassVar[bool] = True


class SessionPlay(msgspec.Struct):
    """An item that was played. `at`: seconds since 1970 when it began; `source` as in Playing."""

    id: int
    title: str
    artist: str
    at: float
    source: str


class Session(Message, tag="session"):
    """The session, each time it has changed: the newest plays, oldest first, of `count`; and what is wished for."""

    session_id: int
    dj: str
    started: float  # seconds since 1970
    count: int
    plays: list[SessionPlay]
    wishes: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it

    keep_last: ClassVar[bool] = True


class Recommender(Message, tag="recommender"):
    """What became of the recommender: off, starting, running, failed, died, hung. `error`: what happens, and what to do."""

    state: str
    error: str = ""
    library: str = ""
    items: int = 0  # in the library
    prints: int = 0  # of them can be recognised

    keep_last: ClassVar[bool] = True
