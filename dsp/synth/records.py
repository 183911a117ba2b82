"""The synth's records: a sound, a piece of the drum kit, a voice, and all of it. Preallocated; `play.ready` fills them."""

import numpy as np

STEP = 16  # samples that a voice renders at once: its envelopes and its pitch move on this grid
N_VOICES = 32  # that play; one more note ends another
N_SLOTS = N_VOICES + 16  # with those that fade out
N_PARAMS = 5
SOUND, GAIN, CUTOFF, ATTACK, RELEASE = range(N_PARAMS)

FREE, RISING, FALLING, ENDING, LAST = range(5)
"""A voice's stages: silent; attack; decay to the sustain level; release; its last STEP samples lie ready."""

SAW, PULSE, TRIANGLE, FM = range(4)

PATCH = np.dtype(
    [
        ("wave", np.int64),
        ("level", np.float64),  # of a note struck hardest, 1 = full scale
        ("detune", np.float64),  # frequency of oscillator a over b's
        ("spread", np.float64),  # 0: a and b in the middle, 1: left and right
        ("sub", np.float64),  # level of a sine an octave below
        ("width", np.float64),  # of a pulse, in turns
        ("ratio", np.float64),  # FM: of the modulator's frequency
        ("index", np.float64),  # FM: its depth in radians, at the beginning
        ("index_s", np.float64),  # FM: time constant of that depth
        ("bell", np.float64),  # FM: level of a partial that is struck with the note
        ("bell_ratio", np.float64),
        ("bell_s", np.float64),
        ("attack_s", np.float64),
        ("decay_s", np.float64),  # time constant at middle C
        ("damping", np.float64),  # by how many octaves it is shorter an octave higher
        ("sustain", np.float64),
        ("release_s", np.float64),  # time constant
        ("cutoff_hz", np.float64),  # of middle C struck hardest, at rest
        ("track", np.float64),  # octaves an octave
        ("bright", np.float64),  # octaves below it for the softest note
        ("sweep", np.float64),  # octaves above it at the beginning
        ("sweep_s", np.float64),  # time constant
        ("q", np.float64),
        ("touch", np.float64),  # 0: every note as loud, 1: by velocity alone
        ("vibrato", np.float64),  # cents
        ("vibrato_hz", np.float64),
        ("vibrato_s", np.float64),  # until it is there
    ],
    align=True,
)
"""A sound; dsp.synth.patches has them."""

PIECE = np.dtype(
    [
        ("level", np.float64),
        ("pan", np.float64),  # -1 left .. 1 right
        ("tone", np.float64),  # level of the struck body
        ("tone_hz", np.float64),
        ("drop", np.float64),  # its frequency at the beginning, over that at rest
        ("drop_s", np.float64),
        ("tone_s", np.float64),  # time constants from here on
        ("over", np.float64),  # level of the body's second mode
        ("hiss", np.float64),  # level of the noise
        ("metal", np.float64),  # how much of it is six square waves, 0..1
        ("hiss_hz", np.float64),  # of its filter
        ("high", np.float64),  # the filter: 0 band-pass, 1 high-pass
        ("q", np.float64),
        ("hiss_s", np.float64),
        ("claps", np.float64),  # that come before it, 10 ms apart
        ("group", np.int64),  # one of a group ends the others of it; 0 = none
    ],
    align=True,
)
"""A piece of the kit; dsp.synth.kit has them."""

VOICE = np.dtype(
    [
        ("stage", np.int64),
        ("sound", np.int64),
        ("piece", np.int64),  # of the kit, -1 = none: a tone
        ("channel", np.int64),
        ("note", np.int64),
        ("held", np.int64),  # its key is down
        ("born", np.int64),  # its number among all notes
        ("age", np.int64),  # samples rendered
        ("hz", np.float64),
        ("strength", np.float64),  # by velocity
        ("level", np.float64),  # envelope
        ("rise", np.float64),  # what the attack adds in a STEP
        ("fall", np.float64),  # what the decay leaves of it after a STEP
        ("fade", np.float64),  # and the release, or a quick end
        ("release", np.float64),  # what `fade` will be when the key is let go
        ("loud", np.float64),  # of the last sample rendered
        ("gain", np.float64),  # of the whole synth, moving
        ("a", np.float64),  # phases, turns
        ("b", np.float64),
        ("sub", np.float64),
        ("depth", np.float64),  # what is left of FM's depth, or of a drum's noise
        ("depth_fall", np.float64),
        ("bell", np.float64),
        ("bell_fall", np.float64),
        ("sweep", np.float64),
        ("sweep_fall", np.float64),
        ("base", np.float64),  # of the cutoff: octaves above 1 Hz
        ("octave", np.float64),  # the cutoff now
        ("filter", np.float64, (4,)),  # two integrators left, two right
        ("ready", np.int64),  # samples of the last STEP that were handed out
        ("left", np.float64, (STEP,)),
        ("right", np.float64, (STEP,)),
    ],
    align=True,
)

SYNTH = np.dtype(
    [
        ("rate", np.float64),  # Hz
        ("values", np.float32, (N_PARAMS,)),  # parameters, 0..1; `controls` says what they mean
        ("sound", np.int64),  # what they mean now
        ("gain", np.float64),
        ("cutoff", np.float64),
        ("attack", np.float64),
        ("release", np.float64),
        ("pedal", np.int64, (16,)),  # by MIDI channel
        ("bend", np.float64, (16,)),  # semitones
        ("wheel", np.float64, (16,)),  # 0..1
        ("n_notes", np.int64),  # ever begun
        ("voices", VOICE, (N_SLOTS,)),
        ("patches", PATCH, (8,)),
        ("pieces", PIECE, (24,)),
        ("piece_of", np.int64, (128,)),  # by MIDI note, -1 = none
    ],
    align=True,
)
