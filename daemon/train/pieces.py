"""What is played in training: songs re-orchestrated, drum patterns and four-part progressions drawn at random.

A note is (start s, end s, MIDI note, velocity, channel). Songs are POP909 (Wang et al., ISMIR 2020) as MIDI files.
"""

import random
from pathlib import Path
from typing import NamedTuple

import numpy as np

from daemon.errors import UserError

Note = tuple[float, float, int, float, int]
Line = list[tuple[float, float, int, float]]  # a track's notes, less the channel

DRUMS = 9  # General MIDI's channel of percussion
BEGIN_S = 0.3
HELD = 10  # one song in so many is not trained on
MELODIC = (
    *(0, 4, 6, 8, 9, 11, 12, 13, 16, 19, 21, 22, 24, 25, 26, 27, 29, 32, 33, 34, 40, 41, 42, 43, 46, 48, 52, 56),
    *(57, 58, 59, 60, 61, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 104, 105, 106, 107, 110, 112),
)
KEYS_AND_GUITARS = (0, 0, 0, 1, 2, 4, 6, 24, 25)
SUSTAINED = (
    *(16, 18, 19, 20, 21, 22, 23, 40, 41, 42, 44, 48, 49, 50, 52, 53, 56, 58, 60, 61, 65, 68, 70, 71, 73, 74, 75, 79),
    *(82, 88, 89, 91),
)
KITS = (0, 0, 8, 16, 24, 25, 32, 40, 48)
VOICES = ((84, 60), (72, 52), (67, 46), (55, 34))  # (highest, lowest) of soprano, alto, tenor, bass


class Piece(NamedTuple):
    """Notes in order of their start, and a General MIDI program for each channel."""

    notes: list[Note]
    programs: dict[int, int]


class Songs:
    """The songs of a folder of POP909 MIDI files, less those that are evaluated on."""

    def __init__(self, data: Path, held: bool = False) -> None:
        """`data` holds symbolic/pop909 and analysis/pop909cl; `held`: every tenth song, the others being for training.

        Raises UserError.
        """
        folder = data / "symbolic" / "pop909"
        heard = {path.stem.split("_")[1] for path in (data / "analysis" / "pop909cl").glob("*.json")}
        paths = [path for path in sorted(folder.glob("[0-9]*/*.mid")) if path.stem not in heard]
        self._paths = [path for k, path in enumerate(paths) if (k % HELD == 0) == held]
        if not self._paths:
            raise UserError(
                f"{folder}: no songs there; give --data a folder with symbolic/pop909/001/001.mid and so on"
            )

    def any(self, rnd: random.Random) -> dict[str, Line]:
        """Track name -> its notes, of a song drawn."""
        return lines(rnd.choice(self._paths))

    def any_with_beats(self, rnd: random.Random) -> tuple[dict[str, Line], np.ndarray]:
        """As `any`, and the song's beats in s (from beat_midi.txt beside it)."""
        path = rnd.choice(self._paths)
        return lines(path), np.loadtxt(path.with_name("beat_midi.txt"))[:, 0]


def lines(path: Path) -> dict[str, Line]:
    """Track name -> its notes, of a MIDI file with one tempo."""
    import mido

    midi = mido.MidiFile(path)
    tempo = next((event.tempo for track in midi.tracks for event in track if event.type == "set_tempo"), 500000)
    return {track.name: line for track in midi.tracks if (line := _line(track, midi.ticks_per_beat, tempo))}


def _line(track, ticks_per_beat: int, tempo: int) -> Line:
    import mido

    now, held, notes = 0.0, {}, []
    for event in track:
        now += mido.tick2second(event.time, ticks_per_beat, tempo)
        if event.type == "note_on" and event.velocity:
            held[event.note] = (now, event.velocity)
        elif event.type in ("note_off", "note_on") and event.note in held:
            start, velocity = held.pop(event.note)
            notes.append((start, now, event.note, velocity))
    return sorted(notes)


def cut(line: Line, rnd: random.Random, length_s: float) -> Line:
    """A stretch of a line at another speed."""
    begin = rnd.uniform(line[0][0], max(line[0][0], line[-1][0] - length_s))
    speed = rnd.uniform(0.75, 1.5)
    return [
        (BEGIN_S + (start - begin) / speed, BEGIN_S + (end - begin) / speed, note, velocity)
        for start, end, note, velocity in line
        if begin <= start < begin + length_s * speed
    ]


def melody(song: dict[str, Line]) -> Line:
    """The line that is sung."""
    return song.get("MELODY") or next(iter(song.values()))


def solo(songs: Songs, rnd: random.Random) -> Piece:
    """A melody on any instrument, in any register, more or less legato."""
    shift, legato = rnd.choice([-24, -12, -12, 0, 0, 0, 5, 12]), rnd.choice([0.5, 0.9, 1, 1.03])
    notes: list[Note] = [
        (start, start + max(0.06, (end - start) * legato), min(100, max(28, note + shift)), rnd.gauss(velocity, 18), 0)
        for start, end, note, velocity in cut(melody(songs.any(rnd)), rnd, 45)
    ]
    return Piece(notes, {0: rnd.choice(MELODIC)})


def piano(songs: Songs, rnd: random.Random) -> Piece:
    """An accompaniment, often with its melody, on keys or guitar, not quite together."""
    song = songs.any(rnd)
    line = sorted((song.get("PIANO") or melody(song)) + (melody(song) if rnd.random() < 0.5 else []))
    spread = rnd.choice([0, 0.004, 0.008])
    notes: list[Note] = []
    for start, end, note, velocity in cut(line, rnd, 45):
        begin = max(0.02, rnd.gauss(start, spread) if start > 0.1 else start)
        notes.append((begin, max(begin + 0.08, end), note, velocity * rnd.uniform(0.5, 1.1), 0))
    return Piece(sorted(notes), {0: rnd.choice(KEYS_AND_GUITARS)})


def band(songs: Songs, rnd: random.Random) -> Piece:
    """A song's tracks on instruments drawn anew, most often with drums."""
    song, begin, speed = songs.any(rnd), rnd.uniform(0, 60), rnd.uniform(0.8, 1.4)
    notes: list[Note] = [
        (BEGIN_S + (start - begin) / speed, BEGIN_S + (end - begin) / speed, note, velocity, channel)
        for channel, line in enumerate(song.values())
        for start, end, note, velocity in line
        if begin <= start < begin + 45
    ]
    programs = {channel: rnd.choice(MELODIC[:40]) for channel in range(len(song))} | {DRUMS: rnd.choice(KITS)}
    if rnd.random() < 0.7:
        loud = rnd.uniform(0.6, 1.0)
        notes += [(start, end, note, velocity * loud, DRUMS) for start, end, note, velocity, _ in drums(rnd, 40).notes]
    return Piece(sorted(notes), programs)


def drums(rnd: random.Random, length_s: float = 50.0) -> Piece:
    """Patterns of two to four bars, each with its own tempo, grid and swing."""
    notes: list[Note] = []
    now = BEGIN_S
    while now < length_s:
        beat_s, grid, swing = 60 / rnd.uniform(60, 180), rnd.choice([2, 2, 3, 4, 4, 4, 6]), rnd.choice([0, 0, 0.15])
        bars = rnd.choice([2, 3, 4])
        for note, density in _kit(rnd):
            if rnd.random() < 0.2:
                continue
            pattern = [rnd.random() < density for _ in range(grid * 4)]
            velocities = [rnd.choice([100, 90, 110, 60, 40, 30]) for _ in pattern]
            for step in range(grid * 4 * bars):
                place = step % len(pattern)
                if not pattern[place] or rnd.random() > 0.93:
                    continue
                late = swing / grid if place % 2 else 0
                start = max(0.05, now + (step / grid + late) * beat_s + rnd.gauss(0, 0.006))
                velocity = rnd.gauss(velocities[place], 10)
                notes.append((start, start + 0.2, note, velocity, DRUMS))
                if rnd.random() < 0.02:  # a flam
                    again = start + rnd.uniform(0.04, 0.09)
                    notes.append((again, again + 0.2, note, velocity * 0.8, DRUMS))
        now += bars * 4 * beat_s
    return Piece(sorted(notes), {DRUMS: rnd.choice(KITS)})


def _kit(rnd: random.Random) -> list[tuple[int, float]]:
    """General MIDI drums and how often they strike: a kick, a snare, something high, something else."""
    return [
        (rnd.choice([35, 36]), 0.25),
        (rnd.choice([38, 40, 37, 39, 38, 38]), 0.3),
        (rnd.choice([42, 42, 42, 44, 46, 51, 53, 70, 54, 56, 59]), 0.75),
        (rnd.choice([41, 43, 45, 47, 48, 50, 49, 57, 55, 52, 60, 62, 64]), 0.12),
    ]


def pad(rnd: random.Random) -> Piece:
    """One to four voices of sustained sound that move at their own times."""
    now, step_s, overlap = BEGIN_S, rnd.uniform(0.25, 0.7), rnd.choice([0, 0, 0.01, -0.02])
    parts, velocity = rnd.choice([1, 2, 4, 4]), rnd.randint(50, 110)
    voice = [rnd.randint(65, 76), rnd.randint(58, 66), rnd.randint(52, 60), rnd.randint(40, 50)]
    held: list[tuple[float, int] | None] = [None] * 4
    notes: list[Note] = []
    while now < 40:
        for part in range(parts):
            if held[part] is not None and rnd.random() > (0.85 if part == 0 else 0.6):
                continue
            if before := held[part]:
                notes.append((before[0], now + overlap, before[1], velocity, 0))
            highest, lowest = VOICES[part]
            step = rnd.choice([-4, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 4, 5, -7, 7])
            voice[part] = min(highest, max(lowest, voice[part] + step))
            held[part] = (now, voice[part])
        now += rnd.choice([step_s, step_s, step_s, step_s / 2, 2 * step_s])
    notes += [(start, now, note, velocity, 0) for start, note in filter(None, held)]
    return Piece(sorted(one for one in notes if one[1] - one[0] > 0.08), {0: rnd.choice(SUSTAINED)})
