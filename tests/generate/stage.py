"""A stage for tests of the band: a receiver for what it plays, and a performer whose time is simulated."""

from collections.abc import Iterable
from typing import Any

from daemon import messages as m
from daemon.generate.live.band import Band

RATE = 48000
TURN = 480  # samples between turns: 10 ms

Voice = tuple[str, int, int]
"""(port, channel, pitch)."""


class Receiver:
    """A port's other side: keeps what comes, at its samples."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int, Voice, bool]] = []  # (sample, number, voice, on)
        self.closed: set[str] = set()
        self.panics: list[str] = []

    def note_on(self, port: str, channel: int, note: int, velocity: int, at: int | None = None) -> bool:
        if port in self.closed:
            return False
        assert at is not None
        assert 1 <= velocity <= 127
        self.events.append((at, len(self.events), (port, channel, note), True))
        return True

    def note_off(self, port: str, channel: int, note: int, at: int | None = None) -> bool:
        assert at is not None
        self.events.append((at, len(self.events), (port, channel, note), False))
        return True

    def panic(self, port: str) -> None:
        """What sounds, or is about to, ends."""
        self.panics.append(port)
        for voice, told in self.voices().items():
            if voice[0] == port and told[-1][1]:
                self.events.append((told[-1][0] + 1, len(self.events), voice, False))

    def voices(self) -> dict[Voice, list[tuple[int, bool]]]:
        """What each voice was told, in order of time."""
        found: dict[Voice, list[tuple[int, bool]]] = {}
        for at, _, voice, on in sorted(self.events):
            found.setdefault(voice, []).append((at, on))
        return found

    def check(self) -> None:
        """Each voice goes on, off, on, off, and ends off."""
        for voice, told in self.voices().items():
            assert [on for _, on in told] == [True, False] * (len(told) // 2), (voice, told)

    def ons(self, channel: int) -> list[tuple[int, int]]:
        """(sample, pitch) of what began on a channel of the JACK port."""
        return sorted((at, voice[2]) for at, _, voice, on in self.events if on and voice[:2] == ("jack", channel))


class Stage:
    """A band, a receiver, and a player at a steady tempo; ticks are 1/24 of a quarter."""

    def __init__(self, bpm: float = 120.0, **jam: Any) -> None:
        self.out = Receiver()
        self.band = Band(self.out, RATE)
        self.per_tick = RATE * 60.0 / bpm / 24
        self.now = 0
        self.said: list[m.Message] = []
        self._score: list[tuple[int, m.Message]] = []
        self.problems = self.configure(pulse="fixed", tempo_bpm=bpm, **jam)

    def configure(self, **jam: Any) -> list[str]:
        self.jam = getattr(self, "jam", {}) | jam
        return self.band.configure(self.jam)

    def plays(self, notes: Iterable[tuple[float, float, int]], channel: int = 0) -> None:
        """(tick, duration, pitch) each, from now on known to the stage."""
        for tick, duration, pitch in notes:
            for at, on in ((tick, True), (tick + duration, False)):
                when = self.at(at)
                note = m.MidiNote(
                    rate=RATE,
                    sample_time=when,
                    known_at=when,
                    port="k",
                    channel=channel,
                    midi=pitch,
                    velocity=90,
                    on=on,
                )
                self._score.append((when, note))
        self._score.sort(key=lambda one: (one[0], one[1].on))  # type: ignore[attr-defined]

    def at(self, tick: float) -> int:
        return round(tick * self.per_tick)

    def until(self, tick: float) -> None:
        """Let time pass, in turns."""
        while self.now < self.at(tick):
            while self._score and self._score[0][0] <= self.now:
                self.band.feed(self._score.pop(0)[1])
            self.said += self.band.turn(self.now)
            self.now += TURN

    def heard(self, kind: type) -> list[Any]:
        return [one for one in self.said if isinstance(one, kind)]

    def close(self) -> None:
        self.band.close()


SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def phrase(start: int, bars: int = 4, step: int = 24) -> list[tuple[float, float, int]]:
    """Up and down C major in steps of so many ticks, the last note a half short of the bar line."""
    ticks = range(start, start + 96 * bars - 24, step)
    return [(float(tick), step * 0.9, SCALE[abs((k + 7) % 14 - 7)]) for k, tick in enumerate(ticks)]
