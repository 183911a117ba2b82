"""What is done once before the first request, so that none waits for a compiler or for a network to be read."""

import contextlib
import io
import math

import numpy as np
import soundfile

from daemon.answering.analyse import analyse
from daemon.answering.bench import Bench
from daemon.answering.generate import generate
from daemon.desk.commands.services import Analyse, Generate, GivenNote
from daemon.errors import UserError

RATE = 48000


def warm(bench: Bench) -> None:
    """A short sound and a short phrase, through all that a request goes through. [worker]"""
    tone = np.array([0.1 * math.sin(0.05 * n) for n in range(RATE // 4)], np.float32)
    for channels in (1, 2):
        file = io.BytesIO()
        soundfile.write(file, np.stack([tone] * channels, axis=1), RATE, format="WAV", subtype="FLOAT")
        with contextlib.suppress(UserError), bench.clean(0):  # what is amiss, the first request says
            analyse(Analyse(sound=file.getvalue(), dense=True), bench)
    phrase = [GivenNote(beat=n, beats=1.0, midi=60 + n) for n in range(4)]
    with contextlib.suppress(UserError), bench.clean(0):
        generate(Generate(notes=phrase, bars=1), bench)
