"""What the networks that hear say of one frame: the row that decoders read.

A frame ends every `1 / FRAMES_HZ` s: frame k ends at sample floor((k + 1) * rate / FRAMES_HZ) of the engine's stream. What
it says is of a moment a little before its end, so that the network has heard some of what follows: `LATE_S`.
"""

import numpy as np

FRAMES_HZ = 100

LOWEST, PITCHES = 21, 88  # MIDI numbers: a piano's keys
BINS_PER_SEMITONE = 3
F0_BINS = PITCHES * BINS_PER_SEMITONE  # bin b is MIDI LOWEST + (b - 1) / 3

LATE_S = {"onset": 0.02, "beat": 0.02, "attack": 0.03, "sounding": 0.04, "f0": 0.04, "chord": 0.1, "key": 0.1}
"""How long before the end of a frame that lies which the frame tells of."""

ONSETS = ("any", "low", "mid", "high")  # low: a kick; mid: a snare, a clap; high: a hat or cymbal
QUALITIES = ("maj", "min")
NO_CHORD = 24  # of the 25 chords: root + 12 * quality, and none
MODES = ("major", "minor")

RHYTHM = np.dtype(
    [
        ("onset", np.float32, (4,)),  # probability that such an onset lies in this frame, each by itself
        ("beat", np.float32, (2,)),  # of a beat that is none, and of one that is a downbeat; the rest: nothing
    ]
)

PITCH = np.dtype(
    [
        ("attack", np.float32, (PITCHES,)),  # probability that a note begins in this frame
        ("sounding", np.float32, (PITCHES,)),  # that it sounds
        ("velocity", np.float32, (PITCHES,)),  # of one that begins, as a part of 127
        ("f0", np.float32, (F0_BINS,)),  # where a single voice lies; sums to 1
        ("voiced", np.float32),  # probability that there is a single voice
        ("chord", np.float32, (25,)),  # sums to 1
        ("bass", np.float32, (12,)),  # pitch class of the lowest voice; sums to 1
        ("key", np.float32, (24,)),  # tonic + 12 * mode; sums to 1
    ]
)
