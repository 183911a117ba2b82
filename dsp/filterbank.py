"""Triangular filters spaced evenly in pitch, from a spectrum's bins to fewer bands that widen upwards.

Where a band would be narrower than a bin, the bin is the band. Each filter is scaled by the root of its width, so that
white noise reads the same in all. After S. Böck and G. Widmer, "Maximum filter vibrato suppression for onset detection",
DAFx 2013.
"""

import numpy as np

from dsp.kernel import inline

MOST_BANDS = 160


def dtype(frame: int) -> np.dtype:
    """The record for spectra of a `frame` of samples."""
    return np.dtype(
        [
            ("count", np.int64),
            ("start", np.int64, (MOST_BANDS,)),  # a band's first bin
            ("at", np.int64, (MOST_BANDS + 1,)),  # where its weights start, and the last one's end
            ("weight", np.float32, (2 * frame,)),
        ],
        align=True,
    )


def prepare(record, rate: float, frame: int, bands_per_octave: float, low_hz: float, high_hz: float) -> np.ndarray:
    """Fill a record of `dtype`; returns the bands' centres in Hz. [main]"""
    octaves = np.log2(high_hz / low_hz)
    wanted = low_hz * 2 ** (np.arange(int(octaves * bands_per_octave) + 1) / bands_per_octave)
    bins = np.unique(np.round(wanted * frame / rate).astype(int))
    bins = bins[(bins > 1) & (bins < frame // 2)]  # a constant offset fills bins 0 and 1 of a Hann frame
    at = 0
    for band, (left, centre, right) in enumerate(zip(bins[:-2], bins[1:-1], bins[2:], strict=True)):
        k = np.arange(left + 1, right)
        weight = np.where(k <= centre, (k - left) / (centre - left), (right - k) / (right - centre))
        record["start"][band], record["at"][band] = left + 1, at
        record["weight"][at : at + k.size] = weight / np.sqrt(weight.sum())
        at += k.size
    record["count"] = bins.size - 2
    record["at"][bins.size - 2] = at
    return bins[1:-1] * rate / frame


@inline
def apply(bank, magnitude, bands):
    """Bands (at least `bank.count`) of a spectrum's magnitudes. [audio]"""
    start, at, weight = bank.start, bank.at, bank.weight
    for b in range(bank.count):
        total = np.float32(0)
        first = start[b] - at[b]
        for i in range(at[b], at[b + 1]):
            total += weight[i] * magnitude[first + i]
        bands[b] = total
