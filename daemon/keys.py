"""Single keys of the terminal that jamd was started from, without waiting for them."""

import os
import select
import sys
from types import TracebackType


class Keys:
    """A context manager; where standard input is no terminal, no key is ever pressed. [main]"""

    def __init__(self) -> None:
        self._before: list | None = None

    def __enter__(self) -> "Keys":
        try:
            import termios
            import tty
        except ImportError:  # not here
            return self
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
            self._before = None

    @property
    def are_read(self) -> bool:
        """Whether there is a terminal."""
        return self._before is not None

    def pressed(self) -> str:
        """The keys pressed since this was last asked; empty for none."""
        if self._before is None or not select.select([sys.stdin], [], [], 0.0)[0]:
            return ""
        return os.read(sys.stdin.fileno(), 64).decode("utf-8", "ignore")
