"""SwiftF0 (L. Nieradzik, arXiv:2508.18440): as published, which waits for 176 ms; and with little of the future.

Given a number of frames of 16 ms after the script's analysis, each frame is decided when so many after it are in.
"""

import sys
from importlib.metadata import version

import numpy as np
import stdio
from swift_f0 import SwiftF0

RATE, HOP, PAST = 16000, 256, 11

model = SwiftF0(threads=1, spin=False)
ahead = int(sys.argv[2]) if len(sys.argv) > 2 else None


def f0(samples):
    if ahead is None:
        found = model.detect(samples, RATE)
        hz, confidence = found.pitch_hz, found.confidence
    else:
        hz, confidence = np.zeros((2, len(samples) // HOP))
        for k in range(len(hz)):
            first = max(0, k - PAST)
            heard = model.detect(samples[first * HOP : (k + 1 + ahead) * HOP], RATE)
            hz[k], confidence[k] = heard.pitch_hz[k - first], heard.confidence[k - first]
    times = np.arange(len(hz)) * HOP / RATE
    heard = {"times": times, "hz": hz, "voiced": (confidence >= 0.5).astype(int)}
    if ahead is not None:
        heard["known"] = times + (ahead + 1) * HOP / RATE
    return heard


stdio.answer({"swift-f0": version("swift-f0")}, {"f0": f0}, RATE)
