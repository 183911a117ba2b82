"""Listens, and says now and then which items of the library sound."""

from collections.abc import Iterable

import msgspec
import numpy as np


class Heard(msgspec.Struct, frozen=True):
    """An item that sounds. Several at once where tracks are mixed, the loudest first."""

    item: int  # its id
    position_s: float  # in the item, of the newest sample fed
    speed: float  # the item's seconds that pass in a second: 1.06 where the fader is at +6 %
    key_lock: bool  # the pitch is the item's own, whatever the speed
    confidence: float  # 0..1
    share: float  # 0..1: of what is recognised now; their sum is 1


class Recogniser:
    """Listens to mono float32 sound in chunks of any length. Not for two threads at once. [worker]"""

    def __init__(self, prints: Iterable[tuple[int, bytes]], rate: float) -> None:
        """Of (item id, blob of `print_of`). Raises PrintError for a blob that is none."""
        self.heard: list[Heard] = []  # what sounds as of the last look; empty where unsure

    def feed(self, samples: np.ndarray) -> list[Heard]:
        """Once a second, what sounds now, the surest first; else, and where unsure, empty."""
        raise NotImplementedError
