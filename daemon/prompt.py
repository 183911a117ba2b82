"""A MIDI file as a prompt: what a keyboard would say if it were played at one tempo, on its own beats."""

from pathlib import Path
from typing import NamedTuple

from daemon import messages as m
from daemon.errors import UserError
from daemon.generate.live.jam import FOLLOWED_BPM, meter_of
from daemon.inputs.midi_file import Event, MidiFile, MidiFileError
from daemon.midi import message as midi
from daemon.midi.keyboard import DRUMS, Keyboard
from daemon.outputs.midi_out_file import Sounded

RATE = 48000


class Prompt(NamedTuple):
    """A file, ready to be heard. Its quarter 0 is tick `first`, which is counted so that a bar line is a multiple."""

    path: Path
    events: list[tuple[float, Event]]  # (quarters, event), in order
    tempos: list[tuple[float, float]]
    meters: list[tuple[float, int, int]]
    tempo_bpm: float  # of beats, at its end
    first: int

    @property
    def program(self) -> int:
        """General MIDI's, of its first pitched program change."""
        return next(
            (
                event.data1
                for _, event in self.events
                if event.status & 0xF0 == midi.PROGRAM and event.status & 15 != DRUMS
            ),
            0,
        )


def read(path: Path) -> Prompt:
    """A MIDI file as a prompt. Raises MidiFileError for one without a note that has a pitch."""
    file = MidiFile(path)
    at = file.tempo(RATE)
    events = [(at(event.at)[1], event) for event in file.events(RATE)]
    ons = [event for _, event in events if event.status & 0xF0 == midi.NOTE_ON and event.data2]
    if not ons:
        raise MidiFileError(f"{path}: holds no notes; record or export it again")
    if all(event.status & 15 == DRUMS for event in ons):
        raise MidiFileError(f"{path}: holds drums only (MIDI channel 10); give a melody or chords to answer")
    meters = file.meters or [(0.0, 4, 4)]
    try:
        meter = meter_of(f"{meters[-1][1]}/{meters[-1][2]}")
    except UserError as error:
        raise MidiFileError(f"{path}: {str(error).removeprefix('jam: ')}") from None
    ticks = round(meters[-1][0] * 24)
    bpm = file.tempos[-1][1] * 24 / meter.beat_ticks
    lowest, highest = FOLLOWED_BPM
    if not lowest <= bpm <= highest:
        raise MidiFileError(f"{path}: its tempo is {bpm:.0f} beats a minute; give it one of {lowest:g} to {highest:g}")
    return Prompt(path, events, file.tempos, meters, bpm, -ticks % meter.bar_ticks)


def messages(prompt: Prompt, beat_ticks: int) -> list[m.Message]:
    """What a keyboard would say: in its own quarters, at one tempo, so that beats stay where they are written."""
    keyboard = Keyboard(RATE)
    samples = 60.0 * RATE / (prompt.tempo_bpm * beat_ticks / 24)  # a quarter
    found: list[m.Message] = []
    for quarters, (_, status, data1, data2) in prompt.events:
        kind, channel = status & 0xF0, status & 15
        if kind == midi.NOTE_ON and data2 == 0:
            kind = midi.NOTE_OFF
        at = round(quarters * samples)
        found += keyboard.feed(midi.MidiMessage(0, "prompt", kind, channel, data1, data2), at)
    return found


def played(prompt: Prompt, at: float) -> tuple[list[Sounded], list[Sounded], list[tuple[float, int, int]]]:
    """The prompt's notes, its drums and its pedals, `at` quarters later."""
    notes: list[Sounded] = []
    drums: list[Sounded] = []
    controls = []
    held: dict[tuple[int, int], tuple[float, int]] = {}
    for quarters, (_, status, data1, data2) in prompt.events:
        kind, channel = status & 0xF0, status & 15
        if kind in (midi.NOTE_ON, midi.NOTE_OFF):
            began = held.pop((channel, data1), None)
            if began is not None and quarters > began[0]:
                own = drums if channel == DRUMS else notes
                own.append(Sounded(began[0] + at, quarters + at, data1, began[1]))
            if kind == midi.NOTE_ON and data2:
                held[channel, data1] = quarters, data2
        elif kind == midi.CONTROL and data1 == midi.SUSTAIN and channel != DRUMS:
            controls.append((quarters + at, data1, data2))
    return notes, drums, controls
