"""Landmarks of a sound: the local maxima of its spectrogram, at fractional times and pitches, hop by hop.

A landmark is where a frame's level, measured against what that frequency has had in the last second or two, is the highest
within `REACH` hops and two thirds of a semitone. So level, equalisation and steady noise move few of them. What is far below
the sound's loudness of late is all one, or its ripples would be landmarks that any noise covers. Source: A. Wang, *An
industrial-strength audio search algorithm*, ISMIR 2003; the high-pass along time is D. Ellis's (audfprint, 2014).
"""

import numpy as np

from dsp import fft
from dsp.kernel import inline, zeros

RATE = 8000.0  # Hz
FRAME = 1024
HOP = 128
HOP_S = HOP / RATE
BINS = FRAME // 2
LOW, HIGH = 20, 490  # bins in which landmarks are looked for: 156 to 3830 Hz
REACH = 6  # hops either way
DELAY = REACH + 1  # hops between a landmark and its being known, and
DELAY_S = (DELAY * HOP + FRAME / 2) / RATE
STEPS = 48  # pitch steps a semitone
LOW_HZ = 150.0  # pitch 0
FLOOR = 1e-5  # of full scale: nothing quieter is a landmark, nor
BELOW = 0.02  # of the root mean square, which is taken over
LOUD_S = 3.0
ADAPT = np.float32(1 - np.exp(-HOP_S / LOUD_S))
FORGET = 0.99  # a hop
LOUDEST = np.float32(1000.0)  # times full scale; louder samples are clipped
MOST = 32  # landmarks a hop, at most
LINES = 2 * REACH + 3

LANDMARK = np.dtype([("time", np.float32), ("pitch", np.float32), ("strength", np.float32)])
"""`time` in hops from the first sample to the frame's middle; `pitch` in 1/STEPS semitone above LOW_HZ."""

STATE = np.dtype(
    [
        ("fft", fft.dtype(FRAME)),
        ("window", np.float32, (FRAME,)),
        ("width", np.int64, (BINS,)),  # bins either way that a landmark must top
        ("samples", np.float32, (FRAME,)),
        ("filled", np.int64),
        ("frames", np.int64),  # seen
        ("power", np.float32),  # mean square of late, times the next, which goes to 1
        ("weight", np.float32),
        ("floor", np.float32),  # of magnitudes
        ("log", np.float32, (LINES, BINS)),  # ln of the magnitude, of the newest frames, by frame % LINES
        ("level", np.float32, (LINES, BINS)),  # the same, less what has been
        ("top", np.float32, (LINES, BINS)),  # the highest level within `width`
    ],
    align=True,
)


def prepare() -> np.ndarray:
    """The state before the first sample. [main]"""
    state = zeros(STATE)
    s = state[0]
    s["window"] = np.hanning(FRAME + 1)[:-1]
    fft.prepare(s["fft"])
    s["width"] = np.maximum(2, np.round(0.04 * np.arange(BINS)))
    s["log"] = s["level"] = s["top"] = 0.0
    s["log"] = np.log(FLOOR)
    s["filled"] = FRAME // 2  # the first frame's middle is the first sample
    return state


@inline
def process(state, samples, found):
    """Take samples at RATE; write the landmarks now known to `found` and return their number. [any]

    `found` holds (len(samples) // HOP + 1) * MOST of LANDMARK. The landmarks of a frame come in order of pitch, and frames
    in order of time; a sample that is not finite counts as 0, one beyond LOUDEST as that. The same however it is cut up.
    """
    s = state[0]
    n = 0
    for x in samples:
        s.samples[s.filled] = min(max(x, -LOUDEST), LOUDEST) if abs(x) < np.inf else np.float32(0.0)
        s.filled += 1
        if s.filled == FRAME:
            _frame(s)
            n = _peaks(s, found, n)
            for k in range(FRAME - HOP):
                s.samples[k] = s.samples[k + HOP]
            s.filled = FRAME - HOP
    return n


@inline
def _frame(s):
    """The spectrum of the newest frame, its levels and their maxima."""
    f, x, w = s.fft, s.samples, s.window
    for k in range(FRAME // 2):
        f.are[k] = x[2 * k] * w[2 * k]
        f.aim[k] = x[2 * k + 1] * w[2 * k + 1]
    fft.rfft(f)
    now, before = s.frames % LINES, (s.frames - 1) % LINES
    log, level, top = s.log[now], s.level[now], s.top[now]
    was_log, was_level = s.log[before], s.level[before]
    new = np.float32(0.0)
    for k in range(FRAME - HOP, FRAME):
        new += x[k] * x[k]
    new /= np.float32(HOP)
    adapt = ADAPT if new > np.float32(1e-3) * s.power else np.float32(8) * ADAPT  # what was very loud is soon forgotten
    s.power += adapt * (new - s.power)
    s.weight += adapt * (np.float32(1.0) - s.weight)
    s.floor = max(np.float32(FLOOR), np.float32(BELOW) * np.sqrt(s.power / s.weight))
    scale, floor = np.float32((4.0 / FRAME) ** 2), s.floor * s.floor
    for k in range(BINS):
        power = (f.re[k] * f.re[k] + f.im[k] * f.im[k]) * scale
        log[k] = np.float32(0.5) * np.log(power + floor)
        level[k] = log[k] - was_log[k] + np.float32(FORGET) * was_level[k]
    for k in range(LOW - 2, HIGH + 2):
        best = level[k]
        for j in range(max(0, k - s.width[k]), min(BINS, k + s.width[k] + 1)):
            best = max(best, level[j])
        top[k] = best
    s.frames += 1


@inline
def _peaks(s, found, start):
    """Write the landmarks of the frame REACH + 1 hops ago."""
    here = s.frames - 1 - DELAY
    n = start
    if here < 1:
        return n
    log, level = s.log[here % LINES], s.level[here % LINES]
    before, after = s.level[(here - 1) % LINES], s.level[(here + 1) % LINES]
    lowest = np.log(s.floor) + np.float32(0.5)
    for k in range(LOW, HIGH):
        v = level[k]
        if v < s.top[here % LINES, k] or v <= np.float32(0.3) or log[k] <= lowest:
            continue
        highest = True
        for t in range(here - REACH, here + REACH + 1):
            if t >= 0 and s.top[t % LINES, k] > v:
                highest = False
                break
        if highest and n - start < MOST:
            bin = k + _vertex(log[k - 1], log[k], log[k + 1])
            found[n].time = here + _vertex(before[k], v, after[k])
            found[n].pitch = np.float32(12 * STEPS) * np.log2(bin * np.float32(RATE / FRAME / LOW_HZ))
            found[n].strength = v
            n += 1
    return n


@inline
def _vertex(left, middle, right):
    """Where the parabola through three points is highest, -0.5..0.5 from the middle one."""
    bend = np.float32(2.0) * middle - left - right
    if bend <= np.float32(1e-9):
        return np.float32(0.0)
    return min(max((right - left) / (np.float32(2.0) * bend), np.float32(-0.5)), np.float32(0.5))
