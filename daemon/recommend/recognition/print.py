"""A track's fingerprint: its strongest landmarks, three bytes each; 2.9 kB a minute at most.

A landmark is the time since the one before (uint8, in TICKs), then pitch (low 12 bits) and strength (high 4) as uint16. A
pitch of PAUSE is no landmark: it carries time over a gap. Before them stand the version, their number and a checksum.
"""

import struct
import zlib

import numpy as np
import soxr

from daemon.errors import UserError
from dsp import landmarks
from dsp.kernel import inline

MAGIC = b"JL\x02\x00"
HEAD = struct.Struct("<4sII")  # magic, landmarks, CRC-32 of what follows
TICK_S = landmarks.HOP_S / 2
BLOCK_S = 0.5
PER_BLOCK = 8  # landmarks that are kept
PAUSE = 4095
LONGEST_TICKS = 1 << 24  # 37 hours
CHUNK = 1 << 16


class PrintError(UserError):
    """A blob that is no fingerprint; the text is one line."""


def print_of(samples: np.ndarray, rate: float) -> bytes:
    """The fingerprint of mono float32 sound at `rate` Hz; empty sound gives a valid, empty one. [any]

    What is not finite counts as silence. Raises ValueError for sound of more than one dimension, or no rate.
    """
    listener, found = Listener(rate), []
    for start in range(0, len(samples), CHUNK):
        found.append(listener.feed(samples[start : start + CHUNK]))
    found.append(listener.close())
    return packed(strongest(np.concatenate(found), PER_BLOCK))


class Listener:
    """Sound at any rate, in chunks of any length, to landmarks. Not for two threads at once. [any]"""

    def __init__(self, rate: float) -> None:
        """`rate` in Hz. Raises ValueError."""
        if not 1000 <= rate <= 1_000_000:
            raise ValueError(f"{rate} Hz is no sound's rate")
        self._resampled = soxr.ResampleStream(rate, landmarks.RATE, 1, dtype="float32", quality="HQ")
        self._state = landmarks.prepare()

    def feed(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        """The landmarks (landmarks.LANDMARK) that are now known."""
        samples = np.ascontiguousarray(samples, np.float32)
        if samples.ndim != 1:
            raise ValueError("the sound must be mono: of one dimension")
        if not np.isfinite(samples.sum(dtype=np.float64)) or np.abs(samples).max(initial=0) > landmarks.LOUDEST:
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0).clip(
                -landmarks.LOUDEST, landmarks.LOUDEST
            )
        low = self._resampled.resample_chunk(samples, last=last)
        if last:
            low = np.concatenate([low, np.zeros(int(landmarks.DELAY_S * landmarks.RATE) + landmarks.HOP, np.float32)])
        found = np.zeros((len(low) // landmarks.HOP + 1) * landmarks.MOST, landmarks.LANDMARK)
        return found[: landmarks.process(self._state, low, found)]

    def close(self) -> np.ndarray:
        """The landmarks of the last moment."""
        return self.feed(np.zeros(0, np.float32), last=True)


def strongest(found: np.ndarray, per_block: int) -> np.ndarray:
    """At most `per_block` of each BLOCK_S, the strongest; in their order. [any]"""
    return found[strong(found, per_block)]


def strong(found: np.ndarray, per_block: int) -> np.ndarray:
    """Which of these they are, bool. [any]"""
    return _kept(found, per_block, BLOCK_S / landmarks.HOP_S)


@inline
def _kept(found, per_block, block):
    kept = np.zeros(len(found), np.bool_)
    start = 0
    while start < len(found):
        end = start
        while end < len(found) and found[end].time // block == found[start].time // block:
            end += 1
        order = np.argsort(-found["strength"][start:end], kind="mergesort")
        for k in order[:per_block]:
            kept[start + k] = True
        start = max(end, start + 1)
    return kept


def packed(found: np.ndarray) -> bytes:
    """Landmarks in order of time as a blob. [any]"""
    found = found[np.argsort(found["time"], kind="stable")]
    ticks = np.maximum(np.round(found["time"] * 2), 0).astype(np.int64)
    steps = np.diff(ticks, prepend=0)
    pauses = steps // 256
    n = len(found) + int(pauses.sum())
    rows = np.zeros(n, [("step", np.uint8), ("what", "<u2")])
    rows["step"], rows["what"] = 255, PAUSE
    where = np.arange(len(found)) + np.cumsum(pauses)
    pitch = np.clip(np.round(found["pitch"]), 0, PAUSE - 1).astype(np.uint16)
    strength = np.clip(np.round(found["strength"] * 3), 0, 15).astype(np.uint16)
    rows["step"][where] = steps - 255 * pauses
    rows["what"][where] = pitch | strength << 12
    body = rows.tobytes()
    return HEAD.pack(MAGIC, n, zlib.crc32(body)) + body


def unpacked(blob: bytes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times in TICKs (int64, rising), pitches (uint16) and strengths (uint8, 0..15) of a blob. Raises PrintError. [any]"""
    if len(blob) < HEAD.size or blob[:4] != MAGIC:
        raise PrintError(f"a fingerprint of {len(blob)} bytes is none of this version's; scan the file again")
    _, n, checksum = HEAD.unpack_from(blob)
    body = blob[HEAD.size :]
    if len(body) != 3 * n or zlib.crc32(body) != checksum:
        raise PrintError(f"a fingerprint of {len(blob)} bytes is damaged; scan the file again")
    rows = np.frombuffer(body, [("step", np.uint8), ("what", "<u2")])
    ticks = np.cumsum(rows["step"], dtype=np.int64)
    if n and ticks[-1] > LONGEST_TICKS:
        raise PrintError("a fingerprint of more than 37 hours is damaged; scan the file again")
    real = (rows["what"] & 0xFFF) != PAUSE
    what = rows["what"][real]
    return ticks[real], what & np.uint16(0xFFF), (what >> 12).astype(np.uint8)


def span(blob: bytes) -> int:
    """How many TICKs a blob covers, or seems to: it is not checked. [any]"""
    return int(np.frombuffer(blob[HEAD.size :], np.uint8)[::3].sum(dtype=np.int64))
