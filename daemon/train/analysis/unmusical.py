"""Sound without notes: silence, noise, hum, applause, babble like speech; and taps and claps, which have onsets alone."""

import numpy as np

RATE = 44100
NOISE, TAPS = 131, 132  # as programs


def taps(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Claps, taps, clicks or a metronome: sound float32 (n,), onsets s, and velocities; to a pulse, or anyhow."""
    seconds, pulse = n / RATE, rng.random() < 0.7
    if pulse:
        step = rng.uniform(0.3, 1.0)
        beats = np.arange(rng.uniform(0, step), seconds - 0.3, step)
        onsets = beats + rng.normal(0, rng.choice([0, 0.01, 0.02]), len(beats))
        extra = beats[rng.random(len(beats)) < rng.choice([0, 0.2, 0.5])] + step / 2
        onsets = np.sort(np.concatenate([onsets, extra]))
    else:
        onsets = np.cumsum(rng.gamma(1.5, rng.uniform(0.15, 0.6), 200))
    onsets = onsets[(onsets > 0.02) & (onsets < seconds - 0.3)]
    onsets = onsets[np.diff(onsets, prepend=-1) > 0.06]
    velocity = np.clip(rng.normal(90, 18, len(onsets)), 30, 127)
    sound = np.zeros(n, np.float32)
    kind, centre, ring = rng.integers(4), rng.uniform(600, 3500), rng.uniform(0.004, 0.05)
    for at, loud in zip(onsets.tolist(), velocity.tolist(), strict=True):
        i = round(at * RATE)
        t = np.arange(min(int(0.25 * RATE), n - i)) / RATE
        hit = np.exp(-t / ring)
        noise = rng.standard_normal(len(t))
        if kind == 0:  # a clap: several hands' noise
            hit = sum(np.where(t >= d, np.exp(-(t - d) / ring), 0) for d in (0, *rng.uniform(0.001, 0.012, 2))) * noise
        elif kind == 1:  # a tap: a dull ring
            hit = hit * (np.sin(2 * np.pi * centre / 8 * t) + 0.3 * noise * np.exp(-t / 0.003))
        elif kind == 2:  # a click
            hit = hit * np.sin(2 * np.pi * centre * t)
        else:  # a block
            hit = hit * (np.sin(2 * np.pi * centre * t) + 0.5 * noise)
        sound[i : i + len(t)] += (hit * (loud / 127) ** 1.5).astype(np.float32)
    return sound, onsets, velocity


def noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """float32 (n,): one of silence, coloured noise, hum, applause, babble, a steady tone's nothing."""
    kind = rng.choice(["silence", "coloured", "hum", "applause", "babble", "babble", "wind"])
    white = rng.standard_normal(n).astype(np.float32)
    if kind == "silence":
        return white * 10 ** (-rng.uniform(60, 110) / 20)
    if kind == "hum":
        t, hz = np.arange(n) / RATE, rng.choice([50, 60, 100, 120])
        tones = sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * hz * k * t + k) for k in range(1, 12))
        return (tones + 0.02 * white).astype(np.float32)
    if kind == "applause":
        rate = rng.uniform(300, 3000)
        hits = (rng.random(n) < rate / RATE).astype(np.float32) * rng.random(n).astype(np.float32)
        tail = (rng.standard_normal(800) * np.exp(-np.arange(800) / rng.uniform(60, 200))).astype(np.float32)
        return _convolved(hits, tail) * _slowly(n, 1.0, 0.4, rng)
    colour = _coloured(white, float(rng.uniform(0, 2)))
    if kind == "coloured":
        return colour
    if kind == "wind":
        return colour * _slowly(n, 0.4, 0.8, rng)
    return _babble(n, rng)


def _coloured(white: np.ndarray, slope: float) -> np.ndarray:
    spectrum = np.fft.rfft(white)
    spectrum[1:] /= np.arange(1, len(spectrum)) ** (slope / 2)
    spectrum[0] = 0
    sound = np.fft.irfft(spectrum, len(white))
    return (sound / (sound.std() + 1e-9)).astype(np.float32)


def _convolved(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = 1 << (len(a) + len(b)).bit_length()
    return np.fft.irfft(np.fft.rfft(a, size) * np.fft.rfft(b, size), size)[: len(a)].astype(np.float32)


def _slowly(n: int, step_s: float, depth: float, rng: np.random.Generator) -> np.ndarray:
    at = np.arange(0, n / RATE + 2 * step_s, step_s)
    return np.exp(np.interp(np.arange(n) / RATE, at, rng.standard_normal(len(at)) * depth)).astype(np.float32)


def _babble(n: int, rng: np.random.Generator) -> np.ndarray:
    """One to six speakers of syllables: a gliding buzz or hiss under formants, at no pulse."""
    sound = np.zeros(n, np.float32)
    for _ in range(int(rng.choice([1, 1, 2, 6]))):
        at, base = rng.uniform(0, 0.5), rng.uniform(90, 230)
        while at < n / RATE - 0.4:
            length = rng.uniform(0.08, 0.3)
            i, m = int(at * RATE), int(length * RATE)
            t = np.arange(m) / RATE
            envelope = np.sin(np.pi * t / length) ** 0.7 * rng.uniform(0.3, 1)
            if rng.random() < 0.25:
                part = np.diff(rng.standard_normal(m), prepend=0) * 0.3
            else:
                hz = base * np.exp(rng.normal(0, 0.1) + rng.normal(-0.1, 0.2) * t / length)
                phase, formants = (
                    np.cumsum(2 * np.pi * hz / RATE),
                    (rng.uniform(300, 800), rng.uniform(900, 2300), 2800),
                )
                part = np.zeros(m)
                for h in range(1, 24):
                    gain = sum(np.exp(-(((h * base - f) / (80 + 0.1 * f)) ** 2)) for f in formants) + 0.05
                    part += gain / h**0.7 * np.sin(h * phase)
            sound[i : i + m] += (part * envelope).astype(np.float32)
            at += length * rng.uniform(0.8, 1.2) + (rng.exponential(0.5) if rng.random() < 0.2 else 0)
    return sound
