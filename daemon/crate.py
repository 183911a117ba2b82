"""The demo's crate: a copy of the record box's library for one run, made beside it; and a DJ set of the box's tracks."""

import subprocess
import sys
from pathlib import Path
from typing import Self

import click

from daemon import config
from daemon.errors import UserError
from daemon.record_box import box, records

ABOUT = (
    f"The library is jamd's own: {len(records.RECORDS)} records that it wrote and rendered; the sets of {records.DJ} "
    "are invented.\nFor your own music: jamd library scan DIR, then jamd run and jamd next."
)
KINDS = ["loop", "clip", "groove", "preset"]
FADE_S = 6.0
SHOWN = 3


class CrateError(UserError):
    """There is no library for the demo."""


class Crate:
    """A context manager. [main]"""

    def __init__(self, folder: Path) -> None:
        """`folder` is a temporary one."""
        self._folder, self._box = folder, box.folder()
        self._library = folder / "library.db"
        self._filling: subprocess.Popen[bytes] | None = None
        self.note = "soon: a library is read, and what is played is listened to"

    def __enter__(self) -> Self:
        """Begin to fill the box, where it is empty."""
        if box.library(self._box).exists():
            box.copy(self._box, self._library)
            return self
        self.note = "jamd renders a small library of its own, this once; then it suggests what goes with what is played"
        click.echo(f"jamd: {self.note}", err=True)
        command = [sys.executable, "-m", "daemon.record_box.box", str(self._library)]
        self._filling = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._filling is not None:
            self._filling.kill()
            self._filling.wait()

    def config(self, dj: bool) -> config.Recommend:
        """What goes with a performer, or after a DJ's track."""
        wishes = {} if dj else {"kinds": KINDS}
        return config.Recommend(library=str(self._library), n=SHOWN, recognise=dj, wishes=wishes)

    def dj_set(self) -> Path:
        """Three tracks with crossfades, as a file; waits until the box is full. Raises CrateError."""
        import soundfile

        if self._filling is not None and self._filling.wait():
            raise CrateError("the demo's library could not be made; the lines above say why")
        sound, rate = box.set_of(self._box, records.DJ_SET, FADE_S)
        path = self._folder / "three tracks, mixed.wav"
        soundfile.write(path, sound, rate)
        return path
