"""The phrase network, run by ONNX Runtime: one step a note, its past kept beside it and handed in, nothing done twice."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from daemon.generate.deep import copying, rows
from daemon.generate.deep.alphabet import CANDIDATES, DURATION, PAST, PITCH, PITCHES, TOKEN
from daemon.generate.note import TICKS
from daemon.models import shelf
from daemon.models.contract import TASKS
from daemon.models.opening import Runs
from daemon.trained import loaded

LAYERS, HEADS, WIDE = 4, 5, 32  # of the network: `wide` numbers for each head
WIDTH, PARTS, LOUDNESSES = HEADS * WIDE, 5, 9
_LOW, _NO_CHANCE = np.float32(-1e9), 60.0


class Network:
    """The three graphs. [worker]"""

    def __init__(self, graphs: Mapping[str, Runs]) -> None:
        """`graphs` as daemon.models.contract has them for "phrase"."""
        self.trunk, self.pitch, self.duration = graphs["trunk"].run, graphs["pitch"].run, graphs["duration"].run


def shipped(precision: str) -> Network:
    """jamd's own as it plays, int8, or as it was trained, fp32: to compare them. Raises ModelError."""
    folder, suffix = shelf.SHIPPED["phrase"], {"int8": ".int8.onnx", "fp32": ".onnx"}[precision]
    return Network(loaded("phrase", {name: folder / f"{name}{suffix}" for name in TASKS["phrase"]}))


class Mark(NamedTuple):
    """Where a stream was."""

    history: np.ndarray
    steps: int
    word: np.ndarray
    time: np.ndarray
    velocity: int
    part: int
    past: dict[str, np.ndarray]


class Stream:
    """One line of music through a network: fed note by note, asked for the next one's chances. [worker]"""

    def __init__(self, network: Network, setting: np.ndarray, meters: np.ndarray) -> None:
        """`setting` one record of rows.SETTING; `meters` as rows.place wants them."""
        self._network, self._setting, self._meters = network, setting, meters
        self.history = np.zeros(1, copying.HISTORY)
        self._steps, self._velocity, self._part = 0, 0, 0
        self._token = np.zeros((1, len(TOKEN.sizes)), np.int64)
        self._known = np.zeros((1, len(PITCH.sizes)), np.int64)
        self._after = np.zeros((1, len(DURATION.sizes)), np.int64)
        self.candidates = np.zeros((3, 1, CANDIDATES), np.int64)
        """What copying puts forward, of time, pitch (MIDI; PITCHES: none) and duration; each is new once it is asked for."""
        self._relative = np.zeros((1, CANDIDATES), np.int64)
        self._at, self._last = np.zeros((1, 2), np.float32), np.zeros(1, np.int64)
        self._past: dict[str, Any] = {"mask": np.full(PAST, _LOW)}
        for layer in range(LAYERS):
            self._past[f"keys_{layer}"] = np.zeros((HEADS, WIDE, PAST), np.float32)
            self._past[f"values_{layer}"] = np.zeros((HEADS, PAST, WIDE), np.float32)
        self._step()

    @property
    def onset(self) -> int:
        """Of the last note, in ticks; 0 before the first."""
        h = self.history[0]
        return int(h["onset"][h["n"] - 1]) if h["n"] else 0

    @property
    def last(self) -> int:
        """The last note's pitch; PITCHES before the first."""
        h = self.history[0]
        return int(h["pitch"][h["n"] - 1]) if h["n"] else PITCHES

    def feed(self, time: int, pitch: int, duration: int, velocity: int = 0, part: int = 0) -> None:
        """The next note: symbols, and MIDI pitch."""
        copying.append(self.history[0], time, pitch, duration)
        self._velocity, self._part = velocity, part
        self._step()

    def mark(self) -> Mark:
        """Where it is now."""
        past = {name: values.copy() for name, values in self._past.items()}
        return Mark(self.history.copy(), self._steps, self._word, self.time, self._velocity, self._part, past)

    def back(self, mark: Mark) -> None:
        """Be where it was; what was fed since is forgotten."""
        for name, values in mark.past.items():
            self._past[name][:] = values
        self.history[:] = mark.history
        self._steps, self._word, self.time, self._velocity, self._part = mark[1:6]

    def rewind(self, n: int, velocity: int = 0, part: int = 0) -> None:
        """Forget all but the first n notes, of which the last had this velocity and part. Good for PAST steps."""
        before, count = self.history[0].copy(), self.history[0]
        count["n"] = 0
        for k in range(n):
            copying.append(count, before["time"][k], before["pitch"][k], before["duration"][k])
        self._past["mask"][n:] = _LOW
        self._steps, self._velocity, self._part = n, velocity, part
        self._step()

    def pitches(self, time: int) -> tuple[np.ndarray, np.ndarray]:
        """Logits once the next time is chosen: of the part (PARTS,), of the MIDI pitch for each part (PARTS, PITCHES)."""
        shift = int(self._setting["shift"])
        rows.pitch(self.history[0], self._setting, self._meters, time, 0, self._known[0], self.candidates[1, 0])
        midi = self.candidates[1]
        np.clip(midi - shift, 0, PITCHES - 1, out=self._relative)
        self._relative[midi >= PITCHES] = PITCHES
        self._last[0] = rows.relative(self.last, shift) if self.last < PITCHES else PITCHES
        feed = {"word": self._word, "known": self._known, "candidates": self._relative, "last": self._last}
        part, pitch = self._network.pitch(None, feed)
        return part[0], _moved(pitch, shift)

    def durations(self, time: int, pitch: int, part: int) -> tuple[np.ndarray, np.ndarray]:
        """Logits once time, part and pitch are chosen: of the duration (NOTHING,), of the loudness (LOUDNESSES,)."""
        rows.duration(
            self.history[0], self._setting, self._meters, time, pitch, part, self._after[0], self.candidates[2, 0]
        )
        feed = {"word": self._word, "known": self._after, "candidates": self.candidates[2]}
        duration, loudness = self._network.duration(None, feed)
        return duration[0], loudness[0]

    def _step(self) -> None:
        """Run the trunk on what is newest; `time` has the logits of the next note's time then."""
        rows.token(
            self.history[0],
            self._setting,
            self._meters,
            self._velocity,
            self._part,
            self._token[0],
            self.candidates[0, 0],
        )
        self._at[0] = self._steps, self.onset / TICKS
        feed = {"token": self._token, "at": self._at, "candidates": self.candidates[0], **self._past}
        self._word, time, added = self._network.trunk(None, feed)
        self.time = time[0]
        slot = self._steps % PAST
        for layer in range(LAYERS):
            self._past[f"keys_{layer}"][:, :, slot] = added[layer, 0]
            self._past[f"values_{layer}"][:, slot] = added[layer, 1]
        self._past["mask"][slot] = 0.0
        self._steps += 1


def _moved(logits: np.ndarray, shift: int) -> np.ndarray:
    """From pitches counted from the tonic to MIDI; what lies beyond the table has next to no chance."""
    if shift == 0:
        return logits
    found = np.full_like(logits, -_NO_CHANCE)
    if shift > 0:
        found[:, shift:] = logits[:, :-shift]
    else:
        found[:, :shift] = logits[:, -shift:]
    return found


def surprise(logits: np.ndarray, symbol: int) -> float:
    """Bits that a symbol costs."""
    top = float(logits.max())
    return float((np.log(np.exp(logits - top).sum()) + top - logits[symbol]) / np.log(2.0))
