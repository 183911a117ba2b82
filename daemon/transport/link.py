"""Ableton Link, in and out: a session of programs on the network that agree on tempo, phase, start and stop.

Where peers are and Link leads, they are followed; where another source leads, the session is given its tempo and phase,
as Link's documentation has it of a bridge from an external clock (`forceBeatAtTime`). The library's own threads do the
network; what is called here reads or writes a copy of the session's state in about two microseconds, and none of its
callbacks is used, so that no thread of Link's ever needs the interpreter. Link counts microseconds of
CLOCK_MONOTONIC_RAW; a quantum is a bar.
"""

from typing import Any

from daemon.errors import UserError
from daemon.transport.source import Aim

FORCED_S = 0.0005  # further than this from the session's phase,
FORCED_BPM = 0.005  # or its tempo, the session is told where the leader is
SAME_BPM = 1e-6


class LinkError(UserError):
    """Link is not installed."""


class Link:
    """A `daemon.transport.source.Source`, while there are peers. [main]"""

    def __init__(self, tempo_bpm: float, beats_per_bar: int) -> None:
        """Join, which needs no peer. Raises LinkError."""
        try:
            import link
        except ImportError:
            raise LinkError("Ableton Link is not installed: pip install 'jamd[link]'") from None
        self._link: Any = link.Link(tempo_bpm)
        self._link.startStopSyncEnabled = True
        self._link.enabled = True
        self._quantum = float(beats_per_bar)
        self.peers = 0
        self._aim: Aim | None = None
        self._says = False  # somebody has started it: before, that it does not run means nothing
        self._runs = False
        self._first = 0.0  # the session's beat that is the song's first
        self._moves = 0

    def look(self, at_s: float, micros: int) -> None:
        """See where the session is at `at_s`, which Link's clock calls `micros`."""
        self.peers = self._link.numPeers()
        if self.peers == 0:
            self._aim = None
            return
        session = self._link.captureSessionState()
        runs = session.isPlaying()
        if runs and not self._runs:
            started = session.beatAtTime(session.timeForIsPlaying(), self._quantum)
            self._first = -(-round(started, 3) // self._quantum) * self._quantum
            self._moves += 1
        self._says, self._runs = self._says or runs, runs
        beat = session.beatAtTime(micros, self._quantum) - self._first
        playing = runs if self._says else None
        self._aim = Aim(at_s, beat, session.tempo() / 60.0, True, playing, moves=self._moves)

    def aim(self, now_s: float) -> Aim | None:
        """The session as it was last looked at; None: there is nobody else in it."""
        return self._aim

    def lead(self, beat: float, rate: float, playing: bool, micros: int) -> None:
        """Another leads: the song is on `beat` at `micros` and goes on at `rate` beats a second."""
        session = self._link.captureSessionState()
        changes = False
        if abs(session.tempo() - rate * 60.0) > FORCED_BPM:
            session.setTempo(rate * 60.0, micros)
            changes = True
        length = self._quantum
        off = (session.beatAtTime(micros, length) - beat + length / 2) % length - length / 2
        if abs(off) > FORCED_S * rate:
            session.forceBeatAtTime(beat % length, micros, length)
            changes = True
        if session.isPlaying() != playing:
            session.setIsPlaying(playing, micros)
            changes = True
        if changes:
            self._link.commitSessionState(session)
        self._says, self._runs = self._says or playing, playing

    def set_tempo(self, bpm: float, micros: int) -> None:
        """Change the session's, from `micros` on."""
        session = self._link.captureSessionState()
        session.setTempo(bpm, micros)
        self._link.commitSessionState(session)

    def play(self, to: str, micros: int) -> None:
        """Have the session start, stop or continue at `micros`: all who follow its start and stop do."""
        session = self._link.captureSessionState()
        session.setIsPlaying(to != "stop", micros)
        self._link.commitSessionState(session)

    def close(self) -> None:
        """Leave."""
        self._link.enabled = False
