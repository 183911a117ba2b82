"""The synth's parameters: what their normalised values mean."""

import math

from dsp.kernel import inline
from dsp.synth.patches import SOUNDS
from dsp.synth.records import ATTACK, CUTOFF, GAIN, RELEASE, SOUND

LEAST_DB, MOST_DB = -36.0, 12.0
OCTAVES = 4.0  # that the cutoff moves either way
TIMES = 8.0  # how much longer, or shorter, attack and release become

DEFAULTS = (0.0, -LEAST_DB / (MOST_DB - LEAST_DB), 0.5, 0.5, 0.5)
"""Keys, 0 dB, and all else as the sound has it."""

_LAST = len(SOUNDS) - 1


@inline
def sound_of(value):
    """The number of a sound. [any]"""
    return round(value * _LAST)


@inline
def gain_db(value):
    """dB. [any]"""
    return LEAST_DB + value * (MOST_DB - LEAST_DB)


@inline
def cutoff_octaves(value):
    """Octaves above the sound's own cutoff. [any]"""
    return OCTAVES * (2.0 * value - 1.0)


@inline
def times(value):
    """How many times as long as the sound's own. [any]"""
    return TIMES ** (2.0 * value - 1.0)


@inline
def attend(s):
    """Take the values as they are now. [audio]"""
    s.sound = sound_of(s.values[SOUND])
    s.gain = math.exp(gain_db(s.values[GAIN]) * (math.log(10.0) / 20.0))
    s.cutoff = cutoff_octaves(s.values[CUTOFF])
    s.attack, s.release = times(s.values[ATTACK]), times(s.values[RELEASE])
