"""MIDI: the ports in a process of their own, the desk that speaks with it, and what the hands play.

A note's way in: `ports.MidiInput` (stamped) -> `process` -> socket -> `desk` -> `keyboard` -> messages, and `through` to the
engine's instruments. Out: `desk` (the ledger) -> socket -> `process` -> `ports.MidiOutput`; or, by the engine itself and
exact to the sample, `timed` -> ring. Floor: nothing here knows the engine; `engine` says what is needed of one.

The ports have their process because the JACK library is not safe to hold when its server dies or hangs: closing a client
can wait for ever, and opening one beside a dead one can crash. A process can be ended and started again.
"""
