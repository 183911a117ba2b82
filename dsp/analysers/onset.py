"""Onsets: superflux-style novelty on two frames (dsp/attack.py), weighed by a small fitted combiner.

Per hop, the novelty of the last 70 ms, its half-second mean and its recent peaks go through one layer of ReLU units to
two numbers: the odds that an attack began in the last few hops, and how long ago. The onset is decided in the first hop
whose probability passes a threshold, so strong attacks are known after a hop or two, soft ones when they have shown
themselves. Where the samples show a sharp step in energy, the onset is placed there.

`onset.npz` holds the combiner, fitted by `jamd train onset` to sound made for it (onset.md beside it tells which). No
recording was fitted to; only the thresholds below were set by hand on annotated ones.
"""

from pathlib import Path

import numpy as np

from dsp import attack, drums
from dsp.attack import KEPT, N_FEATURES
from dsp.hop import HOP, HOP_STATE, ONSET, emit
from dsp.kernel import inline, kernel, record_at, zeros

LAGS = np.array([0, 1, 2, 3, 4, 6, 8, 11])  # hops back whose novelty is weighed
N_INPUTS = N_FEATURES * (LAGS.size + 2)
FITTED = np.load(Path(__file__).with_suffix(".npz"))
N_UNITS = FITTED["hidden_bias"].size

SHARP_THRESHOLD, SOFT_THRESHOLD = 0.8, 0.5  # of the probability: when found young, and when found old
SHARP_AGE, SOFT_AGE = 2.0, 3.5  # in AGE_UNIT_S; between the two the threshold falls
REARM = 0.35  # how far below the threshold the probability must fall before the next onset
REFRACTORY_S = 0.05  # least time between two decisions
FLOOR = 3e-4  # no onset while no band reaches this magnitude (a sine of -70 dBFS)
LEAST_STRENGTH = 0.02
AGE_UNIT_S = 0.01  # what the combiner's age is counted in
BLOCK = 64  # samples; a sharp attack is placed to one of them
BLOCKS = 16  # looked back on, of which the first four only to compare with
SHARP = 8.0  # times the energy of the four blocks before: an attack whose place can be seen

STATE = np.dtype(
    [
        ("novelty", attack.STATE),
        ("hidden", np.float32, (N_INPUTS, N_UNITS)),
        ("hidden_bias", np.float32, (N_UNITS,)),
        ("output", np.float32, (N_UNITS, 2)),
        ("output_bias", np.float32, (2,)),
        ("input", np.float32, (N_INPUTS,)),  # scratch
        ("unit", np.float32, (N_UNITS,)),  # scratch
        ("mean", np.float32, (N_FEATURES,)),  # of the novelty, over half a second
        ("recent", np.float32, (N_FEATURES,)),  # its greatest of late, decaying over two seconds
        ("forget", np.float32),
        ("decay", np.float32),
        ("armed", np.int64),  # 1 when the probability has been low since the last onset
        ("wait", np.int64),  # hops until the next decision is allowed
        ("refractory", np.int64),
        ("energy", np.float32, (BLOCKS,)),  # scratch
        ("drums", drums.STATE),
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    s = state[0]
    attack.prepare(s["novelty"], rate)
    for name in ("hidden", "hidden_bias", "output", "output_bias"):
        s[name] = FITTED[name]
    s["forget"] = 1 - np.exp(-HOP / (0.5 * rate))
    s["decay"] = np.exp(-HOP / (2.0 * rate))
    s["refractory"] = round(REFRACTORY_S * rate / HOP)
    s["armed"] = 1
    drums.prepare(s["drums"], rate)
    return state


@inline
def _combine(s, index):
    """Probability that an onset began just now, and its age in AGE_UNIT_S, from the novelty up to hop `index`. [audio]"""
    x, mean, recent, row, unit, hidden = s.input, s.mean, s.recent, s.novelty.row, s.unit, s.hidden
    newest = row[index & (KEPT - 1)]
    for i in range(N_FEATURES):
        mean[i] += s.forget * (newest[i] - mean[i])
        recent[i] = max(newest[i], s.decay * recent[i])
        x[LAGS.size * N_FEATURES + i] = mean[i]
        x[(LAGS.size + 1) * N_FEATURES + i] = recent[i]
    for k in range(LAGS.size):
        then = row[(index - LAGS[k]) & (KEPT - 1)]
        for i in range(N_FEATURES):
            x[k * N_FEATURES + i] = then[i]
    for j in range(N_UNITS):
        unit[j] = s.hidden_bias[j]
    for i in range(N_INPUTS):
        v, weight = x[i], hidden[i]
        for j in range(N_UNITS):
            unit[j] += v * weight[j]
    odds, age = s.output_bias[0], s.output_bias[1]
    for j in range(N_UNITS):
        v = max(unit[j], np.float32(0))
        odds += v * s.output[j, 0]
        age += v * s.output[j, 1]
    odds = min(max(odds, np.float32(-30)), np.float32(30))
    return np.float32(1) / (np.float32(1) + np.exp(-odds)), age


@inline
def _sharp_attack(x, energy):
    """Samples from the steepest step in the energy of `x` to its end; -1 if nothing there is sharp. [audio]"""
    greatest = np.float32(1e-12)
    for b in range(BLOCKS):
        total = np.float32(0)
        for i in range(b * BLOCK, (b + 1) * BLOCK):
            step = x[i + 1] - x[i]  # of the slope, so that bass and a constant offset weigh little
            total += step * step
        energy[b] = total
        greatest = max(greatest, total)
    best, found = np.float32(SHARP), -1
    for b in range(4, BLOCKS):
        before = (energy[b - 1] + energy[b - 2] + energy[b - 3] + energy[b - 4]) / np.float32(4)
        ratio = energy[b] / (before + np.float32(0.01) * greatest)
        if ratio > best:
            best, found = ratio, (BLOCKS - b) * BLOCK
    return found


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Write `onset_strength`: probability times rise in nepers. [audio]

    Emits ONSET: strength, 1 - exp(-greatest mean rise of the bands so far, in nepers); band: of dsp.drums.
    """
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    row = attack.update(s.novelty, hop)
    probability, age = _combine(s, hop.index)
    if s.novelty.peak < np.float32(FLOOR):
        probability = np.float32(0)
    rise = row[attack.SHORT_SLOW_RISE]
    hop.features.onset_strength = probability * rise
    s.wait -= 1
    softness = min(max((age - np.float32(SHARP_AGE)) / np.float32(SOFT_AGE - SHARP_AGE), np.float32(0)), np.float32(1))
    threshold = np.float32(SHARP_THRESHOLD) + softness * np.float32(SOFT_THRESHOLD - SHARP_THRESHOLD)
    if probability < threshold - np.float32(REARM):
        s.armed = 1
    for k in range(1, 6):
        rise = max(rise, s.novelty.row[(hop.index - k) & (KEPT - 1), attack.SHORT_SLOW_RISE])
    strength = np.float32(1) - np.exp(-rise)
    if probability > threshold and strength > np.float32(LEAST_STRENGTH) and s.armed == 1 and s.wait <= 0:
        s.armed = 0
        s.wait = s.refractory
        back = _sharp_attack(hop.samples[hop.head - BLOCKS * BLOCK - 1 : hop.head], s.energy)
        if back < 0:
            back = np.int64(max(np.float32(0), age) * np.float32(AGE_UNIT_S) * hop.rate)
        newest = hop.samples[hop.head - drums.FRAME - drums.BEFORE : hop.head]
        band = drums.struck(s.drums, newest, np.float32(attack.RANGE) / s.novelty.reference)
        emit(hop, ONSET, max(0, hop.end - back), strength, band, 0.0, 0.0, 0.0)
