"""The handover: whose messages are published for each analysis, the engine's or a network's, and how one follows the other.

Both hear the same sound, each as late as it is. What the one says of whom the other is in charge is held for a little
while: when it takes over, what it said of the last moments is published, too, less what the other has said already. A note
that the one began the other cannot end: it ends with the handover.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import msgspec

from daemon import messages as m
from daemon.hearing.kinds import OF

NEAR_S = 0.05  # within which what both say is one thing
LATEST_S = 0.1  # after which both have said what they will say of a moment
HELD, GIVEN = 256, 64  # messages


class Handover:
    """`engine` and `network` are the two that hear. [main]"""

    def __init__(self, analyses: Iterable[str]) -> None:
        """The engine is in charge of all. `analyses`: those that a network may do."""
        self.by_network: dict[str, bool] = dict.fromkeys(analyses, False)
        self._sounding: dict[int, tuple[bool, m.NoteOn]] = {}  # MIDI number -> by whom, and what
        self.begin(48000)

    def begin(self, rate: int) -> None:
        """A stream at `rate` Hz begins."""
        self._rate = rate
        # Of each of the two: what it said while the other was in charge; and what was published, and of when.
        self._held = {by: deque[m.Message](maxlen=HELD) for by in (False, True)}
        self._given = {by: deque[tuple[tuple, int]](maxlen=GIVEN) for by in (False, True)}
        self._newest: dict[tuple[bool, str], m.Message] = {}  # chord and key that each says
        self._published: dict[str, str] = {}

    def passed(self, messages: Iterable[m.Message], by_network: bool) -> Iterator[m.Message]:
        """Of what one of the two says, what is to be published."""
        for message in messages:
            analysis = OF.get(str(message.__struct_config__.tag), "")
            if isinstance(message, m.Chord | m.Key):
                self._newest[by_network, analysis] = message
            if self.by_network.get(analysis, False) == by_network:
                yield from self._pass(message, by_network)
            elif analysis != "f0":
                self._held[by_network].append(message)

    def change(self, analysis: str, to_network: bool, since: int, now: int) -> list[m.Message]:
        """Another is in charge of an analysis; the one that was had heard the stream up to sample `since`."""
        self.by_network[analysis] = to_network
        said: list[m.Message] = []
        if analysis == "notes":
            said += self.silence(now, not to_network)
        latest = since - round(LATEST_S * self._rate)
        for message in self._held[to_network]:
            is_of = OF.get(str(message.__struct_config__.tag)) == analysis
            if is_of and (message.known_at > since or message.sample_time > latest):
                said += self._pass(message, to_network)
        for by in (False, True):
            rest = [one for one in self._held[by] if OF.get(str(one.__struct_config__.tag)) != analysis]
            self._held[by] = deque(rest, HELD)
        newest = self._newest.get((to_network, analysis))
        if isinstance(newest, m.Chord | m.Key) and newest.name != self._published.get(analysis):
            said += self._pass(msgspec.structs.replace(newest, sample_time=now, known_at=now), to_network)
        return said

    def forget(self) -> None:
        """The network knows nothing of what it said before."""
        self._held[True].clear()
        self._newest = {key: message for key, message in self._newest.items() if not key[0]}

    def silence(self, now: int, by_network: bool | None = None) -> list[m.Message]:
        """The note-offs of the notes that sound, of one of the two or of both."""
        ended = [note for by, note in self._sounding.values() if by_network in (None, by)]
        for note in ended:
            del self._sounding[note.midi]
        return [m.NoteOff(sample_time=now, known_at=now, midi=note.midi, name=note.name) for note in ended]

    def _pass(self, message: m.Message, by_network: bool) -> Iterator[m.Message]:
        """A message of who is in charge, unless the other has said it."""
        if isinstance(message, m.NoteOff):
            by, _ = self._sounding.get(message.midi, (by_network, None))
            if by != by_network or ("notes" in self.by_network and message.midi not in self._sounding):
                return  # the other's, or ended with the handover
            self._sounding.pop(message.midi, None)
        elif isinstance(message, m.NoteOn | m.Onset | m.Beat):
            what = (type(message), message.midi if isinstance(message, m.NoteOn) else 0)
            near = round(NEAR_S * self._rate)
            others = self._given[not by_network]
            if any(other == what and abs(at - message.sample_time) < near for other, at in others):
                return
            self._given[by_network].append((what, message.sample_time))
            if isinstance(message, m.NoteOn):
                self._sounding[message.midi] = by_network, message
        elif isinstance(message, m.Chord | m.Key):
            self._published[str(message.__struct_config__.tag)] = message.name
        yield message
