"""A crate of sixty tracks, a past that has nothing to do with how they sound, and a network that needs no file."""

import hashlib

import numpy as np

from daemon.recommend.blend.blend import Recommender
from daemon.recommend.blend.opening import SHIPPED
from daemon.recommend.blend.ranking import Ranking
from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.artists import Artists
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.history import History
from daemon.recommend.content.content import Content
from daemon.recommend.deep.deep import Deep
from daemon.recommend.deep.model import HIDDEN, SIZE, Told
from daemon.recommend.item import N_TIMBRE, Item, Profile
from daemon.recommend.session import Session

N = 60
GENRES = ("house", "techno", "ambient")
STEP = 7  # in the past, this many rows on comes next
NOW = 1_700_000_000.0


def items(n: int = N, first_id: int = 101) -> list[Item]:
    """Row k: genre k % 3, artist k % 12. Every tenth has no profile."""
    random = np.random.default_rng(5)
    some = []
    for k in range(n):
        genre = k % 3
        chroma = random.dirichlet(np.ones(12))
        profile = Profile(
            duration_s=300.0,
            tempo_bpm=(122.0, 132.0, 90.0)[genre] + k % 5,
            key=(k * 5) % 24,
            loudness_lufs=-8.0 - genre - 0.1 * (k % 7),
            energy=round((0.6, 0.8, 0.3)[genre] + 0.03 * (k % 6), 3),
            chroma=tuple(chroma.tolist()),
            timbre=tuple((2.0 * (genre - 1) + 0.3 * random.normal(size=N_TIMBRE)).tolist()),
            intro_beats=32,
            outro_beats=64,
            first_beat_s=0.5,
        )
        some.append(
            Item(
                id=first_id + k,
                title=f"Tune {k}",
                artist=f"Artist {k % 12}",
                genre=GENRES[genre],
                profile=Profile() if k % 10 == 9 else profile,
            )
        )
    return some


def past(n: int = N, sessions: int = 40) -> list[list[int]]:
    """Each goes on by STEP from where it begins."""
    return [[(start * 11 + STEP * k) % n for k in range(8)] for start in range(sessions)]


def history(played: list[list[int]], n: int = N) -> History:
    """An hour apart, a long time ago, of two DJs."""
    offsets = np.cumsum([0, *map(len, played)])
    rows = np.array([row for one in played for row in one], np.int32)
    starts = NOW - 1e6 + 3600.0 * np.arange(len(played))
    return History(n, offsets, rows, starts, [("ann", "bob")[s % 2] for s in range(len(played))])


class Ladder:
    """A network that needs no file: after a row it looks for those that lie a few rows on. As deep.model.Network."""

    name = "ladder"

    def __init__(self, known: int = N // 2) -> None:
        self.known, self.steps = known, 0

    def vectors(self, catalogue: Catalogue) -> np.ndarray:
        return self.at(np.arange(len(catalogue)))

    def at(self, rows: np.ndarray) -> np.ndarray:
        turn = np.outer(rows, np.arange(1, SIZE // 2 + 1)) * 2 * np.pi / N
        whole = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(len(rows))])
        return np.ascontiguousarray(whole, np.float32)

    def knows(self, catalogue: Catalogue) -> np.ndarray:
        return np.arange(len(catalogue)) < self.known

    def start(self) -> Told:
        return Told(np.zeros(SIZE + 1, np.float32), np.zeros((1, 1, HIDDEN), np.float32), 0)

    def step(self, told: Told, vector: np.ndarray) -> Told:
        self.steps += 1
        row = round(float(np.arctan2(vector[SIZE // 2], vector[0])) * N / (2 * np.pi)) % N
        query = sum(self.at(np.array([row + k]))[0] / k for k in (1, 2, 3))
        return Told(query, told.state, told.played + 1)


def recommender(
    catalogue: Catalogue | None = None, played: list[list[int]] | None = None, last: np.ndarray | None = None
) -> Recommender:
    """All families, with the ranking that jamd comes with."""
    catalogue = Catalogue(items()) if catalogue is None else catalogue
    known = history(past() if played is None else played, len(catalogue))
    families = [Content(catalogue), Collaborative(catalogue, known), Artists(catalogue, known)]
    deep = Deep(catalogue, Ladder())  # type: ignore[arg-type]
    return Recommender(catalogue, [*families, deep], Ranking(SHIPPED / "blend.npz"), last)


def session(*rows: int, dj: str = "ann", **rest) -> Session:
    """Five minutes each; the next is due."""
    at = NOW + 300.0 * np.arange(len(rows))
    return Session(rows=np.array(rows, np.int64), at=at, now=NOW + 300.0 * len(rows), dj=dj, **rest)


def mark() -> str:
    """Of lists that all of it went into: for another process to say."""
    from daemon.recommend.session import Wishes

    one, told = recommender(), []
    for wishes in (Wishes(), Wishes(energy="up"), Wishes(families=("content",)), Wishes(seed=3)):
        told.append(repr(one.next(session(3, 10, 17, verdicts={20: -0.5, 24: 1.0}), wishes, 15)))
        told.append(repr(one.next(session(), wishes, 15)))
    return hashlib.blake2b("".join(told).encode(), digest_size=16).hexdigest()


if __name__ == "__main__":
    print(mark())
