"""What a service works with: a folder that is emptied after each request, and whether the request is still wanted."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from daemon.errors import UserError

GIVEN = "what was given"


class Stopped(Exception):
    """Nobody wants it any more."""


class Bench:
    """[worker]"""

    def __init__(self, folder: str, library: str, is_stopped: Callable[[int], bool]) -> None:
        self.folder = Path(folder)
        self.library = library  # its file; empty: the usual one; "off": none
        self.kept: dict[str, Any] = {}  # what services keep from request to request, by name
        self._is_stopped, self._number = is_stopped, 0

    @contextlib.contextmanager
    def clean(self, number: int) -> Iterator[None]:
        """While a request is worked on; then nothing is left in the folder."""
        self._number = number
        try:
            yield
        finally:
            for entry in os.scandir(self.folder):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)

    def go_on(self) -> None:
        """Raises Stopped when nobody wants the request any more; cheap enough for every few ms of work."""
        if self._is_stopped(self._number):
            raise Stopped

    def file(self, content: bytes) -> Path:
        """Bytes as a file, under a name of ours. Raises UserError."""
        path = self.folder / "given"
        try:
            path.write_bytes(content)
        except OSError as error:
            raise UserError(
                f"{len(content)} bytes cannot be kept: {error.strerror}; make room in the service's temporary folder"
            ) from None
        return path

    def plain(self, text: str) -> str:
        """A text that names the file of ours, for who does not know of it."""
        return text.replace(str(self.folder / "given"), GIVEN)
