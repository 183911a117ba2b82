"""What the clock's commands do: who leads, the tempo, a tap, start and stop."""

from typing import Any, Protocol

from daemon.desk.commands.clock import Clock, ClockRun, ClockShow, ClockTap
from daemon.desk.commands.command import Command
from daemon.errors import Refused
from daemon.transport.arbiter import AUTO, Arbiter
from daemon.transport.fixed import Fixed
from daemon.transport.tap import Tap

FIXED, TAP, BEATS, MIDI_CLOCK, LINK = "fixed", "tap", "beats", "midi_clock", "link"


class Session(Protocol):
    """Ableton Link, as daemon.transport.link has it, now."""

    def set_tempo(self, bpm: float) -> None: ...
    def play(self, to: str) -> None: ...


class Baton:
    """[main]"""

    def __init__(self, song: Arbiter, fixed: Fixed, tap: Tap, session: Session | None) -> None:
        self._song, self._fixed, self._tap, self._session = song, fixed, tap, session

    def check(self, command: Command) -> None:
        """Raise Refused for what cannot be done now, with the remedy."""
        leader = self._song.leader
        if isinstance(command, Clock):
            if command.source == LINK and self._session is None:
                raise Refused(409, "link is off: put link = true in the config's [clock], and start jamd again")
            leader = leader if command.source in (None, AUTO) else str(command.source)
            if command.tempo_bpm is not None and leader in (MIDI_CLOCK, BEATS):
                raise Refused(409, f"{leader} leads, and says the tempo; take another source first, such as fixed")
            chosen = command.source or self._song.chosen
            if command.tempo_bpm is not None and not leader and chosen not in (AUTO, FIXED, TAP):
                raise Refused(409, f"{chosen} is to lead, but is not there; take another source first, such as fixed")
        elif isinstance(command, ClockRun) and leader == MIDI_CLOCK:
            raise Refused(
                409, "the MIDI clock leads, and says when it runs; start or stop it there, or take another source"
            )

    def do(self, command: Command, now_s: float, told_s: float) -> dict[str, Any]:
        """Carry one out; `told_s` as the arbiter has it. What it gives is for who asked."""
        if isinstance(command, Clock):
            self._choose(command, told_s)
        elif isinstance(command, ClockTap):
            self._tap.tap(now_s, self._song.line.rate_at(now_s))
        elif isinstance(command, ClockRun):
            self._run(command.to, told_s)
        return self.show(now_s) if isinstance(command, ClockShow) else {}

    def show(self, now_s: float) -> dict[str, Any]:
        """The transport, and what became of each source."""
        song, sources = self._song, {}
        for name, source in song.sources.items():
            aim = source.aim(now_s)
            sources[name] = {"there": aim is not None} | ({"tempo_bpm": round(aim.rate * 60, 3)} if aim else {})
        return {
            "source": song.leader,
            "chosen": song.chosen,
            "beat": round(song.song_at(now_s), 3),
            "tempo_bpm": round(song.line.rate_at(now_s) * 60, 3),
            "playing": song.playing,
            "confidence": round(song.confidence, 3),
            "beats_per_bar": song.beats_per_bar,
            "order": list(song.order),
            "sources": sources,
        }

    def _choose(self, command: Clock, told_s: float) -> None:
        song = self._song
        if command.source is not None:
            song.chosen = command.source
            if command.source == AUTO:
                self._tap.forget()
        if command.tempo_bpm is None:
            return
        leader = song.leader if command.source in (None, AUTO) else command.source
        if leader == LINK and self._session is not None:
            self._session.set_tempo(command.tempo_bpm)
            return
        self._fixed.tempo_bpm = command.tempo_bpm
        self._tap.forget()
        song.chosen = FIXED if song.chosen == TAP else song.chosen
        if FIXED not in song.order:  # a tempo that is given leads where nobody else does
            song.order = (*song.order, FIXED)

    def _run(self, to: str, told_s: float) -> None:
        song = self._song
        if song.leader == LINK and self._session is not None:
            self._session.play(to)
        elif to == "start":
            song.start(told_s)
        elif to == "stop":
            song.stop()
        else:
            song.go_on(told_s)
