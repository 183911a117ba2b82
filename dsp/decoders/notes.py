"""Notes: each key of the piano by itself, struck where its attack peaks, held while it sounds.

The rule of C. Hawthorne et al., "Onsets and frames", ISMIR 2018 (no note without an attack; it lasts while its frames
sound), run online: an attack is taken at its peak, one frame late, and a note is let go when it has been below a lower
threshold for some frames. A key that is struck again ends its note first (the states of T. Kwon, D. Jeong and J. Nam,
"Polyphonic piano transcription using autoregressive multi-state note model", ISMIR 2020: off, on, held, struck again).
"""

import numpy as np

from dsp.activations import FRAMES_HZ, LATE_S, LOWEST, PITCHES
from dsp.decoders.sink import emit
from dsp.hop import NOTE_OFF, NOTE_ON
from dsp.kernel import inline, zeros

ATTACK = 0.40  # least activation of an attack
SOUND = 0.35  # below it a note may be over
STRUCK_FRAMES = 12  # after an attack in which what sounds is not looked at: it shows later
GONE_FRAMES = 3  # below SOUND for so long: let go
APART_FRAMES = 5  # a key is no sooner struck again
GHOST = 0.35  # of the attack an octave or a twelfth below: as weak as this, it is that note's overtone
OVERTONES = np.array([12, 19, 24])
WAITED = 1.0  # frames from the end of the one with the peak to the end of the one that shows it
AT_ONCE = 16  # attacks in one frame

STATE = np.dtype(
    [
        ("attack_late", np.float64),  # samples, as are the next two
        ("sound_late", np.float64),
        ("frame", np.float64),
        ("rows", np.int64),  # so far
        ("attack", np.float32, (3, PITCHES)),  # ring
        ("velocity", np.float32, (3, PITCHES)),
        ("sounds", np.int64, (PITCHES,)),  # 1 while a note is on
        ("began", np.int64, (PITCHES,)),  # sample
        ("age", np.int64, (PITCHES,)),  # frames since its attack was decided
        ("gone", np.int64, (PITCHES,)),  # frames below SOUND
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an engine rate in Hz. [main]"""
    state = zeros(STATE)
    state["frame"] = rate / FRAMES_HZ
    state["attack_late"] = LATE_S["attack"] * rate
    state["sound_late"] = LATE_S["sounding"] * rate
    state["age"] = 1 << 40
    return state


@inline
def _stop(s, p, when, end, out):
    """Let key `p` go at sample `when`. [worker]"""
    s.sounds[p] = 0
    emit(out, NOTE_OFF, max(when, s.began[p] + 1), end, LOWEST + p, np.float32(0), np.float32(0), np.float32(0))


@inline
def _is_ghost(attack, p):
    """Whether an attack is the overtone of a stronger one. [worker]"""
    for k in range(OVERTONES.size):
        below = p - OVERTONES[k]
        if below >= 0 and attack[p] < np.float32(GHOST) * attack[below]:
            return True
    return False


@inline
def _strike(s, p, when, end, out):
    """Begin a note at sample `when`, ending the one that sounds. [worker]"""
    when = max(np.int64(0), when)
    if s.sounds[p] == 1:
        when = max(when, s.began[p] + 2)
        _stop(s, p, when - 1, end, out)
    v = np.float32(0)
    for k in range(3):
        v = max(v, s.velocity[k, p])
    s.sounds[p] = 1
    s.began[p] = when
    s.age[p] = s.gone[p] = 0
    velocity = min(np.float32(127), max(np.float32(1), np.floor(np.float32(127) * v + np.float32(0.5))))
    hz = np.float32(440) * np.exp2(np.float32(LOWEST + p - 69) / np.float32(12))
    emit(out, NOTE_ON, when, end, LOWEST + p, np.float32(0), velocity, hz)


@inline
def decode(s, row, end, out):
    """Take the row of the frame that ended at sample `end`. [worker]

    Emits NOTE_ON: MIDI number, cents (0), velocity 1..127, f0 in Hz; NOTE_OFF: MIDI number.
    """
    newest = s.rows
    s.rows = newest + 1
    attack = s.attack[newest % 3]
    for p in range(PITCHES):
        attack[p] = row.attack[p]
        s.velocity[newest % 3, p] = row.velocity[p]
    here, before = s.attack[(newest - 1) % 3], s.attack[(newest - 2) % 3]
    struck = 0
    for p in range(PITCHES):
        s.age[p] += 1
        if s.sounds[p] == 1 and s.age[p] > STRUCK_FRAMES:
            s.gone[p] = s.gone[p] + 1 if row.sounding[p] < np.float32(SOUND) else 0
            if s.gone[p] >= GONE_FRAMES:
                back = np.float64(s.gone[p] - 1) * s.frame + s.sound_late
                _stop(s, p, end - np.int64(back + 0.5), end, out)
        peak = here[p]
        if peak < np.float32(ATTACK) or peak < before[p] or peak <= attack[p]:
            continue
        if s.age[p] < APART_FRAMES or struck >= AT_ONCE or _is_ghost(here, p):
            continue
        curve = before[p] - np.float32(2) * peak + attack[p]
        shift = np.float32(0.5) * (before[p] - attack[p]) / min(curve, np.float32(-1e-6))
        _strike(s, p, end + np.int64(np.floor((np.float64(shift) - WAITED) * s.frame - s.attack_late + 0.5)), end, out)
        struck += 1


@inline
def close(s, end, out):
    """Let everything go at sample `end`: what is played from here must not hang. [worker]"""
    for p in range(PITCHES):
        if s.sounds[p] == 1:
            _stop(s, p, end, end, out)
