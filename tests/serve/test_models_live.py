"""`jamd models use` and a daemon that runs: it plays on, takes the other model, says so, and the choice is kept."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from daemon import messages as m
from daemon.cli import main
from daemon.models import adding
from tests.daemon.conftest import Daemon
from tests.serve import models_stage as stage

PRESET = """
[jam]
pulse = "fixed"
tempo_bpm = 120.0
answer.generator = "neural"
"""
CONFIG = """
[engine]
driver = "timer"
input = "performance"
[midi]
api = "off"
[recommend]
library = "off"
[models]
phrase = "other"
[rack]
preset = "{preset}"
"""


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Daemon]]:
    """A daemon whose shelf has "other" and "broken" of phrase, and whose config chooses the former."""
    monkeypatch.setenv("JAMD_MODEL_FOLDER", str(tmp_path / "shelf"))
    for name in ("other", "broken"):
        adding.add(stage.dulled("phrase", tmp_path, name))
    made: list[Daemon] = []

    def begin() -> Daemon:
        preset = tmp_path / "band.toml"
        preset.write_text(PRESET)
        made.append(Daemon(tmp_path, CONFIG.format(preset=preset)))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def next_model(daemon: Daemon, seconds: float = 120.0) -> tuple[str, str, str]:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for message in daemon.read(0.1):
            if isinstance(message, m.Model):
                return message.name, message.state, message.version
    raise AssertionError("no model is said")


def use(daemon: Daemon, *words: str) -> Any:
    return CliRunner().invoke(main, ["models", "use", "phrase", *words, "--address", daemon.control])


def test_a_running_daemon_takes_another_model_and_says_so(start: Callable[[], Daemon], tmp_path: Path) -> None:
    one = start()
    assert next_model(one) == ("other", "used", "3"), "as the config's [models] says"
    found = use(one, "phrase")
    assert found.exit_code == 0, found.output
    assert found.stdout == "phrase: phrase 1\njamd: the daemon uses it\n"
    assert next_model(one) == ("phrase", "used", "1")
    kept = (tmp_path / "shelf" / "used.toml").read_text()
    assert kept == 'phrase = "phrase"\n'

    path = tmp_path / "shelf" / "broken" / "trunk.int8.onnx"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    found = use(one, "broken")
    assert found.exit_code == 1 and "bytes, its card says" in found.stderr, "it is looked at before the daemon is asked"
    path.write_bytes(whole)
    os.environ["JAMD_MODEL_FOLDER"] = str(tmp_path / "elsewhere")  # a shelf that the daemon does not have
    adding.add(stage.dulled("phrase", tmp_path, "unknown"))
    found = use(one, "unknown")
    assert found.exit_code == 1
    assert "the daemon goes on as before: there is no model 'unknown' for phrase" in found.stderr
    assert not (tmp_path / "elsewhere" / "used.toml").exists(), "what is refused is not kept"
