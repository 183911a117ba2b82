"""The decoders: from what the networks say of each frame (dsp/activations.py) to events, causal, one file each.

The contract of a module here:

- `prepare(rate) -> record`: a fresh state record (shape (1,)) for an engine rate in Hz, every table in it filled. All
  memory is taken here; a fresh record is a reset. [main]
- `decode(s, row, end, out)`: takes the row (RHYTHM or PITCH) of the frame that ended at engine sample `end` (int64) and
  adds what is decided to `out` (dsp/decoders/sink.py). The frame tells of `LATE_S` before its end. Allocates nothing, and
  only differences of times enter the arithmetic, so that a day's session is decided as its first minute. [worker]

dsp/decoders/rows.py runs them over rows.
"""
