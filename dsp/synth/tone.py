"""A voice of a sound: STEP samples of its oscillators through its filter and its envelope. All: [audio].

The filter is the state-variable one of topology-preserving transforms (V. Zavalishin, The Art of VA Filter Design, 2012,
chapter 4): it may be moved while it sounds.
"""

import math

from dsp.kernel import inline
from dsp.synth.oscillators import pulse, saw, sine, triangle, wrapped
from dsp.synth.records import ENDING, FALLING, FM, LAST, PULSE, RISING, SAW, STEP

QUIET = 1e-4  # -80 dB: a voice below it has ended
HIGHEST = 0.45  # of the rate: no oscillator and no filter goes beyond
WHEEL = 50.0  # cents of vibrato by the modulation wheel
SETTLES = 0.3  # how much of what is left a cutoff or a gain goes in a STEP
_LN2 = math.log(2.0)
_TURN = 2.0 * math.pi


@inline
def envelope(v, sustain):
    """The level at the end of the next STEP; a voice that is quiet by then plays its last."""
    if v.stage == RISING:
        v.level += v.rise
        if v.level >= 1.0:
            v.level, v.stage = 1.0, FALLING
    elif v.stage == FALLING:
        v.level = sustain + (v.level - sustain) * v.fall
    elif v.stage == ENDING:
        v.level *= v.fade
    if v.stage != RISING and v.level < QUIET:
        v.level, v.stage = 0.0, LAST


@inline
def _pitch(s, v, p):
    """The phase's way in one sample: bent, and swaying."""
    seconds = v.age / s.rate
    depth = p.vibrato * min(1.0, max(0.0, seconds - p.vibrato_s) / p.vibrato_s) + WHEEL * s.wheel[v.channel]
    cents = 100.0 * s.bend[v.channel] + depth * sine(p.vibrato_hz * seconds)
    return min(HIGHEST, v.hz * math.exp(cents * (_LN2 / 1200.0)) / s.rate)


@inline
def _frequency_modulation(v, p, step):
    """A carrier and its modulator, and a bell above them."""
    left, right = v.left, v.right
    a, b, bell_phase = v.a, v.b, v.sub
    ratio_step, bell_step = p.ratio * step, p.bell_ratio * step
    depth = p.index * v.strength * v.depth / _TURN
    v.depth *= v.depth_fall
    depth_way = (p.index * v.strength * v.depth / _TURN - depth) / STEP
    bell = p.bell * v.bell if bell_step < HIGHEST else 0.0
    v.bell *= v.bell_fall
    bell_way = bell * (v.bell_fall - 1.0) / STEP
    for k in range(STEP):
        t = k + 1.0
        x = sine(a + t * step + (depth + t * depth_way) * sine(b + t * ratio_step))
        left[k] = x + (bell + t * bell_way) * sine(bell_phase + t * bell_step)
        right[k] = left[k]
    v.a, v.b = wrapped(a + STEP * step), wrapped(b + STEP * ratio_step)
    v.sub = wrapped(bell_phase + STEP * bell_step)


@inline
def _waves(v, p, step):
    """Two oscillators that are not quite in tune, and a sine below."""
    left, right = v.left, v.right
    a, b, c = v.a, v.b, v.sub
    first, second = min(HIGHEST, step * p.detune), step / p.detune
    width = p.width
    if p.wave == SAW:
        for k in range(STEP):
            t = k + 1.0
            left[k], right[k] = saw(wrapped(a + t * first), first), saw(wrapped(b + t * second), second)
    elif p.wave == PULSE:
        for k in range(STEP):
            t = k + 1.0
            left[k] = pulse(wrapped(a + t * first), first, width)
            right[k] = pulse(wrapped(b + t * second), second, width)
    else:
        for k in range(STEP):
            t = k + 1.0
            left[k], right[k] = triangle(wrapped(a + t * first), first), triangle(wrapped(b + t * second), second)
    far, near, low = 0.5 * (1.0 + p.spread), 0.5 * (1.0 - p.spread), p.sub
    for k in range(STEP):
        below = low * sine(c + (k + 1.0) * 0.5 * step)
        x, y = left[k], right[k]
        left[k], right[k] = far * x + near * y + below, far * y + near * x + below
    v.a, v.b = wrapped(a + STEP * first), wrapped(b + STEP * second)
    v.sub = wrapped(c + STEP * 0.5 * step)


@inline
def _low_pass(v, g, damping, loud, way):
    """Both channels through the filter, and as loud as the envelope says."""
    left, right = v.left, v.right
    w, x, y, z = v.filter[0], v.filter[1], v.filter[2], v.filter[3]
    h = 1.0 / (1.0 + g * (g + damping))
    for k in range(STEP):
        amount = loud + (k + 1.0) * way
        band = h * (w + g * (left[k] - x))
        low = x + g * band
        w, x = 2.0 * band - w, 2.0 * low - x
        left[k] = amount * low
        band = h * (y + g * (right[k] - z))
        low = z + g * band
        y, z = 2.0 * band - y, 2.0 * low - z
        right[k] = amount * low
    v.filter[0], v.filter[1], v.filter[2], v.filter[3] = w, x, y, z


@inline
def render(s, v):
    """The voice's next STEP samples."""
    p = s.patches[v.sound]
    step = _pitch(s, v, p)
    if p.wave == FM:
        _frequency_modulation(v, p, step)
    else:
        _waves(v, p, step)
    v.octave += SETTLES * (v.base + p.sweep * v.sweep + s.cutoff - v.octave)
    v.sweep *= v.sweep_fall
    envelope(v, p.sustain)
    v.gain += SETTLES * (s.gain - v.gain)
    loud = v.loud
    v.loud = v.level * v.strength * v.gain * p.level
    g = math.tan(math.pi * min(HIGHEST, math.exp(_LN2 * v.octave) / s.rate))
    _low_pass(v, g, 1.0 / p.q, loud, (v.loud - loud) / STEP)
    v.age += STEP
