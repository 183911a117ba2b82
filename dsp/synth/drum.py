"""A voice of the drum kit: STEP samples of a struck body and of a filtered noise. All: [audio]."""

import math

from dsp.kernel import inline
from dsp.synth.oscillators import noise, sine, wrapped
from dsp.synth.records import ENDING, LAST, STEP
from dsp.synth.tone import HIGHEST, QUIET, SETTLES

MODE = 1.594  # a round membrane's second mode over its first
CLAP_S = 0.01
_SIX = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""Hz of the TR-808's six oscillators."""
_METAL = 1.6  # they are tuned higher here, for there is no second filter bank


@inline
def _hiss(v, d, rate):
    """Noise, and square waves that share no harmonic."""
    left, age, seed = v.left, v.age, v.born
    white, metal = d.hiss * (1.0 - d.metal), d.hiss * d.metal
    for k in range(STEP):
        left[k] = white * noise(seed, age + k)
    if metal > 0.0:
        for hz in _SIX:
            step = _METAL * hz / rate
            for k in range(STEP):
                left[k] += metal / 3.0 if wrapped((age + k) * step) < 0.5 else -metal / 3.0


@inline
def _filtered(v, d, rate, before, after):
    """The noise through a band-pass or a high-pass (as in `tone`), as loud as its envelope says."""
    left = v.left
    w, x = v.filter[0], v.filter[1]
    g = math.tan(math.pi * min(HIGHEST, d.hiss_hz / rate))
    damping = 1.0 / d.q
    h = 1.0 / (1.0 + g * (g + damping))
    way = (after - before) / STEP
    for k in range(STEP):
        heard = left[k]
        band = h * (w + g * (heard - x))
        low = x + g * band
        w, x = 2.0 * band - w, 2.0 * low - x
        high = heard - damping * band - low
        left[k] = (before + (k + 1.0) * way) * (d.high * high + (1.0 - d.high) * damping * band)
    v.filter[0], v.filter[1] = w, x


@inline
def _body(v, d, rate, before, after):
    """A sine that falls, and a mode above it."""
    left, a, b = v.left, v.a, v.b
    step = min(HIGHEST, d.tone_hz * (1.0 + (d.drop - 1.0) * v.sweep) / rate)
    v.sweep *= v.sweep_fall
    second = min(HIGHEST, MODE * step)
    way, over = (after - before) / STEP, d.over
    for k in range(STEP):
        t = k + 1.0
        left[k] += (before + t * way) * (sine(a + t * step) + over * sine(b + t * second))
    v.a, v.b = wrapped(a + STEP * step), wrapped(b + STEP * second)


@inline
def render(s, v):
    """The voice's next STEP samples."""
    d, rate = s.pieces[v.piece], s.rate
    hiss, body = v.depth, v.bell
    _hiss(v, d, rate)
    claps = int(v.age / (CLAP_S * rate))
    if claps < d.claps:  # each begins anew, and dies away before the next
        v.depth = math.exp(-4.0 * (v.age / (CLAP_S * rate) - claps))
    else:
        v.depth *= v.depth_fall
    v.bell *= v.bell_fall
    _filtered(v, d, rate, hiss, v.depth)
    if d.tone > 0.0:
        _body(v, d, rate, d.tone * body, d.tone * v.bell)
    v.level = v.level * v.fade if v.stage == ENDING else 1.0
    loudest = v.level * max(d.hiss * v.depth, d.tone * v.bell)
    if loudest < QUIET:
        v.level, v.stage = 0.0, LAST
    before = v.loud
    v.gain += SETTLES * (s.gain - v.gain)
    v.loud = v.level * v.strength * v.gain * d.level
    way = (v.loud - before) / STEP
    left, right = v.left, v.right
    to_left, to_right = min(1.0, 1.0 - d.pan), min(1.0, 1.0 + d.pan)
    for k in range(STEP):
        x = (before + (k + 1.0) * way) * left[k]
        left[k], right[k] = to_left * x, to_right * x
    v.age += STEP
