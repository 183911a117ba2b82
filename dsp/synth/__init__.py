"""A small synthesiser: 32 voices, six sounds (a drum kit among them), made of oscillators, a filter and envelopes.

`records.SYNTH` is its whole state. `play.hear` takes a MIDI message, `play.sound` makes samples; between two messages any
number of them, so a note begins at its sample. A voice is rendered STEP samples at a time on a grid that begins with its
note, which makes the sound the same however it is cut into blocks. No allocation, no lock: both may be called on the audio
thread.
"""
