"""What the synth does with MIDI, and the sum of its voices. All but `ready`: [audio].

A note's loudness goes with the square of its velocity (R. Dannenberg, "The interpretation of MIDI velocity", ICMC 2006).
"""

import math

import numpy as np

from dsp.kernel import inline, zeros
from dsp.synth import drum, tone
from dsp.synth.controls import DEFAULTS, attend
from dsp.synth.kit import PIECE_OF, PIECES
from dsp.synth.patches import DRUMS, PATCHES
from dsp.synth.records import ENDING, FALLING, FREE, LAST, N_SLOTS, N_VOICES, RISING, STEP, SYNTH

QUICK_S = 0.0005  # time constant of a voice that must make room, or of a hat that is closed
MIDDLE_C = 60.0
BEND = 2.0  # semitones either way
SUSTAIN, ALL_SOUND_OFF, RESET, ALL_NOTES_OFF = 64, 120, 121, 123  # controllers
WHEEL = 1


def ready(rate: float) -> np.ndarray:
    """A synth that is silent, at a rate in Hz: a SYNTH of shape (1,). [main]"""
    synth = zeros(SYNTH)
    s = synth[0]
    s["rate"], s["values"], s["piece_of"] = rate, DEFAULTS, PIECE_OF
    s["patches"][: len(PATCHES)] = PATCHES
    s["pieces"][: len(PIECES)] = PIECES
    return synth


@inline
def _left(s, seconds):
    """What is left after a STEP of what falls with this time constant."""
    return math.exp(-STEP / (max(seconds, 1e-6) * s.rate))


@inline
def _end(v, fade):
    """Let a voice die away."""
    if v.stage in (RISING, FALLING):
        v.stage, v.fade = ENDING, fade
    elif v.stage == ENDING:
        v.fade = min(v.fade, fade)
    if v.age == 0:
        v.stage = FREE  # it has not sounded yet


@inline
def _place(s):
    """The number of a voice for one more note, -1 where there is none. Of too many, the quietest released, else the oldest.

    One that makes room fades out beside the new one, which is no click.
    """
    quick = _left(s, QUICK_S)
    free, count, chosen = -1, 0, -1
    for k in range(N_SLOTS):
        v = s.voices[k]
        if v.stage == FREE:
            free = k
        elif v.stage != LAST and not (v.stage == ENDING and v.fade <= quick):
            count += 1
            if chosen < 0:
                chosen = k
                continue
            best = s.voices[chosen]
            if v.stage == ENDING and best.stage == ENDING:
                chosen = k if v.level < best.level else chosen
            elif v.stage == ENDING or (best.stage != ENDING and v.born < best.born):
                chosen = k
    if count >= N_VOICES and (free >= 0 or s.voices[chosen].age == 0):
        _end(s.voices[chosen], quick)
        free = chosen if free < 0 else free
    return free


@inline
def _begin(s, channel, note, velocity):
    """A note starts: its voice, from nothing."""
    piece = s.piece_of[note] if s.sound == DRUMS else -1
    if s.sound == DRUMS and piece < 0:
        return
    quick = _left(s, QUICK_S)
    for k in range(N_SLOTS):
        v = s.voices[k]
        if v.stage not in (RISING, FALLING) or (piece < 0) != (v.piece < 0):
            continue
        if piece < 0:
            if v.channel == channel and v.note == note:
                _end(v, v.release)
        elif s.pieces[piece].group > 0 and s.pieces[v.piece].group == s.pieces[piece].group:
            _end(v, quick)
    place = _place(s)
    if place < 0:
        return
    v = s.voices[place]
    s.n_notes += 1
    v.sound, v.piece, v.channel, v.note, v.held, v.born, v.age = s.sound, piece, channel, note, 1, s.n_notes, 0
    v.level = v.loud = v.a = v.b = v.sub = 0.0
    v.filter[0] = v.filter[1] = v.filter[2] = v.filter[3] = 0.0
    v.depth = v.bell = v.sweep = 1.0
    v.ready, v.gain = STEP, s.gain
    loud = velocity / 127.0
    if piece >= 0:
        d = s.pieces[piece]
        v.stage, v.strength = FALLING, loud * loud
        v.depth_fall, v.bell_fall = _left(s, s.release * d.hiss_s), _left(s, s.release * d.tone_s)
        v.sweep_fall = _left(s, d.drop_s)
        return
    p = s.patches[v.sound]
    octaves = (note - MIDDLE_C) / 12.0
    v.hz = 440.0 * 2.0 ** ((note - 69.0) / 12.0)
    v.stage, v.strength = RISING, 1.0 - p.touch + p.touch * loud * loud
    v.rise = STEP / max(float(STEP), s.attack * p.attack_s * s.rate)
    v.fall = _left(s, p.decay_s * 2.0 ** (-p.damping * octaves))
    v.release = _left(s, s.release * p.release_s)
    v.depth_fall, v.bell_fall, v.sweep_fall = _left(s, p.index_s), _left(s, p.bell_s), _left(s, p.sweep_s)
    v.base = math.log2(p.cutoff_hz) + p.track * octaves - p.bright * (1.0 - loud)
    v.octave = v.base + p.sweep + s.cutoff


@inline
def _release(s, channel, note):
    """A key is let go, or all keys (note -1): what the pedal does not hold ends."""
    for k in range(N_SLOTS):
        v = s.voices[k]
        if v.channel == channel and v.held != 0 and (note < 0 or v.note == note):
            v.held = 0
            if v.piece < 0 and s.pedal[channel] == 0:
                _end(v, v.release)


@inline
def _control(s, channel, controller, value):
    """The pedal, the wheel, and the controllers that end notes."""
    if controller == WHEEL:
        s.wheel[channel] = value / 127.0
    elif controller in (SUSTAIN, RESET):
        s.pedal[channel] = 1 if controller == SUSTAIN and value >= 64 else 0
        if controller == RESET:
            s.wheel[channel] = s.bend[channel] = 0.0
        for k in range(N_SLOTS):
            v = s.voices[k]
            if s.pedal[channel] == 0 and v.channel == channel and v.held == 0 and v.piece < 0:
                _end(v, v.release)
    elif controller == ALL_SOUND_OFF:
        for k in range(N_SLOTS):
            if s.voices[k].channel == channel:
                _end(s.voices[k], _left(s, QUICK_S))
    elif controller >= ALL_NOTES_OFF:
        _release(s, channel, -1)


@inline
def hear(s, message):
    """Do what a dsp.block.MIDI message says, at the sample that is played next."""
    attend(s)
    kind, channel = message.status & 0xF0, int(message.status & 15)
    if kind == 0x90 and message.data2 > 0:
        _begin(s, channel, int(message.data1 & 127), float(message.data2))
    elif kind in (0x80, 0x90):
        _release(s, channel, int(message.data1 & 127))
    elif kind == 0xB0:
        _control(s, channel, int(message.data1), int(message.data2))
    elif kind == 0xE0:
        s.bend[channel] = BEND * ((int(message.data2) << 7 | int(message.data1)) - 8192) / 8192.0


@inline
def sound(s, left, right, start, end):
    """Add the samples from `start` up to `end` of all voices to two arrays."""
    attend(s)
    for k in range(N_SLOTS):
        v = s.voices[k]
        i = start
        while v.stage != FREE and i < end:
            if v.ready == STEP:
                if v.stage == LAST:
                    v.stage = FREE
                    break
                if v.piece < 0:
                    tone.render(s, v)
                else:
                    drum.render(s, v)
                v.ready = 0
            n = min(STEP - v.ready, end - i)
            for j in range(n):
                left[i + j] += v.left[v.ready + j]
                right[i + j] += v.right[v.ready + j]
            v.ready += n
            i += n
