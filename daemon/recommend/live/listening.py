"""From the newest sound to what is heard in it: the ring is read, and the recogniser fed."""

import contextlib
from typing import Any, Protocol

import numpy as np

from daemon.recommend.library.found import PRINT_VERSION
from daemon.recommend.library.store import Library
from daemon.recommend.live.keeper import Sighting
from daemon.recommend.live.ring import Ring

WARM_S = 8


class Recognises(Protocol):
    """As daemon.recommend.recognition.recogniser."""

    heard: list[Any]

    def feed(self, samples: np.ndarray) -> list[Any]: ...


def recogniser(library: Library, rate: int) -> Recognises | None:
    """For sound of `rate` Hz; None where nothing of the library can be recognised. Damaged prints are left out."""
    from daemon.recommend.recognition.print import PrintError, print_of, unpacked
    from daemon.recommend.recognition.recogniser import Recogniser

    prints = list(library.prints(PRINT_VERSION))
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, WARM_S * rate).astype(np.float32)
    Recogniser([(1, print_of(noise, rate))], rate).feed(noise)  # so that nothing is compiled while somebody plays
    try:
        return Recogniser(prints, rate) if prints else None
    except PrintError:
        whole = []
        for number, blob in prints:
            with contextlib.suppress(PrintError):
                unpacked(blob)
                whole.append((number, blob))
        return Recogniser(whole, rate) if whole else None


class Listening:
    """[worker]"""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._recogniser: Recognises | None = None

    def use(self, recogniser: Recognises | None) -> None:
        """Recognise by this one from now on."""
        self._recogniser = recogniser

    def turn(self) -> list[Sighting] | None:
        """What is heard in all that is new; None: nothing is new, or nobody can tell."""
        piece = self._ring.read()
        if self._recogniser is None or not len(piece.sound):
            return None
        self._recogniser.feed(piece.sound)
        return [
            Sighting(one.item, one.confidence, one.position_s, one.speed, one.share) for one in self._recogniser.heard
        ]
