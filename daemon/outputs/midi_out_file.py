"""A standard MIDI file of what was played and answered: a track for each part, with tempo, meter and programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from daemon.errors import UserError

PER_QUARTER = 480


class MidiOutError(UserError):
    """A file that cannot be written."""


class Sounded(NamedTuple):
    """A note from `start` to `end` in quarters."""

    start: float
    end: float
    pitch: int
    velocity: int


class Track(NamedTuple):
    """A part. `channel` 0-15; `program` of General MIDI, from 0; `controls` (quarters, controller, value)."""

    name: str
    channel: int
    program: int
    notes: Sequence[Sounded]
    controls: Sequence[tuple[float, int, int]] = ()


def write(
    path: Path,
    tracks: Sequence[Track],
    tempos: Sequence[tuple[float, float]],
    meters: Sequence[tuple[float, int, int]],
) -> None:
    """Write a file of type 1. `tempos` (quarters, quarters a minute), `meters` (quarters, beats, unit).

    Raises MidiOutError.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=PER_QUARTER)
    first = [
        *((at, mido.MetaMessage("set_tempo", tempo=round(6e7 / bpm))) for at, bpm in tempos),
        *((at, mido.MetaMessage("time_signature", numerator=n, denominator=unit)) for at, n, unit in meters),
    ]
    file.tracks.append(_track("tempo", first))
    for track in tracks:
        channel = track.channel
        events = [(0.0, mido.Message("program_change", channel=channel, program=track.program))]
        events += [
            (at, mido.Message("control_change", channel=channel, control=control, value=value))
            for at, control, value in track.controls
        ]
        for note in _apart(track.notes):
            events.append((note.end, mido.Message("note_off", channel=channel, note=note.pitch)))
            events.append(
                (note.start, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity))
            )
        file.tracks.append(_track(track.name, events))
    try:
        file.save(path)
    except OSError as error:
        raise MidiOutError(f"{path}: {error.strerror}; write where files may be written") from None


def _apart(notes: Sequence[Sounded]) -> list[Sounded]:
    """The same, but a note ends where its pitch is struck again, or a receiver would end the second with the first."""
    found: list[Sounded] = []
    newest: dict[int, int] = {}  # pitch -> where in `found`
    for note in sorted(notes):
        before = newest.get(note.pitch)
        if before is not None and found[before].end > note.start:
            found[before] = found[before]._replace(end=note.start)
        newest[note.pitch] = len(found)
        found.append(note)
    return [note for note in found if note.end > note.start]


def _track(name: str, events):
    """Events (quarters, message) in order, ends before starts, as a track with the differences between."""
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    now = 0
    timed = [(max(0, round(at * PER_QUARTER)), message) for at, message in events]
    for tick, message in sorted(timed, key=lambda one: (one[0], one[1].type == "note_on")):
        track.append(message.copy(time=tick - now))
        now = tick
    return track
