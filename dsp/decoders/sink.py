"""Sink: where decoders put the events they decide."""

import numpy as np

from dsp.hop import EVENT
from dsp.kernel import inline, zeros

EVENTS = 128  # more than one row may give: every key let go, sixteen struck, and one each of the rest

SINK = np.dtype(
    [
        ("n", np.int64),
        ("lost", np.int64),  # emitted beyond EVENTS
        ("events", EVENT, (EVENTS,)),  # the first n
    ],
    align=True,
)


def prepare() -> np.ndarray:
    """An empty sink. [main]"""
    return zeros(SINK)


@inline
def emit(out, kind, sample_time, known_at, a, b, c, d):
    """Add an event; `a` to `d` are its first four values, the others 0. [worker]"""
    n = out.n
    if n >= EVENTS:
        out.lost += 1
        return
    event = out.events[n]
    event.kind = kind
    event.sample_time = sample_time
    event.known_at = known_at
    value = event.value
    value[0], value[1], value[2], value[3] = a, b, c, d
    out.n = n + 1
