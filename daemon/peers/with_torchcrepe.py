"""CREPE's tiny model (J. W. Kim et al., ICASSP 2018) by torchcrepe: each frame by itself, which waits for its later half."""

import sys
import types
from importlib.metadata import version

import numpy as np
import stdio
import torch

sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))  # it is for files alone

import torchcrepe  # noqa: E402

RATE, HOP, FRAME = 16000, 160, 1024

torch.set_num_threads(1)


def f0(samples):
    hz, confidence = torchcrepe.predict(
        torch.from_numpy(samples)[None],
        RATE,
        HOP,
        fmin=32.7,
        fmax=1975.0,
        model="tiny",
        decoder=torchcrepe.decode.weighted_argmax,
        return_periodicity=True,
        batch_size=512,
    )
    times = np.arange(hz.shape[1]) * HOP / RATE
    voiced = (confidence[0] >= 0.5).int().numpy()
    return {"times": times, "hz": hz[0].numpy(), "voiced": voiced, "known": times + FRAME / 2 / RATE}


stdio.answer({"torchcrepe": version("torchcrepe"), "torch": torch.__version__}, {"f0": f0}, RATE)
