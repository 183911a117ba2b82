"""A recorded session through its preset once more, offline, into a sound file."""

import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile

from daemon import messages as m
from daemon.flight.link import Begin, End, Heard, Preset, Said
from daemon.flight.reading import Recording, RecordingError, Stretch
from daemon.flight.segment import Segment
from daemon.inputs.midi_file import Event
from daemon.midi.engine import GENERATOR
from daemon.midi.message import NOTE_OFF, NOTE_ON
from daemon.render import FORMATS

CHUNK = 8192
BLOCK = 64

_note = msgspec.msgpack.Decoder(m.JamNote).decode


def check(out: Path) -> None:
    """Raises RecordingError where nothing can be written."""
    if out.suffix.lower() not in FORMATS:
        raise RecordingError(f"{out}: cannot be told what to write; let its name end in {', '.join(FORMATS)}")
    if not out.parent.is_dir():
        raise RecordingError(f"{out}: there is no folder {out.parent}; make it first")


def render(recording: Recording, out: Path) -> dict[str, Any]:
    """Render the longest stretch of the newest session. Raises RecordingError, StudioError, PresetError."""
    from daemon.studio import Studio

    session = recording.sessions[-1]
    stretches = recording.stretches(session)
    if not stretches:
        raise RecordingError(f"{recording.path}: there is no sound of the last session; nothing is rendered")
    stretch = max(stretches, key=lambda one: one.end - one.first)
    preset, events = _played(recording, session, stretch)
    if not preset:
        raise RecordingError(
            "no preset was loaded, so there is nothing to render; output.wav of a take is what was heard"
        )
    label = stretch.segments[0].label
    studio = Studio(Path(preset), "", label.rate, BLOCK, label.channels)
    beside = out.with_name(f".{out.name}.{os.getpid()}.part{out.suffix}")
    try:
        with soundfile.SoundFile(beside, "w", label.rate, 2, FORMATS[out.suffix.lower()]) as file:
            for part in _parts(stretch.segments, label.channels):
                start = studio.now
                now = [one for one in events if start <= one.at < start + part.shape[1]]
                file.write(studio.play(part, now, None).T)
        os.replace(beside, out)
    except (OSError, soundfile.LibsndfileError) as error:
        raise RecordingError(f"{out}: cannot be written: {error}") from None
    finally:
        studio.close()
        beside.unlink(missing_ok=True)
    seconds = (stretch.end - stretch.first) / label.rate
    return {"file": str(out), "seconds": round(seconds, 3), "preset": preset, "problems": studio.problems}


def _parts(segments: list[Segment], channels: int):
    for one in segments:
        sound = one.sound()
        for start in range(0, len(sound), CHUNK):
            yield np.ascontiguousarray(sound[start : start + CHUNK, :channels].T)


def _played(recording: Recording, session: int, stretch: Stretch) -> tuple[str, list[Event]]:
    """The preset that was loaded, and the MIDI within a stretch, from its beginning."""
    preset, events, epoch, first = "", [], -1, stretch.first
    for _, item in recording.items(session):
        if isinstance(item, Begin):
            epoch = item.epoch
        elif isinstance(item, End):
            epoch = -1
        elif isinstance(item, Preset) and (not preset or epoch <= stretch.segments[0].label.epoch):
            preset = item.path
        if epoch != stretch.segments[0].label.epoch:
            continue
        if isinstance(item, Heard):
            events.append(Event(item.at - first, item.status | item.channel, item.data1, item.data2))
        elif isinstance(item, Said):
            try:
                note = _note(item.message)
            except msgspec.MsgspecError:
                continue
            if note.port == GENERATOR:
                status = NOTE_ON if note.on else NOTE_OFF
                events.append(Event(note.sample_time - first, status | note.channel, note.midi, note.velocity))
    return preset, sorted((one for one in events if one.at >= 0), key=lambda one: one.at)
