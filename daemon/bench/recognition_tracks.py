"""Tracks to recognise: songs and chorales rendered by FluidSynth, each with instruments and drums of its own."""

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from daemon.errors import UserError

RATE = 16000
LENGTH_S = 75.0
GAP_S = 5.0
BATCH = 16  # pieces a run of FluidSynth: most of a short run is the loading of the sound font
FONTS = (Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"), Path("/usr/share/soundfonts/FluidR3_GM.sf2"))
PROGRAMS = (
    0,
    2,
    4,
    5,
    6,
    11,
    12,
    16,
    18,
    19,
    21,
    24,
    25,
    26,
    27,
    40,
    42,
    48,
    50,
    52,
    56,
    61,
    65,
    66,
    71,
    73,
    80,
    81,
    87,
)
BEATS = (
    {36: (0, 4, 8, 12), 42: (2, 6, 10, 14), 39: (4, 12)},
    {36: (0, 7, 10), 38: (4, 12), 42: tuple(range(0, 16, 2))},
    {36: (0, 3, 8, 11), 38: (4, 12), 42: tuple(range(16)), 46: (14,)},
    {36: (0, 6, 8), 37: (4, 12), 70: tuple(range(0, 16, 2))},
)
"""General MIDI drum -> sixteenths of a bar."""

Note = tuple[float, float, int, int, int]  # start s, end s, note, velocity, channel


class NoTracksError(UserError):
    """There is nothing to render, or nothing to render it with."""


def cache() -> Path:
    """Where what is rendered is kept."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    return home / "jamd" / "recognition"


def rendered(data: Path, n: int) -> list[Path]:
    """The first `n` tracks of `data`/symbolic (fewer where it has fewer), mono FLAC at RATE; made where they are missing.

    Raises NoTracksError. [main]
    """
    pieces = _pieces(data)
    if not pieces:
        raise NoTracksError(f"{data}: holds no symbolic/pop909 or symbolic/jsb; give the folder that holds symbolic/")
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.flac" for name, _ in pieces[:n]]
    missing = [(path, piece) for path, (_, piece) in zip(paths, pieces, strict=False) if not path.exists()]
    for start in range(0, len(missing), BATCH):
        _render(missing[start : start + BATCH])
    return paths


def _pieces(data: Path) -> list[tuple[str, Path | list[list[int]]]]:
    """Names, and a MIDI file or a chorale's sixteenths; in an order that mixes the two."""
    pieces: list[tuple[str, Path | list[list[int]]]] = []
    pieces += [(f"pop909_{path.stem}", path) for path in sorted((data / "symbolic" / "pop909").glob("*/*.mid"))]
    chorales = data / "symbolic" / "jsb" / "jsb-chorales-16th.json"
    if chorales.exists():
        for part, rows in json.loads(chorales.read_text()).items():
            pieces += [(f"jsb_{part}_{k}", row) for k, row in enumerate(rows)]
    random.Random(5).shuffle(pieces)
    return pieces


def _render(batch: list[tuple[Path, Path | list[list[int]]]]) -> None:
    """All pieces in one MIDI file, one after the other, then cut apart."""
    import soundfile

    font = next((path for path in FONTS if path.exists()), None)
    if font is None or shutil.which("fluidsynth") is None:
        raise NoTracksError(
            "FluidSynth and the FluidR3 sound font are needed: apt install fluidsynth fluid-soundfont-gm"
        )
    with tempfile.TemporaryDirectory() as name:
        midi, wav = Path(name) / "all.mid", Path(name) / "all.wav"
        _save([piece for _, piece in batch], [path.stem for path, _ in batch], midi)
        command = [
            "fluidsynth",
            "-ni",
            "-q",
            "-g",
            "0.3",
            "-C",
            "0",
            "-r",
            str(RATE),
            "-F",
            str(wav),
            str(font),
            str(midi),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not wav.exists():
            raise NoTracksError(f"fluidsynth failed: {done.stderr.strip()[-200:]}")
        sound, _ = soundfile.read(wav, dtype="float32", always_2d=True)
    for k, (path, _) in enumerate(batch):
        start = int(k * (LENGTH_S + GAP_S) * RATE)
        track = np.trim_zeros(sound[start : start + int(LENGTH_S * RATE)].mean(axis=1), "b")
        part = path.with_suffix(".part")
        soundfile.write(part, 0.7 * track / (np.abs(track).max() + 1e-9), RATE, format="FLAC", subtype="PCM_16")
        part.rename(path)


def _save(pieces: list[Path | list[list[int]]], names: list[str], path: Path) -> None:
    import mido

    midi, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()  # 960 ticks a second at the default 120 BPM
    midi.tracks.append(track)
    events: list[tuple[int, int, mido.Message]] = []
    for k, (piece, name) in enumerate(zip(pieces, names, strict=True)):
        rnd, offset_s = random.Random(name), k * (LENGTH_S + GAP_S)
        for channel in range(4):
            program = mido.Message("program_change", channel=channel, program=rnd.choice(PROGRAMS))
            events.append((round(offset_s * 960), 0, program))
        for start, end, note, velocity, channel in _notes(piece, rnd):
            if start < LENGTH_S:
                on = mido.Message("note_on", channel=channel, note=note, velocity=velocity)
                events.append((round((offset_s + start) * 960), 2, on))
                off = mido.Message("note_off", channel=channel, note=note)
                events.append((round((offset_s + min(end, LENGTH_S + 0.5)) * 960), 1, off))
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    midi.save(path)


def _notes(piece: Path | list[list[int]], rnd: random.Random) -> Iterator[Note]:
    beat_s, last_s = 0.5, 0.0
    shift = rnd.randint(-3, 3)
    if isinstance(piece, Path):
        found, beat_s = _song(piece)
        skip = rnd.choice((0.0, 15.0, 30.0)) if found and found[-1][0] > 120 else 0.0
        notes = [(s - skip, e - skip, n + shift, v, c) for s, e, n, v, c in found if s >= skip]
    else:
        beat_s = rnd.uniform(0.45, 0.8)
        notes = _chorale(piece, beat_s / 4, shift)
    for note in notes:
        last_s = max(last_s, note[0])
        yield note
    if rnd.random() < 0.6:
        drums, step_s = rnd.choice(BEATS), beat_s / 4
        for k in range(int(min(last_s, LENGTH_S) / step_s)):
            for drum, places in drums.items():
                if k % 16 in places:
                    yield k * step_s, k * step_s + 0.1, drum, rnd.randint(80, 110), 9


def _song(path: Path) -> tuple[list[Note], float]:
    import mido

    notes: list[Note] = []
    tempos = []
    now = 0.0
    held: dict[tuple[int, int], tuple[float, int]] = {}
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "set_tempo":
            tempos.append(message.tempo / 1e6)
        elif message.type == "note_on" and message.velocity:
            held[message.channel, message.note] = now, message.velocity
        elif message.type in ("note_off", "note_on") and (message.channel, message.note) in held:
            start, velocity = held.pop((message.channel, message.note))
            notes.append((start, now, message.note, velocity, message.channel))
    return sorted(notes), tempos[0] if tempos else 0.5


def _chorale(rows: list[list[int]], step_s: float, shift: int) -> list[Note]:
    notes: list[Note] = []
    for voice in range(4):
        begun = 0
        line = [int(row[voice] or 0) if voice < len(row) else 0 for row in rows]
        for k in range(1, len(line) + 1):
            if k == len(line) or line[k] != line[begun]:
                if line[begun] > 0:
                    notes.append((begun * step_s, k * step_s, line[begun] + shift, 80, voice))
                begun = k
    return sorted(notes)


NOT_TRACKS = ("mdb_drum", "mdb_pitch", "sipth", "vocadito")
"""Stems of recordings that are there whole, and voices."""


def real(data: Path) -> list[Path]:
    """Recordings, and pieces that others have rendered, in `data`/analysis; none where it is missing."""
    return [path for path in sorted((data / "analysis").glob("*/*.ogg")) if path.parent.name not in NOT_TRACKS]


def load(path: Path) -> np.ndarray:
    """Mono float32 at RATE."""
    import soundfile
    import soxr

    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = np.ascontiguousarray(sound.mean(axis=1))
    return mono if rate == RATE else soxr.resample(mono, rate, RATE)


def voices(data: Path) -> np.ndarray:
    """Two minutes of a crowd: some 15 voices at once, those of `data`/analysis/sipth and vocadito, at many heights.

    Where they are missing, noise that falls by 6 dB an octave, swelling four times a second as speech does.
    """
    rng, n = np.random.default_rng(3), 120 * RATE
    paths = [path for name in ("sipth", "vocadito") for path in sorted((data / "analysis" / name).glob("*.ogg"))]
    if not paths:
        spectrum = np.fft.rfft(rng.standard_normal(n)) / np.maximum(200, np.fft.rfftfreq(n, 1 / RATE))
        return (np.fft.irfft(spectrum, n) * (1 + 0.5 * np.sin(8 * np.pi * np.arange(n) / RATE))).astype(np.float32)
    import soxr

    sound, singers = np.zeros(n, np.float32), [load(path) for path in paths]
    for _ in range(400):
        voice = singers[int(rng.integers(len(singers)))]
        voice = soxr.resample(voice, RATE * rng.uniform(0.7, 1.2), RATE)
        start = int(rng.integers(n - RATE))
        voice = voice[: n - start]
        sound[start : start + len(voice)] += voice / (np.abs(voice).max() + 1e-9) * rng.uniform(0.2, 1)
    return sound
