"""From a score to an excerpt for instruments: which notes each plays and when, and what is to be heard in them.

Every choice is drawn from one generator, so that an excerpt is the same whenever its seed is.
"""

from typing import NamedTuple

import numpy as np

from daemon.train.analysis import bending, instruments, patterns, timing
from daemon.train.analysis.instruments import KIT
from daemon.train.analysis.scores import BASS, CHORDS, MELODY, OTHER, VOICE, Score, chord_class
from daemon.train.analysis.singing import SINGING, WHISTLING

SECONDS = 24
LEAD_S = 1.0  # what sounds before the excerpt begins is played from here on

TUNES = ("nottingham", "ryansMammoth", "oneills1850", "airdsAirs")


class Part(NamedTuple):
    """What one instrument plays: [start s, end s, midi, velocity, drum class]."""

    program: int
    notes: np.ndarray
    loud_db: float = 0.0
    mono: bool = False
    bends: np.ndarray | None = None  # [s, semitones]


class Excerpt(NamedTuple):
    """Parts and what is to be heard; times in s. See corpus.Excerpt."""

    kind: str
    source: str
    parts: list[Part]
    beats: np.ndarray
    metre: int
    chords: np.ndarray
    key: np.ndarray
    tight: bool = False


class Placed:
    """A score with a tempo, put so that second 0 falls anywhere in it; moved to another key."""

    def __init__(
        self, score: Score, rng: np.random.Generator, manner: int, style: patterns.Style | None = None
    ) -> None:
        """`style` swings or doesn't; without one, chance says."""
        self.rng = rng
        low, high = _TEMPI.get(score.source, (65, 180))
        bpm = (
            score.bpm * np.exp(rng.uniform(np.log(0.75), np.log(1.35)))
            if score.bpm
            else np.exp(rng.uniform(np.log(low), np.log(high)))
        )
        bpm = float(np.clip(bpm, 45, 210))
        need = int(SECONDS * bpm / 60 * 1.3) + 8
        self.score = score = _long_enough(score, need)
        n = len(score.place)
        self.at = (
            0.0
            if rng.random() < 0.12
            else float(rng.uniform(0, max(0.01, n - need * (0.6 if rng.random() < 0.12 else 1))))
        )
        wait = float(rng.uniform(0.2, 2.5)) if self.at == 0 and rng.random() < 0.8 else 0.0
        first = max(0, int(self.at) - int(2 * bpm / 60) - 2)
        lengths = timing.durations(min(n, int(self.at) + need) - first, bpm, manner, rng)
        times = np.concatenate([[0.0], np.cumsum(lengths)])
        times += wait - np.interp(self.at - first, np.arange(len(times)), times)
        swing = (
            float(rng.uniform(0.6, 0.68))
            if (style and style.swing)
            else float(rng.uniform(0.54, 0.66))
            if rng.random() < 0.12
            else 0.5
        )
        self.clock = timing.Clock(times, first, swing, score.divide)
        self.last = min(n, first + len(lengths))
        self.first, self.bpm = first, bpm
        self.shift = int(rng.integers(-6, 7))

    def rows(self, roles: tuple[int, ...], velocity: float = 0) -> np.ndarray:
        """[start, end, midi, velocity] in beats of the notes with these roles."""
        notes = self.score.notes
        notes = notes[np.isin(notes["role"], roles) & (notes["start"] >= self.first) & (notes["start"] < self.last)]
        rows = np.stack(
            [notes["start"], notes["end"], notes["midi"] + float(self.shift), notes["velocity"]], axis=1
        ).astype(float)
        unknown = rows[:, 3] == 0
        if unknown.any():
            rows[unknown, 3] = self._accents(rows[unknown, 0])
        return rows

    def _accents(self, at: np.ndarray) -> np.ndarray:
        place = self.score.place[np.clip(at.astype(int), 0, len(self.score.place) - 1)]
        on = np.abs(at - np.round(at)) < 0.02
        swell = 10 * np.sin(at / self.rng.uniform(1.5, 5) + self.rng.uniform(0, 6))
        return 68 + 14 * (on & (place == 1)) + 6 * on + swell + self.rng.normal(0, 6, len(at))

    def chords(self) -> np.ndarray:
        """CHORD of the stretch, moved to the key; beats."""
        chords = self.score.chords
        chords = chords[(chords["end"] > self.first) & (chords["start"] < self.last)].copy()
        known = chords["root"] >= 0
        for field in ("root", "bass"):
            moved = known & (chords[field] >= 0) if field == "root" else chords[field] >= 0
            chords[field][moved] = (chords[field][moved] + self.shift) % 12
        return chords

    def part(
        self,
        program: int,
        rows: np.ndarray,
        loud_db: float = 0.0,
        mono: bool = False,
        tight: bool = False,
        legato: float = 0,
    ) -> Part:
        """Rows in beats as somebody plays them."""
        rng = self.rng
        if len(rows) == 0:
            return Part(program, np.zeros((0, 5)), loud_db, mono)
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        start, end = self.clock.seconds(rows[:, 0]), self.clock.seconds(rows[:, 1])
        if not tight:
            spread, lag = rng.choice([0.002, 0.005, 0.008, 0.012]), rng.normal(0, 0.004)
            start = start + rng.normal(0, spread, len(start)) + lag
        factor = legato or float(rng.choice([0.5, 0.75, 0.9, 0.97, 1.0, 1.0, 1.05]))
        end = start + np.maximum(0.05, (end - start) * factor)
        velocity = rows[:, 3] * rng.uniform(0.65, 1.2) + rng.normal(0, 2 if tight else rng.uniform(2, 9), len(rows))
        if not tight:  # louder and softer by passages
            swell, pace = rng.uniform(0, 0.35), rng.uniform(0.2, 1.2)
            velocity = velocity * np.exp(swell * np.sin(pace * start + rng.uniform(0, 2 * np.pi)))
        midi = instruments.fit(rows[:, 2], program) if program < KIT else rows[:, 2]
        notes = np.stack([start, end, midi, np.clip(velocity, 12, 127), np.zeros(len(rows))], axis=1)
        true = mono and program not in instruments.PITCHED_OTHERWISE
        if not mono:
            return Part(program, restruck(notes), loud_db)
        notes = monophonic(notes)
        return Part(program, notes, loud_db, true, bending.some(notes, program, SECONDS, rng))

    def drums(self, style: patterns.Style, loud_db: float = 0.0, tight: bool = False) -> Part:
        """A groove for this stretch."""
        a, b, rng = self.first, self.last, self.rng
        rows = patterns.groove(self.score.place[a:b], self.score.of[a:b], self.score.divide, style, rng)
        notes = struck(self.clock.seconds(rows[:, 0] + a), rows[:, 1], rows[:, 2], rng, tight)
        return Part(KIT + int(rng.choice(instruments.KITS)), notes, loud_db)

    def excerpt(self, kind: str, parts: list[Part], harmony: bool = True) -> Excerpt:
        """With beats, chords and key in seconds."""
        score, number = self.score, np.arange(self.first, self.last)
        times = self.clock.times[: len(number)]
        inside = (times >= 0) & (times < SECONDS)
        beats = np.stack([times, score.place[number]], axis=1)[inside]
        of = score.of[number][inside]
        begin = float(self.clock.seconds(np.array([self.first]))[0])
        chords = (
            [(a, b, float(chord_class(r, q)), float(low)) for a, b, r, q, low in self._seconds(self.chords())]
            if harmony
            else []
        )
        if chords and self.first == 0 and begin > 0:
            chords.insert(0, (0.0, begin, 24.0, -1.0))
        keys = (
            [(a, b, float((t + self.shift) % 12 + 12 * m)) for a, b, t, m in self._seconds(score.keys)]
            if harmony
            else []
        )
        return Excerpt(
            kind,
            f"{score.source}/{score.name}",
            [part for part in parts if len(part.notes)],
            beats,
            int(np.bincount(of).argmax()) if len(of) else 0,
            _clip(chords, 4),
            _clip(keys, 3),
        )

    def _seconds(self, spans: np.ndarray) -> list[tuple]:
        spans = spans[(spans["end"] > self.first) & (spans["start"] < self.last)]
        start = self.clock.seconds(np.maximum(spans["start"], self.first))
        end = self.clock.seconds(np.minimum(spans["end"], self.last))
        rest = [spans[name].tolist() for name in (spans.dtype.names or ())[2:]]
        return list(zip(start.tolist(), end.tolist(), *rest, strict=True))


_TEMPI = {"lieder": (45, 130), "jsb": (50, 115), "openewld": (75, 200), "nottingham": (80, 190), "generated": (70, 180)}


def _clip(rows: list[tuple], width: int) -> np.ndarray:
    """Spans within the excerpt."""
    inside = [
        (max(0.0, row[0]), min(float(SECONDS), row[1]), *row[2:]) for row in rows if row[1] > 0 and row[0] < SECONDS
    ]
    return np.array(inside, np.float32).reshape(-1, width)


def _long_enough(score: Score, need: int) -> Score:
    """The score, played again and again where it is short."""
    n = len(score.place)
    times = -(-need // n)
    if times <= 1:
        return score

    def again(rows: np.ndarray) -> np.ndarray:
        every = np.tile(rows, times)
        by = np.repeat(np.arange(times) * n, len(rows))
        every["start"] += by
        every["end"] += by
        return every

    return score._replace(
        notes=again(score.notes),
        chords=again(score.chords),
        keys=again(score.keys),
        place=np.tile(score.place, times),
        of=np.tile(score.of, times),
    )


def monophonic(notes: np.ndarray) -> np.ndarray:
    """One note at a time: the highest of those that start together, each until the next."""
    notes = notes[np.lexsort((-notes[:, 2], notes[:, 0]))]
    kept = np.ones(len(notes), bool)
    last = -9.0
    for k, start in enumerate(notes[:, 0].tolist()):
        kept[k] = start - last > 0.045
        last = start if kept[k] else last
    notes = notes[kept]
    notes[:-1, 1] = np.minimum(notes[:-1, 1], notes[1:, 0])
    return notes[notes[:, 1] - notes[:, 0] > 0.02]


def restruck(notes: np.ndarray) -> np.ndarray:
    """No key struck again while it is held: it is let go just before; doubled notes are one."""
    notes = notes[np.lexsort((notes[:, 0], notes[:, 2]))]
    same = notes[1:, 2] == notes[:-1, 2]
    near = np.append(False, same & (notes[1:, 0] - notes[:-1, 0] < 0.03))
    notes = notes[~near]
    same = notes[1:, 2] == notes[:-1, 2]
    notes[:-1, 1] = np.where(same, np.minimum(notes[:-1, 1], notes[1:, 0] - 0.004), notes[:-1, 1])
    return notes[np.argsort(notes[:, 0], kind="stable")]


def struck(
    start: np.ndarray, midi: np.ndarray, velocity: np.ndarray, rng: np.random.Generator, tight: bool
) -> np.ndarray:
    """Drum strokes, by hand or by machine."""
    if not len(start):
        return np.zeros((0, 5))
    hand = (
        np.zeros(len(start))
        if tight
        else rng.normal(rng.normal(0, 0.003), rng.choice([0.002, 0.005, 0.009]), len(start))
    )
    loud = velocity * rng.uniform(0.75, 1.2) + rng.normal(0, 1 if tight else rng.uniform(2, 12), len(start))
    begin = start + hand
    notes = np.stack([begin, begin + 0.12, midi, np.clip(loud, 10, 127), patterns.drum_class(midi)], axis=1)
    return restruck(notes)


def voice_or(program: int, rng: np.random.Generator, chance: float) -> int:
    """A voice instead of an instrument by chance."""
    if rng.random() >= chance:
        return program
    return SINGING if rng.random() < 0.65 else WHISTLING


def sung(rows: np.ndarray, program: int, rng: np.random.Generator) -> np.ndarray:
    """A line where it is sung or whistled."""
    rows = rows.copy()
    middle = float(rng.uniform(80, 90)) if program == WHISTLING else float(rng.choice([50, 55, 62, 67]))
    rows[:, 2] += 12 * np.round((middle - np.median(rows[:, 2])) / 12)
    return rows


def line_of(score: Score) -> tuple[int, ...]:
    """The roles of the part that leads."""
    for role in (MELODY, VOICE):
        if (score.notes["role"] == role).any():
            return (role,)
    return (CHORDS, OTHER, BASS)
