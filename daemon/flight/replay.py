"""A session once more: its sound through the same analysis, its MIDI and the band's inputs through the same band."""

from collections.abc import Callable
from typing import Any, Union

import msgspec

from daemon import bridge
from daemon import messages as m
from daemon.flight import replay_networks
from daemon.flight.analysers import Analysers
from daemon.flight.compare import Tally, Window, match
from daemon.flight.link import Begin, End, Said, Turns
from daemon.flight.reading import Recording, Stretch
from daemon.flight.replay_hands import Hands

OF_SOUND = ("onset", "note_on", "note_off", "beat", "chord", "key", "section")
SLACK_S = 0.5  # at a stream's end: what was heard there was perhaps not said any more
STEP = 4096  # samples between two looks at the rings, which hold more

_message = msgspec.msgpack.Decoder(Union[tuple(m.MESSAGES.values())]).decode  # noqa: UP007 - made of a table


class Stream:
    """What was published of an engine's sound while it ran."""

    def __init__(self, begin: Begin) -> None:
        self.begin = begin
        self.said: list[m.Message] = []
        self.newest = 0  # sample that the log speaks of
        self.excused: list[Window] = []
        self.end: int | None = None


class Replay:
    """One session. [main]"""

    def __init__(self, recording: Recording, session: int) -> None:
        self.session, self._recording = session, recording
        self.tally = Tally()
        self.notes: list[str] = []  # lines for a person
        self.seconds = self.compared_s = 0.0  # of sound that was there; of which the analysis could be compared
        self.streams: dict[int, Stream] = {}
        self._charge = replay_networks.Charge()

    def run(self, show: Callable[[float], None]) -> None:
        """Do it; `show` is told how many seconds of sound are behind."""
        self._log()
        for stretch in self._recording.stretches(self.session):
            self._sound(stretch, show)
        for stream in self.streams.values():
            self._unheard(stream)

    def _log(self) -> None:
        """All that is in the log, in order; MIDI and the band on the way."""
        hands = Hands(self.tally, self.notes)
        stream: Stream | None = None
        expected = 0
        for number, item in self._recording.items(self.session):
            lost, expected = number - expected, number + 1
            at = _when(item)
            if lost > 0:
                self.notes.append(f"{lost} messages are not in the recording; MIDI and the band go on anew after them")
                hands.lose()
                if stream is not None:
                    stream.excused.append(
                        Window(stream.newest - stream.begin.rate, (at or stream.newest) + stream.begin.rate)
                    )
            if isinstance(item, Begin):
                stream = self.streams[item.epoch] = Stream(item)
                self._charge.begin(item.epoch)
            elif stream is not None:
                stream.newest = max(stream.newest, at or 0)
                if isinstance(item, End):
                    stream.end = item.now
            if isinstance(item, Said):
                message = decoded(item.message)
                if message is None:
                    continue
                if stream is None and message.epoch:  # its begin has gone
                    stream = self.streams[message.epoch] = Stream(Begin(message.epoch, message.rate, 2))
                    stream.excused.append(Window(-1, message.known_at + message.rate))
                if stream is not None and message.epoch == stream.begin.epoch:
                    stream.newest = max(stream.newest, message.known_at)
                    if message.__struct_config__.tag in OF_SOUND:
                        stream.said.append(message)
                self._charge.take(message)
                hands.said(message)
            else:
                hands.take(item)
        hands.end()
        self._charge.end()

    def _sound(self, stretch: Stretch, show: Callable[[float], None]) -> None:
        """A stretch's sound, from where its first segment knows how it stood."""
        first = stretch.segments[0]
        label = first.label
        stream = self.streams.setdefault(label.epoch, Stream(Begin(label.epoch, label.rate, label.channels)))
        made = Analysers.at(first)
        is_exact = made is not None
        if made is None:
            where = f"{label.first / label.rate:.2f} s"
            self.notes.append(f"what was heard before {where} is not in the recording; the analysis begins anew there")
            made = Analysers.at(first, anew=True)
            assert made is not None
        replayed: list[m.Message] = []
        for one in stretch.segments:
            sound = one.sound()
            for start in range(0, len(sound), STEP):
                made.hear(sound[start : start + STEP])
                replayed += bridge.messages(made.reader.read(), label.rate, dense=False)
            self.seconds += one.seconds
            self.compared_s += one.seconds if is_exact else 0.0
            show(self.seconds)
        begin, end = label.first, stretch.end
        recorded = [one for one in stream.said if begin < one.known_at <= end]
        stream.said = [one for one in stream.said if not begin < one.known_at <= end]
        last = min(end, stream.newest) - round(SLACK_S * label.rate)  # a daemon that ends publishes no more
        spans = self._charge.of(label.epoch, begin, end)
        heard = replay_networks.again(stretch, spans)
        self.notes += heard.notes
        recorded = [one for one in recorded if not replay_networks.is_in(one, heard.without)]
        replayed = [one for one in replayed if not replay_networks.is_in(one, spans)] + heard.said
        recorded, replayed = (sorted(one, key=lambda message: message.known_at) for one in (recorded, replayed))
        recorded = _unsilenced(recorded, replayed, last)
        around = list(self._charge.around(label.epoch, label.rate))
        if spans:
            recorded, replayed = (replay_networks.settled(one, around) for one in (recorded, replayed))
        excused = [*stream.excused, *around, Window(last, end)]
        if not is_exact:
            excused.append(Window(begin, end))
        for kind in OF_SOUND:
            match(_of(recorded, kind), _of(replayed, kind), excused, self.tally)

    def _unheard(self, stream: Stream) -> None:
        """Messages whose sound has gone, or was never kept."""
        if stream.said:
            self.notes.append(f"{len(stream.said)} events were heard in sound that is not in the recording")


def _unsilenced(recorded: list[m.Message], replayed: list[m.Message], since: int) -> list[m.Message]:
    """Without the note-offs with which the daemon, not the analysis, ended what sounded when the stream did."""
    sounding = {one.midi for one in replayed if isinstance(one, m.NoteOn)}
    heard = {(one.known_at, one.midi) for one in replayed if isinstance(one, m.NoteOff)}
    return [
        one
        for one in recorded
        if not (
            isinstance(one, m.NoteOff)
            and one.known_at >= since
            and one.sample_time == one.known_at
            and one.midi in sounding
            and (one.known_at, one.midi) not in heard
        )
    ]


def _of(messages: list[m.Message], kind: str) -> list[m.Message]:
    return [one for one in messages if one.__struct_config__.tag == kind]


def _when(item: Any) -> int | None:
    """The sample at which an item was written, as far as it says so."""
    if isinstance(item, Turns) and item.now:
        return item.now[-1]
    return item.now if isinstance(item, End) else None


def decoded(packed: msgspec.Raw) -> m.Message | None:
    """A published message; None: of a type, or a form, that this version does not know."""
    try:
        return _message(packed)
    except (msgspec.MsgspecError, RecursionError):
        return None
