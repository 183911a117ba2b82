"""`jamd eval` beside other programs: one that needs nothing else is run as a peer is; others are missing, or fail."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from daemon import evaluation, peers
from daemon.eval_cli import evaluate
from daemon.evaluation import EvaluationError

RATE = 44100


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A cadence of four triads in two pieces, and one that is no sound."""
    folder = tmp_path / "data" / "cadence"
    folder.mkdir(parents=True)
    times = np.arange(2 * RATE) / RATE
    triads = [("C:maj", (60, 64, 67)), ("F:maj", (60, 65, 69)), ("G:maj", (55, 59, 62)), ("C:maj", (55, 60, 64))]
    sound = np.concatenate(
        [sum(0.1 * np.sin(2 * np.pi * 440 * 2 ** ((midi - 69) / 12) * times) for midi in triad) for _, triad in triads]
    )
    chords = [[2 * k, 2 * k + 2, name] for k, (name, _) in enumerate(triads)]
    for name in ("a", "b"):
        soundfile.write(folder / f"{name}.wav", sound, RATE)
        (folder / f"{name}.json").write_text(json.dumps({"chords": chords, "key": "C major", "split": "dev"}))
    (folder / "silent.wav").write_bytes(b"")
    (folder / "silent.json").write_text(json.dumps({"chords": chords, "split": "test"}))
    return tmp_path / "data"


def run(data: Path, *arguments: str) -> tuple[list[dict], str]:
    """The JSON rows and the rest."""
    result = CliRunner().invoke(evaluate, [*arguments, "--data", str(data), "--json"])
    assert result.exit_code == 0, result.output
    return [json.loads(line, parse_constant=_no_json) for line in result.stdout.splitlines()], result.stderr


def _no_json(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def test_a_peer_is_scored_beside_jamd(data: Path) -> None:
    rows, _ = run(data, "chord", "--programs", "jamd:features,chroma:stft")
    assert [(row["program"], Path(row["piece"]).stem) for row in rows] == [
        ("jamd:features", "a"),
        ("jamd:features", "b"),
        ("chroma:stft", "a"),
        ("chroma:stft", "b"),
    ]
    for row in rows:
        assert row["majmin"] > 0.8, row
        assert 0 < row["delay_ms"] <= row["delay_p95_ms"] < 1000
        assert 0 < row["rtf"] < 10
    assert set(rows[0]) == set(rows[2])


def test_what_is_missing_is_named_and_the_rest_goes_on(data: Path, tmp_path: Path) -> None:
    rows, _ = run(data, "key", "--programs", "chroma:cqt,chroma:stft,essentia", "--peers", str(tmp_path))
    told = {row["program"]: row for row in rows}
    assert told["chroma:stft"]["weighted"] == 1
    assert told["chroma:stft"]["settled_s"] is None
    assert told["essentia"]["error"].startswith("essentia: not installed: python -m venv ")
    assert told["essentia"]["error"].endswith("pip install essentia soundfile")
    assert "pip install librosa" in told["chroma:cqt"]["error"]
    rows, _ = run(data, "key", "--programs", "essentia")
    assert "--peers DIR" in rows[0]["error"]


def test_one_that_fails_is_named_and_the_rest_goes_on(data: Path, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    python = tmp_path / "essentia" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    programs = ("essentia", "chroma:stft")
    assert evaluation.run("key", data, "dev", as_json=False, programs=programs, environments=tmp_path) == 0
    out, error = capfd.readouterr()
    assert "essentia: ended after 0 of 2 files: ModuleNotFoundError: No module named 'essentia'" in error
    assert "ALL FILES     chroma:stft" in out
    assert "textbook" in out


def test_a_file_that_a_peer_cannot_read_is_named(data: Path) -> None:
    rows, _ = run(data, "chord", "--programs", "chroma:stft", "--split", "all")
    assert [row["program"] for row in rows] == ["chroma:stft"] * 3
    assert "majmin" in rows[0]
    assert rows[2]["piece"].endswith("silent.json")
    assert rows[2]["error"].startswith("chroma:stft: LibsndfileError")


def test_programs_and_sets_are_chosen(data: Path) -> None:
    with pytest.raises(EvaluationError, match="nobody: does no chord; choose some of jamd, jamd:features, jamd:neural"):
        evaluation.run("chord", data, "dev", as_json=True, programs=("nobody",))
    with pytest.raises(EvaluationError, match="in split 'dev' of nothing"):
        evaluation.run("chord", data, "dev", as_json=True, only="nothing")


def test_every_peer_has_its_script_and_says_what_it_is() -> None:
    for name, peer in peers.PEERS.items():
        script = Path(peers.__file__).with_name(f"{peer.script}.py")
        assert script.exists(), name
        assert "daemon" not in script.read_text(), "a peer imports nothing of jamd's"
        assert set(peer.hears) <= set(evaluation.ANALYSES)
        assert peer.licence
        assert bool(peer.environment) == bool(peer.install)
        assert os.sep not in peer.environment
