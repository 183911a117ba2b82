"""A duet on a real JACK server: a MIDI file is played into jamd's port, another client records what jamd answers.

The server runs in real time; frames are exact on both sides, so how far an answer is from its downbeat is known exactly.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import pytest

from daemon import messages as m
from daemon.app import App
from daemon.config import parse

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

RATE = 48000
BEAT = 480  # MIDI file ticks
TUNE = ((0, 1, 67), (1, 0.5, 69), (1.5, 0.5, 71), (2, 1, 74), (3, 0.5, 71), (3.5, 0.5, 69))
"""A bar: (beat, beats, pitch)."""


def tune(path: Path, bars: int, bpm: Callable[[int], float]) -> Path:
    """A MIDI file; `bpm` of each beat."""
    file, track = mido.MidiFile(ticks_per_beat=BEAT), mido.MidiTrack()
    file.tracks.append(track)
    events = [(round(4 * BEAT * bars), mido.MetaMessage("end_of_track"))]
    for beat in range(4 * bars):
        events.append((beat * BEAT, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm(beat)))))
    for bar in range(bars):
        for beat, length, pitch in TUNE:
            start, end = (4 * bar + beat) * BEAT, (4 * bar + beat + 0.9 * length) * BEAT
            events.append((round(start), mido.Message("note_on", note=pitch + 2 * (bar % 2), velocity=90)))
            events.append((round(end), mido.Message("note_off", note=pitch + 2 * (bar % 2))))
    now = 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    file.save(path)
    return path


def until(done: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    ends_at = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < ends_at, f"{what}: not in time"
        time.sleep(0.01)
    return found


class Duet:
    """Two JACK clients: the player plays a file, the recorder notes at which frames it hears jamd."""

    def __init__(self) -> None:
        self.player = jack.Client("player", no_start_server=True)
        self.recorder = jack.Client("recorder", no_start_server=True)
        self.heard: list[tuple[int, tuple[int, ...]]] = []
        self.frame = 0
        self._score: list[tuple[int, bytes]] = []
        out, into = self.player.midi_outports.register("out"), self.recorder.midi_inports.register("in")

        @self.player.set_process_callback
        def play(n: int) -> None:
            self.frame = start = self.player.last_frame_time
            out.clear_buffer()
            while self._score and self._score[0][0] < start + n:
                frame, message = self._score.pop(0)
                out.write_midi_event(max(0, frame - start), message)

        @self.recorder.set_process_callback
        def record(n: int) -> None:
            start = self.recorder.last_frame_time
            self.heard += [(start + at, tuple(bytes(data))) for at, data in into.incoming_midi_events()]

        self.player.activate()
        self.recorder.activate()
        self.player.connect("player:out", "jamd:midi_in")
        self.recorder.connect("jamd:midi_out", "recorder:in")
        until(lambda: self.frame, "JACK's first block")
        time.sleep(0.3)

    def play(self, path: Path) -> int:
        """From now on; gives the frame of the file's beginning."""
        start = self.frame + RATE // 2
        at_s, score = 0.0, []
        for message in mido.MidiFile(path):
            at_s += message.time
            if not message.is_meta:
                score.append((start + round(at_s * RATE), bytes(message.bytes())))
        self._score = score
        return start

    def ons(self, channel: int = 0) -> list[tuple[int, int]]:
        return [(at, data[1]) for at, data in self.heard if data[0] == 0x90 | channel and data[2] > 0]

    def check(self) -> None:
        """Every note-on has its note-off."""
        sounding: dict[tuple[int, int], int] = {}
        for _, (status, pitch, velocity) in self.heard:
            voice, on = (status & 15, pitch), status & 0xF0 == 0x90 and velocity > 0
            assert sounding.get(voice, 0) == (0 if on else 1), (voice, on)
            sounding[voice] = int(on)
        assert not any(sounding.values())

    def close(self) -> None:
        for one in (self.player, self.recorder):
            one.deactivate()
            one.close()


class Live:
    """A whole daemon in a thread."""

    def __init__(self, folder: Path, jam: str) -> None:
        preset = folder / "duet.toml"
        preset.write_text(jam)
        values = {
            "engine": {"driver": "jack", "device": "none"},
            "midi": {"api": "off"},
            "zmq": {"address": f"ipc://{folder}/wire"},
            "rack": {"preset": str(preset)},
            "control": {"address": "off"},
        }
        self.app = App(parse(values))
        self.got: list[m.Message] = []
        self.app.bus.subscribe(self.got.append)
        self.app.on_turn = self._call
        self._calls: queue.Queue = queue.Queue()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()
        until(lambda: "running" in [one.state for one in self.heard(m.Engine)], "the engine", 240.0)

    def _work(self) -> None:
        self.app.run()
        self.app.close()

    def _call(self) -> None:
        while not self._calls.empty():
            self._calls.get()()

    def do(self, call: Callable[[], Any]) -> None:
        self._calls.put(call)

    def heard(self, kind: type) -> list[Any]:
        return [one for one in self.got if isinstance(one, kind)]

    @property
    def worker_pid(self) -> int:
        band = self.app.stand._band
        return band.worker.pid if band else 0

    def close(self) -> None:
        self.app.stop()
        self._thread.join(20)


@pytest.fixture
def stage(fresh_jack_server, tmp_path) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(kind: Callable[..., Any], *arguments: Any) -> Any:
        made.append(kind(*arguments))
        return made[-1]

    yield make
    for one in reversed(made):
        one.close()


def jam(mode: str = "answer", **values: Any) -> str:
    return f'[jam]\nmode = "{mode}"\n' + "".join(f"{name} = {value!r}\n" for name, value in values.items())


MOTIF = '[jam.answer]\ngenerator = "motif"\n'


@pytest.mark.parametrize("bpm", [60.0, 120.0, 174.0])
def test_the_answer_begins_on_the_downbeat(stage, tmp_path, bpm: float) -> None:
    bars = 2 if bpm < 100 else 4
    live, duet = stage(Live, tmp_path, jam(bars=bars) + MOTIF), stage(Duet)
    start = duet.play(tune(tmp_path / "tune.mid", bars, lambda beat: bpm))
    answer = until(lambda: live.heard(m.Answer), "an answer", 60.0)[0]
    bar = 4 * 60.0 / bpm
    time.sleep(bar * bars + 1.0)
    downbeat = start + round(bars * bar * RATE)
    first = duet.ons()[0][0]
    offset = answer.notes[0].tick - answer.tick
    off_ms = (first - downbeat - offset / 24 * 60.0 / bpm * RATE) / RATE * 1000
    print(f"{bpm} BPM: {off_ms:+.2f} ms")
    assert abs(off_ms) < 5.0
    assert len(duet.ons()) >= 3
    duet.check()
