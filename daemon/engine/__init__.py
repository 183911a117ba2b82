"""The engine: the one record, the native callback, and what drives it (a sound card, JACK, a timer, a file).

A block's way: a driver (portaudio, jack, timer) or the offline runner -> `callback.process_block` -> rings in the record
-> `offline.Reader`. Floor: the engine knows dsp and nothing above itself. The daemon reads its record; it never calls up.
"""
