"""From a file: the engine's analysers and the networks in lockstep, as fast as they go, their events as one."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np

from daemon.engine import offline
from daemon.engine.offline import Found
from daemon.hearing.kinds import KINDS
from daemon.models.opening import Opened, open_folder, open_model
from dsp.hop import F0

F0_FIELDS = ("f0_hz", "f0_confidence", "voiced")


def opened_model(model: str | Path) -> Opened:
    """Of that name on the shelf (empty: the one that is chosen), or in that folder. Raises ModelError."""
    return open_folder("hearing", model, model.name) if isinstance(model, Path) else open_model("hearing", model)


class Listener:
    """[worker], one thread."""

    def __init__(
        self, rate: float, channels: int, analysers: list, neural: Collection[str] = (), model: str | Path = ""
    ) -> None:
        """`analysers` as of daemon.engine.offline.Engine; `neural`: what a network does instead, of a model as
        `opened_model` takes it. Raises ModelError.
        """
        self._engine = offline.Engine(rate, channels, analysers)
        self._reader = offline.Reader(self._engine.state)
        self._stream = None
        if neural:
            from daemon.hearing.stream import Stream

            self._stream = Stream(rate, neural, opened_model(model).graphs)
            self._stream.process(np.zeros((channels, round(rate / 50)), np.float32))  # what is to be compiled is now
            self._stream.begin(0)
        self._instead = [kind for analysis in neural for kind in KINDS[analysis]]
        self._hears_f0 = "f0" in neural
        self._f0: tuple[float, ...] = (0, 0.0, 0.0, 0.0)  # the newest: sample time, then as F0_FIELDS

    def process(self, block: np.ndarray) -> Found:
        """Take float32 of shape (channels, n); gives what became known. A network's f0 is in the hops, too."""
        self._engine.process(block)
        events, hops = self._reader.read()
        if self._stream is None:
            return Found(events, hops)
        heard = self._stream.process(block)
        if self._hears_f0:
            self._put(heard[heard["kind"] == F0], hops)
        both = np.concatenate([events[~np.isin(events["kind"], self._instead)], heard])
        return Found(both[np.argsort(both["known_at"], kind="stable")], hops)

    def _put(self, heard: np.ndarray, hops: np.ndarray) -> None:
        """In each hop the f0 that was known when it ended."""
        at = 0
        for hop in hops:
            while at < len(heard) and heard["known_at"][at] <= hop["sample_time"]:
                self._f0 = (int(heard["sample_time"][at]), *(float(one) for one in heard["value"][at, :3]))
                at += 1
            hop["f0_time"] = self._f0[0]
            for name, value in zip(F0_FIELDS, self._f0[1:], strict=True):
                hop[name] = value
        if len(heard):
            self._f0 = (int(heard["sample_time"][-1]), *(float(one) for one in heard["value"][-1, :3]))


def found(
    blocks: Iterable[np.ndarray], rate: float, channels: int, analysers: list, neural: Collection[str]
) -> Iterator[Found]:
    """As daemon.engine.offline.analyse, with what networks hear in the place of what the engine does. Raises ModelError."""
    listener = Listener(rate, channels, analysers, neural)
    for block in blocks:
        yield listener.process(block)
