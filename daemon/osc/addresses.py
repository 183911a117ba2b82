"""The address tree of Open Sound Control: one table of what is sent, and one of what is taken. `jamd osc` prints it.

Everything is one float per address, but for names, which are one string: TouchOSC, QLC+, Pure Data and the like take no
other. Where a number is not within 0 to 1 by itself, a twin under /jamd/unit/ is, as lighting desks want it: QLC+ makes 0
to 255 of 0 to 1. In an address, WORDS IN CAPITALS stand for one part each. A place written 127.0.0.1:57120/ahead is sent
beats, and jamd's own notes, before they sound, with the time when they do.

How it is sent: a *pulse* is its value and 50 ms later 0, as a button that is pressed; a *level* comes at most 60 times a
second and only where it has changed, in a bundle with the others; a *state* where it has changed, and all of them every two
seconds; an *event* each time.
"""

from typing import NamedTuple


class Sent(NamedTuple):
    """One address that jamd sends. `unit`: what its twin under /jamd/unit/ is; empty: it has none."""

    address: str
    how: str  # pulse, level, state, event
    says: str
    unit: str = ""


class Taken(NamedTuple):
    """One address that jamd takes. `takes`: what it wants to be given."""

    address: str
    takes: str
    does: str


NOTES = ("c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b")
"""Pitch classes as parts of addresses: a sharp sign would begin a pattern."""

SENT = (
    Sent("/jamd/beat", "pulse", "1 at each beat"),
    Sent("/jamd/beat/N", "pulse", "1 at the Nth beat of the bar, from 1"),
    Sent("/jamd/bar", "pulse", "1 at each bar's first beat"),
    Sent("/jamd/beat/position", "state", "which beat of the bar it is, from 1", "/ 16"),
    Sent("/jamd/phase", "level", "how much of the beat is over, 0 to 1"),
    Sent("/jamd/bar/phase", "level", "how much of the bar is over, 0 to 1"),
    Sent("/jamd/tempo", "state", "beats a minute", "/ 255"),
    Sent("/jamd/playing", "state", "1 while the music runs, else 0"),
    Sent("/jamd/onset/BAND", "pulse", "an attack's strength, 0 to 1; BAND: low (kick), mid (snare), high (hat), full"),
    Sent("/jamd/section/WHAT", "pulse", "a section begins, how surely, 0 to 1; WHAT: build, drop, break, boundary"),
    Sent("/jamd/section/energy", "event", "with each: how much of the set so far was quieter, 0 to 1"),
    Sent("/jamd/level/rms", "level", "of the input, 1 = full scale"),
    Sent("/jamd/level/peak", "level", "of the input, 1 = full scale"),
    Sent("/jamd/level/loudness", "level", "LUFS, at the least -70", "from -60 to 0"),
    Sent("/jamd/bands/BAND", "level", "energy, 0 to 1; BAND: low, mid, high"),
    Sent("/jamd/f0", "level", "the pitch in Hz, 0 = none", "MIDI note / 127"),
    Sent(
        "/jamd/chroma/NOTE", "level", "how much of a pitch class there is, 0 to 1; NOTE: c cs d ds e f fs g gs a as b"
    ),
    Sent("/jamd/chord", "state", "its name, such as A:min; N = none"),
    Sent("/jamd/chord/root", "state", "its pitch class from C = 0; -1 = none", "/ 12, a hue"),
    Sent("/jamd/key", "state", "its name, such as A minor"),
    Sent("/jamd/key/tonic", "state", "its pitch class from C = 0", "/ 12, a hue"),
    Sent("/jamd/key/minor", "state", "1 of a minor key, else 0"),
    Sent("/jamd/note/on", "event", "a note heard in the sound begins: MIDI 0 to 127", "/ 127"),
    Sent("/jamd/note/off", "event", "and ends", "/ 127"),
    Sent("/jamd/midi/note/N", "event", "a note 0 to 127 of a MIDI input: its velocity, 0 to 1; 0 where it ends"),
    Sent("/jamd/jam/note/N", "event", "the same of the notes that jamd plays, when they sound"),
    Sent("/jamd/now/title", "state", "what plays, where the recommender knows it"),
    Sent("/jamd/now/artist", "state", "and who"),
    Sent("/jamd/next/title", "state", "the first of what could be played next"),
    Sent("/jamd/next/artist", "state", "and who"),
    Sent("/jamd/panicked", "event", "1 when everything was ended, 0 when that is over"),
)

TAKEN = (
    Taken("/jamd/set/PLUGIN/PARAM", "0 to 1", "a plugin's parameter, over its range"),
    Taken("/jamd/mix/PLUGIN", "0 to 1", "how much of a plugin is heard"),
    Taken("/jamd/bypass/PLUGIN", "1 or 0", "bypass a plugin, or not"),
    Taken("/jamd/snapshot/NAME", "a press", "recall a snapshot by name, or by its number from 1"),
    Taken("/jamd/jam/on", "1 or 0", "play along, or not"),
    Taken("/jamd/jam/mode/MODE", "a press", "MODE: answer, accompany, continue, trade, loop"),
    Taken("/jamd/jam/cue", "a press", "the performer's sign"),
    Taken("/jamd/jam/panic", "a press", "end every note of the band's"),
    Taken("/jamd/clock/tap", "a press", "here is a beat"),
    Taken("/jamd/clock/start", "a press", "start from the first beat"),
    Taken("/jamd/clock/stop", "a press", "stop"),
    Taken("/jamd/clock/continue", "a press", "go on from where it stopped"),
    Taken("/jamd/clock/tempo", "20 to 400", "beats a minute"),
    Taken("/jamd/clock/source/SOURCE", "a press", "who leads: auto, link, midi_clock, tap, beats, fixed"),
    Taken("/jamd/lights/master", "0 to 1", "the light show's master"),
    Taken("/jamd/lights/go", "a press", "the show goes on"),
    Taken("/jamd/lights/blackout", "a press", "all dark"),
    Taken("/jamd/lights/safe", "a press", "the preset's safe look"),
    Taken("/jamd/next/VERDICT", "a press, or a place from 1", "of a suggestion: accept, skip, up or down"),
    Taken("/jamd/next/energy/ENERGY", "a press", "what is wished for: up, hold or down"),
    Taken("/jamd/panic", "a press", "end every note, fade the sound, lights to their safe look"),
    Taken("/jamd/panic/over", "a press", "lights go on"),
)
"""A press is no argument, true, or a number above 0; what a released button sends, 0 or false, does nothing."""
