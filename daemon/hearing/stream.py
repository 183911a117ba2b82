"""A stream: sound in, events out, through the networks that are needed and the decoders that are chosen.

A frame at a time whoever asks, live or from a file: int8 layers scale by what they are given at once, so that many frames
in one call would not give the same numbers. So events are the same to the bit whatever the blocks.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from daemon.hearing import intake
from daemon.hearing.network import Network
from daemon.registry import HEARS
from dsp import decimate, spectrogram
from dsp.activations import FRAMES_HZ, PITCH, RHYTHM
from dsp.decoders import rows, sink
from dsp.hop import EVENT
from dsp.kernel import zeros

ROWS = {"rhythm": RHYTHM, "pitch": PITCH}
NONE = np.empty(0, EVENT)


class Stream:
    """[worker], one thread."""

    def __init__(self, rate: float, chosen: Collection[str], graphs: Mapping[str, Any]) -> None:
        """At sample 0 of a stream at `rate` Hz. `chosen`: analyses of daemon.registry.HEARS; `graphs`: sessions by name."""
        self._chosen, self._scale = frozenset(chosen), decimate.factor(rate)
        self._sink = sink.prepare()
        self._ends = np.zeros(1, np.int64)
        self._bands = np.zeros((2, spectrogram.BANDS), np.float32)
        self._tones = np.zeros(spectrogram.TONES, np.float32)
        self._rows = {name: zeros(ROWS[name]) for name in ROWS if any(HEARS[one] == name for one in chosen)}
        self._networks: dict[str, Network] = {}
        frames = {"bands": self._bands, "tones": self._tones}
        for name, row in self._rows.items():
            inputs = {one: frames[one] for one in (("bands",) if name == "rhythm" else frames)}
            outputs = {one: row[one] for one in ROWS[name].names or ()}
            self._networks[name] = Network(graphs[name], inputs, outputs)
        fresh = (intake.prepare(rate), spectrogram.prepare(rate / self._scale))
        self._fresh = (*fresh, rows.prepare_rhythm(rate), rows.prepare_pitch(rate))
        self._per_frame = int(fresh[1]["rate"][0])  # FRAMES_HZ times as many samples
        self.begin(0)

    def begin(self, sample: int) -> None:
        """Know nothing any more, and take what is given next for the stream's sound from `sample` on.

        What comes before the next frame's begin is passed over, so that frames lie as they do in the whole stream.
        """
        self._intake, self._spectrogram, *decoders = (one.copy() for one in self._fresh)
        self._decoders = dict(zip(ROWS, decoders, strict=True))
        first = max(0, sample // self._scale * FRAMES_HZ // self._per_frame - 1)
        while self._end(first) < sample:
            first += 1
        self._passed = self._end(first) - sample
        self._spectrogram["frames"], self._spectrogram["samples_pushed"] = first, self._end(first) // self._scale
        for network in self._networks.values():
            network.reset()

    @property
    def heard(self) -> int:
        """Where the newest frame ended, in samples of the stream."""
        return self._end(int(self._spectrogram["frames"][0]))

    @property
    def due(self) -> int:
        """Where the next one ends."""
        return self._end(int(self._spectrogram["frames"][0]) + 1)

    def process(self, block: np.ndarray) -> np.ndarray:
        """Take float32 of shape (channels, n); gives dsp.hop.EVENT in the order in which they became known."""
        passed = min(self._passed, block.shape[1])
        self._passed -= passed
        found: list[np.ndarray] = []
        room = self._intake["block"][0]
        for start in range(passed, block.shape[1], intake.PART):
            part = block[:, start : start + intake.PART]
            n = part.shape[1]
            room[0, :n], room[1, :n] = part[0], part[-1]
            before = int(self._spectrogram["frames"][0])
            for k in range(intake.take(self._intake, self._spectrogram, n)):
                self._ends[0] = self._end(before + k + 1)
                found += self._frame(k)
        if not found:
            return NONE
        events = np.concatenate(found)
        if self._scale == 2:
            events["sample_time"] -= decimate.DELAY
        return events

    def _end(self, frames: int) -> int:
        """Sample of the stream at which so many frames have ended."""
        return frames * self._per_frame // FRAMES_HZ * self._scale

    def _frame(self, k: int) -> Iterator[np.ndarray]:
        """What frame `k` of the intake gave."""
        self._bands[:], self._tones[:] = self._intake["bands"][0, k], self._intake["tones"][0, k]
        chosen, out = self._chosen, self._sink
        for name, network in self._networks.items():
            network.step()
            row, state = self._rows[name], self._decoders[name]
            if not np.isfinite(row.view(np.float32)).all():  # another's model may come to that, and would stay there
                network.reset()
                row.fill(0)
            if name == "rhythm":
                rows.rhythm(state, row, self._ends, "onset" in chosen, "beat" in chosen, out)
            else:
                which = ("notes" in chosen, "f0" in chosen, "chord" in chosen, "key" in chosen)
                rows.pitch(state, row, self._ends, *which, out)
            n = int(out["n"][0])
            if n:
                yield out["events"][0, :n].copy()
