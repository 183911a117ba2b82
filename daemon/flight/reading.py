"""Reading what a recorder kept: a folder of it, or a take, as it was left, whole or not."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from daemon.errors import UserError
from daemon.flight import segment as files
from daemon.flight.link import Batch, Item
from daemon.flight.segment import PAST, SEGMENTS, SESSION, Segment

LONGEST_LOG = 1 << 30  # bytes, unpacked

_unpack = msgspec.msgpack.Decoder(Item).decode


class RecordingError(UserError):
    """A folder that cannot be read; the text is one line."""


class Numbered(NamedTuple):
    """An item, and its number in the log."""

    number: int
    item: Item


class Stretch(NamedTuple):
    """Segments whose sound is one: each begins where the one before ends."""

    segments: list[Segment]

    @property
    def first(self) -> int:
        return self.segments[0].label.first

    @property
    def end(self) -> int:
        return self.segments[-1].end


class Recording:
    """[any]"""

    def __init__(self, path: Path) -> None:
        """Look at a folder. Raises RecordingError."""
        if not path.is_dir():
            raise RecordingError(f"{path}: no such folder; give one that `jamd run --record` or `jamd ctl take` made")
        self.path = path / SESSION if (path / SESSION).is_dir() else path
        try:
            self.segments = files.found(self.path / SEGMENTS)
        except OSError as error:
            raise RecordingError(f"{path}: {error.strerror}") from None
        if not self.segments:
            raise RecordingError(f"{path}: nothing is recorded there; give a folder of `jamd run --record`, or a take")

    @property
    def sessions(self) -> list[int]:
        """Each daemon's begin, the oldest first."""
        return list(dict.fromkeys(one.label.about.began_ns for one in self.segments))

    def stretches(self, session: int) -> list[Stretch]:
        """The sound of a session."""
        found: list[Stretch] = []
        for one in self.segments:
            if one.label.about.began_ns != session or not one.samples:
                continue
            if found and one.follows(found[-1].segments[-1]):
                found[-1].segments.append(one)
            else:
                found.append(Stretch([one]))
        return found

    def items(self, session: int) -> Iterator[Numbered]:
        """The log of a session from its begin, or from where it is still there; a number that is missing was lost."""
        for batch in self._batches(session):
            yield from _items(batch)

    def _batches(self, session: int) -> Iterator[Batch]:
        past = self.path / PAST
        for path in sorted(past.glob(f"{session}-*"), key=lambda path: path.stem) if past.is_dir() else ():
            try:
                packed = path.read_bytes()
                if path.suffix == ".z":
                    packed = zlib.decompressobj().decompress(packed, LONGEST_LOG)
            except (OSError, zlib.error):
                continue
            yield from files.batches(packed)
        for one in self.segments:
            if one.label.about.began_ns == session:
                yield from one.batches()


def _items(batch: Batch) -> Iterator[Numbered]:
    """What can be read of it."""
    for number, packed in enumerate(batch.items, batch.number):
        try:
            yield Numbered(number, _unpack(packed))
        except (msgspec.MsgspecError, RecursionError):
            continue
