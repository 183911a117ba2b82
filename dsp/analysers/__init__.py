"""The analysers: one file each, causal, native.

The contract of a module here:

- `prepare(rate) -> record`: a fresh state record (shape (1,)) for an analysis rate in Hz, every table in it filled. All
  memory is taken here. [main]
- `process`: a `@kernel(HOP_STATE, STATE)`: reads the hop (newest samples, shared spectrum, what earlier analysers wrote),
  writes its own fields of `hop.features`, and emits events with `dsp.hop.emit`. Allocates nothing, takes no lock. [audio]

Analysers run in the order of `daemon.registry.ANALYSERS`; the state record is zeros plus tables, so `prepare` is reset.
"""
