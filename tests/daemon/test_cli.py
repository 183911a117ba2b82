"""The command line as its user meets it: help that teaches, one clear line for every mistake, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import zmq

from daemon.inputs.performance import Performance

RATE = 48000


def jamd(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon.cli", *map(str, words)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=280, env={**os.environ, **environment}
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def refused(*words: object, says: str, **environment: str) -> None:
    """The command fails with one line that says this."""
    done = jamd(*words, **environment)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("jamd: ") and "compiling" not in line]
    assert len(lines) == 1, done.stderr
    assert says in lines[0]


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("songs") / "song.wav"
    soundfile.write(path, np.concatenate(list(Performance(5.0).blocks(RATE)), axis=1).T, RATE)
    return path


def analysed(path: Path, *options: object) -> list[dict]:
    done = jamd("analyze", path, "--json", *options)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert "NaN" not in done.stdout
    assert "Infinity" not in done.stdout
    return found


def test_help_teaches() -> None:
    help_text = jamd("--help").stdout
    for command in ("demo", "run", "analyze", "listen", "devices", "doctor", "bench", "eval", "jam", "generate"):
        assert command in help_text
        assert len(jamd(*([command] if command != "bench" else ["bench", "engine"]), "--help").stdout) > 100
    assert jamd("--version").stdout.startswith("jamd, version ")


def test_analyze_says_type_and_times(song: Path) -> None:
    found = analysed(song)
    kinds = {message["type"] for message in found}
    assert {"onset", "note_on", "note_off", "beat", "level", "bands", "f0", "chroma"} <= kinds
    for message in found:
        assert message["known_s"] * RATE == pytest.approx(message["known_at"])
        assert message["time_s"] * RATE == pytest.approx(message["sample_time"])
    known = [message["known_at"] for message in found]
    assert known == sorted(known)
    assert "onset" in jamd("analyze", song).stdout


def test_analyze_with_aubio(song: Path, tmp_path: Path) -> None:
    config = tmp_path / "aubio.toml"
    config.write_text('[analysis]\nonset = "aubio:hfc"\nf0 = "aubio:yinfast"\nbeat = "aubio:default"\n')
    kinds = {message["type"] for message in analysed(song, "--config", config)}
    assert {"onset", "note_on", "beat"} <= kinds


def test_files_that_are_no_sound(tmp_path: Path) -> None:
    refused("analyze", tmp_path / "none.wav", says="none.wav: there is no such file")
    refused("analyze", tmp_path, says=str(tmp_path))
    for name, content in (
        ("empty.wav", b""),
        ("text.wav", b"to be or not to be\n" * 99),
        ("cut.wav", b"RIFF\x24\0\0\0WA"),
    ):
        (tmp_path / name).write_bytes(content)
        refused("analyze", tmp_path / name, says=name)


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("silence", np.zeros((RATE, 2))),
        ("one sample", np.ones((1, 1))),
        ("eight channels", np.random.default_rng(1).uniform(-0.5, 0.5, (RATE, 8))),
        ("nan", np.full((RATE, 1), np.nan)),
        ("square", np.sign(np.sin(np.arange(2 * RATE) * 0.03))[:, None]),
    ],
)
def test_odd_sound_gives_a_correct_result(tmp_path: Path, name: str, samples: np.ndarray) -> None:
    path = tmp_path / f"{name}.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    found = analysed(path)
    events = [message for message in found if message["type"] in ("onset", "note_on", "beat")]
    if name in ("silence", "nan"):
        assert events == []
    ons = [message["midi"] for message in found if message["type"] == "note_on"]
    assert ons == [message["midi"] for message in found if message["type"] == "note_off"]


def test_a_truncated_file_is_read_as_far_as_it_goes(song: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(song.read_bytes()[: song.stat().st_size // 2])
    onsets = [message["time_s"] for message in analysed(cut) if message["type"] == "onset"]
    assert onsets
    assert max(onsets) < 2.7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[engine\n", "not valid TOML"),
        ("[engine]\nrate = 'fast'\n", "engine.rate: expected `int`"),
        ("[engine]\nrate = 22050\n", "engine.rate: 22050 is too low"),
        ("[engine]\ndrivr = 'jack'\n", "did you mean 'driver'"),
        ("[engine]\ndriver = 'asio4all'\n", "choose one of auto, jack, portaudio, timer"),
        ("[analysis]\nonset = 'aubio:hcf'\n", "aubio:hfc"),
        ("[analysis]\nonzet = 'superflux'\n", "did you mean 'onset'"),
        ("[analysis]\nonset = 3\n", "analysis.onset: expected a string"),
        ("[midi]\ninputs = [3]\n", "midi.inputs[0]: expected a string"),
        ("[midi]\ninputs = 'keys'\n", "midi.inputs: expected a list"),
        ("[zmq]\naddress = 'nonsense'\n", "zmq.address: 'nonsense' is no place"),
        ("[engine]\ninput = 'nowhere.wav'\n", "nowhere.wav: there is no such file"),
    ],
)
def test_a_bad_config_is_named_with_its_key(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    refused("run", "--config", path, says=says)


def test_a_missing_config() -> None:
    refused("run", "--config", "nowhere.toml", says="nowhere.toml")


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "device.toml"
    path.write_text(
        '[engine]\ndriver = "portaudio"\ndevice = "Studer A800"\n[page]\naddress = "off"\n'
        f'[zmq]\naddress = "ipc://{tmp_path}/wire"\nlatest = "off"\n'
    )
    done = jamd("run", "--config", path)
    assert done.returncode == 1
    assert "Studer A800" in done.stderr or "PortAudio is not installed" in done.stderr


def test_no_jack_server(tmp_path: Path) -> None:
    path = tmp_path / "jack.toml"
    wires = f'[zmq]\naddress = "ipc://{tmp_path}/wire"\nlatest = "off"\n[control]\naddress = "off"\n'
    path.write_text(f'[engine]\ndriver = "jack"\n{wires}[page]\naddress = "off"\n')
    done = jamd("run", "--config", path, JACK_DEFAULT_SERVER="nobody-runs-this")
    assert done.returncode == 1
    assert "JACK" in done.stderr


def test_a_busy_port(tmp_path: Path) -> None:
    socket = zmq.Context.instance().socket(zmq.PUB)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    path = tmp_path / "busy.toml"
    path.write_text(f'[zmq]\naddress = "tcp://127.0.0.1:{port}"\n')
    refused("run", "--config", path, says="another jamd")
    socket.close(0)


def test_demo_without_hardware_ends_with_a_summary() -> None:
    done = jamd("demo", "--seconds", "7", "--no-ui", JACK_DEFAULT_SERVER="nobody-runs-this")
    assert done.returncode == 0, done.stderr
    for word in ("onsets", "tempo", "blocks", "xruns", "p99.99", "phrases heard ", "answered "):
        assert word in done.stdout
    *_, first, reason = done.stdout.partition("next    with what was heard")[2].splitlines()[:3]
    assert first.startswith("  1 ")
    assert any(kind in first for kind in ("loop", "clip", "groove", "preset"))
    assert reason.strip()  # of its tempo, where that was heard in time


def test_demo_plays_a_file(song: Path) -> None:
    done = jamd("demo", song, "--seconds", "60", "--no-ui", JACK_DEFAULT_SERVER="nobody-runs-this")
    assert done.returncode == 0, done.stderr
    assert "onsets" in done.stdout


def test_every_config_of_the_project_is_valid() -> None:
    from daemon import config

    folder = Path(__file__).parent.parent.parent / "configs"
    configs = sorted(folder.glob("*.toml"))
    assert configs
    for path in configs:
        config.load(path)
    stated = config.load(folder / "default.toml")
    assert stated.engine == config.Engine()
    assert stated.zmq == config.Zmq()
    assert stated.midi == config.Midi()
    assert stated.recommend == config.Recommend()
