"""A sound file as a stream of blocks: anything libsndfile reads, resampled by soxr to the engine's rate."""

import os
from collections.abc import Iterable, Iterator
from math import ceil
from pathlib import Path

import numpy as np
import soundfile
import soxr

from daemon.errors import UserError

CHUNK = 8192  # samples read at a time, whatever the block size, so that no sample depends on it
LOWEST_RATE, HIGHEST_RATE, USUAL_RATE = 44100, 96000, 48000


class SoundFileError(UserError, ValueError):
    """A file that cannot be played; the text is one line for the user."""


def engine_rate(file_rate: int) -> int:
    """The engine's rate in Hz for a file's: its own if possible, else the nearest whole multiple or part. [any]"""
    if file_rate < LOWEST_RATE:
        return file_rate * ceil(LOWEST_RATE / file_rate)
    parts = ceil(file_rate / HIGHEST_RATE)
    return file_rate // parts if file_rate % parts == 0 else USUAL_RATE


class SoundFile:
    """A readable file of one or more samples; `blocks` may be called again to play it again. [main]

    Raises SoundFileError for what is missing, is no sound, or has no samples. More than two channels become their mean.
    A file that breaks off in its middle is played as far as it goes.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.replaced_samples = 0  # not finite, played as 0, in the pass begun last
        self.broke_off = ""  # libsndfile's word for why the pass begun last ended early
        with self._open() as file:
            self.rate: int = file.samplerate
            self.file_channels: int = file.channels
            self.duration_s: float = file.frames / file.samplerate  # what the header says
        self.period_s = self.duration_s  # of the same coming again when it is looped
        if not 1000 <= self.rate <= 1_000_000:
            raise SoundFileError(
                f"{self.path}: {self.rate} Hz is no sound's rate; mend the header: sox -r 44100 IN OUT"
            )
        self.channels = self.file_channels if self.file_channels <= 2 else 1
        if next(self._chunks(), None) is None:
            why = f"is broken ({self.broke_off})" if self.broke_off else "holds no samples"
            raise SoundFileError(f"{self.path}: {why}; record or export it again")

    @property
    def notes(self) -> list[str]:
        """What the listener should know of the pass begun last, one line each. [any]"""
        found = []
        if self.file_channels > 2:
            found.append(f"{self.path}: {self.file_channels} channels are mixed to one")
        if self.replaced_samples:
            found.append(f"{self.path}: {self.replaced_samples} samples were not finite; they are played as 0")
        if self.broke_off:
            found.append(f"{self.path}: the file breaks off ({self.broke_off}); it is played as far as it goes")
        return found

    def blocks(self, rate: float, block: int = 4096) -> Iterator[np.ndarray]:
        """The sound at `rate` Hz: float32 of shape (channels, block), the last one shorter. [main]"""
        return _rechunk(self._resampled(rate), block)

    def _open(self) -> soundfile.SoundFile:
        if not self.path.exists():
            raise SoundFileError(f"{self.path}: there is no such file; check the path")
        if not self.path.is_file():
            raise SoundFileError(f"{self.path}: is not a file; name a sound file in it")
        if not os.access(self.path, os.R_OK):
            raise SoundFileError(f"{self.path}: may not be read; check its permissions")
        if self.path.stat().st_size == 0:
            raise SoundFileError(f"{self.path}: is empty (0 bytes); record or export it again")
        try:
            return _Forward(self.path)
        except soundfile.LibsndfileError as error:
            why = error.error_string.rstrip(".")
        except TypeError:  # soundfile's word for a .raw file
            why = "headerless, so its rate is unknown"
        raise SoundFileError(
            f"{self.path}: is no sound that libsndfile reads ({why}); convert it: ffmpeg -i {self.path.name} sound.flac"
        )

    def _chunks(self) -> Iterator[np.ndarray]:
        """float32 of shape (n, channels) at the file's rate, finite."""
        self.replaced_samples, self.broke_off = 0, ""
        with self._open() as file:
            while True:
                try:
                    chunk = file.read(CHUNK, dtype="float32", always_2d=True)
                except soundfile.LibsndfileError as error:
                    self.broke_off = error.error_string.rstrip(".")
                    return
                if len(chunk) == 0:
                    return
                bad = ~np.isfinite(chunk)
                if bad.any():
                    self.replaced_samples += int(bad.sum())
                    chunk[bad] = 0
                yield chunk if self.file_channels <= 2 else chunk.mean(axis=1, keepdims=True)

    def _resampled(self, rate: float) -> Iterator[np.ndarray]:
        if rate == self.rate:
            yield from self._chunks()
            return
        stream = soxr.ResampleStream(self.rate, rate, self.channels, dtype="float32", quality="VHQ")
        for chunk in self._chunks():
            yield stream.resample_chunk(chunk)
        yield stream.resample_chunk(np.zeros((0, self.channels), np.float32), last=True)


class _Forward(soundfile.SoundFile):
    """Read from front to back only: soundfile seeks after every read otherwise, which is inexact in an MP3 and fails
    in a FLAC that breaks off.
    """

    def seekable(self) -> bool:
        return False


def _rechunk(chunks: Iterable[np.ndarray], block: int) -> Iterator[np.ndarray]:
    """(n, channels) chunks of any length to contiguous (channels, block) ones."""
    kept: list[np.ndarray] = []
    n_kept = 0
    for chunk in chunks:
        kept.append(chunk)
        n_kept += len(chunk)
        if n_kept >= block:
            joined = np.concatenate(kept)
            whole = n_kept - n_kept % block
            for start in range(0, whole, block):
                yield np.ascontiguousarray(joined[start : start + block].T)
            kept, n_kept = [joined[whole:]], n_kept - whole
    if n_kept:
        yield np.ascontiguousarray(np.concatenate(kept).T)
