"""Analyse: a sound through the engine in this process, as `jamd analyze` does it: the same events for the same samples."""

import os
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from daemon import bridge, config, registry
from daemon import messages as m
from daemon.answering.bench import Bench
from daemon.desk.commands.services import Analyse
from daemon.engine import offline
from daemon.errors import Refused
from daemon.hearing.offline import Listener
from daemon.inputs.sound_file import SoundFile, engine_rate

LONGEST_S = 1800.0
DENSE = {
    "level": ("sample_time", ("peak", "rms", "momentary_lufs", "short_term_lufs")),
    "bands": ("spectrum_time", ("low", "mid", "high", "centroid_hz", "flatness", "onset_strength")),
    "f0": ("f0_time", ("f0_hz", "f0_confidence", "voiced")),
    "chroma": ("chroma_time", ("tuning_cents", "chroma")),
}
"""type of message -> (when, what) in dsp.hop.FEATURES."""
CALLED = {"f0_confidence": "confidence"}


def analyse(command: Analyse, bench: Bench) -> dict[str, Any]:
    """{"rate", "duration_s", "events": [as `jamd analyze --json` has them], "key", "tempo_bpm", "said": [for a person]}.

    `dense` adds {"dense": {"level": {"time_s": [a hop each], "peak": [...] ...}, ...}}. Raises UserError, Stopped. [worker]
    """
    sound = SoundFile(_path(command, bench))
    if sound.duration_s > LONGEST_S:
        raise Refused(413, _too_long(sound.duration_s))
    how = config.parse({"analysis": command.analysis})
    rate = engine_rate(sound.rate)
    analysers = [registry.analyser(kind, name) for kind, name in how.analysers()]
    named = {one: surely for one, surely in how.neural().items() if surely}  # they take a seventh of the sound's time
    listener = Listener(rate, sound.channels, analysers, named)
    silence = np.zeros((sound.channels, offline.SILENCE_AFTER), np.float32)
    events: list[m.Message] = []
    hops: list[np.ndarray] = []
    n = 0
    for block in sound.blocks(rate):
        bench.go_on()
        n += block.shape[1]
        if n > LONGEST_S * rate:  # whatever its header says
            raise Refused(413, _too_long(n / rate))
        _hear(listener, block, rate, events, hops if command.dense else None)
    _hear(listener, silence, rate, events, hops if command.dense else None)
    beats = [event.tempo_bpm for event in events if isinstance(event, m.Beat)]
    keys = [event.name for event in events if isinstance(event, m.Key)]
    found: dict[str, Any] = {
        "rate": rate,
        "duration_s": n / rate,
        "key": keys[-1] if keys else "",
        "tempo_bpm": median(beats) if beats else 0.0,
        "events": [m.plain(event) for event in events],
        "said": [bench.plain(note) for note in sound.notes],
    }
    if command.dense:
        found["dense"] = _dense(hops, rate)
    return found


def _hear(
    listener: Listener,
    block: np.ndarray,
    rate: int,
    events: list[m.Message],
    hops: list[np.ndarray] | None,
) -> None:
    read = listener.process(block)
    events += bridge.messages(read, rate, dense=False)
    if hops is not None:
        hops.append(read.hops)


def _dense(hops: list[np.ndarray], rate: int) -> dict[str, dict[str, list[Any]]]:
    """A list for each value of each dense message, a hop each."""
    all_hops = np.concatenate(hops)
    found: dict[str, dict[str, list[Any]]] = {}
    for kind, (when, names) in DENSE.items():
        found[kind] = {"time_s": (all_hops[when] / rate).tolist()}
        for name in names:
            values = all_hops[name].astype(bool) if name == "voiced" else all_hops[name]
            found[kind][CALLED.get(name, name)] = values.tolist()
    return found


def _path(command: Analyse, bench: Bench) -> Path:
    """Where the sound is. Raises Refused."""
    given = [name for name in ("file", "sound", "samples") if getattr(command, name)]
    if len(given) != 1:
        what = " and ".join(given) or "no sound"
        raise Refused(422, f"analyse: {what} given; give one of file (a path), sound (a file's bytes) and samples")
    if command.samples:
        return _written(command, bench)
    if command.rate:
        raise Refused(422, f"analyse: rate = {command.rate} goes with samples; a sound file says its own")
    if command.sound:
        return bench.file(command.sound)
    path = "" if "\0" in command.file else os.path.expanduser(command.file)  # pathlib's raise where these say no
    if not os.path.isabs(path):
        raise Refused(422, f"analyse: file = {command.file[:80]!r} is no whole path; give one that begins with /")
    if not os.path.exists(path):
        raise Refused(404, f"{command.file}: there is no such file where the service runs; check it, or send the sound")
    return Path(path)


def _written(command: Analyse, bench: Bench) -> Path:
    """Samples as a file, so that they are heard as a file with them is."""
    import soundfile

    size = 4 * command.channels
    if command.rate < 1000:
        raise Refused(422, f"analyse: samples at rate = {command.rate}; give theirs in Hz, 1000 to 384000")
    if len(command.samples) % size:
        raise Refused(
            422, f"analyse: {len(command.samples)} bytes are no whole samples; each has {size} (float32, interleaved)"
        )
    path = bench.folder / "given"
    samples = np.frombuffer(command.samples, "<f4").reshape(-1, command.channels)
    soundfile.write(path, samples, command.rate, format="WAV", subtype="FLOAT")
    return path


def _too_long(seconds: float) -> str:
    return f"analyse: a sound of {seconds / 60:.0f} minutes; {LONGEST_S / 60:.0f} are the most, so cut it"
