"""Notes: where the f0 track starts, holds, changes and stops, as NOTE_ON and NOTE_OFF.

A run is a stretch of voiced hops that stay within half a semitone. A run that lasts becomes a note when none sounds,
when it lies away from the sounding note's pitch (the nearer, the longer: vibrato swings back before that), or when an
attack fell at its start. An attack is a rise of many bands at once (spectral flux in dB), and a smaller one counts
where the f0 tracker's confidence broke: a repeated note begins its period anew even when its level hardly moves.

One note sounds at a time. NOTE_ON: MIDI number, deviation in cents, velocity 1..127, f0 in Hz. NOTE_OFF: MIDI number.
Velocity follows level as General MIDI's concave curve does, 40 log10(velocity / 127) dB, full scale at 127.
"""

import numpy as np

from dsp.hop import FRAME, HOP, HOP_STATE, NOTE_OFF, NOTE_ON, emit
from dsp.kernel import inline, kernel, record_at, zeros

BANDS = 16
LOWEST_HZ, HIGHEST_HZ = 60.0, 10000.0
RISE_HOPS = 4  # a rise is seen across half the shared frame
FLOOR = 3e-4  # magnitude summed over a band that counts as nothing: -70 dB
NEGLIGIBLE = 0.003  # against the loudest band
LOUDEST_FALL_DB_S = 45.0
SURE_RISE_DB, BROKEN_RISE_DB, BROKEN_CONFIDENCE = 4.0, 2.0, 0.8
MEMORY = 8  # hops over which confidence is looked back on
NEAR, SAME = 0.45, 0.65  # semitones: within a run; from the note that sounds
GLIDE_S = 26.0  # semitones per second: a pitch that moves so fast says nothing yet
STEP = 1.5  # semitones: a change beyond it is no vibrato

SECONDS = {
    "start": 0.010,  # a run lasts this long to become a note
    "change": 0.040,  # ... when it is within STEP of the sounding note
    "repeat": 0.040,  # ... when it has the sounding note's own pitch: the last note may ring on into the attack
    "stop": 0.040,  # unvoiced this long, the note is over
    "apart": 0.100,  # attacks are no closer than this, and a note is no sooner repeated
    "attack": 0.025,  # from an attack to the end of the hop that shows it
    "late": 0.010,  # from a start to the f0 time of the first hop that follows it
    "patience": 0.150,  # an attack waits this long for its pitch
}

STATE = np.dtype(
    [
        *((name, np.int64) for name in SECONDS),  # samples
        ("glide", np.float32),  # semitones per hop
        ("loudest_fall", np.float32),  # factor per hop
        ("edge", np.int64, (BANDS + 1,)),  # bins
        ("level", np.float32, (RISE_HOPS, BANDS)),  # dB, ring
        ("held", np.float32, (BANDS,)),  # magnitude per band
        ("loudest", np.float32),
        ("power", np.float32, (MEMORY,)),
        ("confidence", np.float32, (MEMORY,)),
        ("rising", np.int64),
        ("attack_time", np.int64),
        ("attack_waits", np.int64),
        ("run_hops", np.int64),
        ("run_start", np.int64),
        ("run_pitch", np.float32),
        ("last_pitch", np.float32),
        ("sure", np.float32),  # samples since run and attack began, weighed by confidence squared and steadiness
        ("last_voiced", np.int64),
        ("sounds", np.int64),
        ("note", np.float32),  # MIDI number of the sounding note
        ("pitch", np.float32),  # where it really lies
        ("note_start", np.int64),
        ("free_from", np.int64),  # the last note's end: the next begins no earlier
    ],
    align=True,
)


def prepare(rate: float) -> np.ndarray:
    """State for an analysis rate in Hz. [main]"""
    state = zeros(STATE)
    for name, seconds in SECONDS.items():
        state[name] = round(seconds * rate)
    state["glide"] = GLIDE_S * HOP / rate
    state["loudest_fall"] = 10 ** (-LOUDEST_FALL_DB_S / 20 * HOP / rate)
    state["edge"] = np.round(np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * FRAME / rate)
    state["level"] = 20 * np.log10(FLOOR)
    state["attack_time"] = state["last_voiced"] = -(1 << 40)
    return state


@inline
def _rise(s, hop):
    """Mean over the bands of how many dB each rose over RISE_HOPS hops; far below the loudest, none does. [audio]"""
    magnitude, held = hop.magnitude, s.held
    loudest = s.loudest * s.loudest_fall
    for b in range(BANDS):
        total = np.float32(0)
        for k in range(s.edge[b], s.edge[b + 1]):
            total += magnitude[k]
        held[b] = total
        loudest = max(loudest, total)
    s.loudest = loudest
    floor = max(np.float32(FLOOR), np.float32(NEGLIGIBLE) * loudest)
    before, rise = s.level[hop.index % RISE_HOPS], np.float32(0)
    for b in range(BANDS):
        level = np.float32(20) * np.log10(held[b] + floor)
        rise += max(np.float32(0), level - before[b])
        before[b] = level
    return rise / BANDS


@inline
def _watch_attack(s, hop):
    """Note the time of an attack. [audio]"""
    rise = _rise(s, hop)
    s.confidence[hop.index % MEMORY] = hop.features.f0_confidence
    lowest = np.float32(1)
    for k in range(MEMORY):
        lowest = min(lowest, s.confidence[k])
    rising = rise > SURE_RISE_DB or (rise > BROKEN_RISE_DB and lowest < BROKEN_CONFIDENCE)
    when = hop.end - s.attack
    if rising and s.rising == 0 and when - s.attack_time > s.apart:
        s.attack_time = when
        s.attack_waits = 1
        s.sure = np.float32(0)
    s.rising = 1 if rising else 0
    if when - s.attack_time > s.patience:
        s.attack_waits = 0


@inline
def _velocity(s, hop):
    """1..127 from the loudest of the last hops. [audio]"""
    loudest = np.float32(0)
    for k in range(MEMORY):
        loudest = max(loudest, s.power[k])
    amplitude = np.sqrt(np.float32(2) * loudest)  # a full-scale sine's is 1
    return min(np.float32(127), max(np.float32(1), np.floor(np.float32(127) * np.sqrt(amplitude) + np.float32(0.5))))


@inline
def _follow(s, pitch, confidence, now):
    """Let the run take in a voiced hop. [audio]"""
    if s.run_hops > 0 and abs(pitch - s.run_pitch) < np.float32(NEAR):
        s.run_hops += 1
        s.run_pitch += (pitch - s.run_pitch) / min(s.run_hops, MEMORY)
    else:
        s.run_hops = 1
        s.run_pitch = pitch
        s.run_start = now
        s.sure = np.float32(0)
    steady = np.float32(1) - abs(pitch - s.last_pitch) / s.glide
    s.sure += max(np.float32(0), steady) * confidence * confidence * np.float32(HOP)
    s.last_pitch = pitch


@inline
def _stop(s, hop, when):
    """End the sounding note. [audio]"""
    s.free_from = max(when, s.note_start + 1)
    emit(hop, NOTE_OFF, s.free_from, s.note, 0.0, 0.0, 0.0, 0.0)
    s.sounds = 0


@inline
def _start(s, hop, when):
    """Begin a note with the run's pitch, ending the one before. [audio]"""
    if s.sounds == 1:
        _stop(s, hop, when)
    when = max(when, s.free_from)
    pitch = s.run_pitch
    s.note = min(np.float32(127), max(np.float32(0), np.floor(pitch + np.float32(0.5))))
    s.pitch = pitch
    s.note_start = when
    s.sounds = 1
    hz = np.float32(440) * np.exp2((pitch - np.float32(69)) / np.float32(12))
    emit(hop, NOTE_ON, when, s.note, np.float32(100) * (pitch - s.note), _velocity(s, hop), hz, 0.0)


@inline
def _decide(s, hop):
    """Make the run a note where it is one. [audio]"""
    away = abs(s.run_pitch - s.pitch)
    if s.attack_waits == 1 and s.run_start - s.attack_time < s.patience:
        again = s.sounds == 1 and away <= SAME
        if s.sure >= (s.repeat if again else s.start):
            s.attack_waits = 0
            if not again or s.attack_time - s.note_start > s.apart:
                _start(s, hop, s.attack_time)
        return
    if s.sounds == 0:
        if s.sure >= s.start:
            _start(s, hop, s.run_start - s.late)
    elif away <= SAME:
        s.pitch += np.float32(0.02) * (s.run_pitch - s.pitch)
    elif s.sure >= (s.start if away > STEP else s.change):
        _start(s, hop, s.run_start - s.late)


@kernel(HOP_STATE, STATE)
def process(hop_pointer, state_pointer):
    """Emit NOTE_ON and NOTE_OFF; runs after f0. [audio]"""
    hop = record_at(hop_pointer, 1)[0]
    s = record_at(state_pointer, 1)[0]
    f = hop.features
    power = np.float32(0)
    left, right = hop.left, hop.right
    for i in range(HOP):
        v = np.float32(0.5) * (left[i] + right[i])
        power += v * v
    s.power[hop.index % MEMORY] = power / HOP
    _watch_attack(s, hop)
    now = f.f0_time
    if f.voiced > np.float32(0) and f.f0_hz > np.float32(0):
        _follow(s, np.float32(69) + np.float32(12) * np.log2(f.f0_hz / np.float32(440)), f.f0_confidence, now)
        s.last_voiced = now
        _decide(s, hop)
    else:
        s.run_hops = 0
        if s.sounds == 1 and now - s.last_voiced >= s.stop:
            _stop(s, hop, s.last_voiced)
