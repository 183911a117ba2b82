"""What networks hear, beside the engine: in a process of its own live, in lockstep with the engine from a file.

`intake` (a block, cleaned, halved and mixed as the engine does it) -> dsp.spectrogram (frames) -> `network` (a graph, a
frame a call) -> dsp.decoders (events): that is a `stream`. From a file `offline` merges its events with the engine's. Live
`process` follows the engine's sound in shared memory, `worker` is the daemon's side of it, `handover` puts its events in
the place of the engine's and back without a gap, and `room` is what App needs.
"""
