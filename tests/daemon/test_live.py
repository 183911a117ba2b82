"""The daemon on a real JACK server: the same events as from a file, and what happens when the engine or JACK dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from daemon import messages as m
from daemon import registry
from daemon.config import Config
from daemon.engine import offline
from daemon.inputs.performance import Performance

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

RATE, PERIOD = 48000, 256


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the built-in performance as a file, 24 bit."""
    path = tmp_path_factory.mktemp("sound") / "performance.wav"
    blocks = np.concatenate(list(Performance(6.0).blocks(RATE)), axis=1)
    soundfile.write(path, blocks.T, RATE, subtype="PCM_24")
    return path


def offline_events(path: Path, lead: int = 0) -> list[tuple]:
    """What `jamd analyze` finds in the file behind `lead` samples of silence."""
    samples = soundfile.read(path, dtype="float32")[0].T
    silent = np.zeros((2, lead), np.float32)
    after = np.zeros((2, offline.SILENCE_AFTER), np.float32)
    analysers = [registry.analyser(kind, name) for kind, name in Config().analysers()]
    found = list(offline.analyse([np.concatenate([silent, samples, after], axis=1)], RATE, 2, analysers))
    return [event for part in found for event in part.events.tolist()]


def wire_events(got: list[m.Message]) -> list[tuple]:
    heard = (m.Onset, m.NoteOn, m.NoteOff, m.Beat, m.Chord, m.Key, m.Section)
    return [(x.__struct_config__.tag, x.sample_time, x.known_at) for x in got if isinstance(x, heard)]


KINDS = {1: "onset", 2: "note_on", 3: "note_off", 4: "beat", 5: "chord", 6: "key", 7: "section"}


def as_wire(events: list[tuple]) -> list[tuple]:
    return [(KINDS[kind], sample_time, known_at) for sample_time, known_at, kind, _ in events]


def test_a_file_through_jack_gives_what_analyze_gives(jack_server, daemon, sound) -> None:
    live = daemon(f'[engine]\ndriver = "jack"\ndevice = "none"\nrate = {RATE}\ninput = "{sound}"\n')
    _, got = live.wait_for("ended", 90)
    last = int(6 * RATE)
    expected = [e for e in as_wire(offline_events(sound)) if e[2] <= last]
    assert len(expected) > 20
    assert [e for e in wire_events(got) if e[2] <= last] == expected


def test_a_jack_client_playing_the_file_gives_what_analyze_gives(jack_server, daemon, sound) -> None:
    live = daemon('[engine]\ndriver = "jack"\ndevice = "none"\n')
    live.wait_for("running")
    samples = soundfile.read(sound, dtype="float32")[0].T
    player = jack.Client("player")
    ports = [player.outports.register(f"out_{c}") for c in range(2)]
    position = [-1]

    @player.set_process_callback
    def process(n: int) -> None:
        at = position[0]
        for c, port in enumerate(ports):
            buffer = port.get_array()
            buffer[:] = 0
            if 0 <= at < samples.shape[1]:
                part = samples[c, at : at + n]
                buffer[: len(part)] = part
        if at >= 0:
            position[0] += n

    with player:
        for c, port in enumerate(ports):
            player.connect(port, f"jamd:in_{c + 1}")
        player.set_freewheel(True)  # the server waits for every client: no cycle is lost to a busy machine
        position[0] = 0
        got = live.read(0.1)
        ends_at = time.monotonic() + 60
        while position[0] < samples.shape[1] + RATE and time.monotonic() < ends_at:
            got += live.read(0.1)
        player.set_freewheel(False)
        got += live.read(1.0)
    player.close()
    heard, last = wire_events(got), 6 * RATE
    first = next(e for e in as_wire(offline_events(sound)) if e[0] == "onset")
    lead = next(e for e in heard if e[0] == "onset")[1] - first[1]
    assert lead > 0
    assert lead % PERIOD == 0
    expected = [e for e in as_wire(offline_events(sound, lead)) if e[2] <= lead + last]
    assert [e for e in heard if e[2] <= lead + last] == expected


def test_a_killed_engine_is_back_within_two_seconds(jack_server, daemon) -> None:
    live = daemon('[engine]\ndriver = "jack"\ndevice = "none"\ninput = "performance"\n')
    first, _ = live.wait_for("running")
    live.read(3.0)
    os.kill(live.engine_pid, signal.SIGKILL)
    started = time.monotonic()
    live.wait_for("died", 3)
    again, _ = live.wait_for("running", 10)
    took = time.monotonic() - started
    print(f"the engine was back after {took:.2f} s")
    assert (again.driver, again.device, again.block_size) == (first.driver, first.device, first.block_size)
    assert again.epoch == first.epoch + 1
    assert any(isinstance(x, m.Onset) for x in live.read(2.0))
    assert live.process.poll() is None


def test_a_jack_device_that_is_not_there_is_named(jack_server, tmp_path) -> None:
    config = tmp_path / "c.toml"
    wires = f'[zmq]\naddress = "ipc://{tmp_path}/w"\nlatest = "off"\n'
    wires += '[control]\naddress = "off"\n[page]\naddress = "off"\n'
    config.write_text(f'[engine]\ndriver = "jack"\ndevice = "nosuch"\n{wires}')
    command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said == "jamd: engine.device = 'nosuch': no JACK port begins with it; there is system"


def test_a_hung_engine_is_replaced(jack_server, daemon) -> None:
    live = daemon('[engine]\ndriver = "jack"\ndevice = "none"\ninput = "performance"\n')
    live.wait_for("running")
    os.kill(live.engine_pid, signal.SIGSTOP)
    live.wait_for("hung", 5)
    live.wait_for("running", 10)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_spare_that_is_dead_or_stopped_does_not_stand_in_the_way(jack_server, daemon, blow) -> None:
    live = daemon('[engine]\ndriver = "jack"\ndevice = "none"\ninput = "performance"\n')
    live.wait_for("running")
    ends_at = time.monotonic() + 20
    while len(live.engine_pids) < 2:
        assert time.monotonic() < ends_at, "no spare is made ready"
        live.read(0.2)
    engine, spare = live.engine_pids
    live.read(6.0)  # until it is loaded
    os.kill(spare, blow)
    os.kill(engine, signal.SIGRTMIN + 6)  # which Python has no name for
    started = time.monotonic()
    live.wait_for("died", 3)
    live.wait_for("running", 15)
    print(f"the engine was back after {time.monotonic() - started:.2f} s")
    assert live.process.poll() is None


def balance(got: list[m.Message]) -> dict[int, int]:
    """Notes that were begun and not ended."""
    sounding: dict[int, int] = {}
    for x in got:
        if isinstance(x, m.NoteOn):
            sounding[x.midi] = sounding.get(x.midi, 0) + 1
        elif isinstance(x, m.NoteOff):
            sounding[x.midi] -= 1
    return {note: n for note, n in sounding.items() if n}


def test_the_daemon_outlives_the_jack_server(fresh_jack_server, daemon) -> None:
    live = daemon('[engine]\ndriver = "jack"\ndevice = "none"\ninput = "performance"\n')
    _, got = live.wait_for("running")
    got += live.read(4.0)
    fresh_jack_server.kill()
    _, more = live.wait_for("lost", 5)
    got += more + live.read(0.5)
    assert any(isinstance(x, m.NoteOn) for x in got)
    assert balance(got) == {}, "every sounding note has had its note-off"
    fresh_jack_server.start()
    _, waited = live.wait_for("running", 20)
    assert not [x for x in waited if isinstance(x, m.Engine) and x.state in ("hung", "died")]
    assert any(isinstance(x, m.Onset) for x in live.read(3.0))
