"""The engine's analysers over recorded sound: the very machine code that ran live, from a stream's begin or a kept state."""

import hashlib

import numpy as np

from daemon.engine import offline
from daemon.engine.state import STATE
from daemon.errors import UserError
from daemon.flight import segment as files
from daemon.flight.reading import RecordingError
from daemon.flight.segment import Segment
from daemon.registry import analyser
from dsp.hop import HOP

CARRIED = ("sample_time", "n_events", "n_hops", "hop_fill", "lost_events", "decimator", "hop")
"""What of the record the analysis carries from block to block, beside the analysers' own."""

CHUNK = 8192


class Analysers:
    """[any], one thread."""

    def __init__(self, rate: int, channels: int, analysers: list[tuple[str, str]]) -> None:
        """At a stream's begin."""
        self.engine = offline.Engine(rate, channels, [analyser(kind, name) for kind, name in analysers])
        self.reader = offline.Reader(self.engine.state)
        self.can_be_kept = not any(name.startswith("aubio:") for _, name in analysers)  # whose state is not ours

    @classmethod
    def at(cls, segment: Segment, anew: bool = False) -> "Analysers | None":
        """As they stood at a segment's first sample; None: nobody knows any more, unless they may begin `anew`.

        Raises RecordingError.
        """
        label = segment.label
        try:
            made = cls(label.rate, label.channels, label.about.analysers)
        except (LookupError, UserError) as error:
            raise RecordingError(f"{segment.path}: recorded with an analysis that is not here: {error}") from None
        if label.first == 0:
            return made
        try:
            if made.can_be_kept and made.restore((segment.path / files.STATE).read_bytes()):
                return made
        except OSError:
            pass
        if not anew:
            return None
        made.begin_at(label.first)
        return made

    def hear(self, samples: np.ndarray) -> None:
        """The input of (n, 4) samples."""
        channels = int(self.engine.state["channels"][0])
        for start in range(0, len(samples), CHUNK):
            self.engine.process(np.ascontiguousarray(samples[start : start + CHUNK, :channels].T))

    def state(self) -> bytes:
        """All that they know."""
        parts = [self.engine.state[name].tobytes() for name in CARRIED]
        parts += [own.tobytes() for _, own in self.engine.kept]
        packed = b"".join(parts)
        return self._form() + hashlib.sha256(packed).digest() + packed

    def restore(self, packed: bytes) -> bool:
        """Know that again. False: it is another version's, or not whole."""
        form, state = self._form(), self.engine.state
        owns = [own for _, own in self.engine.kept]
        sizes = [state[name].nbytes for name in CARRIED] + [own.nbytes for own in owns]
        begin = 2 * len(form)
        if len(packed) != begin + sum(sizes) or packed[:begin] != form + hashlib.sha256(packed[begin:]).digest():
            return False  # what is not whole must not be run: it holds indices
        at = begin
        for name in CARRIED:
            state[name] = np.frombuffer(packed, state.dtype[name], 1, at)
            at += state[name].nbytes
        for own in owns:
            own[...] = np.frombuffer(packed, own.dtype, own.size, at).reshape(own.shape)
            at += own.nbytes
        self.reader.events_read, self.reader.hops_read = int(state["n_events"][0]), int(state["n_hops"][0])
        return True

    def begin_at(self, sample: int) -> None:
        """Hear the stream from a sample on, knowing nothing; what comes before the next hop is passed over."""
        state = self.engine.state
        length = HOP * int(state["decimation"][0])
        state["sample_time"] = sample
        state["hop_fill"] = sample % length // int(state["decimation"][0])
        state["hop"]["end"] = sample // length * HOP

    def _form(self) -> bytes:
        """What the bytes mean."""
        said = [repr(STATE[name]) for name in CARRIED] + [repr(own.dtype) for _, own in self.engine.kept]
        return hashlib.sha256("\n".join(said).encode()).digest()
