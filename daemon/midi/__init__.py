"""MIDI: the ports in a process of their own, the desk that speaks with it, and what the hands play.

A note's way in: `ports.MidiInput` (stamped) -> `process` -> socket -> `desk` -> `keyboard` -> messages. Out: `desk` (the
ledger) -> socket -> `process` -> `ports.MidiOutput`. Floor: nothing here knows the engine.

The ports have their process because the JACK library is not safe to hold when its server dies or hangs: closing a client
can wait for ever, and opening one beside a dead one can crash. A process can be ended and started again.
"""
