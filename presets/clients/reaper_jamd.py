"""jamd in REAPER: a marker on each bar, a region for each chord and answer, jamd's notes on the selected track.

Put this file and jamd_client.py into REAPER's Scripts folder; `pip install pyzmq msgspec` for the Python that Preferences >
Plug-ins > ReaScript names; then Actions > New action > Load ReaScript. Markers and regions are made while REAPER plays or
records, on the machine that jamd runs on. Started again, REAPER asks whether to end it.

Notes go live to the selected track, which is armed for it, as from REAPER's virtual keyboard, up to 30 ms late (a deferred
script is called so often); with NOTES = "items" each answer is written as a MIDI item instead, exactly in its place.
"""

import os
import sys
import time
from typing import NamedTuple

try:
    import reaper_python  # REAPER's own
except ImportError:  # elsewhere: only to be looked at
    reaper_python = None

if "__file__" in globals():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
else:  # as REAPER may run it
    sys.path.insert(0, os.path.join(reaper_python.RPR_GetResourcePath(), "Scripts"))

from jamd_client import Chord, Jamd, JamNote, Key, Message, Other, Silence, Transport

ADDRESS = "tcp://127.0.0.1:5550"
NOTES = "live"  # or "items", or ""
BARS, CHORDS, ANSWERS = True, True, True
MESSAGES = 200  # in one turn at most
VIRTUAL_KEYBOARD = 4096 + (62 << 5)  # as a track's input, all channels
TICKS = 24  # of jamd's in a quarter


class Marker(NamedTuple):
    at_s: float
    name: str


class Region(NamedTuple):
    at_s: float
    until_s: float
    name: str


class Note(NamedTuple):
    """A note on or off, to be sent at `at_s` of CLOCK_MONOTONIC; channel 0-15, velocity 0 = off."""

    at_s: float
    channel: int
    midi: int
    velocity: int


class Item(NamedTuple):
    """A MIDI item with its notes: (at_s, until_s, midi, velocity)."""

    at_s: float
    until_s: float
    notes: list[tuple[float, float, int, int]]


class Score:
    """Makes of messages what is to be done in REAPER; all times are seconds of CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._chord: tuple[float, str] | None = None

    def feed(self, message: Message) -> list[Marker | Region | Note | Item]:
        """What a message asks for. Without a time, nothing: jamd's clock is not locked yet."""
        at_s = message.t_ns / 1e9
        if not message.t_ns or message.replay:
            return []
        if isinstance(message, Transport) and BARS and message.playing:
            bar, within = divmod(message.beat, message.beats_per_bar)
            return [Marker(at_s, f"bar {int(bar) + 1}")] if within < 1e-3 else []
        if isinstance(message, Key):
            return [Marker(at_s, message.name)]
        if isinstance(message, Chord) and CHORDS:
            before, self._chord = self._chord, (at_s, message.name)
            return [Region(before[0], at_s, before[1])] if before and before[1] != "N" and before[0] < at_s else []
        if isinstance(message, JamNote) and NOTES == "live":
            return [Note(at_s, message.channel, message.midi, message.velocity if message.on else 0)]
        if isinstance(message, Other) and message.type == "answer" and message.notes:
            return self._answer(message, at_s)
        return []

    def _answer(self, message: Other, at_s: float) -> list[Marker | Region | Note | Item]:
        until_s = at_s + message.ticks / TICKS * 60.0 / message.tempo_bpm
        out: list[Marker | Region | Note | Item] = []
        if ANSWERS:
            out.append(Region(at_s, until_s, f"{message.part}: {message.generator}"))
        if NOTES == "items":
            notes = []
            for note in message.notes:
                begins, ends = (
                    at_s + (note[when] - message.sample_time) / message.rate for when in ("sample_time", "until")
                )
                notes.append((begins, ends, note["midi"], note["velocity"]))
            out.append(Item(at_s, max(until_s, *(ends for _, ends, _, _ in notes)), notes))
        return out


class Reaper:
    """Does it. `api` is REAPER's: a module with its RPR_ functions."""

    def __init__(self, api, jamd: Jamd) -> None:
        self._api, self._jamd = api, jamd
        self._score = Score()
        self._due: list[Note] = []
        self._armed: str | None = None

    def turn(self) -> None:
        """Once per call of a deferred script."""
        for _ in range(MESSAGES):
            message = self._jamd.read(0.0)
            if message is None:
                break
            if isinstance(message, Silence):
                self._api.RPR_ShowConsoleMsg(f"{message.text}\n")
            for one in self._score.feed(message):
                if isinstance(one, Note):
                    self._due.append(one)
                elif self._api.RPR_GetPlayState() & 5 and not self._api.RPR_GetPlayState() & 2:
                    self._write(one)
        now_s = time.monotonic()
        for note in [note for note in self._due if note.at_s <= now_s + 0.015]:
            self._due.remove(note)
            self._send(note)

    def end(self) -> None:
        """End the notes that sound."""
        for channel in range(16):
            self._api.RPR_StuffMIDIMessage(0, 0xB0 + channel, 123, 0)

    def _write(self, one: Marker | Region | Item) -> None:
        """Into the project, at the place where it sounds."""
        api = self._api
        shift_s = api.RPR_GetPlayPosition() - time.monotonic() * api.RPR_Master_GetPlayRate(0)

        def place(at_s: float) -> float:
            return max(0.0, at_s * api.RPR_Master_GetPlayRate(0) + shift_s)

        if isinstance(one, Marker):
            api.RPR_AddProjectMarker2(0, False, place(one.at_s), 0.0, one.name, -1, 0)
        elif isinstance(one, Region):
            api.RPR_AddProjectMarker2(0, True, place(one.at_s), place(one.until_s), one.name, -1, 0)
        elif api.RPR_CountSelectedTracks(0):
            track = api.RPR_GetSelectedTrack(0, 0)
            item = api.RPR_CreateNewMIDIItemInProj(track, place(one.at_s), place(one.until_s), 0)[0]
            take = api.RPR_GetActiveTake(item)
            for at_s, until_s, midi, velocity in one.notes:
                begins, ends = (api.RPR_MIDI_GetPPQPosFromProjTime(take, place(s)) for s in (at_s, until_s))
                api.RPR_MIDI_InsertNote(take, False, False, begins, ends, 0, midi, velocity, 1)
            api.RPR_MIDI_Sort(take)

    def _send(self, note: Note) -> None:
        """To the selected track, as from the virtual keyboard."""
        api = self._api
        if api.RPR_CountSelectedTracks(0):
            track = api.RPR_GetSelectedTrack(0, 0)
            if track != self._armed:
                for name, value in (("I_RECINPUT", VIRTUAL_KEYBOARD), ("I_RECMON", 1), ("I_RECARM", 1)):
                    api.RPR_SetMediaTrackInfo_Value(track, name, value)
                self._armed = track
            api.RPR_StuffMIDIMessage(0, (0x90 if note.velocity else 0x80) + note.channel, note.midi, note.velocity)


def turn() -> None:
    """What REAPER calls over and over."""
    reaper.turn()
    reaper_python.RPR_defer("turn()")


if reaper_python is not None:
    reaper = Reaper(reaper_python, Jamd(ADDRESS, topics=("transport", "key", "chord", "jam_note", "answer")))
    reaper_python.RPR_atexit("reaper.end()")
    turn()
