"""MIDI through the running daemon on a real JACK server: played into its port, read from the wire."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from daemon import messages as m
from daemon.midi import message as midi
from daemon.midi.desk import MidiDesk
from daemon.midi.process import VIRTUAL_IN, VIRTUAL_OUT

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

CONFIG = '[engine]\ndriver = "jack"\ndevice = "none"\ninput = "performance"\n[midi]\napi = "jack"\n'
TO = f":{VIRTUAL_IN}"


@pytest.fixture
def player(jack_server) -> Iterator[MidiDesk]:
    """A program that plays into the daemon's own port, once that is there."""
    desk = MidiDesk("jack", [], [TO], virtual=False)
    yield desk
    desk.close()


def connected(desk: MidiDesk) -> None:
    ends_at = time.monotonic() + 20.0
    while not desk.is_open(TO):
        assert time.monotonic() < ends_at, "the daemon offers no MIDI input"
        desk.turn(lambda ns: 0)
        time.sleep(0.01)


def ports() -> set[str]:
    """The MIDI ports there are, less their clients' names."""
    client = jack.Client("look", no_start_server=True)
    names = {port.shortname for port in client.get_ports(is_midi=True)}
    client.close()
    return names


def midi_of(got: list[m.Message]) -> list[m.Message]:
    return [one for one in got if isinstance(one, m.MidiNote | m.MidiControl | m.MidiHarmony)]


def test_what_is_played_is_published(player, daemon) -> None:
    live = daemon(CONFIG)
    live.wait_for("running")
    connected(player)
    live.read(1.0)
    sent_ns = time.monotonic_ns()
    player.send(TO, midi.CONTROL, midi.SUSTAIN, 127)
    for note in (60, 64, 67):
        player.note_on(TO, 0, note, 90)
    for note in (60, 64, 67):
        player.note_off(TO, 0, note)
    got = live.read(1.5)
    found = midi_of(got)
    assert [(one.control, one.value) for one in found if isinstance(one, m.MidiControl)] == [(64, 127)]
    notes = [(one.port, one.midi, one.on) for one in found if isinstance(one, m.MidiNote)]
    assert notes == [(VIRTUAL_IN, note, pressed) for pressed in (True, False) for note in (60, 64, 67)]
    harmonies = [(one.notes, one.chord) for one in found if isinstance(one, m.MidiHarmony)]
    assert harmonies == [([60], "N"), ([60, 64], "N"), ([60, 64, 67], "C:maj")], "the pedal holds the chord"
    times = [one.sample_time for one in found]
    assert times == sorted(times)
    beats = [one for one in got if isinstance(one, m.Heartbeat)]
    assert beats[0].sample_time - beats[0].rate < times[0] <= times[-1] < beats[-1].sample_time + beats[-1].rate
    assert all(-0.02 < (one.t_ns - sent_ns) * 1e-9 < 0.3 for one in found), "stamped when played"
    player.send(TO, midi.CONTROL, midi.SUSTAIN, 0)
    assert midi_of(live.read(0.5))[-1].notes == []


def test_the_ports_stay_when_the_engine_is_killed(player, daemon) -> None:
    live = daemon(CONFIG)
    live.wait_for("running")
    connected(player)
    player.note_on(TO, 0, 60, 90)
    os.kill(live.engine_pid, signal.SIGKILL)
    live.wait_for("died", 5)
    assert {VIRTUAL_IN, VIRTUAL_OUT} <= ports()
    live.wait_for("running", 20)
    assert {VIRTUAL_IN, VIRTUAL_OUT} <= ports()
    live.read(0.5)
    player.note_on(TO, 0, 64, 90)
    found = midi_of(live.read(0.5))
    assert found[0].midi == 64
    assert found[-1].notes == [60, 64], "what was held before is held still"


def test_without_midi_the_daemon_runs_and_says_so_once(daemon, monkeypatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "jamd-test-nobody")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    live = daemon(CONFIG.replace('driver = "jack"', 'driver = "timer"') + 'inputs = ["organ"]\n')
    _, got = live.wait_for("running")
    said = [one for one in got + live.read(3.0) if isinstance(one, m.MidiPort)]
    assert [(one.port, one.state) for one in said] == [("", "missing")]
    assert "JACK" in said[0].error
    assert live.process.poll() is None
