"""The drum kit: what each General MIDI note strikes, and what it is made of; names as records.PIECE says.

A kick is a sine that falls, a snare two modes of a head and the wires' noise (M. Russ, Sound Synthesis and Sampling); hats
and cymbals are six square waves that share no harmonic, filtered, as in the TR-808 (K. Werner, J. Abel, J. Smith, "The
TR-808 Cymbal", ICMC 2014).
"""

import numpy as np

from dsp.synth.records import PIECE

_USUAL = {"level": 0.4, "drop": 1.0, "drop_s": 0.03, "tone_s": 0.1, "hiss_hz": 5000.0, "q": 0.7, "hiss_s": 0.1}

_HATS = 1
_HEAD = {"tone": 1.0, "drop": 1.6, "drop_s": 0.05, "hiss": 0.12, "hiss_hz": 1200.0, "hiss_s": 0.03}
_METAL = {"metal": 0.75, "high": 1.0}

_PIECES = {
    "kick": {
        "level": 0.62,
        "tone": 1.0,
        "tone_hz": 50.0,
        "drop": 4.5,
        "drop_s": 0.025,
        "tone_s": 0.13,
        "hiss": 0.25,
        "hiss_hz": 3000.0,
        "hiss_s": 0.004,
    },
    "rim": {
        "level": 0.3,
        "tone": 0.8,
        "tone_hz": 1700.0,
        "tone_s": 0.012,
        "over": 0.5,
        "hiss": 0.5,
        "hiss_hz": 3500.0,
        "hiss_s": 0.006,
        "pan": 0.15,
    },
    "snare": {
        "level": 0.42,
        "tone": 0.5,
        "tone_hz": 185.0,
        "drop": 1.4,
        "drop_s": 0.02,
        "tone_s": 0.06,
        "over": 0.4,
        "hiss": 0.75,
        "hiss_hz": 2500.0,
        "high": 0.6,
        "hiss_s": 0.085,
        "pan": 0.05,
    },
    "clap": {"level": 0.42, "hiss": 1.0, "hiss_hz": 1300.0, "q": 1.4, "hiss_s": 0.09, "claps": 3.0, "pan": -0.1},
    "low tom": {**_HEAD, "tone_hz": 85.0, "tone_s": 0.24, "pan": 0.4},
    "middle tom": {**_HEAD, "tone_hz": 120.0, "tone_s": 0.2, "pan": 0.1},
    "high tom": {**_HEAD, "tone_hz": 165.0, "tone_s": 0.17, "pan": -0.25},
    "closed hat": {**_METAL, "level": 0.17, "hiss": 1.0, "hiss_hz": 7500.0, "hiss_s": 0.03, "pan": 0.3, "group": _HATS},
    "pedal hat": {**_METAL, "level": 0.12, "hiss": 1.0, "hiss_hz": 6500.0, "hiss_s": 0.04, "pan": 0.3, "group": _HATS},
    "open hat": {**_METAL, "level": 0.17, "hiss": 1.0, "hiss_hz": 7000.0, "hiss_s": 0.3, "pan": 0.3, "group": _HATS},
    "crash": {**_METAL, "level": 0.22, "metal": 0.5, "hiss": 1.0, "hiss_hz": 4000.0, "hiss_s": 0.8, "pan": -0.35},
    "splash": {**_METAL, "level": 0.18, "metal": 0.5, "hiss": 1.0, "hiss_hz": 5000.0, "hiss_s": 0.3, "pan": -0.2},
    "ride": {
        **_METAL,
        "level": 0.15,
        "tone": 0.25,
        "tone_hz": 3200.0,
        "tone_s": 0.12,
        "hiss": 0.8,
        "hiss_hz": 6000.0,
        "hiss_s": 0.45,
        "pan": -0.3,
    },
    "bell": {
        **_METAL,
        "level": 0.16,
        "tone": 0.8,
        "tone_hz": 2100.0,
        "tone_s": 0.35,
        "over": 0.5,
        "hiss": 0.3,
        "hiss_hz": 6000.0,
        "hiss_s": 0.3,
        "pan": -0.3,
    },
    "cowbell": {"level": 0.2, "tone": 0.8, "tone_hz": 555.0, "tone_s": 0.09, "over": 0.8, "pan": 0.2},
    "shaker": {"level": 0.16, "hiss": 1.0, "hiss_hz": 8000.0, "high": 1.0, "hiss_s": 0.05, "pan": 0.35},
    "low conga": {"tone": 1.0, "tone_hz": 175.0, "drop": 1.15, "tone_s": 0.14, "over": 0.15, "pan": 0.2},
    "high conga": {"tone": 1.0, "tone_hz": 260.0, "drop": 1.15, "tone_s": 0.1, "over": 0.15, "pan": -0.1},
    "wood": {"level": 0.25, "tone": 1.0, "tone_hz": 1100.0, "tone_s": 0.025, "over": 0.2, "pan": 0.1},
}

_NOTES = {
    "kick": (35, 36),
    "rim": (37,),
    "snare": (38, 40),
    "clap": (39,),
    "low tom": (41, 43),
    "middle tom": (45, 47),
    "high tom": (48, 50),
    "closed hat": (42,),
    "pedal hat": (44,),
    "open hat": (46,),
    "crash": (49, 52, 57),
    "splash": (55,),
    "ride": (51, 59),
    "bell": (53, 80, 81),
    "cowbell": (56, 67, 68),
    "shaker": (54, 69, 70, 73, 74, 82),
    "low conga": (61, 64, 66),
    "high conga": (60, 62, 63, 65),
    "wood": (75, 76, 77),
}


def _rows() -> np.ndarray:
    rows = np.zeros(len(_PIECES), PIECE)
    for row, numbers in zip(rows, _PIECES.values(), strict=True):
        for name, number in (_USUAL | numbers).items():
            row[name] = number
    return rows


def _numbers() -> np.ndarray:
    found = np.full(128, -1, np.int64)
    for number, name in enumerate(_PIECES):
        for note in _NOTES[name]:
            found[note] = number
    return found


PIECES = _rows()
PIECE_OF = _numbers()
"""The piece of each MIDI note, -1 where there is none."""
