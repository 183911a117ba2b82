"""What every driver offers: it opens in its constructor, then `opened`, `start`, `alive`, `close`.

A driver writes its own fields of the record when it opens and says the rate it runs at; the record is prepared for that
rate after, and only then does `start` let the callback run.
"""

from typing import NamedTuple, Protocol

from daemon.errors import UserError

LOWEST_RATE, HIGHEST_RATE = 44100, 96000


class DriverError(UserError):
    """A device that cannot be opened; the text is one line with the remedy."""


class NoServerError(DriverError):
    """There is no such sound server here; another driver may do."""


def check_rate(rate: float, device: str, wanted: int) -> int:
    """`rate` as an int if the engine can run at it and it is what the config `wanted` (0 = any). Raises DriverError."""
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise DriverError(
            f"{device} runs at {rate:.0f} Hz; jamd works at {LOWEST_RATE} to {HIGHEST_RATE} Hz: change it there"
        )
    if wanted and rate != wanted:
        raise DriverError(
            f"{device} runs at {rate:.0f} Hz, the config says engine.rate = {wanted}: make them equal, or 0"
        )
    return int(rate)


class Opened(NamedTuple):
    """What was opened."""

    driver: str
    device: str
    rate: int  # Hz
    block_size: int  # samples; 0 = varies


class Driver(Protocol):
    """A source of callbacks. All methods: [main]."""

    opened: Opened

    def start(self) -> None:
        """Let the callback run."""

    def alive(self) -> bool:
        """Whether it still runs."""

    def close(self) -> None:
        """Stop it and free what it holds."""
