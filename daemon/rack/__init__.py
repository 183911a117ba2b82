"""The rack: chains of plugins, what is sent where, and how one rack becomes another while it sounds.

`model.Document` says what is wanted. In the engine process `rack.Rack` makes it so: it opens plugins, builds a program of
records (`records`), and swaps it in at a block's start; `kernel.process` runs it. In the daemon `desk.RackDesk` owns the
document, takes commands, and says it all again to an engine that has come back. Floor: knows daemon.plugins and dsp.
"""
