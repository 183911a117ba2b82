"""Messages to what is sent at which address (daemon.osc.addresses)."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from daemon import messages as m
from daemon.osc.addresses import NOTES

ENOUGH = 1e-3
"""A level that changed by less has not changed."""


class Said(NamedTuple):
    """A value at an address. `falls`: it is followed by 0, as a button's is; `holds`: another message brings the 0."""

    address: str
    value: float | str
    falls: bool = False
    holds: bool = False


def unit(address: str, value: float) -> tuple[str, float]:
    """The twin of /jamd/ADDRESS, held within 0 to 1."""
    return f"/jamd/unit/{address}", min(1.0, max(0.0, value))


class Tree:
    """Knows what was said last. [main]"""

    def __init__(self) -> None:
        self._states: dict[str, float | str] = {}
        self._levels: dict[str, float] = {}  # as they were sent
        self._newest: dict[type[m.Message], m.Message] = {}  # and of what they will be

    def feed(self, message: m.Message) -> list[Said]:
        """What is to be sent now because of a message; levels are kept for `levels`."""
        if type(message) in _LEVELS:
            self._newest[type(message)] = message
            return []
        of_event = _EVENTS.get(type(message))
        if of_event is not None:
            return list(of_event(message))
        of_state = _STATES.get(type(message))
        return self.news(of_state(message)) if of_state is not None else []

    def news(self, states: Iterator[tuple[str, float | str]]) -> list[Said]:
        """Those states that are other than they were."""
        out = []
        for address, value in states:
            if self._states.get(address) != value:
                self._states[address] = value
                out.append(Said(address, value))
        return out

    def states(self) -> list[Said]:
        """All of them as they are."""
        return [Said(address, value) for address, value in self._states.items()]

    def levels(self, more: dict[str, float]) -> list[Said]:
        """The levels, and `more` of them, that have changed since they were sent."""
        out, sent = [], self._levels
        for newest in (*(_LEVELS[kind](message) for kind, message in self._newest.items()), more):
            for address, value in newest.items():
                if abs(value - sent.get(address, math.inf)) >= ENOUGH:
                    sent[address] = value
                    out.append(Said(address, value))
        self._newest.clear()
        return out


def _level(c: m.Level) -> dict[str, float]:
    loud = max(-70.0, c.momentary_lufs)
    twin, part = unit("level/loudness", loud / 60.0 + 1.0)
    return {"/jamd/level/rms": c.rms, "/jamd/level/peak": c.peak, "/jamd/level/loudness": loud, twin: part}


def _bands(c: m.Bands) -> dict[str, float]:
    return {"/jamd/bands/low": c.low, "/jamd/bands/mid": c.mid, "/jamd/bands/high": c.high}


def _f0(c: m.F0) -> dict[str, float]:
    f0_hz = c.f0_hz if c.voiced else 0.0
    twin, part = unit("f0", (69.0 + 12.0 * math.log2(f0_hz / 440.0)) / 127.0 if f0_hz > 0.0 else 0.0)
    return {"/jamd/f0": f0_hz, twin: part}


_CHROMA = [f"/jamd/chroma/{note}" for note in NOTES]


def _chroma(c: m.Chroma) -> dict[str, float]:
    return dict(zip(_CHROMA, c.chroma, strict=True)) if isinstance(c.chroma, list) else {}


_LEVELS: dict[type[m.Message], Callable[[Any], dict[str, float]]] = {
    m.Level: _level,
    m.Bands: _bands,
    m.F0: _f0,
    m.Chroma: _chroma,
}


def _onset(c: m.Onset) -> Iterator[Said]:
    yield Said(f"/jamd/onset/{c.band}", c.strength, falls=True)


def _section(c: m.Section) -> Iterator[Said]:
    yield Said(f"/jamd/section/{'build' if c.what == 'build-up' else c.what}", c.confidence, falls=True)
    yield Said("/jamd/section/energy", c.energy)


def _note(c: m.NoteOn | m.NoteOff) -> Iterator[Said]:
    name = "note/on" if isinstance(c, m.NoteOn) else "note/off"
    yield Said(f"/jamd/{name}", float(c.midi))
    yield Said(*unit(name, c.midi / 127.0))


def _midi_note(c: m.MidiNote | m.JamNote) -> Iterator[Said]:
    whose = "jam" if isinstance(c, m.JamNote) else "midi"
    yield Said(f"/jamd/{whose}/note/{c.midi}", c.velocity / 127.0 if c.on else 0.0, holds=True)


def _panic(c: m.Panic) -> Iterator[Said]:
    yield Said("/jamd/panicked", float(not c.over))


_EVENTS: dict[type[m.Message], Callable[[Any], Iterator[Said]]] = {
    m.Onset: _onset,
    m.Section: _section,
    m.NoteOn: _note,
    m.NoteOff: _note,
    m.MidiNote: _midi_note,
    m.JamNote: _midi_note,
    m.Panic: _panic,
}

States = Iterator[tuple[str, float | str]]


def _transport(c: m.Transport) -> States:
    yield "/jamd/tempo", c.tempo_bpm
    yield unit("tempo", c.tempo_bpm / 255.0)
    yield "/jamd/playing", float(c.playing)


def _chord(c: m.Chord) -> States:
    yield "/jamd/chord", c.name
    yield "/jamd/chord/root", float(c.root)
    if c.root >= 0:
        yield unit("chord/root", c.root / 12.0)


def _key(c: m.Key) -> States:
    yield "/jamd/key", c.name
    yield "/jamd/key/tonic", float(c.tonic)
    yield unit("key/tonic", c.tonic / 12.0)
    yield "/jamd/key/minor", float(c.mode == "minor")


def _playing(c: m.Playing) -> States:
    yield "/jamd/now/title", c.title
    yield "/jamd/now/artist", c.artist


def _suggestions(c: m.Suggestions) -> States:
    yield "/jamd/next/title", c.items[0].title if c.items else ""
    yield "/jamd/next/artist", c.items[0].artist if c.items else ""


_STATES: dict[type[m.Message], Callable[[Any], States]] = {
    m.Transport: _transport,
    m.Chord: _chord,
    m.Key: _key,
    m.Playing: _playing,
    m.Suggestions: _suggestions,
}
