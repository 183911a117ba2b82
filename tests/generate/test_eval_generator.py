"""`jamd eval generator` on songs made here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest

pytest.importorskip("music21", reason="music21 is not installed: it reads the collections")

SONGS = 40


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs as POP909 has them: a melody in C over C, F and G, on beats of half a second."""
    folder = tmp_path_factory.mktemp("collections")
    for n in range(SONGS):
        song(folder / "pop909" / f"{n:03}", np.random.default_rng(n))
    return folder


def song(folder: Path, random: np.random.Generator, bars: int = 10) -> None:
    folder.mkdir(parents=True)
    beats = [f"{0.5 * k} {1.0 if k % 2 == 0 else 0.0} {1.0 if k % 4 == 0 else 0.0}" for k in range(4 * bars + 1)]
    (folder / "beat_midi.txt").write_text("\n".join(beats) + "\n")
    (folder / "key_audio.txt").write_text(f"0.0\t{2.0 * bars}\tC:maj\n")
    chords = [f"{2.0 * bar}\t{2.0 * bar + 2.0}\t{'CFGC'[bar % 4]}:maj" for bar in range(bars)]
    (folder / "chord_midi.txt").write_text("\n".join(chords) + "\n")
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="MELODY")])
    scale = (60, 62, 64, 65, 67, 69, 71, 72)
    at = 3
    for _ in range(8 * bars):
        at = int(np.clip(at + random.integers(-2, 3), 0, 7))
        track += [
            mido.Message("note_on", note=scale[at], velocity=80),
            mido.Message("note_off", note=scale[at], time=240),
        ]
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(folder / f"{folder.name}.mid")


def jamd(*arguments: object, home: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "daemon.cli", "eval", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(home)},
    )


def rows(done: subprocess.CompletedProcess) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_bits_as_json(data: Path, tmp_path: Path) -> None:
    found = rows(jamd("generator", "--data", data, "--only", "bits", "--json", home=tmp_path))
    assert {row["measure"] for row in found} == {"bits"}
    total = {row["program"]: row["total"] for row in found if row["set"] == "all"}
    assert {"unigram", "bigram", "PPM long-term", "PPM short-term", "PPM both"} <= set(total)
    assert total["PPM both"] < total["unigram"]
    for row in found:
        assert row["total"] == pytest.approx(row["time"] + row["pitch"] + row["duration"])


def test_sanity_as_a_table_with_progress_aside(data: Path, tmp_path: Path) -> None:
    done = jamd("generator", "--data", data, "--only", "sanity", home=tmp_path)
    assert done.returncode == 0, done.stderr
    title, head, *lines = done.stdout.strip().splitlines()
    assert "split test" in title
    assert head.split()[0] == "generator"
    assert {"people", "motif", "markov"} <= {line.split()[0] for line in lines}
    assert "pieces learnt" in done.stderr


def test_no_data_and_too_little_end_in_one_line(tmp_path: Path) -> None:
    song(tmp_path / "one" / "pop909" / "001", np.random.default_rng(1))
    for folder, said in (("nowhere", "no such folder"), ("one", "too few pieces")):
        done = jamd("generator", "--data", tmp_path / folder, home=tmp_path)
        assert done.returncode == 1
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


def test_help_says_what_is_measured(tmp_path: Path) -> None:
    said = jamd("generator", "--help", home=tmp_path).stdout
    for word in ("bits", "harmony", "sanity", "PPM"):
        assert word in said
    assert jamd("onset", "--help", home=tmp_path).returncode == 0
