"""The scene: all that a show may follow, as it is now. Fed by the process; read by what looks at it."""

import math
from typing import NamedTuple

import numpy as np

LOUD_S, USUAL_S = 2.0, 20.0  # of what is heard now, and of what was heard
SECTION_DB, SECTION_S = 5.0, 8.0  # so much louder or quieter is another section, so long after the last
SILENT_DB = -60.0
SAME_S = 0.001  # notes that are so near are one


class Hit(NamedTuple):
    """Something that happened: when (CLOCK_MONOTONIC), and how strong, 0..1."""

    at_s: float
    strength: float


class Note(NamedTuple):
    """A key: when it goes down, how strongly, 0..1, and when it comes up."""

    at_s: float
    strength: float
    until_s: float = math.inf


class Song(NamedTuple):
    """The line of beats: on `beat` at `at_s`, going on by `rate` beats a second."""

    at_s: float
    beat: float
    rate: float
    beats_per_bar: int
    playing: bool

    def beat_at(self, now_s: float) -> float:
        """The song's beat at a time, foreseen."""
        return self.beat + (now_s - self.at_s) * self.rate


class Scene:
    """Plain values. [any, one thread]"""

    def __init__(self) -> None:
        self.levels = {"level": 0.0, "low": 0.0, "mid": 0.0, "high": 0.0}
        self.energy = 0.0  # 0..1: how loud the last seconds are against the song
        self.sections = 0  # counted up where the energy changes
        self.hits: dict[str, Hit] = {}
        self.kicks = 0
        self.song: Song | None = None
        self.chroma = np.zeros(12)
        self.chord_root = self.key_tonic = -1
        self.notes: dict[tuple[int, int], tuple[Note, ...]] = {}  # (channel 0-15, note) -> its last two
        self.controls: dict[tuple[int, int], float] = {}  # (channel, controller) -> 0..1
        self._now_db = self._usual_db = SILENT_DB
        self._moved_s = 0.0

    def hit(self, name: str, at_s: float, strength: float) -> None:
        """Something happened."""
        self.hits[name] = Hit(at_s, strength)
        self.kicks += name == "kick"

    def hear(self, levels: np.ndarray, loudness: float, passed_s: float, now_s: float) -> None:
        """How loud it is: four levels 0..1 and the RMS; so much time has passed since it was last said."""
        self.levels = dict(zip(("level", "low", "mid", "high"), map(float, levels), strict=True))
        db = max(SILENT_DB, 20 * math.log10(max(loudness, 1e-6)))
        self._now_db += (1 - math.exp(-passed_s / LOUD_S)) * (db - self._now_db)
        self._usual_db += (1 - math.exp(-passed_s / USUAL_S)) * (db - self._usual_db)
        self.energy = min(max(0.5 + (self._now_db - self._usual_db) / 24.0, 0.0), 1.0) if db > SILENT_DB else 0.0
        if abs(self._now_db - self._usual_db) > SECTION_DB and now_s - self._moved_s > SECTION_S:
            self._usual_db = self._now_db
            self._move(now_s, 1.0)

    def section(self, what: str, confidence: float, now_s: float) -> None:
        """A build-up, drop, break or boundary was heard."""
        strength = 0.5 + 0.5 * confidence
        self.hit("build" if what == "build-up" else what, now_s, strength)
        if what == "drop" or now_s - self._moved_s > SECTION_S:
            self._move(now_s, strength)

    def _move(self, now_s: float, strength: float) -> None:
        """Another section, whoever found it; one that both find counts once."""
        self._moved_s = now_s
        self.sections += 1
        self.hit("section", now_s, strength)

    def note(self, channel: int, note: int, velocity: int, on: bool, at_s: float) -> None:
        """A key goes down or up, now or soon; what was said for another port, too, is said once."""
        *before, last = self.notes.get((channel, note), (Note(-math.inf, 0.0, -math.inf),))
        if not on:
            self.notes[channel, note] = (*before, last._replace(until_s=at_s))
        elif at_s - last.at_s > SAME_S:
            self.notes[channel, note] = (last, Note(at_s, velocity / 127))
