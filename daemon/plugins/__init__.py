"""Plugins: LV2, VST3 (and AU) through minihost, CLAP directly, and jamd's own; found, probed in a child process, opened,
played.

`catalogue.open_plugin(name, rate, max_block)` gives a `plugin.Plugin`. What the audio thread needs of it are two
integers: `process`, the address of `void f(uintptr_t own, CALL *call)`, and `own`. Everything else here is main thread.
Floor: knows dsp, daemon.native and nothing of a rack or an engine.
"""
