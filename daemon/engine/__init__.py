"""The engine: the one record, the native callback, and what drives it (a sound card, JACK, a timer, a file).

Floor: the engine knows dsp and nothing above itself. The daemon reads its record; it never calls up.
"""
