"""Panic, a signal, and the deaths of the daemon and of its engine, heard by a JACK client: silence, and every note's end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from daemon import messages as m
from daemon.listen import decode, subscribe

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

from daemon.bench.ear import LEVEL, PORTS, VIRTUAL  # noqa: E402
from daemon.bench.panic_stage import CHANNEL, FULL, NOTE, SAFE, Stage  # noqa: E402
from daemon.bench.panic_stage import stage as one  # noqa: E402

FADE = 480  # samples
STEEPEST = 1.5 / FADE
"""Of the fade, per sample, LEVEL being 1."""
ENDS = [(0xB0 | channel, controller, 0) for channel in range(16) for controller in (64, 120, 123)]


@pytest.fixture
def stage(jack_server: str) -> Iterator[Stage]:
    """A daemon through which a level sounds, and which holds a note at each of its MIDI outputs."""
    with one() as made:
        yield made


@pytest.fixture
def panics(stage: Stage) -> Iterator[zmq.Socket]:
    """What the daemon publishes of panics."""
    socket = subscribe(stage.wire, [m.topic("panic"), m.topic("engine")])
    assert socket.poll(5000), "the engine's state, said again for us: now we hear all"
    socket.recv_multipart()
    yield socket
    socket.close(0)


def panic(stage: Stage, *options: str) -> str:
    """`jamd panic`, as a person gives it."""
    command = [sys.executable, "-m", "daemon.cli", "panic", "--address", stage.control, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


def heard(stage: Stage, start: int, port: str) -> list[tuple[int, ...]]:
    """What came by a port from a frame on."""
    return [one.data for one in stage.ear.midi(start, port)]


def all_ended(stage: Stage, start: int, port: str) -> bool:
    """Whether the note's end and the three controllers of all channels came, and nothing else."""
    return sorted(heard(stage, start, port)) == sorted([*ENDS, (0x80 | CHANNEL, NOTE, 0)])


def faded(stage: Stage, start: int) -> int:
    """The first frame that is silent, of a fade that takes its 10 ms and has no step beyond its curve."""
    stage.until(lambda: stage.ear.silence(start) > 0, "its silence")
    silent = stage.ear.silence(start)
    assert stage.ear.step(start, silent + 1) <= STEEPEST * 1.01
    fall = stage.ear.sound(start)[: silent - start + 1]
    late = 2 * stage.ear.block  # that JACK may give again, where a client was late on a busy machine
    assert len(fall) - 1 - np.flatnonzero(fall != LEVEL)[0] <= FADE + late
    return silent


def test_jamd_panic_fades_the_sound_ends_every_note_and_is_over(stage: Stage, panics: zmq.Socket) -> None:
    time.sleep(0.3)  # for the subscription to arrive
    start = stage.ear.frame
    said = panic(stage)
    assert "16 channels of" in said, said
    assert VIRTUAL in said, said
    silent = faded(stage, start)
    stage.until(stage.ear.sounds, "its sound, again")
    sound = stage.ear.sound(silent)
    back = int(np.flatnonzero(sound)[0])
    assert back >= 0.2 * stage.ear.rate
    assert stage.ear.step(silent + back - 1, stage.ear.frame) <= STEEPEST * 1.01, "it rises as it fell"
    for port in PORTS:
        stage.until(lambda port=port: all_ended(stage, start, port), f"the ends at {port}")
    assert stage.eye.level == SAFE, "the lights stay safe when the sound is back"
    assert "it is over" in panic(stage, "--over")
    stage.until(lambda: stage.eye.level == FULL, "its light, again")
    got = [decode(panics.recv_multipart()) for _ in range(2) if panics.poll(5000)]
    assert [(one.why, one.over) for one in got] == [("ctl", False), ("ctl", True)]
    stage.process.terminate()
    assert stage.process.wait(10) == 0


def test_sigterm_fades_first_then_ends_every_note(stage: Stage) -> None:
    start = stage.ear.frame
    stage.process.terminate()
    time.sleep(0.02)
    stage.process.terminate()  # who asks twice waits no longer
    assert stage.process.wait(10) == 0
    faded(stage, start)
    for port in PORTS:  # the MIDI process says it once more as it ends
        got = heard(stage, start, port)
        assert (0x80 | CHANNEL, NOTE, 0) in got
        assert set(ENDS) <= set(got)
    assert stage.eye.level == SAFE


def test_the_daemon_is_killed_and_its_processes_end_what_it_played(stage: Stage) -> None:
    start, engine = stage.ear.frame, stage.engine_pid
    stage.process.kill()
    faded(stage, start)
    for port in PORTS:
        stage.until(lambda port=port: all_ended(stage, start, port), f"the ends at {port}")
    stage.until(lambda: not Path(f"/proc/{engine}").exists(), "the engine's end")
    stage.until(lambda: stage.eye.level == SAFE, "its safe look")


def test_a_daemon_that_hangs_loses_its_notes_but_not_the_sound_of_hands(stage: Stage, panics: zmq.Socket) -> None:
    start = stage.ear.frame
    os.kill(stage.process.pid, signal.SIGSTOP)
    said = panic(stage)
    assert said.startswith("exit 1"), said
    assert "pkill" in said, said
    faded(stage, start)
    stage.until(stage.ear.sounds, "its sound, again")
    for port in PORTS:
        stage.until(lambda port=port: all_ended(stage, start, port), f"the ends at {port}")
    stage.until(lambda: stage.eye.level == SAFE, "its safe look")
    os.kill(stage.process.pid, signal.SIGCONT)
    why = []
    while "watchdog" not in why and panics.poll(5000):
        why.append(getattr(decode(panics.recv_multipart()), "why", ""))
    assert "watchdog" in why, "it says what has happened"
    stage.until(lambda: "16 channels" in panic(stage), "its answer")


def test_the_engine_is_killed_and_every_note_ended(stage: Stage) -> None:
    start = stage.ear.frame
    os.kill(stage.engine_pid, signal.SIGKILL)
    stage.until(lambda: set(ENDS) <= set(heard(stage, start, VIRTUAL)), f"the ends at {VIRTUAL}", 20.0)
    stage.until(lambda: (0x80 | CHANNEL, NOTE, 0) in heard(stage, start, "jack"), "the end at jack", 20.0)
    stage.until(lambda: stage.ear.sounds() and stage.eye.level == FULL, "its sound and light, again")
