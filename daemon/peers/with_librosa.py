"""librosa's onsets, beats (D. Ellis, 2007) and pYIN (M. Mauch and S. Dixon, ICASSP 2014), each over the whole sound."""

from importlib.metadata import version

import librosa
import numpy as np
import stdio


def onset(samples):
    return {"times": librosa.onset.onset_detect(y=samples, sr=stdio.RATE, units="time")}


def beat(samples):
    tempo, times = librosa.beat.beat_track(y=samples, sr=stdio.RATE, units="time")
    return {"times": times, "tempo": float(np.ravel(tempo)[0])}


def f0(samples):
    hz, voiced, _ = librosa.pyin(samples, fmin=65.4, fmax=2093.0, sr=stdio.RATE, fill_na=None)
    times = librosa.times_like(hz, sr=stdio.RATE)
    return {"times": times, "hz": hz, "voiced": voiced.astype(int)}


stdio.answer({"librosa": version("librosa")}, {"onset": onset, "beat": beat, "f0": f0})
