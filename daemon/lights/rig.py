"""The rig: a show that is followed in real time, and the packets that leave for it."""

import heapq
import time

import numpy as np

from daemon import messages as m
from daemon.beats import Beats
from daemon.lights.ears import Ears
from daemon.lights.link import Open, Say, To
from daemon.lights.look import Look
from daemon.lights.os2l import os2l
from daemon.lights.patch import Patch
from daemon.lights.scene import Scene, Song
from daemon.lights.show import Show, read
from daemon.pulse import Pulse

LOOK_S = 0.005  # between two looks at a show that nothing hurries
BANDS = {"low": "kick", "mid": "snare", "high": "hat"}


class Rig:
    """Everything but the process. [main]"""

    def __init__(self, opening: Open) -> None:
        """Raises LightError, Os2lError."""
        self._ahead_s, self._os2l_ahead_s = opening.latency_ms / 1000, opening.os2l_latency_ms / 1000
        self._patch = Patch(opening.sacn, opening.artnet, opening.priority)
        self._os2l = os2l(opening.os2l)
        self._scene, self._ears = Scene(), Ears(opening.place)
        self._daemon = Pulse()
        self._state, self._why = "on", ""
        self._is_left = False  # by a daemon that hangs
        self._is_urgent = False
        self._due: list[float] = []  # when notes begin and end
        self._look_at = 0.0
        self._beats, self._os2l_beats = Beats(), Beats()
        self._os2l_next = 0
        self._os2l_told = ""
        self._master: float | None = None  # where it was moved to
        self._said: list[Say] = []
        self._look = Look(Show())
        self.table({})

    @property
    def drops(self) -> int:
        """Packets that found no room on the network."""
        return self._patch.drops + (self._os2l.drops if self._os2l else 0)

    def table(self, values: dict) -> None:
        """Another show; the grand master stays, where it was moved."""
        show, _ = read(values)
        self._look = Look(show)
        if self._master is not None:
            self._look.master = self._master
        self._patch.use(self._look.universes)
        self._tell()

    def stream(self, rate: int) -> None:
        """An engine runs at `rate` Hz; 0: none does."""
        self._ears.begin(rate)
        if not rate:
            self._stop()

    def to(self, order: To) -> None:
        """Show, blackout or safe look; the master."""
        if order.state:
            self._state, self._why = order.state, order.why
        if order.master >= 0:
            self._master = self._look.master = order.master
        self._is_urgent = True
        self._tell()

    def follow(self, message: m.Message) -> None:
        """Something that a show may follow."""
        scene = self._scene
        match message:
            case m.Transport():
                self._song(message)
            case m.Onset():
                at = self._ears.seconds(message.sample_time)
                now = at if at is not None else time.monotonic()
                for name in ("onset", BANDS.get(message.band, "")):
                    if name:
                        scene.hit(name, now, 0.5 + 0.5 * min(1.0, message.strength))
                self._is_urgent = True
            case m.Section():  # now, and not when it began: a pulse that is over would not be seen
                scene.section(message.what, message.confidence, time.monotonic())
                self._is_urgent = True
            case m.Chord():
                scene.chord_root = message.root
            case m.Key():
                scene.key_tonic = message.tonic
            case m.Chroma():
                scene.chroma = np.array(message.chroma)
            case m.MidiNote() | m.JamNote():
                at = self._ears.seconds(message.sample_time) or time.monotonic()
                scene.note(message.channel, message.midi, message.velocity, message.on, at)
                heapq.heappush(self._due, at)
            case m.MidiControl():
                for channel in (message.channel, -1):
                    scene.controls[channel, message.control] = message.value / 127

    def turn(self, now_s: float) -> list[Say]:
        """Hear what is new, look at the show, send what changed; gives what is to be published."""
        hurry = self._ears.hear(self._scene, now_s) or self._is_urgent
        hurry = self._count_beats(now_s) or hurry
        while self._due and self._due[0] - self._ahead_s <= now_s:
            heapq.heappop(self._due)
            hurry = True
        self._watch(now_s)
        if hurry or now_s >= self._look_at:
            self._look_at, self._is_urgent = now_s + LOOK_S, False
            state = "safe" if self._is_left else self._state
            found = self._look.levels(self._scene, now_s, self._ahead_s, state)
            for universe, levels in found.items():
                self._patch.send(universe, bytes(levels), now_s, hurry)
        said, self._said = [*self._said, *map(Say, self._patch.news(now_s))], []
        return said

    def wait_s(self, now_s: float, most_s: float) -> float:
        """How long nothing is due: at most so long, and not beyond the next beat."""
        for beats, ahead_s in ((self._beats, self._ahead_s), (self._os2l_beats, self._os2l_ahead_s)):
            at_ns = beats.next_ns(round((now_s + ahead_s) * 1e9))
            if at_ns is not None:
                most_s = min(most_s, max(0.0, at_ns * 1e-9 - ahead_s - now_s))
        return most_s

    def close(self) -> None:
        """End the streams, with the safe look."""
        self._patch.close(self._look.levels(self._scene, time.monotonic(), 0.0, "safe"))
        if self._os2l is not None:
            self._os2l.close()

    def _song(self, message: m.Transport) -> None:
        at_s = self._ears.seconds(message.sample_time)
        if at_s is None or not message.source:
            self._stop()
            return
        rate, at_ns = message.tempo_bpm / 60, round(at_s * 1e9)
        self._scene.song = Song(at_s, message.beat, rate, message.beats_per_bar, message.playing)
        for beats in (self._beats, self._os2l_beats):
            beats.take(message.beat, at_ns, message.tempo_bpm, message.beats_per_bar, message.playing)

    def _stop(self) -> None:
        """Nobody says where the beat is."""
        self._scene.song = None
        for beats in (self._beats, self._os2l_beats):
            beats.stop()

    def _count_beats(self, now_s: float) -> bool:
        """Whether a beat falls now, as the lights see it; tells OS2L of those that it sees."""
        if self._os2l is not None:
            self._os2l.turn(now_s)
            if self._os2l.state != self._os2l_told:
                self._os2l_told = self._os2l.state
                error = "" if self._os2l.state == "open" else self._os2l.error
                self._said.append(Say(m.Output(name="os2l", state=self._os2l.state, error=error)))
            beat = self._os2l_beats.due(round((now_s + self._os2l_ahead_s) * 1e9))
            if beat is not None and self._scene.song is not None:
                self._os2l.beat(beat.number, 60 * self._scene.song.rate, change=beat.number != self._os2l_next)
                self._os2l_next = beat.number + 1
        return self._beats.due(round((now_s + self._ahead_s) * 1e9)) is not None

    def _watch(self, now_s: float) -> None:
        """A daemon that hangs leaves its lights safe; they go on when it does."""
        self._daemon.look(self._ears.daemon_pulse, now_s)
        if self._daemon.stands != self._is_left:
            self._is_left, self._is_urgent = self._daemon.stands, True
            self._tell()

    def _tell(self) -> None:
        state, why = ("safe", "the daemon hangs") if self._is_left else (self._state, self._why)
        fixtures = list(self._look.show.fixtures)
        self._said.append(Say(m.Lights(state=state, master=self._look.master, error=why, fixtures=fixtures)))
