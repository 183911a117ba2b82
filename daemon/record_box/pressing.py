"""A record is played by jamd's rules, as notes, and these by jamd's synth, as sound. The same record, the same samples."""

import zlib

import msgspec
import numpy as np

from daemon import registry
from daemon.generate.constraints import Constraints
from daemon.generate.context import ChordSpan, Context
from daemon.generate.note import BASS, CHORDS, DRUMS, MELODY, TICKS, Note
from daemon.generate.rules import styles
from daemon.plugins.builtin import Synth
from daemon.plugins.perform import perform
from daemon.record_box.records import Record
from dsp.harmony import CHORD_QUALITIES, MODES, PITCH_CLASSES
from dsp.synth.patches import SOUNDS

RATE = 44100
BAR = 4 * TICKS
PHRASE = 4  # bars: the groove below, which goes round; the melody goes on
TAIL_S = 0.5  # that a note rings on; over the beginning of the next round, but not over a loop's end
LEVEL = {"chords": 1.0, "bass": 1.0, "drums": 0.9, "melody": 0.8}
PARTS = {"chords": CHORDS, "bass": BASS, "drums": DRUMS, "melody": MELODY}
BLOCK = 1024
PEAK = 0.8


def notes(record: Record) -> dict[str, list[Note]]:
    """What each part plays, in ticks from the start: of all but the melody the first PHRASE. [worker]"""
    style, seed = styles.load(record.style), zlib.crc32(record.name.encode()) >> 1
    tonic, mode = record.key.split()
    root = PITCH_CLASSES.index(tonic)
    steps = [chord.split(":") for chord in record.chords.split()]
    spans = [
        ChordSpan(bar * BAR, (root + int(step)) % 12, CHORD_QUALITIES.index(quality))
        for bar in range(record.bars + 1)
        for step, quality in [steps[bar % len(steps)]]
    ]
    players = {
        "chords": registry.generator("chords", "comping", record.style),
        "bass": registry.generator("bass", style.bass.kind, record.style),
        "drums": registry.generator("drums", "pattern", record.style),
        "melody": registry.generator("answer", "motif"),
    }
    played: dict[str, list[Note]] = {role: [] for role in record.parts.split()}
    for bar in range(0, record.bars, PHRASE):
        ticks = BAR * min(PHRASE, record.bars - bar)
        for role in played if bar == 0 else [role for role in played if role == "melody"]:
            if role == "melody" and record.kind == "track" and bar in (0, record.bars - PHRASE):
                continue  # it begins and ends without, so that it can be mixed
            own = tuple(note for notes in played.values() for note in notes if note.end >= bar * BAR - BAR)
            context = Context(
                tick=bar * BAR,
                own=tuple(sorted(own)),
                tonic=root,
                mode=MODES.index(mode),
                key_confidence=1.0,
                chords=tuple(spans),
                tempo_bpm=record.tempo_bpm,
                energy=record.energy,
                low=60,
                velocity=60 + 50 * record.energy,
            )
            constraints = style.constraints(PARTS[role]) if role != "melody" else Constraints(low=60, high=84)
            played[role] += players[role].play(context, msgspec.structs.replace(constraints, seed=seed), ticks)
    return played


def seconds(record: Record, tick: float) -> float:
    """When a tick sounds: the second eighth comes as late as the style swings. [any]"""
    swing, quarter = styles.load(record.style).swing, tick // TICKS
    at = 2 * (tick / TICKS - quarter)
    part = at * swing if at < 1 else swing + (at - 1) * (1 - swing)
    return float((quarter + part) * 60 / record.tempo_bpm)


def sound(record: Record) -> np.ndarray:
    """The whole record: float32 of shape (samples, 2) at RATE, its loudest sample PEAK. [worker]"""
    length = record.bars * 4 * 60 / record.tempo_bpm + (TAIL_S if record.kind == "track" else 0.0)
    mix = np.zeros((2, round(length * RATE)), np.float32)
    for role, played in notes(record).items():
        name = {"chords": record.sounds[0], "melody": record.sounds[1]}.get(role, role)
        once = round(PHRASE * 4 * 60 / record.tempo_bpm * RATE) if role != "melody" else mix.shape[1]
        part = _synth(name, _events(record, played), once + round(TAIL_S * RATE))
        for start in range(0, mix.shape[1], once):
            n = min(part.shape[1], mix.shape[1] - start)
            mix[:, start : start + n] += LEVEL[role] * part[:, :n]
    return np.ascontiguousarray(PEAK * record.energy**0.5 * mix.T / max(1e-6, float(np.abs(mix).max())))


def _events(record: Record, played: list[Note]) -> list[tuple[int, int, int, int]]:
    """(sample, status, note, velocity) in order, ends before starts."""
    found = []
    for note in played:
        start, end = (round(seconds(record, tick) * RATE) for tick in (note.tick, note.end))
        found += [(start, 0x90, note.pitch, note.velocity), (end, 0x80, note.pitch, 0)]
    return sorted(found)


def _synth(name: str, events: list[tuple[int, int, int, int]], n: int) -> np.ndarray:
    """float32 of shape (2, n): one part, played by jamd's synth with a sound of its."""
    plugin = Synth(RATE)
    plugin.set(0, SOUNDS.index(name) / (len(SOUNDS) - 1))
    return perform(plugin, np.array(events, np.int64).reshape(-1, 4), n, RATE, BLOCK)
