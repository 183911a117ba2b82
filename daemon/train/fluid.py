"""General MIDI notes to sound, by FluidSynth and the FluidR3 sound font; POP909's songs as notes."""

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from daemon.errors import UserError

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
TICKS_PER_S = 960
DRUM_CHANNEL = 9
EVALUATED = "053 088 112 249 329 403 468 480 554 582 622 685 718 779 801 839"  # songs never trained on


class TrainingError(UserError):
    """Nothing can be trained here."""


class Note(NamedTuple):
    """A key held on a MIDI channel."""

    start_s: float
    end_s: float
    midi: int
    velocity: float  # 1..127
    channel: int


class Song(NamedTuple):
    """A song's voices, each in order of time on the channel of its number, and its beats in s."""

    voices: list[list[Note]]
    beats: np.ndarray


def check() -> None:
    """Raise TrainingError, naming the remedy, unless what rendering needs is here. [main]"""
    try:
        import mido  # noqa: F401
    except ImportError:
        raise TrainingError("mido is not installed: pip install 'jamd[train]'") from None
    try:
        subprocess.run(["fluidsynth", "--version"], check=True, capture_output=True)
    except OSError:
        raise TrainingError("fluidsynth is not installed: apt install fluidsynth") from None
    if not FONT.exists():
        raise TrainingError(f"{FONT} is missing: apt install fluid-soundfont-gm")


def songs(folder: Path) -> list[Path]:
    """POP909's songs in `folder`/pop909, less those kept for evaluation. Raises TrainingError. [main]"""
    found = sorted(path for path in (folder / "pop909").glob("[0-9]*") if path.name not in EVALUATED.split())
    if not found:
        raise TrainingError(
            f"{folder}: no pop909/001 and so on in it; get them from github.com/music-x-lab/POP909-Dataset"
        )
    return found


def load(folder: Path) -> Song:
    """One of `songs`. [main]"""
    import mido

    file = mido.MidiFile(folder / f"{folder.name}.mid")
    tempo = next((event.tempo for track in file.tracks for event in track if event.type == "set_tempo"), 500000)
    voices: list[list[Note]] = []
    for track in file.tracks:
        ticks, held, notes = 0, {}, []
        for event in track:
            ticks += event.time
            now = mido.tick2second(ticks, file.ticks_per_beat, tempo)
            if event.type == "note_on" and event.velocity:
                held[event.note] = now, event.velocity
            elif event.type in ("note_on", "note_off") and event.note in held:
                start, velocity = held.pop(event.note)
                notes.append(Note(start, now, event.note, velocity, len(voices)))
        if notes:
            voices.append(sorted(notes))
    return Song(voices, np.loadtxt(folder / "beat_midi.txt")[:, 0])


def render(notes: list[Note], programs: dict[int, int], rate: int, reverb: bool) -> np.ndarray:
    """Mono float64 samples of notes, each channel with its program. [main]"""
    import mido

    messages = [
        (0, 0, mido.Message("program_change", channel=channel, program=program))
        for channel, program in programs.items()
    ]
    for note in notes:
        velocity = int(np.clip(note.velocity, 8, 127))
        start = round(note.start_s * TICKS_PER_S)
        end = max(start + 1, round(note.end_s * TICKS_PER_S))
        messages += [
            (start, 2, mido.Message("note_on", channel=note.channel, note=note.midi, velocity=velocity)),
            (end, 1, mido.Message("note_off", channel=note.channel, note=note.midi)),
        ]
    track, last = mido.MidiTrack(), 0
    for ticks, _, message in sorted(messages, key=lambda entry: entry[:2]):
        track.append(message.copy(time=ticks - last))
        last = ticks
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_S // 2)  # at MIDI's own 120 BPM
    file.tracks.append(track)
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder, "notes.mid"), Path(folder, "notes.wav")
        file.save(midi)
        options = ["-ni", "-q", "-g", "0.3", "-R", str(int(reverb)), "-C", "0", "-r", str(rate), "-F", str(wave)]
        subprocess.run(["fluidsynth", *options, str(FONT), str(midi)], check=True, capture_output=True)
        return soundfile.read(wave)[0].mean(axis=1)
