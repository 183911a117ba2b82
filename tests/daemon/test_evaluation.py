"""`jamd eval` on a data set made here: sounds whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

from daemon import evaluation, scores
from daemon.eval_cli import evaluate
from daemon.evaluation import EvaluationError
from daemon.models import shelf

RATE = 44100


def piece(folder: Path, name: str, sound: np.ndarray, **truth: object) -> None:
    folder.mkdir(exist_ok=True)
    soundfile.write(folder / f"{name}.wav", sound, RATE)
    (folder / f"{name}.json").write_text(json.dumps(truth))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A set of clicks (noise bursts) in two splits and a set of one tone; nothing has a key."""
    noise = np.random.default_rng(1)
    for name, split, start in (("a", "dev", 1.0), ("b", "test", 1.25)):
        onsets = np.arange(start, 5.0, 0.5)
        sound = np.zeros(6 * RATE)
        for onset in onsets:
            burst = noise.normal(0, 0.2, 4000) * np.exp(-np.arange(4000) / 800)
            sound[round(onset * RATE) : round(onset * RATE) + 4000] += burst
        piece(tmp_path / "clicks", name, sound, onsets=onsets.tolist(), split=split)
    times = np.arange(0, 3, 0.01)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(3 * RATE) / RATE)
    piece(tmp_path / "tone", "c", tone, f0=[times.tolist(), [220.0] * times.size], split="dev")
    (tmp_path / "clicks" / "without_audio.json").write_text("{}")
    return tmp_path


def rows(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_onsets_beside_aubio(data: Path, capfd: pytest.CaptureFixture) -> None:
    programs = ("jamd:features", "aubio:hfc", "aubio:specflux")
    assert evaluation.run("onset", data, "dev", as_json=True, programs=programs) == 0
    found = {row["program"]: row for row in rows(capfd.readouterr().out)}
    assert set(found) == set(programs)
    assert found["jamd:features"]["piece"].endswith("clicks/a.json")
    assert found["jamd:features"]["f50"] > 0.9
    assert found["jamd:features"]["f25"] > 0.9
    assert 0 < found["jamd:features"]["delay_ms"] <= found["jamd:features"]["delay_p95_ms"] < 100


def test_f0_table(data: Path, capfd: pytest.CaptureFixture) -> None:
    assert evaluation.run("f0", data, "all", as_json=False, programs=("jamd:features", "aubio:yinfft")) == 0
    _, head, *lines = capfd.readouterr().out.splitlines()
    assert head.split() == ["set", "program", "n", "rpa", "rca", "vr", "vfa", "oa", "delay_ms", "delay_p95_ms", "rtf"]
    own = next(line.split() for line in lines if line.startswith("tone") and "jamd" in line)
    assert float(own[3]) > 0.95
    assert sum(line.startswith("MEAN OF SETS") for line in lines) == 2


def test_a_model_may_lie_in_a_folder(data: Path) -> None:
    given = ["onset", "--data", str(data), "--programs", "jamd:neural", "--json", "--model"]
    found = CliRunner().invoke(evaluate, [*given, str(shelf.SHIPPED["hearing"])])
    assert rows(found.output)[0]["f50"] > 0.9
    lost = CliRunner().invoke(evaluate, [*given, f"{data}/nowhere"])
    assert "error" in rows(lost.output)[0]
    assert "nowhere" in lost.output


def test_splits(data: Path, capfd: pytest.CaptureFixture) -> None:
    pieces = {split: len(list(evaluation._pieces("onset", data, split))) for split in ("dev", "test", "train", "all")}
    assert pieces == {"dev": 1, "test": 1, "train": 0, "all": 2}


def test_errors_say_what_to_do(data: Path) -> None:
    with pytest.raises(EvaluationError, match="no such folder"):
        evaluation.run("onset", data / "nowhere", "dev", as_json=False)
    with pytest.raises(EvaluationError, match="'notes' beside it in split 'dev'"):
        evaluation.run("notes", data, "dev", as_json=False)
    with pytest.raises(EvaluationError, match="choose one of onset, drums, f0"):
        evaluation.run("loudness", data, "dev", as_json=False)
    (data / "tone" / "c.json").write_text("{")
    with pytest.raises(EvaluationError, match=r"c\.json: not JSON"):
        evaluation.run("onset", data, "dev", as_json=False)


def test_decision_delay() -> None:
    heard = {"times": [1.01, 2.04, 2.9], "known": [1.03, 2.05, 2.95]}
    found = scores.onset({"onsets": [1.0, 2.0, 3.0]}, heard)
    assert found["f50"] == pytest.approx(2 / 3)
    assert found["f25"] == pytest.approx(1 / 3)
    assert found["delay_ms"] == pytest.approx(40)


def test_beats_and_their_lead() -> None:
    beats = np.arange(0.0, 20.0, 0.5)
    found = scores.beat({"beats": beats.tolist()}, {"times": beats + 0.01, "known": beats - 0.19, "tempo": 60.0})
    assert (found["f"], found["acc1"], found["acc2"]) == (1.0, 0.0, 1.0)
    assert found["lead_ms"] == pytest.approx(200)


def test_notes_with_and_without_their_ends() -> None:
    truth = {"notes": [[0.0, 1.0, 60], [1.0, 2.0, 62]]}
    found = scores.notes(truth, {"notes": [(0.02, 1.0, 60), (1.0, 1.2, 62), (1.5, 1.6, 70)]})
    assert found["f"] == pytest.approx(0.8)
    assert found["f_with_ends"] == pytest.approx(0.4)
    assert scores.notes(truth, {"notes": []})["f"] == 0
