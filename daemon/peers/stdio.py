"""How a peer is asked: paths of sound on standard input, a JSON object for each on standard output.

The scripts beside this one are run by the Python of the peer's own environment (3.8 or newer), and import nothing of
jamd's. A line of the answer is what was heard, all times in seconds, and `cpu_s`; or `error`. By analysis:

    onset   times, known                       known: when it was decided, absent where the peer looks ahead
    beat    times, known, downbeats, downbeats_known, tempo      of which a peer gives what it has
    notes   notes [[start, end, MIDI] ...], known
    f0      times, hz, voiced [0 or 1]
    chord   times, names (Harte's), known      each chord lasts until the next one's time
    key     name ("C major")
"""

import contextlib
import json
import os
import sys
import time

import numpy as np
import soundfile

RATE = 44100


def sound(path, rate=RATE):
    """The mean of a file's channels at `rate` Hz, float32."""
    samples, own = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    if own == rate:
        return mono
    import soxr

    return soxr.resample(mono, own, rate).astype(np.float32)


def _plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def answer(versions, hears, rate=RATE):
    """Answer for all the files named. `hears`: analysis -> function of the samples that returns what is said above.

    The first argument is the analysis. Loading a file is not counted, and two seconds of noise go first, so that
    neither is what is compiled or loaded at the first call.
    """
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer

    def say(line):
        print(json.dumps(line, default=_plain), file=out, flush=True)

    hear = hears[sys.argv[1]]
    say({"versions": versions})
    with contextlib.suppress(Exception):  # whoever cannot hear noise may still hear music
        hear(np.random.default_rng(1).normal(0, 0.1, 2 * rate).astype(np.float32))
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            samples = sound(path, rate)
            start = time.process_time()
            heard = hear(samples)
            say({"audio": path, "cpu_s": time.process_time() - start, **heard})
        except Exception as error:
            say({"audio": path, "error": " ".join(f"{type(error).__name__}: {error}".split())})
