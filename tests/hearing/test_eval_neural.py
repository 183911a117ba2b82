"""`jamd eval` of both of jamd's ways to hear: by features, and by networks that stand in for the real ones."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from daemon.eval_cli import evaluate
from tests.hearing import standin

RATE = 44100


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Bursts of noise, each a beat."""
    (tmp_path / "data").mkdir()
    noise, onsets = np.random.default_rng(1), np.arange(1.0, 12.0, 0.5)
    sound = np.zeros(13 * RATE)
    for onset in onsets:
        start = round(onset * RATE)
        sound[start : start + 4000] += noise.normal(0, 0.2, 4000) * np.exp(-np.arange(4000) / 800)
    soundfile.write(tmp_path / "data" / "a.wav", sound, RATE)
    truth = {"onsets": onsets.tolist(), "beats": onsets.tolist(), "split": "dev"}
    (tmp_path / "data" / "a.json").write_text(json.dumps(truth))
    return tmp_path / "data"


def rows(data: Path, *arguments: str) -> dict[str, dict]:
    result = CliRunner().invoke(evaluate, [*arguments, "--data", str(data), "--json"])
    assert result.exit_code == 0, result.output
    return {row["program"]: row for row in map(json.loads, result.stdout.splitlines())}


def test_both_ways_are_scored_alike(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMD_MODEL_FOLDER", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    standin.model(tmp_path / "models")
    found = rows(data, "onset", "--programs", "jamd:features,jamd:neural", "--model", "standin")
    assert set(found["jamd:features"]) == set(found["jamd:neural"])
    for row in found.values():
        assert row["f50"] > 0.9
        assert row["delay_ms"] < 100
    assert found["jamd:neural"]["rtf"] != found["jamd:features"]["rtf"]


def test_a_model_that_is_missing_is_named_and_the_rest_goes_on(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAMD_MODEL_FOLDER", str(tmp_path))
    found = rows(data, "beat", "--programs", "jamd:features,jamd:neural", "--model", "nowhere")
    assert "nowhere" in found["jamd:neural"]["error"]
    assert found["jamd:features"]["f"] > 0.9
