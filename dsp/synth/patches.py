"""The sounds but for the drums: each a row of numbers, named as records.PATCH says."""

import numpy as np

from dsp.synth.records import FM, PATCH, PULSE, SAW, TRIANGLE

SOUNDS = ("keys", "bass", "pad", "lead", "pluck", "drums")
"""By number; the last has its pieces in `kit`."""
DRUMS = SOUNDS.index("drums")

_USUAL = {
    "level": 0.2,
    "detune": 1.0,
    "width": 0.5,
    "ratio": 1.0,
    "index_s": 1.0,
    "bell_ratio": 1.0,
    "bell_s": 1.0,
    "attack_s": 0.003,
    "decay_s": 1.0,
    "sustain": 1.0,
    "release_s": 0.05,
    "cutoff_hz": 8000.0,
    "track": 0.5,
    "sweep_s": 1.0,
    "q": 0.7,
    "touch": 0.8,
    "vibrato_hz": 5.5,
    "vibrato_s": 0.4,
}

_SOUNDS = {
    # A struck tine: a carrier modulated at its own frequency, and a bell (J. Chowning, J. Audio Eng. Soc. 21(7), 1973).
    "keys": {
        "wave": FM,
        "level": 0.22,
        "index": 1.6,
        "index_s": 0.35,
        "bell": 0.18,
        "bell_ratio": 7.0,
        "bell_s": 0.05,
        "attack_s": 0.002,
        "decay_s": 1.5,
        "damping": 0.5,
        "sustain": 0.0,
        "release_s": 0.06,
        "bright": 1.5,
    },
    # Two saws, a sine below, and a filter that closes after the attack.
    "bass": {
        "wave": SAW,
        "level": 0.2,
        "detune": 1.002,
        "sub": 0.9,
        "attack_s": 0.004,
        "decay_s": 0.8,
        "sustain": 0.5,
        "cutoff_hz": 700.0,
        "track": 0.4,
        "bright": 1.5,
        "sweep": 2.0,
        "sweep_s": 0.08,
        "q": 0.9,
    },
    # Saws left and right that beat against one another, behind a filter that opens slowly.
    "pad": {
        "wave": SAW,
        "level": 0.085,
        "detune": 1.006,
        "spread": 0.9,
        "sub": 0.3,
        "attack_s": 0.35,
        "decay_s": 2.0,
        "sustain": 0.8,
        "release_s": 0.3,
        "cutoff_hz": 1500.0,
        "bright": 1.0,
        "sweep": -1.5,
        "sweep_s": 0.6,
        "touch": 0.5,
        "vibrato": 4.0,
        "vibrato_hz": 4.3,
    },
    # A reed: a pulse that sways once it has stood a while.
    "lead": {
        "wave": PULSE,
        "level": 0.12,
        "detune": 1.003,
        "spread": 0.3,
        "width": 0.36,
        "attack_s": 0.012,
        "decay_s": 0.4,
        "sustain": 0.75,
        "release_s": 0.06,
        "cutoff_hz": 2600.0,
        "track": 0.7,
        "bright": 1.5,
        "sweep": 0.7,
        "sweep_s": 0.1,
        "q": 0.9,
        "vibrato": 14.0,
    },
    # A string: bright when plucked, then ever rounder.
    "pluck": {
        "wave": TRIANGLE,
        "level": 0.3,
        "detune": 1.001,
        "spread": 0.4,
        "attack_s": 0.0015,
        "decay_s": 0.7,
        "damping": 0.6,
        "sustain": 0.0,
        "release_s": 0.08,
        "cutoff_hz": 900.0,
        "track": 0.8,
        "bright": 1.5,
        "sweep": 3.0,
        "sweep_s": 0.12,
    },
}


def _rows() -> np.ndarray:
    rows = np.zeros(len(_SOUNDS), PATCH)
    for row, numbers in zip(rows, _SOUNDS.values(), strict=True):
        for name, number in (_USUAL | numbers).items():
            row[name] = number
    return rows


PATCHES = _rows()
