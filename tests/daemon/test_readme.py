"""The README says what is so: its client runs, its commands and files are there."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from daemon.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
CLIENT = ROOT / "presets/clients/beats.py"


def test_the_client_is_the_one_in_the_repository() -> None:
    assert CLIENT.read_text() in README


def test_the_client_prints_beats_and_onsets(daemon) -> None:
    live = daemon('[engine]\ndriver = "timer"\ninput = "performance"\n[midi]\napi = "off"\n')
    live.wait_for("running")
    text = CLIENT.read_text().replace("tcp://127.0.0.1:5550", live.address)
    client = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    seen = set()
    for line in client.stdout:
        topic, _, said = line.partition(" ")
        assert said.startswith("{'type': '")
        seen.add(topic)
        if len(seen) == 3:
            break
    client.kill()
    client.wait()
    client.stdout.close()
    assert seen == {"jamd/1/beat/", "jamd/1/onset/", "jamd/1/chord/"}


SHELL = "\n".join(re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S) + re.findall(r"`([^`\n]+)`", README))
COMMANDS = sorted(set(re.findall(r"(?:^|&& )jamd ([a-z]+(?: engine)?)", SHELL, re.M)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_there(words: str) -> None:
    command: click.Command | None = main
    for word in words.split():
        if isinstance(command, click.Group):
            command = command.commands.get(word)
    assert command is not None, f"the README says `jamd {words}`"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:configs|presets|daemon|dsp|\.github)/[\w./]*\w", README))))
def test_every_file_is_there(path: str) -> None:
    assert (ROOT / path).exists()
