"""PESTO (A. Riou et al., ISMIR 2023): a constant-Q frame at a time, whose lowest filters wait for long."""

import sys
import types
from importlib.metadata import version

import numpy as np
import stdio
import torch

sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))  # it is for files alone

import pesto  # noqa: E402

STEP_S = 0.01

torch.set_num_threads(1)


def f0(samples):
    _, hz, confidence, _ = pesto.predict(torch.from_numpy(samples), stdio.RATE, step_size=STEP_S * 1000)
    return {"times": np.arange(len(hz)) * STEP_S, "hz": hz.numpy(), "voiced": (confidence >= 0.5).int().numpy()}


stdio.answer({"pesto-pitch": version("pesto-pitch"), "torch": torch.__version__}, {"f0": f0})
