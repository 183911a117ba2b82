"""madmom (S. Boeck et al., ACM MM 2016): its online networks; and, given `whole`, those that hear the whole sound first.

Online, its frames end at the time they tell of, so a beat or an onset is known when it is said to be.
"""

import sys
from importlib.metadata import version

import numpy as np
import stdio
from madmom.audio.signal import Signal
from madmom.features import beats, chords, downbeats, key, onsets

FPS = 100


def signal(samples):
    return Signal(samples, sample_rate=stdio.RATE, num_channels=1)


def once(make):
    """Call `make` at the first use: a network takes long to load, and only one is asked."""
    made = []

    def get():
        if not made:
            made.append(make())
        return made[0]

    return get


online_onset = once(lambda: onsets.RNNOnsetProcessor(online=True))
online_beat = once(lambda: beats.RNNBeatProcessor(online=True))
whole_onset = once(onsets.RNNOnsetProcessor)
whole_beat = once(downbeats.RNNDownBeatProcessor)
whole_key = once(key.CNNKeyRecognitionProcessor)
whole_chord = once(lambda: (chords.CNNChordFeatureProcessor(), chords.CRFChordRecognitionProcessor()))


def onset_now(samples):
    """As its program OnsetDetectorLL."""
    picking = onsets.OnsetPeakPickingProcessor(online=True, fps=FPS, threshold=0.23, pre_max=1 / FPS)
    times = picking(online_onset()(signal(samples)))
    return {"times": times, "known": times}


def beat_now(samples):
    tracker = beats.DBNBeatTrackingProcessor(fps=FPS, online=True)
    activations = online_beat()(signal(samples))
    times = np.concatenate([np.ravel(tracker.process_online(a[None], reset=False)) for a in activations] or [[]])
    return {"times": times, "known": times}


def onset(samples):
    """As its program OnsetDetector."""
    picking = onsets.OnsetPeakPickingProcessor(fps=FPS, threshold=0.35, smooth=0.07)
    return {"times": picking(whole_onset()(signal(samples)))}


def beat(samples):
    found = downbeats.DBNDownBeatTrackingProcessor(beats_per_bar=[3, 4], fps=FPS)(whole_beat()(signal(samples)))
    return {"times": found[:, 0], "downbeats": found[found[:, 1] == 1, 0]}


def key_of(samples):
    name = key.key_prediction_to_label(whole_key()(signal(samples)))
    return {"name": name}


def chord(samples):
    features, field = whole_chord()
    found = field(features(signal(samples)))
    return {"times": found["start"], "names": found["label"].tolist()}


whole = len(sys.argv) > 2
hears = (
    {"onset": onset, "beat": beat, "key": key_of, "chord": chord} if whole else {"onset": onset_now, "beat": beat_now}
)
stdio.answer({"madmom": version("madmom"), "numpy": np.__version__}, hears)
