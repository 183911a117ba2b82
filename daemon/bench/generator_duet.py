"""A duet on a JACK server: a client plays into a whole daemon, which answers by network and accompanies by rule.

What leaves is recorded by another client and laid beside what the daemon said it would send: both count the engine's
samples, which the player's own notes, of known frames, tie to the server's.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from daemon import messages as m
from daemon.bench.generator_cost import LINE
from daemon.bench.latency import LatencyError
from daemon.bench.server import RATE
from daemon.listen import decode, subscribe

BPM, BARS = 120.0, 2
BEAT = round(60.0 / BPM * RATE)
NOTE_ON, NOTE_OFF = 0x90, 0x80
SETTLED_S = 3.0
JAM = """
[jam]
mode = "answer"
bars = 2
tempo_bpm = 120.0
style = "jazz"
[jam.answer]
generator = "neural"
[jam.harmony]
generator = "neural"
[jam.chords]
[jam.bass]
generator = "walking"
[jam.drums]
"""
KINDS = ("midi_note", "jam_note", "deadlines", "answer", "generator")


def measure(seconds: float) -> dict[str, Any]:
    """`off_ms` of each note sent, `deadlines` kept and missed, and which generators answered. A server must run. [main]"""
    with tempfile.TemporaryDirectory() as folder:
        address = f"ipc://{folder}/wire"
        preset, config = Path(folder) / "duet.toml", Path(folder) / "config.toml"
        preset.write_text(JAM)
        config.write_text(
            f'[engine]\ndriver = "jack"\ndevice = "none"\n[midi]\napi = "off"\n[rack]\npreset = "{preset}"\n'
            f'[zmq]\naddress = "{address}"\nlatest = "off"\n[control]\naddress = "off"\n'
        )
        command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config)]
        daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        socket = subscribe(address, [m.topic(kind) for kind in (*KINDS, "engine", "jam")])
        try:
            heard = _wait(socket)
            pair = _Pair()
            heard += _take(socket, seconds)
            pair.close()
        finally:
            daemon.terminate()
            daemon.wait()
            socket.close(0)
    return _found(heard, pair)


class _Pair:
    """Two clients: one plays two bars and rests for two, over and over; the other records."""

    def __init__(self) -> None:
        import jack

        self.played: list[tuple[int, int]] = []  # (frame, pitch) of note-ons
        self.recorded: list[tuple[int, int, int, bool]] = []  # (frame, channel, pitch, on)
        self._player, self._recorder = jack.Client("duet player"), jack.Client("duet recorder")
        out, into = self._player.midi_outports.register("out"), self._recorder.midi_inports.register("in")
        start = [0]

        @self._player.set_process_callback
        def play(n: int) -> None:
            out.clear_buffer()
            now = self._player.last_frame_time
            start[0] = start[0] or now + RATE
            half = BEAT // 2
            for at in range((-(now - start[0])) % half, n, half):
                number = (now + at - start[0]) // half
                if number < 0:
                    continue
                place = number % (16 * BARS)
                if 0 < place <= 8 * BARS:
                    out.write_midi_event(at, (NOTE_OFF, LINE[place - 1], 0))
                if place < 8 * BARS:
                    out.write_midi_event(at, (NOTE_ON, LINE[place], 80))
                    self.played.append((now + at, LINE[place]))

        @self._recorder.set_process_callback
        def record(n: int) -> None:
            now = self._recorder.last_frame_time
            for at, data in into.incoming_midi_events():
                status, pitch, velocity = (*bytes(data), 0, 0)[:3]
                if status & 0xF0 in (NOTE_ON, NOTE_OFF):
                    on = status & 0xF0 == NOTE_ON and velocity > 0
                    self.recorded.append((now + at, status & 15, pitch, on))

        for client in (self._player, self._recorder):
            client.activate()
        self._player.connect("duet player:out", "jamd:midi_in")
        self._recorder.connect("jamd:midi_out", "duet recorder:in")

    def close(self) -> None:
        """Stop both."""
        for client in (self._player, self._recorder):
            client.deactivate()
            client.close()


def _wait(socket: Any) -> list[m.Message]:
    """Until the engine runs and the network is loaded."""
    heard: list[m.Message] = []
    ends_at, runs, is_loaded = time.monotonic() + 120, False, False
    while time.monotonic() < ends_at:
        if socket.poll(200) and (message := decode(socket.recv_multipart())) is not None:
            heard.append(message)
            runs |= isinstance(message, m.Engine) and message.state == "running"
            is_loaded |= isinstance(message, m.Jam) and any(part.plays == "neural" for part in message.parts)
            if runs and is_loaded:
                time.sleep(SETTLED_S)
                return heard
    raise LatencyError("the daemon did not start within two minutes; try `jamd run` by hand")


def _take(socket: Any, seconds: float) -> list[m.Message]:
    heard: list[m.Message] = []
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        if socket.poll(50) and (message := decode(socket.recv_multipart())) is not None:
            heard.append(message)
    return heard


def _found(heard: list[m.Message], pair: _Pair) -> dict[str, Any]:
    """Notes said beside notes recorded."""
    own = [message.sample_time for message in heard if isinstance(message, m.MidiNote) and message.on]
    played = np.array([frame for frame, _ in pair.played[: len(own)]])
    at, ahead = np.array(own[: len(played)]), np.array(own[: len(played)]) - played
    recorded: dict[tuple[int, int, bool], list[int]] = {}
    for frame, channel, pitch, on in pair.recorded:
        # a cycle that JACK skips is in its frames, but not in the engine's samples: tied to the player's nearest note
        tied = frame + int(ahead[np.abs(played - frame).argmin()])
        recorded.setdefault((channel, pitch, on), []).append(tied)
    off_ms, skipped = [], 0
    for message in heard:
        if isinstance(message, m.JamNote) and message.port == "jack" and at[0] < message.sample_time < at[-1]:
            after = int(np.searchsorted(at, message.sample_time))
            if ahead[after] != ahead[after - 1]:
                skipped += 1
                continue
            found = np.array(recorded.get((message.channel, message.midi, message.on), [1 << 60]))
            off_ms.append(float(np.abs(found - message.sample_time).min()) * 1000.0 / RATE)
    answers = [message for message in heard if isinstance(message, m.Answer)]
    counts = [message for message in heard if isinstance(message, m.Deadlines)]
    sounding: set[tuple[int, int]] = set()
    for _, channel, pitch, on in pair.recorded:
        (sounding.add if on else sounding.discard)((channel, pitch))
    return {
        "notes": len(off_ms),
        "skipped": skipped,
        "off_ms": {f"p{q}": float(np.percentile(off_ms, q)) for q in (50, 95, 99)} if off_ms else {},
        "max_ms": max(off_ms, default=0.0),
        "answers": len(answers),
        "by_network": sum(answer.generator == "neural" for answer in answers),
        "deadlines": msgspec.to_builtins(counts[-1]) if counts else {},
        "spare_ms": float(np.median([answer.spare_ms for answer in answers])) if answers else 0.0,
    }
