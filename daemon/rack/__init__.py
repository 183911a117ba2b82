"""The rack: chains of plugins, what is sent where, and how one rack becomes another while it sounds.

`model.Document` says what is wanted; a `protocol.Order` brings it. In the engine process `rack.Rack` makes it so: it opens
plugins (`opening`), arranges them (`arrangement`), builds a program of records (`program`, `records`), and swaps it in at a
block's start (`ring`, `orders`); `kernel.process` runs it. Chains in processes of their own: `isolation`. Floor: knows
daemon.plugins and dsp.
"""
