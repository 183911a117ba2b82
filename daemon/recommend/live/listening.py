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


def recogniser(library: Library, rate: int) -> tuple[Recognises | None, int]:
    """For sound of `rate` Hz, and how many items it knows; None for none. Damaged fingerprints are left out."""
    from daemon.recommend.recognition.print import PrintError, print_of, unpacked
    from daemon.recommend.recognition.recogniser import Recogniser

    noise = np.random.default_rng(0).uniform(-0.1, 0.1, WARM_S * rate).astype(np.float32)
    Recogniser([(1, print_of(noise, rate))], rate).feed(noise)  # so that nothing is compiled while somebody plays
    whole = []
    for number, blob in library.prints(PRINT_VERSION):
        with contextlib.suppress(PrintError):
            unpacked(blob)
            whole.append((number, blob))
    return (Recogniser(whole, rate), len(whole)) if whole else (None, 0)


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
