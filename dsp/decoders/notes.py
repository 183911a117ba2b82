"""Notes: each key of the piano by itself, struck where its attack peaks, held while it sounds.

After C. Hawthorne et al., "Onsets and frames", ISMIR 2018, run online: a faint attack is a note once its key is heard to
sound, a sure one at its peak, one frame late; and a note is let go when it has been below a lower threshold for some
frames. Unlike there, what sounds on without an attack is a note too: bows and breath begin softly. A key that is struck
again ends its note first (the states of T. Kwon, D. Jeong and J. Nam, "Polyphonic piano transcription using autoregressive
multi-state note model", ISMIR 2020: off, on, held, struck again).
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S, LOWEST, PITCHES
from dsp.decoders.sink import emit
from dsp.hop import NOTE_OFF, NOTE_ON
from dsp.kernel import inline, zeros

SURE, FAINT = 0.7, 0.15  # least activation of an attack: that needs no more, and that must be heard to sound
AGAIN = 0.4  # of an attack on a key that sounds already
CLEAR = 0.78  # how surely the key of a faint attack must sound
WAIT_FRAMES = 7  # for so long after it
SOFT, SOFT_FRAMES = 0.5, 12  # what sounds so surely for so long is a note without an attack
SOFT_LATE_S = 0.035  # how long after its beginning such a note sounds so surely
OVER, OVER_FRAMES = 0.45, 4  # below that for so long: let go
STRUCK_FRAMES = 6  # after a note was decided in which it is not let go: what sounds may show later
APART_FRAMES = 5  # a key is no sooner struck again
AT_ONCE = 16  # notes that begin in one frame

STATE = np.dtype(
    [
        ("attack_late", np.float64),  # samples, as are the next three
        ("sound_late", np.float64),
        ("soft_late", np.float64),
        ("frame", np.float64),
        ("rows", np.int64),  # so far
        ("attack", np.float32, (3, PITCHES)),  # ring
        ("velocity", np.float32, (3, PITCHES)),
        ("waits", np.int64, (PITCHES,)),  # frames that an attack goes on waiting for its sound; 0 = there is none
        ("peak", np.float32, (PITCHES,)),  # its activation
        ("struck", np.int64, (PITCHES,)),  # its sample
        ("loud", np.float32, (PITCHES,)),  # its velocity, 0..1
        ("soft", np.int64, (PITCHES,)),  # frames that a key has sounded without a note
        ("sounds", np.int64, (PITCHES,)),  # 1 while a note is on
        ("began", np.int64, (PITCHES,)),  # sample
        ("age", np.int64, (PITCHES,)),  # frames since its note was decided
        ("over", np.int64, (PITCHES,)),  # frames below OVER
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["frame"] = rate / FRAMES_HZ
    state["attack_late"] = LATE_S["attack"] * rate
    state["sound_late"] = LATE_S["sounding"] * rate
    state["soft_late"] = (LATE_S["sounding"] + SOFT_LATE_S) * rate
    state["age"] = 1 << 40
    return state


@inline
def _stop(s, p, when, end, out):
    """Let key `p` go at sample `when`. [worker]"""
    s.sounds[p] = 0
    emit(out, NOTE_OFF, max(when, s.began[p] + 1), end, LOWEST + p, np.float32(0), np.float32(0), np.float32(0))


@inline
def _begin(s, p, when, loud, end, out):
    """Begin a note at sample `when`, ending the one that sounds. [worker]"""
    when = max(np.int64(0), when)
    if s.sounds[p] == 1:
        when = max(when, s.began[p] + 2)
        _stop(s, p, when - 1, end, out)
    s.sounds[p] = 1
    s.began[p] = when
    s.age[p] = s.over[p] = s.soft[p] = s.waits[p] = 0
    velocity = min(np.float32(127), max(np.float32(1), np.floor(np.float32(127) * loud + np.float32(0.5))))
    hz = np.float32(440) * np.exp2(np.float32(LOWEST + p - 69) / np.float32(12))
    emit(out, NOTE_ON, when, end, LOWEST + p, np.float32(0), velocity, hz)


@inline
def _watch(s, p, end):
    """Take an attack that peaked one frame ago; the greatest of those that wait counts. [worker]"""
    now = s.rows - 1
    before, here, after = s.attack[(now - 2) % 3, p], s.attack[(now - 1) % 3, p], s.attack[now % 3, p]
    if s.waits[p] > 0:
        s.waits[p] -= 1
    if here < np.float32(FAINT) or here < before or here <= after or (s.waits[p] > 0 and here <= s.peak[p]):
        return
    curve = before - np.float32(2) * here + after  # below 0: it is a peak
    shift = np.float32(0.5) * (before - after) / min(curve, np.float32(-1e-6))
    s.struck[p] = end + np.int64(np.floor((np.float64(shift) - 1.0) * s.frame - s.attack_late + 0.5))
    s.peak[p] = here
    s.loud[p] = max(s.velocity[0, p], s.velocity[1, p], s.velocity[2, p])
    s.waits[p] = WAIT_FRAMES


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits NOTE_ON: MIDI number, cents (0), velocity 1..127, f0 in Hz; NOTE_OFF: MIDI number.
    """
    now, begun = s.rows, 0
    s.rows = now + 1
    for p in range(PITCHES):
        s.attack[now % 3, p] = row.attack[p]
        s.velocity[now % 3, p] = row.velocity[p]
    for p in range(PITCHES):
        sound = row.sounding[p]
        s.age[p] += 1
        if s.sounds[p] == 1:
            s.over[p] = s.over[p] + 1 if sound < np.float32(OVER) and s.age[p] > STRUCK_FRAMES else 0
            if s.over[p] >= OVER_FRAMES:
                _stop(s, p, end - np.int64((s.over[p] - 1) * s.frame + s.sound_late + 0.5), end, out)
        s.soft[p] = s.soft[p] + 1 if s.sounds[p] == 0 and sound >= np.float32(SOFT) else 0
        _watch(s, p, end)
        if s.age[p] < APART_FRAMES or begun >= AT_ONCE:
            continue
        least = np.float32(AGAIN) if s.sounds[p] == 1 else np.float32(FAINT)
        if s.waits[p] > 0 and (s.peak[p] >= np.float32(SURE) or (s.peak[p] >= least and sound >= np.float32(CLEAR))):
            _begin(s, p, s.struck[p], s.loud[p], end, out)
            begun += 1
        elif s.soft[p] >= SOFT_FRAMES:
            when = end - np.int64((s.soft[p] - 1) * s.frame + s.soft_late + 0.5)
            _begin(s, p, when, max(row.velocity[p], s.velocity[(now - 1) % 3, p]), end, out)
            begun += 1
