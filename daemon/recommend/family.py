"""What a recommender family is, and what it answers with. Three of them: content, collaborative, deep."""

from typing import Protocol

import msgspec
import numpy as np

from daemon.recommend.session import Session


class Part(msgspec.Struct, frozen=True):
    """One named part of a score, and the words for it: together the reason that is shown.

    `value` lies in [0, 1] and can be computed again from the library's data alone.
    """

    name: str  # "tempo", "key", "energy", "played_after", ...
    value: float
    text: str  # "126.0 -> 128.0 BPM, fader +1.6 %"


class Suggestion(msgspec.Struct, frozen=True):
    """One item to play next."""

    row: int
    score: float  # 0..1
    parts: tuple[Part, ...]
    family: str  # which family is most for it


class Family(Protocol):
    """One way to tell what comes next. A pure function of its data and the session. [worker]"""

    name: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of `scores`' columns."""

    def candidates(self, session: Session, allowed: np.ndarray, k: int) -> np.ndarray:
        """At most `k` rows, int64, best first, of those where `allowed` (uint8, one a row) is not 0."""

    def scores(self, session: Session, rows: np.ndarray) -> np.ndarray:
        """float32 of shape (len(rows), len(fields)), each 0..1, for any rows; 0 where the family knows nothing."""

    def parts(self, session: Session, row: int) -> tuple[Part, ...]:
        """Why `row`, in true words; empty where the family knows nothing of it."""

    def learn(self, session: Session) -> None:
        """The session's newest play has happened (`session.rows[-1]`); so may others after it. Microseconds."""
