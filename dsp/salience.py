"""Which notes sound: a long spectrum at a quarter of the rate, in thirds of semitones, explained by notes with overtones.

After M. Mauch and S. Dixon, "Approximate note transcription for the improved identification of difficult chords", ISMIR
2010: log-frequency spectrum, running whitening, tuning, then non-negative least squares over a dictionary of notes with
geometrically falling overtones (here by D. Lee and S. Seung's multiplicative updates, NIPS 2000).
"""

import numpy as np

from dsp import fft
from dsp.hop import HOP
from dsp.kernel import inline

EVERY = 4  # hops between two looks
TAPS = 48
SIZE = 4096  # samples of the frame, at a quarter of the rate: 0.34 to 0.37 s
HISTORY = 2 * SIZE
LOWEST = 31  # MIDI: G1, 49 Hz
NOTES = 66  # up to E7
THIRDS = 3 * NOTES
BINS_PER_THIRD = 24  # most FFT bins a third of a semitone gathers
OVERTONES = 10
FALL = 0.7  # of one overtone to the next
UPDATES = 12
TUNING_S = 6.0  # over which the tuning is averaged
FLOOR = 2e-5  # amplitude under which nothing sounds

STATE = np.dtype(
    [
        ("taps", np.float32, (TAPS,)),
        ("line", np.float32, (TAPS + HOP,)),
        ("samples", np.float32, (2 * HISTORY,)),
        ("head", np.int64),
        ("window", np.float32, (SIZE,)),
        ("fft", fft.dtype(SIZE)),
        ("magnitude", np.float32, (SIZE // 2 + 1,)),
        ("first", np.int64, (THIRDS,)),  # FFT bins each third gathers
        ("count", np.int64, (THIRDS,)),
        ("weight", np.float32, (THIRDS, BINS_PER_THIRD)),
        ("thirds", np.float32, (THIRDS,)),
        ("white", np.float32, (THIRDS,)),
        ("compass", np.float32, (2,)),  # where the energy lies within a semitone, averaged
        ("forget", np.float32),
        ("tuning", np.float32),  # semitones
        ("semitones", np.float32, (NOTES,)),
        ("dictionary", np.float32, (NOTES, NOTES)),  # [note, semitone]
        ("gram", np.float32, (NOTES, NOTES)),
        ("target", np.float32, (NOTES,)),
        ("notes", np.float32, (NOTES,)),  # activations
        ("level", np.float32),
    ],
    align=True,
)


def prepare(s, rate: float) -> None:
    """Fill the tables of a record for an analysis rate in Hz. [main]"""
    k = np.arange(TAPS) - (TAPS - 1) / 2
    taps = np.sinc(k / 4 * 0.8) * np.kaiser(TAPS, 7.0)
    s["taps"] = taps / taps.sum()
    s["head"] = HISTORY
    s["window"] = np.hanning(SIZE + 1)[:-1]
    fft.prepare(s["fft"])
    s["forget"] = np.exp(-EVERY * HOP / rate / TUNING_S)
    hz_per_bin = rate / 4 / SIZE
    for third in range(THIRDS):
        hz = 440 * 2 ** ((LOWEST + (third - 1) / 3 - 69) / 12)
        half = max(hz * (2 ** (1 / 36) - 1) * 1.3, 1.2 * hz_per_bin)
        first, last = int(np.ceil((hz - half) / hz_per_bin)), int((hz + half) / hz_per_bin)
        last = min(last, first + BINS_PER_THIRD - 1)
        bins = np.arange(first, last + 1)
        weight = 0.5 + 0.5 * np.cos(np.pi * (bins * hz_per_bin - hz) / half)
        s["first"][third], s["count"][third] = first, len(bins)
        s["weight"][third, : len(bins)] = weight / np.sqrt((weight**2).sum())
    dictionary = np.zeros((NOTES, NOTES))
    for note in range(NOTES):
        for overtone in range(OVERTONES):
            semitone = note + 12 * np.log2(overtone + 1)
            low = int(semitone)
            for at, share in ((low, 1 - semitone + low), (low + 1, semitone - low)):
                if at < NOTES:
                    dictionary[note, at] += share * FALL**overtone
        dictionary[note] /= np.linalg.norm(dictionary[note])
    s["dictionary"] = dictionary
    s["gram"] = dictionary @ dictionary.T
    s["notes"] = 0


@inline
def take(hop, s):
    """Low-pass and keep every fourth sample of the hop. [audio]"""
    line, taps = s.line, s.taps
    for i in range(TAPS):
        line[i] = line[HOP + i]
    newest = hop.samples[hop.head - HOP : hop.head]
    for i in range(HOP):
        line[TAPS + i] = newest[i]
    samples, head = s.samples, s.head
    quarter = HOP // 4
    if head + quarter > samples.size:
        samples[:HISTORY] = samples[head - HISTORY : head]
        head = HISTORY
    for i in range(quarter):
        total = np.float32(0)
        at = 4 * i + 4
        for k in range(TAPS):
            total += taps[k] * line[at + k]
        samples[head + i] = total
    s.head = head + quarter


@inline
def look(s):
    """Fill `thirds`, `tuning`, `semitones` and `notes` from the newest frame. [audio]"""
    f, w = s.fft, s.window
    x = s.samples[s.head - SIZE : s.head]
    are, aim = f.are, f.aim
    for k in range(SIZE // 2):
        are[k] = x[2 * k] * w[2 * k]
        aim[k] = x[2 * k + 1] * w[2 * k + 1]
    fft.rfft(f)
    magnitude, scale = s.magnitude, np.float32(4.0 / SIZE)
    for k in range(SIZE // 2 + 1):
        magnitude[k] = np.sqrt(f.re[k] * f.re[k] + f.im[k] * f.im[k]) * scale
    thirds, first, count, weight = s.thirds, s.first, s.count, s.weight
    loudest = np.float32(0)
    for third in range(THIRDS):
        total = np.float32(0)
        start = first[third]
        for k in range(count[third]):
            m = magnitude[start + k]
            total += weight[third, k] * m * m
        thirds[third] = np.sqrt(total)
        loudest = max(loudest, thirds[third])
    s.level = loudest
    if loudest < np.float32(FLOOR):
        for note in range(NOTES):
            s.notes[note] = np.float32(0)
            s.semitones[note] = np.float32(0)
        return
    _whiten(s, loudest)
    _tune(s)
    _explain(s)


@inline
def _whiten(s, loudest):
    """What stands out of its neighbourhood (an octave), in units of its spread. [audio]"""
    thirds, white = s.thirds, s.white
    for third in range(THIRDS):
        thirds[third] = np.sqrt(thirds[third] / loudest)
    half = 18
    total, square, n = np.float32(0), np.float32(0), 0
    for third in range(half):
        total += thirds[third]
        square += thirds[third] * thirds[third]
        n += 1
    for third in range(THIRDS):
        if third + half < THIRDS:
            v = thirds[third + half]
            total += v
            square += v * v
            n += 1
        if third - half - 1 >= 0:
            v = thirds[third - half - 1]
            total -= v
            square -= v * v
            n -= 1
        mean = total / n
        spread = np.sqrt(max(np.float32(1e-8), square / n - mean * mean))
        over = thirds[third] - mean
        white[third] = over * (over / spread) if over > 0 else np.float32(0)


@inline
def _tune(s):
    """Follow the tuning and read the semitones off the thirds at it. [audio]"""
    white, compass = s.white, s.compass
    x, y = np.float32(0), np.float32(0)
    for note in range(NOTES):
        low, mid, high = white[3 * note], white[3 * note + 1], white[3 * note + 2]
        x += mid - np.float32(0.5) * (low + high)
        y += np.float32(0.8660254) * (high - low)
    keep = s.forget
    compass[0] = keep * compass[0] + (np.float32(1) - keep) * x
    compass[1] = keep * compass[1] + (np.float32(1) - keep) * y
    s.tuning = np.float32(np.arctan2(compass[1], compass[0]) / (2 * np.pi))
    shift = np.float32(3) * s.tuning
    semitones = s.semitones
    for note in range(NOTES):
        total = np.float32(0)
        for k in range(-2, 3):
            third = 3 * note + 1 + k
            distance = abs(np.float32(k) - shift)
            if distance < np.float32(1.5) and 0 <= third < THIRDS:
                total += white[third] * (np.float32(1) - distance / np.float32(1.5))
        semitones[note] = total


@inline
def _explain(s):
    """Non-negative least squares: which notes, with their overtones, make these semitones. [audio]"""
    dictionary, gram, semitones, target, notes = s.dictionary, s.gram, s.semitones, s.target, s.notes
    for note in range(NOTES):
        total = np.float32(0)
        for k in range(NOTES):
            total += dictionary[note, k] * semitones[k]
        target[note] = total
        notes[note] = total
    tiny = np.float32(1e-9)
    for _ in range(UPDATES):
        for note in range(NOTES):
            made = np.float32(0)
            for k in range(NOTES):
                made += gram[note, k] * notes[k]
            notes[note] *= target[note] / (made + tiny)
