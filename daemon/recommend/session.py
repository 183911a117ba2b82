"""A session, from start to stop: what was played in it and when, what the DJ said of suggestions, what sounds now."""

import msgspec
import numpy as np

from daemon.recommend.item import Profile


class Wishes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the DJ wants of the next tracks. Hard, but for `energy`, which is a direction."""

    kinds: tuple[str, ...] = ("track",)
    tempo_bpm: tuple[float, float] | None = None  # lowest and highest, as played (halves and doubles do not count)
    fader_percent: float = 8.0  # how far the pitch fader goes either way
    keys: tuple[int, ...] = ()  # as Profile.key; empty: any
    genres: tuple[str, ...] = ()  # any of these; empty: any
    energy: str = "hold"  # up, hold, down
    not_within_h: float = 0.0  # hours since an item was last played, in any session of the library's
    artist_once: bool = False  # no artist twice in the session
    repeats: bool = False  # items already played in the session may come again
    by: dict[int, float] = {}  # id -> seconds since 1970: "must play by 01:00"
    families: tuple[str, ...] = ("content", "collaborative", "deep")
    seed: int = 0


class Session(msgspec.Struct, kw_only=True):
    """State only; rows are a catalogue's. Recommenders read it and never write."""

    rows: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0, np.int64))  # int64, oldest first
    at: np.ndarray = msgspec.field(default_factory=lambda: np.empty(0))  # float64, seconds since 1970, when each began
    now: float = 0.0  # seconds since 1970
    dj: str = ""
    verdicts: dict[int, float] = {}  # row -> -1 (thumbs down) .. 1 (up); a skip is -0.5, an acceptance 0.5
    heard: Profile | None = None  # what is played now, where it is not an item: a performer, an unknown track
    wishes: Wishes = Wishes()  # content looks at the direction of energy and the fader

    @property
    def last(self) -> int | None:
        """The row that plays now, or played last."""
        return int(self.rows[-1]) if len(self.rows) else None
