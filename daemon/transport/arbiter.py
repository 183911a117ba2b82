"""The arbiter: who leads, and the one line of beats that follows them.

Of the sources in their order the first that is there leads; or the chosen one, while it is there. What lies behind, and
what was told already, stays as it was. A new leader's phase is run into evenly within a bar: a bar's downbeat stays one, so
at most half a bar is made up, and the tempo bends by no more than half of itself (by a twentieth while one is followed).
The line never goes backward. Only a leader that moves in the song (start, continue, song position) makes it jump, forward,
by less than a beat. When nobody is there, it goes on at the last tempo.
"""

import math
from collections.abc import Mapping, Sequence

from daemon.transport.source import Aim, Source
from dsp.line import CATCH_UP, Line

EVERY_S = 0.05  # between two looks at who leads
NEAR = 0.1  # beats: as far off as one who is followed may come to be
FOLLOWED = 0.05  # of the tempo, by which it bends then
ARRIVING_S = 0.1  # so shortly before it gets there, the line is left alone
STILL = 0.02  # beats: so far back is no jump forward by almost a beat
LEAP_S = 0.003  # before the first beat of a song that the performer starts: time for Start to go before it
SLOWEST, FASTEST = 20.0 / 60.0, 400.0 / 60.0  # beats a second

AUTO = "auto"


class Arbiter:
    """`line` in seconds and beats that never go back; the song's beats are those less `origin`. Pure. [main]"""

    def __init__(self, sources: Mapping[str, Source], order: Sequence[str], beats_per_bar: int, rate: float) -> None:
        """`rate` in beats a second, while nobody is there."""
        self.sources, self.order, self.beats_per_bar = sources, tuple(order), beats_per_bar
        self.line = Line(0.0, 0.0, rate)
        self.origin = 0  # the line's beat that is the song's first
        self.chosen = AUTO
        self.leader = ""
        self.confidence = 0.0
        self.is_led = False  # somebody has been there
        self.runs = True  # as the leader says, or the performer where no leader does
        self.playing = False
        self.moves = 0  # how often the song's beats have jumped
        self._stopped_at = 0.0  # of the song
        self._aim: Aim | None = None
        self._looked_s = -1e9
        self._meet_s = -1e9  # when the line gets to where the leader is
        self._is_catching = False  # more than it makes up while following
        self._heard_moves: dict[str, int] = {}

    def song_at(self, at_s: float) -> float:
        """The song's beat at a time."""
        return self.line.tick_at(at_s) - self.origin

    def seconds_at(self, beat: float) -> float:
        """When the song's beat comes, or came."""
        return self.line.seconds_at(beat + self.origin)

    def advance(self, now_s: float, told_s: float) -> None:
        """See who leads and follow them; up to `told_s` the line was told already, and stays. Neither goes back."""
        name, aim = self._leading(now_s)
        is_new = name != self.leader
        if is_new or aim is None or told_s >= self._looked_s + EVERY_S or self._has_moved(name, aim):
            self._looked_s = told_s
            self.leader, self._aim = name, aim
            self.confidence = aim.confidence if aim else 0.0
            if aim is not None:
                self._follow(name, aim, told_s, is_new)
            for (
                other,
                source,
            ) in self.sources.items():  # who moves without leading is met within a bar, as any new leader
                theirs = source.aim(now_s) if other != name else None
                if theirs is not None:
                    self._heard_moves[other] = theirs.moves
        if aim is not None and aim.playing is not None:
            self.runs = aim.playing
        self._play(self.runs and self.is_led, told_s)

    def start(self, told_s: float) -> None:
        """The song begins: now where no beat is given, else on the next beat."""
        self.runs = True
        if self._aim is None or self._aim.beat is None:
            self._set_off(told_s)
        else:
            self.origin, self.moves = math.ceil(self.line.tick_at(told_s)), self.moves + 1

    def stop(self) -> None:
        """The song stops, the beat goes on."""
        self.runs = False

    def go_on(self, told_s: float) -> None:
        """The song goes on from about where it stopped, on the beat."""
        if not self.playing:
            self.runs = True
            moved = round(self.line.tick_at(told_s) - self._stopped_at) - self.origin
            self.origin, self.moves = self.origin + moved, self.moves + (moved != 0)

    def _leading(self, now_s: float) -> tuple[str, Aim | None]:
        for name in self.order if self.chosen == AUTO else (self.chosen,):
            source = self.sources.get(name)
            aim = source.aim(now_s) if source is not None else None
            if aim is not None:
                return name, aim
        return "", None

    def _has_moved(self, name: str, aim: Aim | None) -> bool:
        return aim is not None and self._heard_moves.get(name, 0) != aim.moves

    def _follow(self, name: str, aim: Aim, told_s: float, is_new: bool) -> None:
        """Bend the line from `told_s` on to where the leader is."""
        rate = min(max(aim.rate, SLOWEST), FASTEST)
        here = self.line.tick_at(told_s)
        has_moved, was_led = self._has_moved(name, aim), self.is_led
        self._heard_moves[name], self.is_led = aim.moves, True
        if aim.beat is None:
            if not was_led:
                self._set_off(told_s)
                here = self.line.tick_at(told_s + 2e-6)
                self.line.bend(told_s + 2e-6, [(told_s + 2e-6, here)], rate)
            elif rate != self.line.rate_at(told_s):
                self.line.bend(told_s, [(told_s, here)], rate)
            return
        beat = aim.beat + (told_s - aim.at_s) * rate
        if has_moved or not was_led:
            ahead = (beat - here) % 1.0
            if ahead < 1.0 - STILL:
                self._jump(told_s, ahead, beat)
                self.line.bend(told_s + 2e-6, [(told_s + 2e-6, self.line.tick_at(told_s + 2e-6))], rate)
                return
            self.origin, self.moves = round(here - beat), self.moves + 1
        length = self.beats_per_bar if aim.has_bar else 1
        gap = (beat - (here - self.origin) + length / 2) % length - length / 2
        if is_new or told_s >= self._meet_s or (abs(gap) > NEAR and not self._is_catching):
            self._is_catching = abs(gap) > NEAR
            self._meet_s = told_s + self.beats_per_bar / rate
        elif self._is_catching and told_s > self._meet_s - ARRIVING_S:
            return
        most = CATCH_UP if self._is_catching else FOLLOWED
        over_s = max(self._meet_s - told_s, abs(gap) / (most * rate))
        self.line.bend(told_s, [(told_s, here + gap)], rate, over_s)

    def _set_off(self, told_s: float) -> None:
        """The song's first beat is at hand."""
        before = LEAP_S * self.line.rate_at(told_s)
        self._jump(told_s, (-self.line.tick_at(told_s) - before) % 1.0, -before)

    def _jump(self, told_s: float, ahead: float, beat: float) -> None:
        """Ahead by less than a beat, where the song is on `beat`."""
        here = self.line.tick_at(told_s)
        self.line.skip(told_s, ahead)
        self.origin, self.moves, self._meet_s = round(here + ahead - beat), self.moves + 1, -1e9

    def _play(self, playing: bool, told_s: float) -> None:
        if self.playing and not playing:
            self._stopped_at = self.song_at(told_s)
        self.playing = playing
