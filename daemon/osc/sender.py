"""What goes out by Open Sound Control, and when: to each place at the moment itself, or ahead of it with a time tag."""

import heapq
from collections.abc import Callable, Sequence

from daemon import messages as m
from daemon.beats import Beat, Beats
from daemon.osc import packing
from daemon.osc.output import Output
from daemon.osc.tree import Said, Tree, unit

AHEAD_NS = 100_000_000
"""How much earlier than it falls a beat is sent to who heeds time tags: more than a network takes, less than a beat."""
LEVELS_NS = 16_666_667  # between levels
STATES_NS = 2_000_000_000  # after which all states are said again: whoever comes later knows them, and UDP may lose one
PULSE_NS = 50_000_000
SOON_NS = 500_000  # what is due within this is sent: a poller wakes to the millisecond
WAITING = 1024  # messages that wait for their time


class Sender:
    """All outputs. Times are ns of CLOCK_MONOTONIC, passed in. [main]"""

    def __init__(self, outputs: Sequence[Output], latency_ms: float, wall_ns: Callable[[int], int]) -> None:
        """`latency_ms`: how much earlier it is sent; `wall_ns` gives a time of day, in ns since 1970."""
        self._prompt = [output for output in outputs if not output.ahead]
        self._ahead = [output for output in outputs if output.ahead]
        self._early_ns, self._wall_ns = round(latency_ms * 1e6), wall_ns
        self._all = [*outputs]
        self._tree = Tree()
        lines = (Beats(), self._prompt, 0), (Beats(), self._ahead, AHEAD_NS)
        self._lines = [(beats, group, early + self._early_ns) for beats, group, early in lines if group]
        self._waiting: list[tuple[int, int, Said, list[Output], int]] = []  # (due, count, what, whom, its tag)
        self._count = 0
        self._falls: dict[tuple[str, int], int] = {}  # (address, whose) -> when its newest pulse falls
        self._held: set[str] = set()  # notes that are on
        self._levels_ns = self._states_ns = 0

    def feed(self, message: m.Message, at_ns: int, now_ns: int) -> None:
        """A message as it is published; `at_ns` is its sample time's."""
        if isinstance(message, m.Transport):
            runs = bool(message.source) and message.playing and message.tempo_bpm > 0.0
            for beats, _, _ in self._lines:
                beats.take(message.beat, at_ns, message.tempo_bpm, message.beats_per_bar, runs)
        said = self._tree.feed(message)
        if isinstance(message, m.Panic) and not message.over:
            self._hush(now_ns)
        if isinstance(message, m.JamNote):  # said before it sounds
            for one in said:
                self._plan(one, self._prompt, at_ns - self._early_ns, 0)
                self._plan(one, self._ahead, now_ns, at_ns - self._early_ns)
        elif said:
            self._say(said, self._all, now_ns, 0)

    def next_ns(self, now_ns: int) -> int | None:
        """When there is something to send."""
        due = [self._waiting[0][0]] if self._waiting else []
        for beats, _, early_ns in self._lines:
            falls_ns = beats.next_ns(now_ns + early_ns)
            if falls_ns is not None:
                due += [falls_ns - early_ns, self._levels_ns + LEVELS_NS]
        return min(due, default=None)

    def turn(self, now_ns: int) -> None:
        """Send what is due."""
        by_ns = now_ns + SOON_NS
        for beats, group, early_ns in self._lines:
            beat = beats.due(by_ns + early_ns)
            if beat is not None:
                self._tell(beat, group, beat.at_ns - self._early_ns if early_ns > self._early_ns else 0, now_ns)
        while self._waiting and self._waiting[0][0] <= by_ns:
            due_ns, _, one, group, tag_ns = heapq.heappop(self._waiting)
            if not one.falls or self._falls.get((one.address, id(group))) == due_ns:  # else it was struck again
                self._say([one], group, now_ns, tag_ns)
        if now_ns >= self._states_ns + STATES_NS:
            self._states_ns = now_ns
            self._send_bundle(self._tree.states(), now_ns)
        if by_ns >= self._levels_ns + LEVELS_NS and self._lines:
            self._levels_ns = now_ns
            self._send_levels(now_ns)

    def end(self, now_ns: int) -> None:
        """Nothing comes any more: whatever was on is off."""
        on = {one.address for _, _, one, _, _ in self._waiting if one.falls} | self._held
        said = [Said(address, 0.0) for address in sorted(on)]
        self._waiting.clear()
        self._falls.clear()
        self._held.clear()
        for beats, _, _ in self._lines:
            beats.stop()
        self._say(said + self._tree.news(iter([("/jamd/playing", 0.0)])), self._all, now_ns, 0)

    def _hush(self, now_ns: int) -> None:
        """Every note is off, and none is to come."""
        self._waiting = [one for one in self._waiting if not one[2].holds]
        heapq.heapify(self._waiting)
        self._say([Said(address, 0.0, holds=True) for address in sorted(self._held)], self._all, now_ns, 0)

    def _tell(self, beat: Beat, group: list[Output], tag_ns: int, now_ns: int) -> None:
        said = [Said("/jamd/beat", 1.0, falls=True), Said(f"/jamd/beat/{beat.position}", 1.0, falls=True)]
        if beat.position == 1:
            said.append(Said("/jamd/bar", 1.0, falls=True))
        said += [Said("/jamd/beat/position", float(beat.position)), Said(*unit("beat/position", beat.position / 16.0))]
        self._say(said, group, now_ns, tag_ns)

    def _send_levels(self, now_ns: int) -> None:
        beats, _, _ = self._lines[0]
        phases = beats.phase(now_ns + self._early_ns)
        more = {} if phases is None else {"/jamd/phase": phases[0], "/jamd/bar/phase": phases[1]}
        self._send_bundle(self._tree.levels(more), now_ns)

    def _send_bundle(self, said: list[Said], now_ns: int) -> None:
        """To be heeded at once, by all."""
        if said:
            packed = [packing.message(one.address, one.value) for one in said]
            self._send(packing.bundle(packing.IMMEDIATELY, packed), self._all, now_ns)

    def _say(self, said: list[Said], group: list[Output], now_ns: int, tag_ns: int) -> None:
        """At once; as one bundle where it is for a time to come."""
        packed = [packing.message(one.address, one.value) for one in said]
        if tag_ns:
            self._send(packing.bundle(packing.ntp(self._wall_ns(tag_ns)), packed), group, now_ns)
        else:
            for packet in packed:
                self._send(packet, group, now_ns)
        for one in said:
            if one.falls and one.value:
                falls_ns = now_ns + PULSE_NS
                self._falls[one.address, id(group)] = falls_ns
                self._plan(Said(one.address, 0.0, falls=True), group, falls_ns, tag_ns + PULSE_NS if tag_ns else 0)
            elif one.holds:
                (self._held.add if one.value else self._held.discard)(one.address)

    def _plan(self, one: Said, group: list[Output], due_ns: int, tag_ns: int) -> None:
        if group and (len(self._waiting) < WAITING or not one.value):  # what was on goes off, however much waits
            self._count += 1
            heapq.heappush(self._waiting, (due_ns, self._count, one, group, tag_ns))

    def _send(self, packet: bytes, group: list[Output], now_ns: int) -> None:
        for output in group:
            output.send(packet, now_ns)
