"""Notes to sound by FluidSynth and a General MIDI sound font, and what a room and a microphone do to it."""

import random
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from daemon.errors import UserError
from daemon.train.pieces import Note, Piece

RATE = 44100
FONTS = (Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), Path("/usr/share/soundfonts/FluidR3_GM.sf2"))
INSTALL = "sudo apt install fluidsynth fluid-soundfont-gm"
TICKS_PER_S = 960


class RenderError(UserError):
    """FluidSynth or its sound font is missing, or failed."""


def font() -> Path:
    """The sound font. Raises RenderError."""
    found = next((path for path in FONTS if path.exists()), None)
    if found is None or shutil.which("fluidsynth") is None:
        raise RenderError(f"FluidSynth and the FluidR3 sound font are needed to make training sound: {INSTALL}")
    return found


def when(start_s: float) -> float:
    """The time a note starts at after rounding to a MIDI tick."""
    return round(start_s * TICKS_PER_S) / TICKS_PER_S


def render(piece: Piece, rnd: random.Random) -> np.ndarray:
    """Mono float32 at 44.1 kHz. Raises RenderError."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        _save(piece, midi)
        options = ["-g", str(rnd.choice([0.2, 0.4])), "-R", str(rnd.choice([0, 0, 1])), "-C", "0", "-r", str(RATE)]
        command = ["fluidsynth", "-ni", "-q", *options, "-F", str(wav), str(font()), str(midi)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not wav.exists():
            raise RenderError(f"fluidsynth failed: {done.stderr.strip()[-200:]}")
        sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    return sound.mean(axis=1)


def _save(piece: Piece, path: Path) -> None:
    import mido

    midi, track = mido.MidiFile(ticks_per_beat=TICKS_PER_S // 2), mido.MidiTrack()
    midi.tracks.append(track)
    events = [(0, 0, mido.Message("program_change", channel=c, program=p)) for c, p in piece.programs.items()]
    for start, end, note, velocity, channel in piece.notes:
        strength = int(min(127, max(12, velocity)))
        on = mido.Message("note_on", channel=channel, note=note, velocity=strength)
        events.append((round(start * TICKS_PER_S), 2, on))
        off = mido.Message("note_off", channel=channel, note=note)
        events.append((round(end * TICKS_PER_S), 1, off))
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=max(0, tick) - now))
        now = max(0, tick)
    midi.save(path)


def spoil(sound: np.ndarray, last_s: float, rnd: random.Random, noise: np.random.Generator) -> np.ndarray:
    """Cut a second after the last start; another level, hiss, a dull microphone, a room, by chance."""
    sound = sound[: int((last_s + 1) * RATE)]
    gain = 10 ** (-rnd.uniform(0, 22) / 20)
    sound = sound / (np.abs(sound).max() + 1e-9) * 0.9 * gain
    if rnd.random() < 0.4:
        sound = sound + noise.standard_normal(len(sound)) * gain * 10 ** (-rnd.uniform(50, 80) / 20)
    if rnd.random() < 0.3:
        sound = low_pass(sound, rnd.uniform(2000, 9000))
    if rnd.random() < 0.25:
        n = int(RATE * rnd.uniform(0.15, 0.5))
        tail = noise.standard_normal(n) * np.exp(-6 * np.arange(n) / n)
        tail *= rnd.uniform(0.1, 0.35) / np.sqrt((tail**2).sum())
        tail[0] = 1
        size = len(sound) + n
        sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(tail, size), size)[: len(sound)]
    return sound.astype(np.float32)


def low_pass(sound: np.ndarray, edge_hz: float) -> np.ndarray:
    """First order."""
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    return np.fft.irfft(np.fft.rfft(sound) / (1 + 1j * hz / edge_hz), len(sound))


def starts(notes: list[Note]) -> list[float]:
    """When each note starts, in s, as rendered."""
    return [when(note[0]) for note in notes]
