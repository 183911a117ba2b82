"""What a player does to the pitch of a line: vibrato, scoops and slides. Rows [time s, semitones], a hundred a second."""

import numpy as np

STEP_S = 0.01
BENDABLE = (
    *range(24, 32),
    *range(32, 40),
    *range(40, 44),
    *range(56, 68),
    *range(68, 72),
    22,
    *range(72, 80),
    *range(80, 84),
    104,
    110,
)


def bend(notes: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """The bends of one line, [start s, end s, midi, ...]; rarely beyond two semitones."""
    n = round(seconds / STEP_S)
    at, curve = np.arange(n) * STEP_S, np.zeros(n)
    rate_hz, depth, wait = rng.uniform(4.3, 6.8), float(rng.choice([0, 0.08, 0.15, 0.25, 0.4])), rng.uniform(0.05, 0.4)
    scoops, slides = float(rng.choice([0, 0.1, 0.4])), float(rng.choice([0, 0, 0.15]))
    detune = rng.normal(0, 0.08)
    before = None
    for start, end, midi, *_ in notes.tolist():
        i, j = max(0, int(start / STEP_S)), min(n, int(np.ceil((end + 0.05) / STEP_S)))
        if j <= i:
            continue
        t = at[i:j] - start
        curve[i:] = detune  # until the next note
        curve[i:j] += depth * np.sin(2 * np.pi * rate_hz * t) * np.clip((t - wait) / 0.2, 0, 1)
        draw = rng.random()
        if draw < scoops:
            by, slow = -float(rng.choice([0.3, 0.5, 1, 2])), rng.uniform(0.015, 0.06)
            curve[i:j] += by * np.exp(-np.maximum(t, 0) / slow)
        elif draw < scoops + slides and before is not None and abs(before - midi) <= 7:
            curve[i:j] += (before - midi) * np.clip(1 - t / rng.uniform(0.05, 0.12), 0, 1)
        before = midi
    return np.stack([at, curve], axis=1)


def some(notes: np.ndarray, program: int, seconds: float, rng: np.random.Generator) -> np.ndarray | None:
    """Bends for an instrument that can, by chance."""
    chance = 0.6 if program not in range(32, 40) else 0.25
    if program not in BENDABLE or rng.random() > chance or not len(notes):
        return None
    return bend(notes, seconds, rng)
