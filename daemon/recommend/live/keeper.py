"""The session by itself: from what is recognised, told by a DJ program, or said by hand, to what was played and when.

Pure: time is handed in. Recognition flickers, and while two tracks are mixed both are heard. So each new track has a credit
of seconds, which grows while it is the loudest of all and falls while it is not; with DOMINATES_S of it the track was
played, from when it was first heard, or from its own beginning a little before. What was played is not played again because
it is still, or again, in the mix: only after AGAIN_S without it. Programs that tell are believed at once, hands always.
"""

from collections.abc import Iterable
from typing import NamedTuple

DOMINATES_S = 8.0
FALLS = 0.5  # seconds of credit lost a second
FORGOTTEN_S = 20.0  # unheard for so long, a new track begins anew
AGAIN_S = 600.0
BACK_S = 20.0  # before it was first heard, a track may have begun at its beginning; else it began at a cue
UNHEARD_S = 30.0  # then what was recognised does not play any more
STEP_S = 3.0  # a gap between two recognitions counts as this at most
BY_HAND = "told"


class Sighting(NamedTuple):
    """A track that is heard, `position_s` into it and `speed` times as fast as it is; `share` of all that is recognised."""

    id: int
    confidence: float
    position_s: float
    speed: float
    share: float = 1.0


class Play(NamedTuple):
    """A track was played, from `at` (seconds since 1970) on; `source` as in messages.Playing."""

    id: int
    at: float
    source: str


class Now(NamedTuple):
    """What plays, as it was at `at`; id 0 for nothing."""

    id: int = 0
    at: float = 0.0
    position_s: float | None = None
    speed: float = 1.0
    confidence: float = 1.0
    source: str = ""


class Keeper:
    """One session's. [worker]"""

    def __init__(self, plays: Iterable[Play] = ()) -> None:
        """`plays`: of a session that goes on, oldest first."""
        self.now = Now()
        self._played: dict[int, float] = {}  # -> when it was last there
        self._since: dict[int, float] = {}  # of new tracks: when first heard,
        self._last: dict[int, float] = {}  # when last,
        self._credit: dict[int, float] = {}  # and their seconds
        self._heard_at = 0.0
        for play in plays:
            self._played[play.id] = play.at
            self.now = Now(play.id, play.at, source=play.source)

    def heard(self, at: float, sightings: Iterable[Sighting]) -> Play | None:
        """What was recognised at `at`, perhaps nothing; gives what was played thereby."""
        found = sorted(sightings, key=lambda one: (-one.share, -one.confidence, one.id))
        step = min(STEP_S, max(0.0, at - self._heard_at)) if self._heard_at else 0.0
        self._heard_at = at
        for one in found:
            if one.id == self.now.id or self._is_played(one.id, at):
                self._played[one.id] = at
            else:
                self._since.setdefault(one.id, at)
                self._last[one.id] = at
            if one.id == self.now.id:
                self.now = Now(one.id, at, one.position_s, one.speed, one.confidence, self.now.source)
        loudest = found[0].id if found else 0
        for number in list(self._since):
            self._credit[number] = self._credit.get(number, 0.0) + (step if number == loudest else -FALLS * step)
            self._credit[number] = max(0.0, self._credit[number])
            if at - self._last[number] > FORGOTTEN_S:
                self._forget(number)
        if self._credit.get(loudest, 0.0) < DOMINATES_S:
            return None
        one, since = found[0], self._since[loudest]
        if since - BACK_S <= (began := at - one.position_s / one.speed) < since:
            since = began
        return self._begin(Now(one.id, at, one.position_s, one.speed, one.confidence, "heard"), since)

    def told(self, at: float, number: int, source: str, began: float | None = None) -> Play | None:
        """Somebody says what plays, perhaps since when; gives what was played thereby."""
        if number == self.now.id or (source != BY_HAND and self._is_played(number, at)):
            return None
        since = at if began is None else began
        return self._begin(Now(number, at, at - since, source=source), self._since.get(number, since))

    def position_s(self, at: float) -> float:
        """Where in what plays now; 0 where that is not known."""
        if self.now.position_s is None:
            return 0.0
        return self.now.position_s + (at - self.now.at) * self.now.speed

    def is_unheard(self, at: float) -> bool:
        """Whether what plays was recognised, and is so no more."""
        return self.now.source == "heard" and at - self._played[self.now.id] > UNHEARD_S

    def _is_played(self, number: int, at: float) -> bool:
        return number in self._played and at - self._played[number] < AGAIN_S

    def _begin(self, now: Now, since: float) -> Play:
        self.now = now
        self._played[now.id] = now.at
        self._forget(now.id)
        return Play(now.id, since, now.source)

    def _forget(self, number: int) -> None:
        for known in (self._since, self._last, self._credit):
            known.pop(number, None)
