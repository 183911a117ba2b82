"""Halving the rate: above 64 kHz the analysers hear every second sample, behind a linear-phase half-band filter.

So one set of frame sizes serves 44.1 to 96 kHz. Source: windowed-sinc half-band design (F. Harris, *Multirate Signal
Processing*, 2004, ch. 8), Kaiser window, beta 8: about 80 dB down.
"""

import numpy as np

from dsp.kernel import inline

TAPS = 63
DELAY = TAPS // 2  # samples at the engine's rate between a sound and its filtered copy

DECIMATOR = np.dtype(
    [
        ("taps", np.float32, (TAPS,)),
        ("line", np.float32, (2, 2 * TAPS)),  # per channel, mirrored delay line
        ("position", np.int64),
        ("odd", np.int64),
    ],
    align=True,
)


def factor(rate: float) -> int:
    """How many engine samples one analysis sample spans at an engine rate in Hz."""
    return 2 if rate > 64000 else 1


def prepare(record) -> None:
    """Fill the filter's taps. [main]"""
    k = np.arange(TAPS) - DELAY
    taps = np.sinc(k / 2) * np.kaiser(TAPS, 8.0)
    record["taps"] = taps / taps.sum()


@inline
def halve(d, left, right):
    """Take one stereo sample; True when `filtered(d, channel)` may be read. [audio]"""
    p = d.position
    line = d.line
    line[0, p] = line[0, p + TAPS] = left
    line[1, p] = line[1, p + TAPS] = right
    d.position = 0 if p + 1 == TAPS else p + 1
    d.odd = 1 - d.odd
    return d.odd == 0


@inline
def filtered(d, channel):
    """The half-band output of `channel` at this moment. [audio]"""
    line, start, total = d.line, d.position, np.float32(0)
    taps = d.taps
    for i in range(TAPS):
        total += taps[i] * line[channel, start + i]
    return total
