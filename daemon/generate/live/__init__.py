"""The band, live: what is generated while somebody plays, decided in time, and sent on the beat.

A phrase's way: a message -> `band` -> the listener's context -> `player` asks (rules here, a network in `worker`'s
process) -> `solo` or `accompany` decides a moment before the beat -> `schedule`, in ticks -> samples -> MIDI.
Everything here runs on the daemon's main thread but for `process`, and never waits.
"""
