"""A chain in a process of its own: what crashes or hangs there costs only that chain's effect, and for a moment.

To the rack it is a chain with one plugin, the `bridge`, which hands each block to the other process and takes it back, in
time or not at all; to its own process (`child`) it is a rack with one chain. `chain.Isolated` starts, tells, watches and
restarts one; `chains.Isolation` has them all.
"""
