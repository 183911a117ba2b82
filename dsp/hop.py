"""The hop: what every analyser reads and writes, once per `HOP` samples. One record, shared, preallocated.

Conventions: `analysis rate` is the engine's rate, or half of it above 64 kHz (dsp/decimate.py), so it always lies
between 32 and 64 kHz and every size below is constant. All times inside dsp are int64 samples at the analysis rate since
the stream opened; only the engine turns them into engine samples. `hop.end` is the time just after the newest sample.
"""

import numpy as np

from dsp.kernel import inline

HOP = 256  # samples between analyses, at the analysis rate
FRAME = 2048  # samples in the shared spectrum's frame
BINS = FRAME // 2 + 1
HISTORY = 16384  # newest samples that an analyser may look back on

EVENTS_PER_HOP = 16

ONSET, NOTE_ON, NOTE_OFF, BEAT, CHORD, KEY, SECTION, F0 = range(1, 9)
"""Kinds of event; what each puts in `value` stands beside its analyser's `emit` call and in daemon/messages.py."""

BUILD_UP, DROP, BREAK, BOUNDARY = range(4)  # the kinds of SECTION

EVENT = np.dtype(
    [
        ("sample_time", np.int64),  # when it happened, or will happen
        ("known_at", np.int64),  # when it was decided: the end of the hop that did
        ("kind", np.int32),
        ("value", np.float32, (11,)),
    ],
    align=True,
)
assert EVENT.itemsize == 64

FEATURES = np.dtype(
    [
        ("sample_time", np.int64),  # end of the hop
        ("spectrum_time", np.int64),  # centre of the shared frame
        ("f0_time", np.int64),  # centre of what the f0 was measured on
        ("chroma_time", np.int64),
        ("peak", np.float32),  # of the hop, 1.0 = full scale
        ("rms", np.float32),
        ("momentary_lufs", np.float32),  # 400 ms
        ("short_term_lufs", np.float32),  # 3 s
        ("low", np.float32),  # lighting bands, 0..1
        ("mid", np.float32),
        ("high", np.float32),
        ("centroid_hz", np.float32),
        ("flatness", np.float32),  # 0 tone .. 1 noise
        ("onset_strength", np.float32),
        ("f0_hz", np.float32),  # 0 = no pitch found at all; else the best candidate, voiced or not
        ("f0_confidence", np.float32),  # 0..1
        ("voiced", np.float32),  # 1 when the tracker calls the frame voiced
        ("tuning_cents", np.float32),  # deviation of the music's A from 440 Hz
        ("tempo_bpm", np.float32),
        ("beat_phase", np.float32),  # [0, 1)
        ("beat_confidence", np.float32),
        ("chroma", np.float32, (12,)),  # from C, largest bin 1 (all zero in silence)
    ],
    align=True,
)

HOP_STATE = np.dtype(
    [
        ("rate", np.float64),  # analysis rate, Hz
        ("index", np.int64),  # hops so far
        ("end", np.int64),  # analysis samples so far
        ("channels", np.int64),  # 1 or 2
        ("head", np.int64),  # samples[head - n:head] are the newest n samples, n <= HISTORY
        ("left", np.float32, (HOP,)),  # the hop's newest samples by channel (equal for mono)
        ("right", np.float32, (HOP,)),
        ("samples", np.float32, (2 * HISTORY,)),  # mono
        ("re", np.float32, (BINS,)),  # shared spectrum: Hann, FRAME samples, unscaled
        ("im", np.float32, (BINS,)),
        ("magnitude", np.float32, (BINS,)),  # scaled: a full-scale sine peaks at 1
        ("harmony", np.float32, (12,)),  # unscaled chroma, from C; chroma writes, chord and key read
        ("bass", np.float32, (12,)),  # the same of the lowest voices alone
        ("chroma_is_new", np.int64),  # 1 in a hop whose chroma was looked at anew
        ("features", FEATURES),
        ("n_events", np.int64),
        ("lost_events", np.int64),  # emitted beyond EVENTS_PER_HOP
        ("events", EVENT, (EVENTS_PER_HOP,)),
    ],
    align=True,
)


@inline
def push(hop):
    """Append the mono mix of `hop.left` and `hop.right` to the history and advance the time. [audio]"""
    samples, head = hop.samples, hop.head
    if head + HOP > samples.size:
        samples[:HISTORY] = samples[head - HISTORY : head]
        head = HISTORY
    left, right = hop.left, hop.right
    for i in range(HOP):
        samples[head + i] = np.float32(0.5) * (left[i] + right[i])
    hop.head = head + HOP
    hop.end += HOP
    hop.index += 1
    hop.n_events = 0


@inline
def emit(hop, kind, sample_time, a, b, c, d, e):
    """Queue an event known now; `a` to `e` are its first five values. [audio]"""
    n = hop.n_events
    if n >= EVENTS_PER_HOP:
        hop.lost_events += 1
        return
    event = hop.events[n]
    event.kind = kind
    event.sample_time = sample_time
    event.known_at = hop.end
    value = event.value
    value[0], value[1], value[2], value[3], value[4] = a, b, c, d, e
    hop.n_events = n + 1
