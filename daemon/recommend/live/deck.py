"""What the recommender's process knows and says: what plays, the session, the wishes, and the list that follows."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from daemon import messages as m
from daemon.recommend.content.camelot import camelot
from daemon.recommend.item import Item, Profile
from daemon.recommend.library.store import Library
from daemon.recommend.live import finding, suggesting
from daemon.recommend.live.diary import Diary
from daemon.recommend.live.keeper import Keeper, Play, Sighting
from daemon.recommend.live.shelf import Shelf
from daemon.recommend.live.sources import Told
from daemon.recommend.live.wishing import wished
from daemon.recommend.session import Session, Wishes
from daemon.recommend.wishes import why_none

PLAYING_S = 2.0  # between two messages of where it is, and
DRIFT_S = 0.5  # sooner where the position is another by so much
SHOWN_PLAYS = 100
FEW = "too few of the library's items fit what is wished for; `jamd ctl next wish --reset` takes that back"


class Deck:
    """[worker]"""

    def __init__(
        self, library: Library, dj: str, n: int, wishes: Mapping[str, Any], say: Callable[[m.Message], None]
    ) -> None:
        """Go on with the session in the library. `wishes` are the config's. Raises UserError."""
        self.library, self.n, self._say = library, n, say
        now = time.time()
        self.diary = Diary(library.database, dj, now)
        self.keeper = Keeper(self.diary.plays)
        self.home = self.wishes = wished(Wishes(), wishes, now, self.find)
        self.shelf: Shelf | None = None
        self.shown: list[m.NextItem] = []
        self._heard: Profile | None = None
        self._unknown: Told | None = None  # is played, and the library does not have it
        self._unknown_from = ""
        self._why = ""  # what the list must be made anew for
        self._said: tuple[float, m.Playing] | None = None  # when, and what plays

    def take(self, shelf: Shelf) -> None:
        """Another reading of the library."""
        first, self.shelf = self.shelf is None, shelf
        self._learn()
        self._why = "start" if first else "library"
        self.say_session()

    def heard(self, sightings: Iterable[Sighting]) -> None:
        """What was recognised in the newest sound, perhaps nothing."""
        now = time.time()
        self._played(self.keeper.heard(now, sightings))

    def told(self, told: Told, source: str) -> None:
        """A DJ program says what plays."""
        with self.library.database.reading() as connection:
            number = finding.told(connection, told)
        self._unknown, self._unknown_from = (None, "") if number else (told, source)
        if number:
            self._played(self.keeper.told(time.time(), number, source, told.at))

    def by_hand(self, number: int) -> None:
        """The DJ says what plays."""
        self._unknown = None
        self._played(self.keeper.told(time.time(), number, "told"))

    def sound(self, heard: Profile) -> None:
        """Energy, key or tempo of what is heard have moved."""
        self._heard = heard
        if self.session().heard is not None:
            self._why = self._why or "sound"

    def wish(self, wishes: Wishes) -> None:
        """From now on."""
        if wishes != self.wishes:
            self.wishes, self._why = wishes, "wish"
            self.say_session()

    def verdict(self, number: int, value: float) -> None:
        """The DJ has said something of an item."""
        self.diary.verdict(number, time.time(), value)
        self._why = "verdict"

    def find(self, words: str) -> int:
        """The item that words mean. Raises UserError."""
        with self.library.database.reading() as connection:
            return finding.by_words(connection, words)

    @property
    def is_stale(self) -> bool:
        """Whether the list must be made anew."""
        return bool(self._why) and self.shelf is not None

    def turn(self) -> None:
        """Say what plays, and write what waits."""
        self.diary.write()
        self._say_playing()

    def session(self) -> Session:
        """As the recommender takes it; what is heard counts where no item is known to play."""
        catalogue = self.shelf.catalogue if self.shelf is not None else None
        now = time.time()
        is_known = self.keeper.now.id and not self._unknown and not self.keeper.is_unheard(now)
        heard = None if is_known else self._heard
        if catalogue is None:
            return Session(now=now, dj=self.diary.dj, heard=heard, wishes=self.wishes)
        made = suggesting.session(catalogue, self.diary.plays, self.diary.verdicts, now, self.diary.dj, heard)
        made.wishes = self.wishes
        return made

    def refresh(self) -> None:
        """Make the list anew, and say it."""
        assert self.shelf is not None
        why, self._why = self._why, ""
        items, ms = self.suggest(self.wishes, self.n)
        self.shown = items
        note = ""
        if not items:
            note = why_none(self.wishes, self.session(), self.shelf.catalogue) or ""
        elif len(items) < self.n:
            note = FEW
        plays = self.diary.plays
        after = self.item(plays[-1].id) if plays else None
        self._say(
            m.Suggestions(
                session_id=self.diary.set_id,
                after_id=after.id if after else 0,
                after=suggesting.name(after) if after else "",
                items=items,
                why=why,
                families=list(self.wishes.families),
                energy=self.wishes.energy,
                ms=ms,
                note=note,
            )
        )

    def suggest(self, wishes: Wishes, n: int) -> tuple[list[m.NextItem], float]:
        """What could be played next, and the ms that it took."""
        assert self.shelf is not None
        session = self.session()
        session.wishes = wishes
        return suggesting.suggest(self.shelf, session, wishes, n)

    def item(self, number: int) -> Item:
        """By its id; one that is gone has no name."""
        if self.shelf is not None and number in self.shelf.catalogue.rows:
            return self.shelf.catalogue.items[self.shelf.catalogue.rows[number]]
        return self.library.item(number) or Item(id=number)

    def session_said(self) -> m.Session:
        """The session as it is published."""
        diary, wishes = self.diary, suggesting.names(self.wishes)
        plays = [self._play_said(play) for play in diary.plays[-SHOWN_PLAYS:]]
        return m.Session(
            session_id=diary.set_id,
            dj=diary.dj,
            started=diary.started,
            count=len(diary.plays),
            plays=plays,
            wishes=wishes,
        )

    def say_session(self) -> None:
        """Publish it."""
        self._say(self.session_said())

    def playing(self) -> m.Playing:
        """What plays, as it is published."""
        now, at = self.keeper.now, time.time()
        if self._unknown is not None:
            return m.Playing(
                item_id=0, title=self._unknown.title, artist=self._unknown.artist, source=self._unknown_from
            )
        if not now.id or self.keeper.is_unheard(at):
            return m.Playing(item_id=0, title="", artist="", confidence=0.0)
        item = self.item(now.id)
        duration = item.profile.duration_s or 0.0
        position = max(0.0, self.keeper.position_s(at))
        return m.Playing(
            item_id=now.id,
            title=suggesting.title(item),
            artist=item.artist,
            position_s=min(position, duration) if duration else position,
            duration_s=duration,
            speed=now.speed,
            confidence=now.confidence,
            source=now.source,
            tempo_bpm=item.profile.tempo_bpm or 0.0,
            key=camelot(item.profile.key) if item.profile.key >= 0 else "",
        )

    def _played(self, play: Play | None) -> None:
        """Something counts as played."""
        if play is None:
            return
        self._unknown = None
        self.diary.play(play)
        self._learn()
        self._why = "track"
        self.say_session()
        self._say_playing()

    def _learn(self) -> None:
        if self.shelf is not None and self.diary.plays:
            self.shelf.recommends.learn(self.session())

    def _play_said(self, play: Play) -> m.SessionPlay:
        item = self.item(play.id)
        return m.SessionPlay(play.id, suggesting.title(item), item.artist, play.at, play.source)

    def _say_playing(self) -> None:
        """Where it is, again and again; at once where it is another."""
        message, at = self.playing(), time.time()
        key = (message.item_id, message.title, message.source)
        if self._said is not None:
            said_at, before = self._said
            expected = before.position_s + (at - said_at) * before.speed
            is_same = key == (before.item_id, before.title, before.source)
            is_near = abs(message.position_s - expected) < DRIFT_S or not message.position_s
            if is_same and (not message.item_id or (is_near and at - said_at < PLAYING_S)):
                return
        self._said = at, message
        self._say(message)
