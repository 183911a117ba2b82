"""A segment: some seconds of a session in a folder of its own, readable by itself and up to the moment of a crash.

`about.json` what it is; `sound.f32` float32, little-endian, four values a sample (input left, right, output left, right),
no header; `log` frames of (length, CRC-32, a msgpack Batch); `state` what the analysers knew at its first sample.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from daemon.flight.link import About, Batch, Sample

COLUMNS = 4
SAMPLE = 4 * COLUMNS  # bytes
FRAME = struct.Struct("<II")
LONGEST = 1 << 20  # bytes of a frame; a longer one is garbage

SEGMENTS, PAST, TAKES, SESSION = "segments", "past", "takes", "session"  # folders
ABOUT, SOUND, LOG, STATE = "about.json", "sound.f32", "log", "state"

_batch = msgspec.msgpack.Decoder(Batch).decode


class Label(msgspec.Struct, frozen=True):
    """What a segment is. Without sound its `rate` is 0."""

    about: About
    epoch: int = 0
    rate: Annotated[int, Meta(ge=0, le=96000)] = 0
    channels: Annotated[int, Meta(ge=1, le=2)] = 2
    first: Sample = 0  # sample of the stream with which it begins


_label = msgspec.json.Decoder(Label).decode


class Writing:
    """A segment that is being written: sound and log only ever grow, by whole samples and frames. [main] of the recorder."""

    def __init__(self, path: Path, label: Label) -> None:
        """Raises OSError; then there is no segment."""
        self.path, self.label = path, label
        self.samples = 0
        path.mkdir()
        try:
            beside = path / f"{ABOUT}.part"
            beside.write_bytes(msgspec.json.encode(label))
            os.replace(beside, path / ABOUT)
            self._sound = open(path / SOUND, "ab", buffering=0)  # noqa: SIM115 - closed in `close`
            self._log = open(path / LOG, "ab", buffering=0)  # noqa: SIM115
        except OSError:
            remove(path)
            raise

    def sound(self, samples: np.ndarray) -> None:
        """float32 (n, 4). Raises OSError; then nothing of it is there."""
        _append(self._sound, np.ascontiguousarray(samples, "<f4").tobytes())
        self.samples += len(samples)

    def log(self, batch: bytes) -> None:
        """A packed Batch. Raises OSError; then nothing of it is there."""
        _append(self._log, FRAME.pack(len(batch), zlib.crc32(batch)) + batch)

    def close(self) -> None:
        self._sound.close()
        self._log.close()


class Segment:
    """One that was written. [any]"""

    def __init__(self, path: Path) -> None:
        """Raises OSError, msgspec.MsgspecError where it is none."""
        self.path, self.number = path, int(path.name)
        self.label = _label((path / ABOUT).read_bytes())

    @property
    def samples(self) -> int:
        try:
            return (self.path / SOUND).stat().st_size // SAMPLE if self.label.rate > 0 else 0
        except OSError:
            return 0

    @property
    def end(self) -> int:
        return self.label.first + self.samples

    @property
    def seconds(self) -> float:
        return self.samples / self.label.rate if self.label.rate > 0 else 0.0

    @property
    def is_known(self) -> bool:
        """Whether what the analysers say of its sound can be made again."""
        return self.samples > 0 and (self.label.first == 0 or (self.path / STATE).exists())

    def follows(self, before: "Segment") -> bool:
        """Whether its sound begins where that of another ends."""
        return self.label.epoch == before.label.epoch and self.label.first == before.end

    def sound(self) -> np.ndarray:
        """float32 (n, 4), read as it is looked at."""
        if not self.samples:
            return np.zeros((0, COLUMNS), np.float32)
        return np.memmap(self.path / SOUND, "<f4", "r", shape=(self.samples, COLUMNS))

    def batches(self) -> Iterator[Batch]:
        """What its log holds, up to the first that is not whole."""
        try:
            packed = (self.path / LOG).read_bytes()
        except OSError:
            return
        yield from batches(packed)


def batches(packed: bytes) -> Iterator[Batch]:
    """A log's, up to the first that is not whole."""
    at = 0
    while at + FRAME.size <= len(packed):
        length, check = FRAME.unpack_from(packed, at)
        body = packed[at + FRAME.size : at + FRAME.size + length]
        if length > LONGEST or len(body) < length or zlib.crc32(body) != check:
            return
        at += FRAME.size + length
        try:
            yield _batch(body)
        except msgspec.MsgspecError:
            return


def found(folder: Path) -> list[Segment]:
    """The segments in a folder, in order; what is none is passed over."""
    segments = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.isdigit():
            try:
                segments.append(Segment(path))
            except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
                continue
    return sorted(segments, key=lambda segment: segment.number)


def remove(path: Path) -> None:
    """A segment's folder; what cannot be removed stays."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _append(file, data: bytes) -> None:
    before = os.fstat(file.fileno()).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[file.write(view) :]
    except OSError:
        os.ftruncate(file.fileno(), before)
        raise
