"""What networks heard, once more: the same model over the same sound from the same sample on, where both are still there."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from daemon import bridge, registry
from daemon import messages as m
from daemon.engine.offline import Found
from daemon.errors import UserError
from daemon.flight.compare import Window
from daemon.flight.reading import Stretch
from daemon.hearing.kinds import OF
from dsp.hop import FEATURES

LATE_S, NEAR_S = 1.0, 0.2  # before a handover from a network, and around any, what either heard may have been said
CHUNK = 8192
FOR_EVER = 1 << 62


class Span(NamedTuple):
    """Samples (begin, end] of a stream in which a network was in charge of an analysis, and where what it knew began."""

    analysis: str
    begin: int
    end: int
    since: int
    model: tuple[str, str]  # name, version


class Charge:
    """Who was in charge, as it was published. [any]"""

    def __init__(self) -> None:
        self.spans: dict[int, list[Span]] = {}  # by epoch
        self._open: dict[str, tuple[int, int, tuple[str, str]]] = {}  # analysis -> begin, since, model
        self._epoch, self._model = 0, ("hearing", "")

    def begin(self, epoch: int) -> None:
        """A stream begins: who was in charge is, and hears it from its first sample."""
        self._close_all(FOR_EVER)
        self._epoch = epoch
        self._open = {analysis: (0, 0, model) for analysis, (_, _, model) in self._open.items()}

    def take(self, message: m.Message) -> None:
        """A message as it was published."""
        if isinstance(message, m.Model) and message.task == "hearing" and message.state == "used":
            self._model = message.name, message.version
        elif isinstance(message, m.Hears):
            before = self._open.get(message.analysis)
            is_same = before is not None and before[1:] == (message.since, self._model)
            if message.by == registry.NEURAL and is_same:
                return
            self._close(message.analysis, message.sample_time)
            if message.by == registry.NEURAL:
                self._open[message.analysis] = message.sample_time, message.since, self._model
            else:
                self._open.pop(message.analysis, None)

    def end(self) -> None:
        """The session ends."""
        self._close_all(FOR_EVER)

    def of(self, epoch: int, begin: int, end: int) -> list[Span]:
        """Those of a stream that lie in samples (begin, end], as far as they do."""
        cut = [one._replace(begin=max(one.begin, begin), end=min(one.end, end)) for one in self.spans.get(epoch, [])]
        return [one for one in cut if one.begin < one.end]

    def around(self, epoch: int, rate: int) -> Iterator[Window]:
        """Where one took over from the other."""
        late, near = round(LATE_S * rate), round(NEAR_S * rate)
        for one in self.spans.get(epoch, []):
            if one.begin > 0:
                yield Window(one.begin - near, one.begin + near)
            if one.end < FOR_EVER:
                yield Window(one.end - late, one.end + near)

    def _close_all(self, at: int) -> None:
        for analysis in self._open:
            self._close(analysis, at)

    def _close(self, analysis: str, at: int) -> None:
        if analysis in self._open:
            begin, since, model = self._open[analysis]
            self.spans.setdefault(self._epoch, []).append(Span(analysis, begin, at, since, model))


class Again(NamedTuple):
    """What came again, by spans; of those that cannot come again why not."""

    said: list[m.Message]
    without: list[Span]
    notes: list[str]


def again(stretch: Stretch, spans: list[Span]) -> Again:
    """Hear a stretch's sound as the networks did then. [main]"""
    label = stretch.segments[0].label
    found = Again([], [], [])
    for since, model in dict.fromkeys((one.since, one.model) for one in spans):
        mine = [one for one in spans if (one.since, one.model) == (since, model)]
        why = ""
        try:
            if since < stretch.first:
                why = f"what they heard before {stretch.first / label.rate:.2f} s is not in the recording"
            else:
                found.said.extend(_heard(stretch, mine))
        except UserError as error:
            why = str(error)
        if why:
            found.without.extend(mine)
            found.notes.append(f"what networks heard is passed over in part: {why}")
    return found


def _heard(stretch: Stretch, spans: list[Span]) -> Iterator[m.Message]:
    """Raises ModelError."""
    from daemon.hearing.stream import Stream
    from daemon.models.card import ModelError
    from daemon.models.opening import open_model

    label, chosen = stretch.segments[0].label, {one.analysis for one in spans}
    name, version = spans[0].model
    opened = open_model("hearing", name)
    if opened.card.version != version:
        raise ModelError(f"it was heard by {name} {version}, and {opened.card.version} is here")
    stream = Stream(label.rate, chosen, opened.graphs)
    stream.begin(spans[0].since)
    last = max(one.end for one in spans)
    for segment in stretch.segments:
        at = segment.label.first
        sound = segment.sound()[max(0, spans[0].since - at) : max(0, last - at), : label.channels]
        for start in range(0, len(sound), CHUNK):
            events = stream.process(np.ascontiguousarray(sound[start : start + CHUNK].T))
            for message in bridge.messages(Found(events, np.empty(0, FEATURES)), label.rate, dense=False):
                if is_in(message, spans):
                    yield message


def settled(messages: list[m.Message], around: Sequence[Window]) -> list[m.Message]:
    """Without the ends of notes that lasted into a handover, which are the daemon's own, or were never said to begin."""
    found: list[m.Message] = []
    began: dict[int, int] = {}  # MIDI number -> when that was known
    for one in messages:
        if isinstance(one, m.NoteOff):
            since = began.pop(one.midi, None)
            if since is None or any(since <= window.end and window.begin <= one.known_at for window in around):
                continue
        elif isinstance(one, m.NoteOn):
            began[one.midi] = one.known_at
        found.append(one)
    return found


def is_in(message: m.Message, spans: list[Span]) -> bool:
    """Whether it is of an analysis, and became known, within one of them."""
    analysis = OF.get(str(message.__struct_config__.tag))
    return any(one.analysis == analysis and one.begin < message.known_at <= one.end for one in spans)
