"""`jamd render`: a sound or MIDI file through a preset, as it would sound live, as fast as it goes."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec
import numpy as np
import soundfile

from daemon.desk.preset import find
from daemon.errors import UserError
from daemon.inputs.midi_file import MidiFile
from daemon.inputs.sound_file import SoundFile, engine_rate
from daemon.native_cache import COMPILING, SLOW_START_S

FORMATS = {".wav": "FLOAT", ".flac": "PCM_24", ".aiff": "PCM_24", ".aif": "PCM_24", ".ogg": "VORBIS"}
"""How a file of this name is written."""
MIDI_SUFFIXES = (".mid", ".midi", ".smf")
QUIET = 1e-4  # -80 dB
QUIET_S = 2.0  # an echo may come again within that
LONGEST_TAIL_S = 30.0
CHUNK = 8192  # samples handed over at once


class RenderError(UserError):
    """Something that cannot be rendered, or written; the text is one line."""


class Source(NamedTuple):
    """What is played: the sound of a file, or silence and the MIDI of one."""

    file: SoundFile | MidiFile
    rate: int
    channels: int

    def blocks(self) -> Iterator[np.ndarray]:
        """float32 of shape (channels, up to CHUNK)."""
        if isinstance(self.file, SoundFile):
            yield from self.file.blocks(self.rate, CHUNK)
            return
        left = self.file.length(self.rate)
        while left > 0:
            yield np.zeros((self.channels, min(left, CHUNK)), np.float32)
            left -= CHUNK


def run(
    given: Path, out: Path, preset: str, block: int, rate: int, tail_s: float | None, snapshot: str, as_json: bool
) -> int:
    """Render `given` to `out`; `rate` 0 takes the file's own, `tail_s` None goes on until it is quiet."""
    path = find(preset)
    _check(given, out)
    source = _source(given, rate)
    note = threading.Timer(SLOW_START_S, lambda: click.echo(f"jamd: {COMPILING}", err=True))
    note.daemon = True
    note.start()
    from daemon.studio import Studio

    studio = Studio(path, snapshot, source.rate, block, source.channels)
    note.cancel()
    try:
        found = _render(studio, source, out, tail_s)
    finally:
        studio.close()
        if sys.stderr.isatty():
            click.echo("\r\033[K", err=True, nl=False)
    problems = [*studio.problems, *(source.file.notes if isinstance(source.file, SoundFile) else [])]
    for problem in problems:
        click.echo(f"jamd: {problem}", err=True)
    report = {"file": str(out), "preset": str(path), "snapshot": snapshot, **found, "problems": problems}
    click.echo(msgspec.json.encode(report).decode() if as_json else _said(report))
    return 0


def _check(given: Path, out: Path) -> None:
    if out.suffix.lower() not in FORMATS:
        raise RenderError(f"{out}: cannot be told what to write; let its name end in {', '.join(FORMATS)}")
    if not out.parent.is_dir():
        raise RenderError(f"{out}: there is no folder {out.parent}; make it first")
    if out.is_dir():
        raise RenderError(f"{out}: is a folder; give the name of a file in it")
    if out.exists() and given.exists() and out.samefile(given):
        raise RenderError(f"{out}: is what is to be rendered; give it another name")


def _source(given: Path, rate: int) -> Source:
    if rate and not 44100 <= rate <= 96000:
        raise click.BadParameter(f"{rate} is not 44100 to 96000", param_hint="--rate")
    if given.suffix.lower() in MIDI_SUFFIXES:
        return Source(MidiFile(given), rate or 48000, 2)
    sound = SoundFile(given)
    return Source(sound, rate or engine_rate(sound.rate), sound.channels)


def _render(studio: Any, source: Source, out: Path, tail_s: float | None) -> dict[str, Any]:
    """Write the file, whole or not at all; gives what is to be told of it."""
    beside = out.with_name(f".{out.name}.{os.getpid()}.part{out.suffix}")
    began, peak, n_in, n_out = time.monotonic(), 0.0, 0, 0
    try:
        with soundfile.SoundFile(beside, "w", source.rate, 2, FORMATS[out.suffix.lower()]) as file:
            for n_in, part in _played(studio, source, tail_s):  # noqa: B007 - its last value is told
                peak = max(peak, float(np.abs(part).max(initial=0.0)))
                file.write(part.T)
                n_out += part.shape[1]
                _show(n_out / source.rate, time.monotonic() - began)
        os.replace(beside, out)
    except (OSError, soundfile.LibsndfileError) as error:
        raise RenderError(f"{out}: cannot be written: {error}") from None
    finally:
        beside.unlink(missing_ok=True)
    took = time.monotonic() - began
    return {
        "rate": source.rate,
        "input_s": n_in / source.rate,
        "tail_s": (n_out - n_in) / source.rate,
        "took_s": took,
        "speed": n_out / source.rate / max(took, 1e-9),
        "latency_samples": studio.latency,
        "peak": peak,
        "limited_db": 20.0 * float(np.log10(studio.lowest_gain)),
    }


def _played(studio: Any, source: Source, tail_s: float | None) -> Iterator[tuple[int, np.ndarray]]:
    """(samples of input so far, a part of the output): as long as the input, and its tail, none of the latency."""
    file, rate = source.file, source.rate
    events = file.events(rate) if isinstance(file, MidiFile) else []
    tempo = file.tempo(rate) if isinstance(file, MidiFile) else None
    skip, n_in, taken = studio.latency, 0, 0

    def play(sound: np.ndarray) -> np.ndarray:
        nonlocal skip, taken
        end = studio.now + sound.shape[1]
        first = taken
        while taken < len(events) and events[taken].at < end:
            taken += 1
        part = studio.play(sound, events[first:taken], tempo)
        skipped, skip = skip, max(0, skip - part.shape[1])
        return part[:, min(skipped, part.shape[1]) :]

    for block in source.blocks():
        n_in += block.shape[1]
        yield n_in, play(block)
    yield n_in, play(np.zeros((source.channels, studio.latency), np.float32))
    silence = np.zeros((source.channels, CHUNK), np.float32)
    if tail_s is not None:
        left = round(tail_s * rate)
        while left > 0:
            yield n_in, play(silence[:, :left])
            left -= CHUNK
        return
    least = min(studio.tail_s, LONGEST_TAIL_S) * rate
    kept, n_kept, n_tail = [], 0, 0
    while n_tail < LONGEST_TAIL_S * rate and (n_kept < QUIET_S * rate or n_tail < least):
        part = play(silence)
        kept.append(part)
        n_tail, n_kept = n_tail + CHUNK, n_kept + CHUNK
        if (loud := np.flatnonzero(np.abs(part).max(axis=0) > QUIET)).size:
            kept[-1] = part[:, : loud[-1] + 1]
            yield n_in, np.concatenate(kept, axis=1)
            kept, n_kept = [part[:, loud[-1] + 1 :]], CHUNK - int(loud[-1]) - 1


def _show(done_s: float, took_s: float) -> None:
    if sys.stderr.isatty():
        click.echo(
            f"\r{done_s:8.1f} s, {done_s / max(took_s, 1e-9):.0f} times as fast as it sounds ", err=True, nl=False
        )


def _said(report: dict[str, Any]) -> str:
    level = f"{20.0 * np.log10(max(report['peak'], 1e-9)):.1f} dB"
    limited = f" (limited by {-report['limited_db']:.1f} dB)" if report["limited_db"] < -0.1 else ""
    late = f", {report['latency_samples']} samples of latency made up for" if report["latency_samples"] else ""
    return (
        f"{report['file']}: {report['input_s']:.1f} s and {report['tail_s']:.1f} s of tail at {report['rate']} Hz, "
        f"{report['speed']:.0f} times as fast as it sounds; peak {level}{limited}{late}"
    )
