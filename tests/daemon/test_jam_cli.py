"""`jamd jam` as a performer meets it: it says what is missing, obeys single keys, and ends with a summary."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon.ctl.client import ask
from daemon.desk.commands.jam import Jam, JamCue, JamPanic
from daemon.jam import MODES, order
from tests.daemon.terminal import ALONE, Terminal
from tests.engine_alone import TEXT


def jamd(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon.cli", "jam", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=200, env={**os.environ, **ALONE}
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "jam.toml"
    path.write_text(
        f'[engine]\ndriver = "timer"\n[zmq]\naddress = "ipc://{tmp_path}/wire"\nlatest = "off"\n'
        f'[control]\naddress = "ipc://{tmp_path}/control"\n[page]\naddress = "off"\n[midi]\napi = "off"\n{TEXT}'
    )
    return path


def test_keys_are_commands():
    for key, mode in MODES.items():
        said, command = order(key, {})
        assert isinstance(command, Jam)
        assert command.mode == mode
        assert mode in said
    assert isinstance(order(" ", {})[1], JamCue)
    assert isinstance(order("p", {})[1], JamPanic)
    assert order("x", {}) == ("", None)


def test_temperature_and_closeness_go_by_steps_and_stay_in_range():
    table: dict = {"answer": {"constraints": {"temperature": 1.0, "closeness": 0.95}}}
    assert order("+", table)[1].constraints == {"temperature": 1.1}
    assert order("-", table)[1].constraints == {"temperature": 0.9}
    assert order(">", table)[1].constraints == {"closeness": 1.0}
    assert order("<", {"answer": {"constraints": {"closeness": 0.05}}})[1].constraints == {"closeness": 0.0}


def test_mistakes_are_named(config: Path):
    for words, says in (
        (("--preset", "jaz-trio"), "did you mean 'jazz-trio'"),
        (("--style", "polka"), "no style 'polka'"),
        (("--mode", "polka"), "polka"),
    ):
        done = jamd("--config", config, "--seconds", 2, *words)
        assert done.returncode != 0
        assert says in done.stderr


def test_without_hardware_it_says_what_is_missing():
    done = jamd("--no-ui", "--seconds", 2)
    if done.returncode == 0:
        pytest.skip("this machine has a sound card")
    for line in ("no JACK server is running; start one (jackd, qjackctl)", "jamd: MIDI: no MIDI"):
        assert line in done.stderr


def test_it_ends_with_a_summary(config: Path):
    done = jamd("--config", config, "--no-ui", "--seconds", 1)
    assert done.returncode == 0, done.stderr
    assert "0 phrases heard, 0 answered" in done.stdout


def test_single_keys_steer_it(config: Path, tmp_path: Path):
    terminal = Terminal("jam", "--config", config, "--preset", "jazz-trio", "--tempo", 140)

    def table() -> dict:
        return ask(f"ipc://{tmp_path}/control", [{"cmd": "jam_show"}])["results"][0]["jam"]

    try:
        terminal.until("play something")
        assert table()["mode"] == "accompany"
        assert table()["tempo_bpm"] == 140
        terminal.press("t+>")
        ends_at = time.monotonic() + 20
        while table()["mode"] != "trade" or "temperature" not in table()["answer"]["constraints"]:
            assert time.monotonic() < ends_at, table()
            time.sleep(0.1)
        assert table()["answer"]["constraints"] == {"chord": "beats", "closeness": 0.5, "temperature": 1.1}
        terminal.press("q")
        terminal.until("0 phrases heard")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
