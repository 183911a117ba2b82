"""Scores that nobody wrote: progressions, lines that wander, and what fingers practise."""

import numpy as np

from daemon.train.analysis import comping
from daemon.train.analysis.scores import BASS, CHORD, CHORDS, KEY, MELODY, NOTE, TONES, Score

BARS = 24
_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10), tuple(range(12)))
_VALUES = np.array([0.25, 1 / 3, 0.5, 0.75, 1, 1.5, 2, 3, 4])

Rows = list[tuple[float, float, float, float, int]]


def progression(rng: np.random.Generator, bpm: float = 0.0, of: int = 0) -> Score:
    """Chords alone, in some key and metre; in six eighths at times."""
    divide = 2
    if not of:
        of = int(rng.choice([4, 4, 4, 4, 4, 4, 3, 3, 2, 5, 7]))
        divide = 3 if of == 2 and rng.random() < 0.7 else 2
    tonic, mode, bars = int(rng.integers(12)), int(rng.random() < 0.45), 96 // of
    return _score(
        rng,
        np.zeros(0, NOTE),
        bars * of,
        of,
        divide,
        bpm,
        comping.progression(bars, of, tonic, mode, rng),
        (tonic, mode),
    )


def wandering(rng: np.random.Generator) -> Score:
    """A line in any scale and rhythm, with rests, leaps, and tones that last."""
    scale, root = _SCALES[int(rng.choice(5, p=(0.3, 0.25, 0.15, 0.1, 0.2)))], int(rng.integers(36, 48))
    ladder = np.array([root + 12 * octave + tone for octave in range(5) for tone in scale])
    middle = int(rng.integers(len(ladder) // 4, 3 * len(ladder) // 4))
    step, spread, rests = middle, float(rng.uniform(1, 4)), float(rng.choice([0.02, 0.1, 0.3]))
    rows: Rows = []
    now, of = 0.0, int(rng.choice([3, 4, 4, 4]))
    while now < BARS * of:
        weights = rng.dirichlet(np.full(len(_VALUES), 0.4))
        loud = float(rng.uniform(35, 115))
        for length in rng.choice(_VALUES, int(rng.integers(3, 12)), p=weights).tolist():
            if rng.random() > rests:
                step += round(float(rng.normal(0, spread))) + (1 if step < middle else -1) * (rng.random() < 0.3)
                step = min(len(ladder) - 1, max(0, step))
                rows.append(
                    (now, now + length, float(ladder[step]), float(np.clip(loud + rng.normal(0, 8), 20, 127)), MELODY)
                )
            now += length
        now = np.ceil(now * 2) / 2
    return _score(rng, _notes(rows), BARS * of, of, 2, 0.0, np.zeros(0, CHORD), None)


def etude(rng: np.random.Generator) -> Score:
    """Runs, broken chords, octaves, trills and the like for two hands over a progression."""
    of, tonic, mode = int(rng.choice([3, 4, 4])), int(rng.integers(12)), int(rng.random() < 0.5)
    chords = comping.progression(BARS, of, tonic, mode, rng)
    bpm = float(np.exp(rng.uniform(np.log(48), np.log(150))))
    most = 15 * 60 / bpm
    rows: Rows = []
    high = 74.0
    for start, end, root, quality, _ in chords.tolist():
        beat = start
        left = str(rng.choice(["broken", "block", "octaves", "run", "rest"], p=(0.4, 0.25, 0.15, 0.1, 0.1)))
        while beat < end:
            length = min(float(rng.choice([1, 1, 2])), end - beat)
            right = str(
                rng.choice(
                    ["run", "broken", "line", "octaves", "trill", "block", "thirds", "rest"],
                    p=(0.25, 0.17, 0.2, 0.1, 0.06, 0.1, 0.07, 0.05),
                )
            )
            n = max(1, int(min(most, float(rng.choice([1, 2, 3, 4, 4, 6, 8]))) * length))
            high = float(np.clip(high + rng.normal(0, 5), 58, 96))
            rows += _figure(right, beat, length, n, high, root, quality, tonic, mode, MELODY, rng)
            rows += _figure(
                left, beat, length, min(n, 4), float(rng.uniform(38, 56)), root, quality, tonic, mode, CHORDS, rng
            )
            if beat == start:
                low = 29 + (root - 29) % 12
                rows.append((beat, beat + length, float(low), 78, BASS))
            beat += length
    return _score(rng, _notes(rows), BARS * of, of, 2, bpm, chords, (tonic, mode))


def _figure(
    how: str, beat: float, length: float, n: int, near: float, root: int, quality: int, tonic: int, mode: int, role: int,
    rng: np.random.Generator,
) -> Rows:  # fmt: skip
    """What one hand plays for a beat or two."""
    chord = np.array([root + tone + 12 * octave for octave in range(1, 9) for tone in TONES[quality]])
    scale = np.array([tonic + tone + 12 * octave for octave in range(1, 9) for tone in _SCALES[mode]])
    times, loud = beat + np.arange(n) * length / n, float(rng.uniform(55, 100))

    def nearest(ladder: np.ndarray) -> int:
        return int(np.argmin(np.abs(ladder - near)))

    def row(k: int, midi: float, held: float = 1.0) -> tuple[float, float, float, float, int]:
        return (float(times[k]), float(times[k] + held * length / n), float(midi), loud + 10 * (k == 0), role)

    if how == "rest":
        return []
    if how in ("run", "broken", "line"):
        ladder = scale if how == "run" else chord
        at, way = nearest(ladder), int(rng.choice([-1, 1]))
        if how == "line":
            return [row(k, ladder[(at + int(rng.integers(-2, 3))) % len(ladder)]) for k in range(min(n, 2))]
        turn = int(rng.choice([3, 4, 5, 99]))
        return [row(k, ladder[(at + way * (k if k < turn else 2 * turn - k)) % len(ladder)]) for k in range(n)]
    if how == "trill":
        at = nearest(scale)
        return [row(k, scale[at + k % 2]) for k in range(n)]
    if how == "octaves":
        at, n = nearest(chord), min(n, 4)
        steps = [int(rng.integers(-1, 2)) for _ in range(n)]
        return [row(k, chord[at + steps[k]] + up, 0.9) for k in range(n) for up in (0, 12)]
    if how == "thirds":
        at, way = nearest(scale), int(rng.choice([-1, 1]))
        return [row(k, scale[(at + way * k + up) % len(scale)]) for k in range(min(n, 6)) for up in (0, 2)]
    at = nearest(chord)
    return [row(k, chord[at + up], 0.9) for k in range(min(n, 4)) for up in range(3)]


def _notes(rows: Rows) -> np.ndarray:
    notes = np.zeros(len(rows), NOTE)
    for name, column in zip(("start", "end", "midi", "velocity", "role"), zip(*rows, strict=True), strict=True):
        notes[name] = np.clip(column, 21, 108) if name == "midi" else np.array(column)
    return np.sort(notes, order=["start", "midi"])


def _score(
    rng: np.random.Generator,
    notes: np.ndarray,
    n: int,
    of: int,
    divide: int,
    bpm: float,
    chords: np.ndarray,
    key: tuple[int, int] | None,
) -> Score:
    place = (np.arange(n) % of + 1).astype(np.int8)
    keys = np.array([(0, n, *key)], KEY) if key else np.zeros(0, KEY)
    return Score(
        "generated", f"{rng.integers(1 << 30)}", notes, place, np.full(n, of, np.int8), divide, bpm, chords, keys, False
    )
