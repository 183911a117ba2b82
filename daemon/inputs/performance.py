"""The built-in performance: a small band rendered by jamd itself, so that all can be tried without a sound card.

Sixteen bars, an A part and a B part, played in C major, then in Eb major, and so on without end. `score` tells what is
played; the sound is made from the same notes, so the two cannot disagree.
"""

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

import numpy as np

from dsp import voices
from dsp.harmony import PITCH_CLASSES

TEMPO_BPM = 112.0
LEAD_IN_S = 0.1  # silence before the first beat
BEATS_PER_BAR = 4

KEYS = ((0, "C major"), (3, "Eb major"))  # semitones above the written parts, and the key's name

# One bar a line: chords (two of them share the bar), then the melody as note/beats, "-" a rest.
BARS = [
    line.split("|")
    for line in """\
C:maj       | E5/1.5 G5/.5 E5/1 C5/1
A:min       | A4/1 C5/1 E5/1.5 D5/.5
F:maj       | C5/1.5 A4/.5 C5/1 F5/1
G:7         | D5/2 B4/1 -/1
C:maj       | E5/1.5 G5/.5 A5/1 G5/1
A:min       | E5/1 D5/.5 C5/.5 A4/1 C5/1
F:maj G:7   | F5/1 E5/.5 D5/.5 D5/1 B4/1
C:maj       | C5/3 -/1
A:min       | A4/.5 C5/.5 E5/1 A5/1.5 G5/.5
F:maj       | F5/1.5 C5/.5 A4/1 C5/1
C:maj       | E5/.5 F5/.5 G5/1 E5/1 C5/1
G:maj       | D5/2 G4/.5 A4/.5 B4/1
D:min       | F5/1.5 E5/.5 D5/1 A4/1
G:7         | B4/1 D5/1 F5/1 D5/1
F:maj       | C5/1 A4/.5 C5/.5 F5/1 A5/1
G:7         | G5/2 F5/.5 D5/.5 B4/1""".splitlines()
]
B_PART = 8  # the bar it begins with
ROOM = 2  # bars that the soloist plays, and then leaves to whoever answers, where they leave room

INTERVALS = {"maj": (0, 4, 7), "min": (0, 3, 7), "7": (0, 4, 7, 10)}
LOWEST_CHORD_NOTE = 55  # chords are voiced in the octave from this G
LOWEST_BASS_NOTE = 36

# voice -> level, pan (-1 left .. 1 right)
MIX = {
    "piano": (0.16, -0.35),
    "lead": (0.30, 0.2),
    "bass": (0.30, 0.0),
    "kick": (0.60, 0.0),
    "snare": (0.52, 0.1),
    "hat": (0.30, 0.4),
}
LONGEST_S = 3.0  # more than a beat and the longest note
DRUMS = {"kick": 36, "snare": 38, "hat": 42}  # General MIDI's notes


class Note(NamedTuple):
    """One note of one voice; drums have General MIDI's note numbers."""

    beat: float  # from the first one
    beats: float
    voice: str
    midi: int
    velocity: float  # 0..1


class Performance:
    """The band as an input: stereo, at any rate, endless or for `seconds`. [main]"""

    channels = 2
    period_s = len(KEYS) * len(BARS) * BEATS_PER_BAR * 60 / TEMPO_BPM  # after which the same comes again

    def __init__(self, seconds: float | None = None, leaves_room: bool = False) -> None:
        """`leaves_room`: the melody pauses for every other ROOM bars."""
        self.duration_s, self._leaves_room = seconds, leaves_room

    def blocks(self, rate: float, block: int = 4096) -> Iterator[np.ndarray]:
        """The sound at `rate` Hz: float32 of shape (2, block), the last one shorter; its peak is below 0.9. [main]"""
        left = float("inf") if self.duration_s is None else round(self.duration_s * rate)
        beats, ready = _beats(rate, self._leaves_room), np.zeros((2, 0), np.float32)
        while left > 0:
            while ready.shape[1] < block:
                ready = np.concatenate((ready, next(beats)), axis=1)
            n = int(min(block, left))
            yield np.ascontiguousarray(ready[:, :n])
            ready, left = ready[:, n:], left - n


def score(seconds: float) -> dict:
    """What is played in the first `seconds`, named as in an annotation: times in s, labels as dsp.harmony's. [any]

    `onsets`, `beats`, `downbeats`: times; `notes`: [start, end, MIDI] of all but the drums; `chords`, `keys`: [start,
    end, label]; `key`: the one it begins in; `tempo`: in BPM.
    """
    n_beats = int(np.ceil(max(0.0, seconds - LEAD_IN_S) * TEMPO_BPM / 60))
    played = [note for beat in range(n_beats) for note in _notes(beat)]
    played = [note for note in played if time_s(note.beat) < seconds]
    beats = [time_s(beat) for beat in range(n_beats)]
    chords = [(at, chord) for bar in range(-(-n_beats // BEATS_PER_BAR)) for at, _, chord in _chords(bar)]
    keys = [(float(BEATS_PER_BAR * bar), _key(bar)[1]) for bar in range(0, -(-n_beats // BEATS_PER_BAR), len(BARS))]
    return {
        "onsets": sorted({time_s(note.beat) for note in played}),
        "beats": beats,
        "downbeats": beats[::BEATS_PER_BAR],
        "notes": [
            [time_s(note.beat), min(seconds, time_s(note.beat + note.beats)), note.midi]
            for note in played
            if note.voice not in DRUMS
        ],
        "chords": [[0.0, min(seconds, LEAD_IN_S), "N"], *_spans(chords, seconds)],
        "keys": _spans(keys, seconds),
        "key": KEYS[0][1],
        "tempo": TEMPO_BPM,
    }


def time_s(beat: float) -> float:
    """When a beat falls, counted from 0. [any]"""
    return LEAD_IN_S + beat * 60 / TEMPO_BPM


def _spans(starts: list[tuple[float, str]], seconds: float) -> list[list]:
    """(beat, label) in order to [start s, end s, label], each up to the next one's start, the last to `seconds`."""
    bounds = [*(time_s(beat) for beat, _ in starts), seconds]
    return [[bounds[k], min(bounds[k + 1], seconds), starts[k][1]] for k in range(len(starts)) if bounds[k] < seconds]


def _key(bar: int) -> tuple[int, str]:
    return KEYS[bar // len(BARS) % len(KEYS)]


def _chords(bar: int) -> list[tuple[float, float, str]]:
    """The bar's chords: (beat, beats, label)."""
    names = BARS[bar % len(BARS)][0].split()
    beats = BEATS_PER_BAR / len(names)
    up = _key(bar)[0]
    found = []
    for k, name in enumerate(names):
        root, quality = name.split(":")
        root = PITCH_CLASSES[(PITCH_CLASSES.index(root) + up) % 12]
        found.append((BEATS_PER_BAR * bar + k * beats, beats, f"{root}:{quality}"))
    return found


def calls(beat: int) -> list[Note]:
    """What the soloist begins within a beat, counted from 0, when they leave room. [any]"""
    return [note for note in _notes(beat, leaves_room=True) if note.voice == "lead"]


def _notes(beat: int, leaves_room: bool = False) -> list[Note]:
    """What begins within a beat, counted from 0."""
    bar = beat // BEATS_PER_BAR
    played = [*_drums(bar)]
    if not leaves_room or bar % (2 * ROOM) < ROOM:
        played += _melody(bar)
    for chord in _chords(bar):
        played += [*_piano(*chord), *_bass(*chord)]
    return [note for note in played if beat <= note.beat < beat + 1]


def _melody(bar: int) -> Iterator[Note]:
    beat, up = float(BEATS_PER_BAR * bar), _key(bar)[0]
    for word in BARS[bar % len(BARS)][1].split():
        name, beats = word.split("/")
        if name != "-":
            midi = 12 * (int(name[1:]) + 1) + PITCH_CLASSES.index(name[0]) + up
            yield Note(beat, 0.92 * float(beats), "lead", midi, 0.9 if beat % 2 == 0 else 0.8)
        beat += float(beats)


def _piano(beat: float, beats: float, chord: str) -> Iterator[Note]:
    root, quality = chord.split(":")
    pitch_classes = [(PITCH_CLASSES.index(root) + step) % 12 for step in INTERVALS[quality]]
    for start, end in ((0, 1.5), (1.5, 3), (3, 4)):
        if start < beats:
            for pitch_class in pitch_classes:
                midi = LOWEST_CHORD_NOTE + (pitch_class - LOWEST_CHORD_NOTE) % 12
                yield Note(beat + start, min(end, beats) - start - 0.1, "piano", midi, 0.9 if start == 0 else 0.7)


def _bass(beat: float, beats: float, chord: str) -> Iterator[Note]:
    pitch_class = PITCH_CLASSES.index(chord.partition(":")[0])
    root = LOWEST_BASS_NOTE + (pitch_class - LOWEST_BASS_NOTE) % 12
    for start, end, step in ((0, 1.5, 0), (1.5, 2, 0), (2, 3, 7), (3, 4, 0)):
        if start < beats:
            yield Note(beat + start, end - start - 0.05, "bass", root + step, 0.9 if start == 0 else 0.75)


def _drums(bar: int) -> Iterator[Note]:
    place = bar % len(BARS)
    fills = place % B_PART == B_PART - 1  # the last bar of a part
    hits: dict[str, list[float]] = {"kick": [0, 2], "snare": [1, 3], "hat": [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]}
    if place >= B_PART:
        hits["kick"] = [0, 1.5, 2]
    if fills:
        hits["snare"], hits["hat"] = [1, 2.5, 3, 3.25, 3.5, 3.75], [0, 0.5, 1, 1.5, 2]
    for voice, beats in hits.items():
        for beat in beats:
            yield Note(BEATS_PER_BAR * bar + beat, 0.25, voice, DRUMS[voice], 1.0 if beat % 1 == 0 else 0.6)


def _sound(note: Note, rate: float) -> np.ndarray:
    """One note as it is mixed: float32 of shape (2, n)."""
    seconds = note.beats * 60 / TEMPO_BPM
    if note.voice in DRUMS:
        mono = {"kick": voices.kick, "snare": voices.snare, "hat": voices.hat}[note.voice](rate)
    else:
        play = {"piano": voices.electric_piano, "lead": voices.lead, "bass": voices.bass}[note.voice]
        mono = play(rate, note.midi, seconds)
    level, pan = MIX[note.voice]
    angle = np.pi / 4 * (1 + pan)
    gains = np.float32(level * note.velocity) * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
    return gains * mono


def _beats(rate: float, leaves_room: bool) -> Iterator[np.ndarray]:
    """The sound from one beat to the next, shape (2, n), without end; first the lead-in."""
    start = round(LEAD_IN_S * rate)
    yield np.zeros((2, start), np.float32)
    mix = np.zeros((2, int(LONGEST_S * rate)), np.float32)
    for beat in count():
        for note in _notes(beat, leaves_room):
            sound = _sound(note, rate)
            at = round(time_s(note.beat) * rate) - start
            mix[:, at : at + sound.shape[1]] += sound
        n = round(time_s(beat + 1) * rate) - start
        yield 0.88 * np.tanh(mix[:, :n] / 0.88)  # what is loud is bent, never clipped
        mix = np.concatenate((mix[:, n:], np.zeros((2, n), np.float32)), axis=1)
        start += n
