"""A voice or a whistle that sings notes, and its pitch curve exactly: vibrato, scoops, slides, vowels, breath, consonants.

Slow curves at 1 kHz, harmonics under wandering formants by the recurrence of sines; onsets stand where a note is heard.
"""

import numpy as np

RATE = 44100
CONTROL = 1000  # Hz of the slow curves
FRAMES = 100  # Hz of the pitch curve that is told
SINGING, WHISTLING = 129, 130  # as programs

_VOICED_DB = -38  # below the loudest: not heard as a pitch


class Sung:
    """What a stem needs: `sound` float32 (n,), `notes` [start, end, midi, velocity], `f0` Hz at 100 Hz, 0 unvoiced."""

    def __init__(self, sound: np.ndarray, notes: np.ndarray, f0: np.ndarray) -> None:
        self.sound, self.notes, self.f0 = sound, notes, f0


def sing(notes: np.ndarray, seconds: float, whistles: bool, rng: np.random.Generator) -> Sung:
    """One line, no two notes at once: [start s, end s, midi, velocity] with the MIDI numbers to be heard."""
    n = int(seconds * CONTROL)
    pitch, level, breath = np.full(n, 60.0), np.zeros(n), np.zeros(n)
    heard: list[tuple[float, float, float, float]] = []
    depth = rng.choice([0, 0.15, 0.3, 0.5, 0.8, 1.1]) * (0.5 if whistles else 1.0)
    rate_hz = rng.uniform(4.2, 6.8) * (1 + _wander(n, 0.5, 0.1, rng))
    vibrato = depth * np.sin(np.cumsum(2 * np.pi * rate_hz / CONTROL))
    before: tuple[float, float, float] | None = None
    for start, end, midi, velocity in notes.tolist():
        i, j = max(0, int(start * CONTROL)), min(n, int(max(end, start + 0.1) * CONTROL))
        if j - i < 40:
            continue
        loud = (0.35 + 0.65 * velocity / 127) * rng.uniform(0.6, 1.15)
        bound = before is not None and start - before[0] < 0.06 and rng.random() < 0.6
        t = np.arange(j - i) / CONTROL
        if bound and before is not None:
            late = _bind(pitch, level, i, t, before, midi, loud, rng)
        else:
            late = _strike(pitch, level, breath, i, t, midi, loud, whistles, rng)
        pitch[i:j] += vibrato[i:j] * np.clip((t - 0.12) / 0.25, 0, 1)
        _let_go(pitch, level, i, j, t, rng)
        before = (j / CONTROL, midi, float(level[j - 1]) + 0.05)
        heard.append((start + late, max(end, start + late + 0.05), round(midi), velocity))
    pitch += (_wander(n, 0.15, rng.uniform(3, 20), rng) + _wander(n, 0.04, rng.uniform(0, 5), rng)) / 100
    level = np.minimum(level, 2) * np.exp(_wander(n, 0.1, rng.uniform(0.03, 0.2), rng))
    hz = 440 * 2 ** ((pitch - 69) / 12)
    sound = _sound(hz, level, breath, int(seconds * RATE), whistles, rng)
    frames = np.arange(0, n, CONTROL // FRAMES)
    loud_enough = level[frames] > (level.max() + 1e-9) * 10 ** (_VOICED_DB / 20)
    f0 = np.where(loud_enough, hz[frames], 0).astype(np.float32)
    return Sung(sound, np.array(heard, np.float64).reshape(-1, 4), f0)


def _wander(n: int, step_s: float, depth: float, rng: np.random.Generator) -> np.ndarray:
    """A smooth random curve."""
    at = np.arange(0, n / CONTROL + 2 * step_s, step_s)
    return np.interp(np.arange(n) / CONTROL, at, rng.standard_normal(len(at)) * depth)


def _bind(
    pitch: np.ndarray,
    level: np.ndarray,
    i: int,
    t: np.ndarray,
    before: tuple[float, float, float],
    midi: float,
    loud: float,
    rng: np.random.Generator,
) -> float:
    """Bound to the note before by a slide, mostly with a dip between; returns how late the onset is, in s."""
    j, slide_s = i + len(t), rng.uniform(0.03, 0.12)
    k = np.clip(t / slide_s, 0, 1)
    pitch[i:j] = before[1] + (midi - before[1]) * k * k * (3 - 2 * k)
    level[i:j] = before[2] + (loud - before[2]) * np.clip(t / 0.06, 0, 1)
    if before[1] != midi and rng.random() > 0.6:
        return slide_s * 0.5
    dip, width_s = rng.uniform(0.35 if before[1] == midi else 0.1, 0.9), rng.uniform(0.03, 0.08)
    first = max(0, i - int(width_s * CONTROL))
    level[first:i] *= 1 - dip * np.linspace(0, 1, i - first)
    level[i:j] *= 1 - dip * np.clip(1 - t / width_s, 0, 1)
    return width_s * 0.35


def _strike(
    pitch: np.ndarray,
    level: np.ndarray,
    breath: np.ndarray,
    i: int,
    t: np.ndarray,
    midi: float,
    loud: float,
    whistles: bool,
    rng: np.random.Generator,
) -> float:
    """Begun anew, perhaps with a scoop, a consonant or a breath; returns how late the onset is, in s."""
    j, attack_s = i + len(t), rng.choice([0.012, 0.03, 0.05, 0.07, 0.1])
    pitch[i:j] = midi + rng.choice([0, 0, -1, -2, -3, 0.7]) * np.exp(-t / rng.uniform(0.02, 0.06))
    k = np.clip(t / attack_s, 0, 1)
    level[i:j] = loud * (k * k * (3 - 2 * k) if rng.random() < 0.5 else k)
    if rng.random() < 0.45 and not whistles:
        first, last = max(0, i - int(rng.uniform(30, 100))), min(len(level), i + 9)
        breath[first:last] += loud * rng.uniform(0.02, 0.4) * np.hanning(last - first + 2)[1:-1]
    elif rng.random() < 0.3:
        first = max(0, i - int(rng.uniform(200, 400)))
        breath[first:i] += loud * rng.uniform(0.01, 0.08) * np.hanning(i - first + 2)[1:-1]
    return min(0.03, attack_s * 0.45)


def _let_go(pitch: np.ndarray, level: np.ndarray, i: int, j: int, t: np.ndarray, rng: np.random.Generator) -> None:
    """The end of a note: to silence or not quite, perhaps swelling before; and a short tail."""
    fall = np.clip((t[-1] - t) / rng.uniform(0.04, 0.15), 0, 1)
    level[i:j] *= fall if rng.random() < 0.5 else 0.3 + 0.7 * fall
    if rng.random() < 0.4:
        level[i:j] *= 1 + rng.uniform(-0.4, 0.5) * np.clip(t / 0.4, 0, 1)
    q = min(len(level), j + 50)
    level[j:q] = level[j - 1] * np.linspace(1, 0, q - j)
    pitch[j:q] = pitch[j - 1] + np.linspace(0, rng.choice([0, -1, -2]), q - j)


def _sound(
    hz: np.ndarray, level: np.ndarray, breath: np.ndarray, n: int, whistles: bool, rng: np.random.Generator
) -> np.ndarray:
    at, where = np.arange(len(hz)) / CONTROL, np.arange(n, dtype=np.float32) / RATE
    phase = np.cumsum(np.interp(where, at, hz) * (2 * np.pi / RATE))
    loud = np.interp(where, at, level).astype(np.float32)
    hiss = rng.standard_normal(n, np.float32)
    hiss[1:] -= 0.9 * hiss[:-1]
    airy = np.interp(where, at, breath).astype(np.float32)
    if whistles:
        tone = np.sin(phase) + rng.uniform(0.01, 0.2) * np.sin(2 * phase) + rng.uniform(0, 0.08) * np.sin(3 * phase)
        sound = loud * tone + (loud * rng.uniform(0.003, 0.04) + 0.3 * airy) * hiss
    else:
        sound = 0.4 * loud * _vowels(hz, phase, n, rng) + (airy + loud * rng.uniform(0.002, 0.02)) * hiss
    return (sound + rng.standard_normal(n, np.float32) * 10 ** (-rng.uniform(50, 80) / 20)).astype(np.float32)


def _vowels(hz: np.ndarray, phase: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Harmonics under wandering formants; sin(h x) from the two sines before it."""
    slow = np.arange(0, len(hz), 10)
    formants, now, k = np.empty((3, len(slow))), _vowel(rng), 0
    while k < len(slow):
        last, move = min(len(slow), k + int(rng.uniform(8, 60))), int(rng.uniform(3, 12))
        then = _vowel(rng) if rng.random() < 0.7 else now
        formants[:, k:last] = now[:, None] + (then - now)[:, None] * np.minimum(1, np.arange(last - k) / move)
        now, k = then, last
    tilt = rng.uniform(0.9, 1.7)
    sound, x = np.zeros(n, np.float32), slow / CONTROL
    where = np.arange(n, dtype=np.float32) / RATE
    twice, one, two = (2 * np.cos(phase)).astype(np.float32), np.sin(phase).astype(np.float32), np.zeros(n, np.float32)
    for h in range(1, 31):
        f = hz[slow] * h
        if (f < 12000).mean() < 0.3:
            break
        peaks = zip(formants, (2, 1.6, 1), strict=True)
        gain = 0.25 + sum(g * np.exp(-(((f - c) / (0.12 * c + 70)) ** 2)) for c, g in peaks)
        sound += np.interp(where, x, h**-tilt * gain * (f < 12000)).astype(np.float32) * one
        one, two = twice * one - two, one
    return sound


def _vowel(rng: np.random.Generator) -> np.ndarray:
    return np.array([rng.uniform(300, 850), rng.uniform(850, 2200), rng.uniform(2400, 3300)])
