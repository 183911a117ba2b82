"""`jamd doctor` and `jamd devices`: with a JACK server, and with everything missing."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from daemon import devices, doctor
from daemon.bench import budget
from daemon.doctor import MISSING, OK, WARNING


def jamd(*words: str, **environ: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "daemon.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environ, check=False)


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """A machine without PortAudio, libjack and a JACK server: importing their packages fails as it does there."""
    for name, library in (("sounddevice", "PortAudio library"), ("jack", "JACK library")):
        (tmp_path / f"{name}.py").write_text(f'raise OSError("{library} not found")\n')
    return {"PYTHONPATH": str(tmp_path), "JACK_DEFAULT_SERVER": "jamd-test-nobody", "JACK_NO_START_SERVER": "1"}


def checks(found: subprocess.CompletedProcess) -> dict[str, dict]:
    return {check["what"]: check for check in json.loads(found.stdout)}


def test_the_doctor_knows_the_server(jack_server) -> None:
    found = jamd("doctor", "--json")
    assert found.returncode == 0
    report = checks(found)
    assert report["JACK"]["state"] == OK
    assert "48000 Hz with blocks of 256" in report["JACK"]["says"]
    assert all(check["remedy"] for check in report.values() if check["state"] != OK)
    assert "of" in report["block size"]["says"]


def test_the_doctor_on_a_bare_machine_says_what_to_install(bare) -> None:
    found = jamd("doctor", **bare)
    assert found.returncode == 0, "files still work"
    assert "Traceback" not in found.stderr
    assert "-> sudo apt install libportaudio2" in found.stdout
    assert "-> sudo apt install jackd2" in found.stdout
    assert "Works here: sound files, the built-in performance" in found.stdout.splitlines()[-1]


@pytest.mark.parametrize("name", ["soxr", "numba", "rtmidi", "zmq"])
def test_a_missing_core_library_is_said_and_fails(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text('raise ImportError("broken")\n')
    found = jamd("doctor", PYTHONPATH=str(tmp_path))
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    assert "cannot be imported: broken" in found.stdout
    assert found.stdout.splitlines()[-1] == "jamd cannot run before the libraries above are mended."


def test_a_busy_port_and_a_namesake_are_told(monkeypatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(doctor, "PORT", other.getsockname()[1])
        monkeypatch.setattr(doctor.metadata, "packages_distributions", lambda: {"daemon": ["python-daemon", "jamd"]})
        namesake, port = doctor._environment()
    assert (namesake.state, port.state) == (WARNING, WARNING)
    assert "python-daemon" in namesake.says
    assert "pipx" in namesake.remedy


def test_a_page_that_cannot_be_served_is_told(monkeypatch, tmp_path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        number = other.getsockname()[1]
        monkeypatch.setattr(doctor, "PAGE_PORT", number)
        (free,) = doctor._page()
        other.listen()
        (taken,) = doctor._page()
    assert (free.state, taken.state) == (OK, WARNING)
    assert f"port {number} already" in taken.says
    assert "[page] address" in taken.remedy
    (tmp_path / "uvicorn.py").write_text('raise ImportError("broken")\n')
    found = jamd("doctor", PYTHONPATH=str(tmp_path))
    assert found.returncode == 0, "all else works"
    assert "uvicorn cannot be imported: broken" in found.stdout


def test_the_block_size_keeps_its_promise() -> None:
    size, p999_us = budget.keepable()
    assert size in budget.SIZES
    assert p999_us < budget.HALF * 1e6 * size / budget.RATE or size == budget.SIZES[-1]


def test_devices_lists_the_servers_ports(jack_server) -> None:
    found = jamd("devices")
    assert found.returncode == 0
    assert "a server runs at 48000 Hz with blocks of 256" in found.stdout
    assert "system:capture_1" in found.stdout
    assert devices.jack()["ports"][0].keys() >= {"name", "kind", "direction"}


def test_devices_on_a_bare_machine_says_what_is_missing(bare) -> None:
    found = jamd("devices", "--json", **bare)
    assert found.returncode == 0
    assert found.stderr == ""
    said = json.loads(found.stdout)
    assert "sudo apt install libportaudio2" in said["sound_cards"]["error"]
    assert "sudo apt install jackd2" in said["jack"]["error"]


def test_what_is_missing_is_split_into_fact_and_remedy() -> None:
    def look() -> str:
        raise devices.DriverError("no such thing: do that")

    assert [*doctor._tried("x", look)] == [doctor.Check("x", MISSING, "no such thing", "do that")]
