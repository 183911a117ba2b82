"""What the networks are shown: a hundred frames a second, each of 64 bands by two short windows and 300 tones by a long one.

The same numbers come at any rate of the sound, for windows are in seconds and filters in Hz; and whatever is pushed at a
time. Bands: triangles even in mel from 30 Hz to 16 kHz, on windows of 23 and 46 ms, which tell when. Tones: a third of a
semitone each from MIDI 20 up, on a window of 186 ms that rises slowly and falls fast, so that what is new weighs more than
in a symmetric one (which tell what). All are the logarithm of a magnitude at which a full-scale sine is about 1.
"""

import numpy as np

from dsp import fft
from dsp.activations import BINS_PER_SEMITONE, FRAMES_HZ
from dsp.kernel import inline, zeros

BANDS, TONES = 64, 300
LOWEST_TONE = 20  # MIDI
LOW_HZ, HIGH_HZ = 30.0, 16000.0
WINDOWS_S = (1024 / 44100, 2048 / 44100, 8192 / 44100)
SIZES = (2048, 4096, 16384)  # of their transforms, at any rate up to MOST_HZ
MOST_HZ = 64000
FALL = 0.2  # of the long window
GAIN = 1000.0  # what -60 dB is multiplied by before its logarithm: log(1 + 1)
SCALE = 1 / np.log1p(GAIN)

KEPT = 1 << 15  # newest samples

FILTERS = 3  # one bank for each window


def _bank(filters: int, size: int) -> np.dtype:
    return np.dtype(
        [
            ("start", np.int64, (filters,)),  # a filter's first bin
            ("at", np.int64, (filters + 1,)),  # where its weights begin
            ("weight", np.float32, (4 * size,)),
        ]
    )


SPECTROGRAM = np.dtype(
    [
        ("rate", np.int64),  # Hz
        ("samples_pushed", np.int64),
        ("frames", np.int64),  # ever made
        ("head", np.int64),  # samples[head - n:head] are the newest n
        ("samples", np.float32, (2 * KEPT,)),
        ("length", np.int64, (FILTERS,)),  # of each window in samples
        ("window", np.float32, (FILTERS, SIZES[-1])),
        ("short", fft.dtype(SIZES[0])),
        ("middle", fft.dtype(SIZES[1])),
        ("long", fft.dtype(SIZES[2])),
        ("short_bank", _bank(BANDS, SIZES[0])),
        ("middle_bank", _bank(BANDS, SIZES[1])),
        ("long_bank", _bank(TONES, SIZES[2])),
        ("power", np.float32, (SIZES[-1] // 2 + 1,)),
    ],
    align=True,
)


def windows(rate: float) -> list[np.ndarray]:
    """The three windows at a rate in Hz, scaled so that a full-scale sine's magnitude peaks at 1. [any]"""
    short, middle, long = (round(seconds * rate) for seconds in WINDOWS_S)
    rise = round((1 - FALL) * long)
    up = np.sin(np.pi / 2 * (np.arange(rise) + 0.5) / rise) ** 2
    down = np.cos(np.pi / 2 * (np.arange(long - rise) + 0.5) / (long - rise)) ** 2
    found = [np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (short, middle)]
    return [window * 2 / window.sum() for window in (*found, np.concatenate([up, down]))]


def filters(rate: float) -> list[np.ndarray]:
    """Weights of power, (filters, bins), of the three transforms at a rate in Hz. [any]"""
    mel = np.linspace(_mel(LOW_HZ), _mel(HIGH_HZ), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    tones = 440 * 2 ** ((LOWEST_TONE + np.arange(-1, TONES + 1) / BINS_PER_SEMITONE - 69) / 12)
    return [
        _triangles(centres, rate, size, 1 / seconds)
        for centres, size, seconds in zip((edges, edges, tones), SIZES, WINDOWS_S, strict=True)
    ]


def _mel(hz: float) -> float:
    return 2595 * np.log10(1 + hz / 700)


def _triangles(centres: np.ndarray, rate: float, size: int, width_hz: float) -> np.ndarray:
    """Between neighbours' centres, but no narrower than a bin to either side at the highest rate, and so the same at any.

    Divided by the bins under a window's main lobe, so that a sine within one reads its own power at any rate.
    """
    bin_hz = rate / size
    hz = np.arange(size // 2 + 1) * bin_hz
    low, centre, high = centres[:-2, None], centres[1:-1, None], centres[2:, None]
    least_hz = MOST_HZ / size
    rise, fall = np.maximum(centre - low, least_hz), np.maximum(high - centre, least_hz)
    weight = np.minimum(1 - (centre - hz) / rise, 1 - (hz - centre) / fall)
    return np.maximum(0.0, weight) * (bin_hz / (1.5 * width_hz))


def prepare(rate: float) -> np.ndarray:
    """State, shape (1,), for sound at `rate` Hz, up to MOST_HZ. [any]"""
    if not 8000 <= rate <= MOST_HZ:
        raise ValueError(f"{rate:g} Hz: this front end takes 8000 to {MOST_HZ} Hz; halve the rate first")
    state = zeros(SPECTROGRAM)
    record = state[0]
    record["rate"], record["head"] = round(rate), KEPT
    for k, (window, name) in enumerate(zip(windows(rate), ("short", "middle", "long"), strict=True)):
        fft.prepare(record[name])
        record["length"][k], record["window"][k, : window.size] = window.size, window
    for name, weights in zip(("short_bank", "middle_bank", "long_bank"), filters(rate), strict=True):
        _sparse(record[name], weights)
    return state


def _sparse(bank: np.void, weights: np.ndarray) -> None:
    at = 0
    for k, row in enumerate(weights):
        bins = np.flatnonzero(row)
        bank["start"][k], bank["at"][k] = (bins[0] if bins.size else 0), at
        bank["weight"][at : at + bins.size] = row[bins]
        at += bins.size
    bank["at"][len(weights)] = at


@inline
def _spectrum(f, window, newest, power):
    """Power spectrum of the newest samples under a window, at the transform's own size. [worker]"""
    n = newest.size
    are, aim = f.are, f.aim
    even = n // 2
    for k in range(even):
        are[k] = newest[2 * k] * window[2 * k]
        aim[k] = newest[2 * k + 1] * window[2 * k + 1]
    are[even:] = np.float32(0)
    aim[even:] = np.float32(0)
    if n % 2:
        are[even] = newest[n - 1] * window[n - 1]
    fft.rfft(f)
    re, im = f.re, f.im
    for k in range(re.size):
        power[k] = re[k] * re[k] + im[k] * im[k]


@inline
def _filter(bank, power, out):
    """Logarithms of the filters' magnitudes. [worker]"""
    start, at, weight = bank.start, bank.at, bank.weight
    for b in range(out.size):
        total = np.float32(0)
        first = start[b] - at[b]
        for i in range(at[b], at[b + 1]):
            total += weight[i] * power[first + i]
        out[b] = np.float32(SCALE) * np.log1p(np.float32(GAIN) * np.sqrt(total))


@inline
def _frame(s, bands, tones):
    """The frame that ends with the newest sample. [worker]"""
    samples, head, power = s.samples, s.head, s.power
    _spectrum(s.short, s.window[0], samples[head - s.length[0] : head], power)
    _filter(s.short_bank, power, bands[0])
    _spectrum(s.middle, s.window[1], samples[head - s.length[1] : head], power)
    _filter(s.middle_bank, power, bands[1])
    _spectrum(s.long, s.window[2], samples[head - s.length[2] : head], power)
    _filter(s.long_bank, power, tones)


@inline
def push(state, samples, bands, tones):
    """Take mono float32 samples; gives how many frames they completed, written from the first row on.

    `bands` (n, 2, BANDS) and `tones` (n, TONES) float32 must have room: samples.size * FRAMES_HZ / rate + 1 rows. [worker]
    """
    s = state[0]
    made, at, n = 0, 0, samples.size
    while at < n:
        due = (s.frames + 1) * s.rate // FRAMES_HZ - s.samples_pushed
        take = min(due, n - at)
        if s.head + take > s.samples.size:
            for k in range(KEPT):
                s.samples[k] = s.samples[s.head - KEPT + k]
            s.head = KEPT
        s.samples[s.head : s.head + take] = samples[at : at + take]
        s.head += take
        s.samples_pushed += take
        at += take
        if take == due:
            _frame(s, bands[made], tones[made])
            s.frames += 1
            made += 1
    return made
