"""Reads songs as they are played: POP909 (MIDI with beats, chords and key beside it), and chorales in sixteenths."""

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from daemon.generate.context import ChordSpan
from daemon.generate.deep.alphabet import PLACES
from daemon.generate.note import BASS, CHORDS, COUNTER, MELODY, TICKS
from daemon.train.generator.corpus import NOTES, Piece
from daemon.train.generator.tunes import likely_key
from daemon.train.pieces import lines
from dsp.harmony import CHORD_QUALITIES

BASS_BELOW = 50  # of a piano's notes, the lowest of those struck together, where it is this low
_TRACKS = {"MELODY": MELODY, "BRIDGE": COUNTER, "PIANO": CHORDS}
_NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_DEGREES = (0, 2, 4, 5, 7, 9, 11)
_QUALITIES = {
    **{"maj": "maj", "maj6": "maj", "min": "min", "min6": "min", "minmaj7": "min", "min7": "min7", "maj7": "maj7"},
    **{"7": "7", "9": "7", "dim": "dim", "dim7": "dim", "hdim7": "dim", "aug": "aug", "sus4": "sus4", "sus2": "sus4"},
    "sus4(b7)": "sus4",
}


def song(path: Path, name: str) -> list[Piece]:
    """A song of POP909 on its own beats."""
    beats = np.loadtxt(path.with_name("beat_midi.txt"), ndmin=2)
    downbeats = np.flatnonzero(beats[:, 2] > 0)
    if len(downbeats) < 4:
        return []
    bar = int(np.bincount(np.diff(downbeats)).argmax())
    first = int(downbeats[0])
    lead = -first % bar  # beats of the first bar before the first one annotated
    ticks = (np.arange(len(beats)) + lead) * TICKS

    def place(seconds: np.ndarray) -> np.ndarray:
        number = np.interp(seconds, beats[:, 0], ticks) / TICKS
        whole = np.floor(number)
        within = (number - whole) * TICKS
        nearest = PLACES[np.abs(within[:, None] - PLACES[None]).argmin(1)]
        return (whole * TICKS + nearest).astype(int)

    rows: list[tuple[int, int, int, int, int]] = []
    for name_of_track, line in lines(path).items():
        part = _TRACKS.get(name_of_track.strip())
        if part is None:
            continue
        times = np.array(line)
        inside = (times[:, 0] > beats[0, 0] - 0.2) & (times[:, 0] < beats[-1, 0])
        times = times[inside]
        begins, ends = place(times[:, 0]), place(times[:, 1])
        for begin, end, (_, _, pitch, velocity) in zip(begins, ends, times, strict=True):
            rows.append((int(begin), max(1, int(end - begin)), int(pitch), int(velocity), part))
    if not rows:
        return []
    rows.sort(key=lambda row: (row[0], -row[2]))
    notes = np.array(rows, NOTES)
    _part_bass(notes)
    tonic, mode = _key(path, notes)
    return [Piece(name, path.stem, notes, [(0, bar, 4)], tonic, mode, _chords(path, place))]


def _part_bass(notes: np.ndarray) -> None:
    """A piano's lowest notes become the bass."""
    last = np.ones(len(notes), bool)
    last[:-1] = notes["tick"][1:] != notes["tick"][:-1]
    notes["part"][last & (notes["part"] == CHORDS) & (notes["pitch"] < BASS_BELOW)] = BASS


def _key(path: Path, notes: np.ndarray) -> tuple[int, int]:
    """The key as annotated (the longest, where it changes), else the likeliest."""
    told = [line.split("\t") for line in path.with_name("key_audio.txt").read_text().splitlines()]
    spans = [(float(end) - float(begin), label) for begin, end, label in told if ":" in label]
    if not spans:
        return likely_key(notes)
    tonic, _, mode = max(spans)[1].partition(":")
    return _class(tonic), int(mode.startswith("min"))


def _class(name: str) -> int:
    return (_NAMES[name[0]] + name.count("#") - name[1:].count("b")) % 12


def _chords(path: Path, place) -> list[ChordSpan]:
    spans: list[ChordSpan] = []
    for line in path.with_name("chord_midi.txt").read_text().splitlines():
        begin, _, label = line.split("\t")
        tick = int(place(np.array([float(begin)]))[0])
        span = _chord(tick, label)
        if not spans or (span.root, span.quality, span.bass) != (spans[-1].root, spans[-1].quality, spans[-1].bass):
            spans.append(span)
    return spans


def _chord(tick: int, label: str) -> ChordSpan:
    """From Harte's syntax: root, quality, and the bass as a degree above the root."""
    root, _, rest = label.partition(":")
    if root == "N" or not rest:
        return ChordSpan(tick, 0, 0)
    quality, _, degree = rest.partition("/")
    bass = -1
    if match := re.fullmatch(r"([b#]*)(\d+)", degree):
        step = _DEGREES[(int(match[2]) - 1) % 7] + match[1].count("#") - match[1].count("b")
        bass = (_class(root) + step) % 12
    return ChordSpan(tick, _class(root), CHORD_QUALITIES.index(_QUALITIES.get(quality, "maj")), bass)


def chorales(path: Path, name: str) -> list[Piece]:
    """Bach's chorales: four voices, a pitch for each sixteenth."""
    found = []
    for part, frames in json.loads(path.read_text()).items():
        for number, piece in enumerate(frames):
            rows = []
            for voice, role in enumerate((MELODY, CHORDS, CHORDS, BASS)):
                line = [frame[voice] if voice < len(frame) else 0 for frame in piece]
                starts = [0, *(k for k in range(1, len(line)) if line[k] != line[k - 1]), len(line)]
                for begin, end in pairwise(starts):
                    if line[begin] > 0:
                        rows.append((begin * 6, (end - begin) * 6, line[begin], 0, role))
            rows.sort(key=lambda row: (row[0], -row[2]))
            notes = np.array(rows, NOTES)
            tonic, mode = likely_key(notes)
            found.append(Piece(name, f"{part}/{number}", notes, [(0, 4, 4)], tonic, mode, []))
    return found
