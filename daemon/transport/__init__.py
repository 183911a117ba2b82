"""The transport: who says where the beat is, the one line of beats that follows them, and the ticks that follow the line.

Times in here are seconds of one time that runs on for the daemon's whole life; `daemon.conductor` knows how samples, MIDI
messages and Ableton Link's clock lie on it. Beats are quarter notes as MIDI clock and Link count them.
"""
