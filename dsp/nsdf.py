"""YIN's difference function, normalised: how alike the newest sound is to itself some lag ago, for every lag at once.

    value(lag) = 1 - sum (x[j] - x[j - lag])^2 / sum (x[j]^2 + x[j - lag]^2),   j over the newest samples

so 1 is perfect repetition, 0 none. The numerator is YIN's difference function (A. de Cheveigne and H. Kawahara, "YIN, a
fundamental frequency estimator for speech and music", JASA 111(4), 2002, eq. 6); the normalisation is that of
P. McLeod and G. Wyvill, "A smarter way to find pitch", ICMC 2005.

It is kept up hop by hop, at half the analysis rate: each hop adds its own products, one for each sample and lag, and
the window's sum is that of its newest hops. That takes less time than an FFT long enough would.
"""

import numpy as np

from dsp.hop import HOP
from dsp.kernel import inline

LOWEST_HZ = 39.0
N = HOP // 2  # samples a hop has here, at half the analysis rate
TAPS = 23
MAX_LAGS = 832  # for 64 kHz
MAX_WINDOW = 6  # hops
LINE = MAX_WINDOW * N + MAX_LAGS + 1
WINDOW_S = 0.0225
FLOOR = 1e-5  # keeps silence at 0; what a window at -80 dB below full scale holds
DC_HZ = 20.0

NSDF = np.dtype(
    [
        ("lags", np.int64),  # in use, a multiple of 8
        ("window", np.int64),  # hops
        ("newest", np.int64),  # row of `products`
        ("taps", np.float32, (TAPS,)),  # half-band low-pass
        ("dc_pole", np.float32),
        ("dc_in", np.float32),
        ("dc_out", np.float32),
        ("line", np.float32, (LINE,)),  # newest samples at half rate, without DC, newest last
        ("energy", np.float64, (LINE,)),  # running sum of their squares
        ("products", np.float32, (MAX_WINDOW, MAX_LAGS)),  # per hop: sum of x[j] x[j - lag], longest lag first
        ("value", np.float32, (MAX_LAGS,)),  # by lag
        ("power", np.float32),  # mean square of the window
    ],
    align=True,
)


def prepare(record, rate: float) -> None:
    """Set up a zeroed record for an analysis rate in Hz. [main]"""
    record["lags"] = min(MAX_LAGS, int(np.ceil((rate / 2 / LOWEST_HZ + 2) / 8)) * 8)
    record["window"] = min(MAX_WINDOW, round(WINDOW_S * rate / HOP))
    k = np.arange(TAPS) - TAPS // 2
    taps = np.sinc(k / 2) * np.kaiser(TAPS, 5.0)
    record["taps"] = taps / taps.sum()
    record["dc_pole"] = np.exp(-2 * np.pi * DC_HZ / (rate / 2))


@inline
def update(s, hop):
    """Take the hop's newest samples in and bring `s.value` and `s.power` up to date. [audio]"""
    _append(s, hop)
    s.newest = (s.newest + 1) % MAX_WINDOW
    lags = s.lags
    _correlate(s.line, s.products[s.newest], lags)
    _normalise(s, lags)


@inline
def _append(s, hop):
    """Halve the rate of the newest hop, take DC away, and append it to the line. [audio]"""
    line, energy, taps = s.line, s.energy, s.taps
    base = energy[N]
    for i in range(LINE - N):
        line[i] = line[i + N]
        energy[i] = energy[i + N] - base
    x = hop.samples[hop.head - HOP - TAPS + 1 : hop.head]
    pole, last_in, last_out = s.dc_pole, s.dc_in, s.dc_out
    total = energy[LINE - N - 1]
    for i in range(N):
        v = np.float32(0)
        for k in range(TAPS):
            v += taps[k] * x[2 * i + 1 + k]
        last_out = v - last_in + pole * last_out
        last_in = v
        line[LINE - N + i] = last_out
        total += np.float64(last_out) * last_out
        energy[LINE - N + i] = total
    s.dc_in, s.dc_out = last_in, last_out


@inline
def _correlate(line, products, lags):
    """The newest hop's products with the sound each lag ago; longest lag first, so all runs forwards. [audio]"""
    for u in range(lags):
        products[u] = np.float32(0)
    for j in range(LINE - N, LINE, 8):
        a, b, c, d = line[j], line[j + 1], line[j + 2], line[j + 3]
        e, f, g, h = line[j + 4], line[j + 5], line[j + 6], line[j + 7]
        x = line[j - lags + 1 : j + 8]
        for u in range(lags):
            early = a * x[u] + b * x[u + 1] + c * x[u + 2] + d * x[u + 3]
            products[u] += early + e * x[u + 4] + f * x[u + 5] + g * x[u + 6] + h * x[u + 7]


@inline
def _normalise(s, lags):
    """`value` from the window's products and energies. [audio]"""
    value, products, energy = s.value, s.products, s.energy
    for lag in range(lags):
        value[lag] = np.float32(0)
    for k in range(s.window):
        row = products[(s.newest - k) % MAX_WINDOW]
        for lag in range(lags):
            value[lag] += row[lags - 1 - lag]
    size, end = s.window * N, LINE - 1
    own = energy[end] - energy[end - size]
    for lag in range(lags):
        then = energy[end - lag] - energy[end - lag - size]
        value[lag] = np.float32(2) * value[lag] / np.float32(own + then + FLOOR)
    s.power = np.float32(own / size)
