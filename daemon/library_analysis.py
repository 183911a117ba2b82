"""A file of the library is analysed: the engine that runs live over a sound, or the notes of MIDI. Runs in any process."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from daemon.child import die_with_parent
from daemon.errors import UserError
from daemon.recommend.item import Item
from daemon.recommend.library import clip, profile, rows, scan, tags
from daemon.recommend.library.found import Found, Task
from daemon.recommend.library.walk import MIDI_SUFFIXES, PRESET_SUFFIXES

ANALYSERS = ("level", "bands", "onset", "chroma", "key", "beat")
LOOP_S = 30.0  # a shorter sound is a loop
AROUND_S = 16.0  # a loop is played round for at least so long,
SHOT_S = 1.0  # unless it is so short that it is one hit
MIDI_RATE = 48_000.0


def analyse(task: Task) -> Found:
    """All there is to know of a file; of one that cannot be read, why. Raises nothing that a file can cause. [worker]"""
    path = Path(task.path)
    try:
        if path.suffix.lower() in MIDI_SUFFIXES:
            found = _clip(path)
        elif path.suffix.lower() in PRESET_SUFFIXES:
            found = _preset(path)
        else:
            found = _sound(path, task.kind)
        content = scan.digest(task.path)
    except (UserError, OSError, MemoryError) as error:
        reason = str(error).removeprefix(f"{path}: ") or type(error).__name__
        return Found(task, gone=not os.path.exists(path), reason=reason)
    except Exception as error:  # a library that a broken file has upset
        return Found(task, gone=not os.path.exists(path), reason=f"{type(error).__name__}: {error}")
    item, beats, landmarks = found
    if not item.title:
        item = _named(item, path)
    return Found(task, item, beats.astype("<f4").tobytes(), landmarks, content)


def beside(scanner: int, task: Task) -> Found:
    """`analyse`, in a process that the one with the id `scanner` has started, and that ends with it. [worker]"""
    if os.getpid() != scanner:
        die_with_parent()
    return analyse(task)


def warm() -> None:
    """Compile or load all that `analyse` runs, so that the worker processes find it on disk. [main]"""
    from daemon.engine import offline
    from daemon.recommend.recognition.print import PER_BLOCK, Listener, packed, strongest

    offline.Engine(48000.0, 1, _analysers())
    listener, landmarks = Listener(48000.0), []
    landmarks += [listener.feed(np.zeros(4800, np.float32)), listener.close()]
    packed(strongest(np.concatenate(landmarks), PER_BLOCK))


def _analysers() -> list:
    from daemon import registry
    from dsp.analysers import timbre

    names = {kind: next(iter(registry.ANALYSERS[kind])) for kind in ANALYSERS}
    return [*(registry.analyser(kind, name) for kind, name in names.items()), timbre]


def _sound(path: Path, kind: str) -> tuple[Item, np.ndarray, bytes]:
    from daemon.inputs.sound_file import SoundFile, engine_rate

    said = tags.tags(path)
    sound = SoundFile(path)
    rate = engine_rate(sound.rate)
    heard, landmarks = _hear(sound, rate)
    known, beats = profile.profile(heard)
    kind = kind or ("loop" if heard.duration_s < LOOP_S else "track")
    fields = {name: getattr(said, name) for name in ("title", "artist", "album", "genre", "year", "rating")}
    whole = rows.merged_profile(known, said.profile)
    return Item(id=0, kind=kind, path=str(path), profile=whole, **fields), beats, landmarks


def _hear(sound, rate: int) -> tuple[profile.Heard, bytes]:
    from daemon.engine import offline
    from daemon.recommend.recognition.print import PER_BLOCK, Listener, packed, strongest
    from dsp import hop
    from dsp.analysers import timbre

    engine = offline.Engine(rate, sound.channels, _analysers())
    reader = offline.Reader(engine.state)
    listener, landmarks = Listener(rate), list[np.ndarray]()
    columns: dict[str, list[np.ndarray]] = {name: [] for name in ("momentary_lufs", "centroid_hz", "low", "chroma")}
    events, n_samples, played, passes = [], 0, 0, 0
    while passes == 0 or (SHOT_S * rate <= n_samples < LOOP_S * rate and played < AROUND_S * rate):
        for block in sound.blocks(rate):
            engine.process(block)
            found = reader.read()
            events.append(found.events)
            for name, values in columns.items():
                values.append(found.hops[name])
            if passes == 0:
                n_samples += block.shape[1]
                landmarks.append(listener.feed(block.mean(axis=0)))
        passes += 1
        played += n_samples
    engine.process(np.zeros((sound.channels, offline.SILENCE_AFTER), np.float32))
    found = reader.read()
    events.append(found.events)  # what was about to be decided
    for name, values in columns.items():
        values.append(found.hops[name][:1])  # of the last samples
    landmarks.append(listener.close())
    event = np.concatenate(events)
    hop_s = hop.HOP * float(engine.state["decimation"][0]) / rate

    def when(kind: int) -> np.ndarray:
        at = event["sample_time"][event["kind"] == kind] / rate
        return at[at < played / rate]

    named = event[event["kind"] == hop.KEY]
    heard = profile.Heard(
        duration_s=n_samples / rate,
        period_s=n_samples / rate,
        passes=passes,
        hop_s=hop_s,
        **{name: np.concatenate(values) for name, values in columns.items()},
        onsets_s=np.sort(when(hop.ONSET)),
        beats_s=np.sort(when(hop.BEAT)),
        keys=tuple((float(one["sample_time"]) / rate, int(one["value"][0] + 12 * one["value"][1])) for one in named),
        timbre=timbre.vector(engine.kept[-1][1]),
    )
    return heard, packed(strongest(np.concatenate(landmarks), PER_BLOCK))


def _clip(path: Path) -> tuple[Item, np.ndarray, bytes]:
    from daemon.inputs.midi_file import MidiFile

    midi = MidiFile(path)
    notes = list(_notes(midi))
    if not notes:
        raise clip.ClipError(f"{path}: holds no notes; record or export it again")
    grid = np.arange(0, midi.length(MIDI_RATE) + 1, MIDI_RATE / 100)
    tempo = midi.tempo(MIDI_RATE)
    quarters = np.array([tempo(int(at))[1] for at in grid])
    beats = np.interp(np.arange(np.floor(quarters[-1] + 1e-6) + 1), quarters, grid / MIDI_RATE)
    known = clip.profile(notes, beats, midi.length(MIDI_RATE) / MIDI_RATE)
    return Item(id=0, kind=clip.kind(notes), path=str(path), profile=known), beats, b""


def _notes(midi) -> Iterator[clip.ClipNote]:
    """The notes in the order in which they end."""
    from daemon.inputs.midi_file import NOTE_OFF, NOTE_ON

    held: dict[tuple[int, int], tuple[float, int]] = {}
    for at, status, note, velocity in midi.events(MIDI_RATE):
        kind, key = status & 0xF0, (status & 0x0F, note)
        if kind not in (NOTE_ON, NOTE_OFF):
            continue
        if key in held:
            start, strength = held.pop(key)
            yield clip.ClipNote(start, at / MIDI_RATE, note, strength, key[0])
        if kind == NOTE_ON and velocity:
            held[key] = (at / MIDI_RATE, velocity)


def _preset(path: Path) -> tuple[Item, np.ndarray, bytes]:
    try:
        item = clip.preset(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)
    except ValueError as error:  # no UTF-8, or no TOML
        raise clip.ClipError(f"{path}: is no TOML ({error}); mend it") from None
    if item is None:
        raise clip.ClipError(f"{path}: is no preset: it has neither [jam] nor [[chain]]")
    return msgspec.structs.replace(item, path=str(path)), np.empty(0), b""


def _named(item: Item, path: Path) -> Item:
    """With the names that the file's name gives: "03 Artist - Title"."""
    stem = re.sub(r"^\d{1,3}[ ._-]+", "", path.stem) or path.stem
    artist, dash, title = stem.partition(" - ")
    if not dash or item.artist:
        artist, title = item.artist, stem
    return msgspec.structs.replace(item, artist=tags.clean(artist), title=tags.clean(title))
