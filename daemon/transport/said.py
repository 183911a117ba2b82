"""What is said of the line: a message for each beat before it falls, and one wherever the last would come to be wrong."""

import math
from collections.abc import Callable

from daemon import messages as m
from daemon.transport.arbiter import Arbiter

LANDED_S = 3e-6  # after a jump of the line
OFF_S = 0.0002  # by which who knows only the newest message may be wrong


class Said:
    """The transport's messages, each once. Pure. [main]"""

    def __init__(self) -> None:
        self._last: m.Transport | None = None
        self._last_s = 0.0

    def forget(self) -> None:
        """A new stream: nothing was said in it."""
        self._last = None

    def turn(
        self, song: Arbiter, from_s: float, until_s: float, sample_at: Callable[[float], int]
    ) -> list[m.Transport]:
        """What falls from `from_s` on and before `until_s`; the line is settled until then."""
        said: list[m.Transport] = []
        if self._last is None or self._is_other(song, from_s):
            said.append(self._say(song, from_s + LANDED_S, sample_at))
        if not song.is_led:
            return said
        beat = math.ceil(song.song_at(from_s) - 1e-9)
        while (at_s := song.seconds_at(beat)) < until_s:
            if at_s > self._last_s:
                said.append(self._say(song, at_s, sample_at, beat))
            beat += 1
        if abs(self._foretold(until_s) - song.song_at(until_s)) > OFF_S * song.line.rate_at(until_s):
            said.append(self._say(song, until_s, sample_at))
        return said

    def _is_other(self, song: Arbiter, at_s: float) -> bool:
        last = self._last
        assert last is not None
        if (last.source, last.playing) != (song.leader, song.playing):
            return True
        at_s += LANDED_S
        return song.is_led and abs(self._foretold(at_s) - song.song_at(at_s)) > OFF_S * song.line.rate_at(at_s)

    def _foretold(self, at_s: float) -> float:
        assert self._last is not None
        return self._last.beat + (at_s - self._last_s) * self._last.tempo_bpm / 60.0

    def _say(
        self, song: Arbiter, at_s: float, sample_at: Callable[[float], int], beat: float | None = None
    ) -> m.Transport:
        self._last_s = at_s
        self._last = m.Transport(
            sample_time=sample_at(at_s),
            beat=float(song.song_at(at_s) if beat is None else beat),
            tempo_bpm=song.line.rate_at(at_s) * 60.0,
            playing=song.playing,
            source=song.leader,
            confidence=round(song.confidence, 3),
            beats_per_bar=song.beats_per_bar,
        )
        return self._last
