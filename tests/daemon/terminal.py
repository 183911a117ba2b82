"""A command of jamd's in a terminal of its own, and the end of it where a person sits."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

ALONE = {"JACK_DEFAULT_SERVER": "nobody-runs-this"}
_STYLES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """`jamd` with these words in a terminal of 80 by 24. What a view draws anew each time is in `text` as often."""

    def __init__(self, *words: object, **environ: str) -> None:
        self._far, self._near = pty.openpty()
        self.before = termios.tcgetattr(self._near)
        self.text = ""
        environ = {**os.environ, **ALONE, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environ}
        command = [sys.executable, "-m", "daemon.cli", *map(str, words)]
        self.process = subprocess.Popen(command, stdin=self._near, stdout=self._near, stderr=self._near, env=environ)

    def press(self, keys: str) -> None:
        os.write(self._far, keys.encode())

    def settings(self) -> list:
        """As `before`, now."""
        return termios.tcgetattr(self._near)

    def until(self, text: str, seconds: float = 120.0, anew: bool = False) -> None:
        """Wait for a text, its styles left out; `anew`: what was there before does not count."""
        if anew:
            self.text = ""
        ends_at = time.monotonic() + seconds
        while text not in _STYLES.sub("", self.text):
            assert time.monotonic() < ends_at, f"no {text!r} in {self.text[-4000:]}"
            if not self.read() and self.process.poll() is not None and not self.read():
                assert text in _STYLES.sub("", self.text), f"ended without {text!r}: {self.text[-4000:]}"

    def read(self) -> bool:
        """Take what is written now."""
        if not select.select([self._far], [], [], 0.2)[0]:
            return False
        try:
            self.text += os.read(self._far, 65536).decode("utf-8", "replace")
        except OSError:  # it has ended
            return False
        return True

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._far)
        os.close(self._near)
