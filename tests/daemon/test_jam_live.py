"""A duet on a real JACK server: a MIDI file is played into jamd's port, another client records what jamd answers.

The server runs in real time; samples are exact on both sides, so how far an answer is from its downbeat is known exactly.
"""

import contextlib
import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import mido
import pytest

from daemon import messages as m

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

CONFIG = """
[engine]
driver = "jack"
device = "none"
[midi]
api = "off"
[rack]
preset = "{}"
"""
ATTEMPTS = 4
CLICKS = 20
"""A controller without a meaning."""
CLICK = 4800
"""Samples between clicks."""
RATE = 48000
pytestmark = pytest.mark.timeout(900)
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
    """Two JACK clients: the player plays a file, the recorder notes when it hears jamd.

    Time is counted in samples that were played, as jamd counts it: on a busy machine JACK leaves some out. The player clicks
    (a controller that means nothing), so that it is known whether jamd has missed a block that others had.
    """

    def __init__(self) -> None:
        self.player = jack.Client("player", no_start_server=True)
        self.recorder = jack.Client("recorder", no_start_server=True)
        self.clicks: list[int] = []
        self.count = 0  # samples played
        self._counts: dict[int, int] = {}  # JACK's frame at the beginning of a block -> count
        self._recorded: list[tuple[int, int, tuple[int, ...]]] = []  # frame of the block, place in it, message
        self._score: list[tuple[int, bytes]] = []
        out, into = self.player.midi_outports.register("out"), self.recorder.midi_inports.register("in")

        @self.player.set_process_callback
        def play(n: int) -> None:
            start = self._counts[self.player.last_frame_time] = self.count
            self.count += n
            out.clear_buffer()
            if start % CLICK + n > CLICK:
                out.write_midi_event(0, (0xB0, CLICKS, 0))
                self.clicks.append(start)
            while self._score and self._score[0][0] < start + n:
                at, message = self._score.pop(0)
                out.write_midi_event(at - start, message)

        @self.recorder.set_process_callback
        def record(n: int) -> None:
            start = self.recorder.last_frame_time
            self._recorded += [(start, at, tuple(bytes(data))) for at, data in into.incoming_midi_events()]

        self.player.activate()
        self.recorder.activate()
        self.recorder.connect("jamd:midi_out", "recorder:in")
        self.player.connect("player:out", "jamd:midi_in")
        until(lambda: self.count, "JACK's first block")

    @property
    def heard(self) -> list[tuple[int, tuple[int, ...]]]:
        """(sample, message)."""
        return [(self._counts[start] + at, message) for start, at, message in self._recorded]

    def play(self, path: Path) -> int:
        """Soon; gives the sample of the file's beginning."""
        start = self.count + RATE
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
            if status & 0xF0 not in (0x80, 0x90):  # at the end all channels are told that all ends
                continue
            voice, on = (status & 15, pitch), status & 0xF0 == 0x90 and velocity > 0
            assert sounding.get(voice, 0) == (0 if on else 1), (voice, on)
            sounding[voice] = int(on)
        assert not any(sounding.values())

    def close(self) -> None:
        for one in (self.player, self.recorder):
            one.deactivate()
            one.close()


class Take(NamedTuple):
    """A duet that was played: when the file began, what was recorded, and what was said."""

    start: int  # sample
    duet: Duet
    said: list[m.Message]

    def of(self, kind: type) -> list[Any]:
        return [one for one in self.said if isinstance(one, kind)]

    def off_ms(self, tick: float, line: Callable[[float], float]) -> float:
        """How far the first note at a tick is from where `line` (beats to seconds) has it."""
        found = min((at - self.start - line(tick / 24) * RATE for at, _ in self.duet.ons()), key=abs)
        return found / RATE * 1000


def preset(folder: Path, jam: str) -> str:
    """A daemon's config, with a preset beside it."""
    (folder / "duet.toml").write_text(jam)
    return CONFIG.format(folder / "duet.toml")


def is_click(message: m.Message) -> bool:
    return isinstance(message, m.MidiControl) and message.control == CLICKS


def missed(said: list[m.Message], duet: Duet) -> set[int]:
    """How far jamd's samples are from the player's: more than one distance where jamd alone lost a block."""
    came = [one.sample_time for one in filter(is_click, said)]
    return {at - count for at, count in zip(came, duet.clicks, strict=False)}


@pytest.fixture
def takes(fresh_jack_server, daemon, tmp_path) -> Callable[..., Take]:
    """Plays a file to a daemon for so long; again where jamd alone lost a block, for then no sample is where it was."""

    def take(jam: str, file: Path, seconds: float, meddle: Callable[[Any], None] | None = None) -> Take:
        """`meddle` with the daemon after an eighth of the time."""
        for _ in range(ATTEMPTS):
            live, meddled = daemon(preset(tmp_path, jam)), meddle is None
            live.wait_for("running")
            with contextlib.closing(Duet()) as duet:
                said = live.read(1.0)
                start = duet.play(file)
                ends_at = start + round(seconds * RATE)
                while duet.count < ends_at and len(missed(said, duet)) < 2:
                    said += live.read(0.1)
                    if meddle is not None and not meddled and duet.count > start + (ends_at - start) // 8:
                        meddle(live)
                        meddled = True
                live.close()  # and what sounds ends
                time.sleep(0.2)
            offsets = missed(said, duet)
            if len(offsets) == 1 and sum(map(is_click, said)) > 10:
                duet.check()
                return Take(start, duet, said)
        pytest.skip(f"jamd missed blocks in {ATTEMPTS} attempts ({sorted(offsets)[:4]} ...): the machine is too busy")

    return take


def steady(bpm: float) -> Callable[[float], float]:
    """Beats to seconds."""
    return lambda beat: beat * 60.0 / bpm


def jam(mode: str = "answer", **values: Any) -> str:
    return f'[jam]\nmode = "{mode}"\n' + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


MOTIF = '[jam.answer]\ngenerator = "motif"\n'


@pytest.mark.parametrize("fresh_jack_server", [1024], indirect=True)
@pytest.mark.parametrize("bpm", [60.0, 120.0, 174.0])
def test_the_answer_begins_on_the_downbeat(takes, tmp_path, bpm: float) -> None:
    bars = 2
    file = tune(tmp_path / "tune.mid", bars, lambda beat: bpm)
    take = takes(jam(bars=bars, tempo_bpm=bpm) + MOTIF, file, 2 * bars * 240.0 / bpm + 1.5)
    answer, *_ = take.of(m.Answer)
    assert (answer.tick, answer.ticks) == (96 * bars, 96 * bars)
    assert answer.known_at < answer.sample_time
    off_ms = take.off_ms(answer.notes[0].tick, steady(bpm))
    print(f"{bpm} BPM: {off_ms:+.2f} ms")
    assert abs(off_ms) < 5.0
    assert len(take.duet.ons()) == len(answer.notes) > 2


def swaying(bpm: float) -> Callable[[int], float]:
    """Ten per cent faster, then as much slower, in eight bars."""
    return lambda beat: bpm * (1.0 + 0.1 * math.sin(2 * math.pi * beat / 32))


def hurrying(bpm: float) -> Callable[[int], float]:
    """From ten per cent slower to ten per cent faster, in eight bars."""
    return lambda beat: bpm * (0.9 + 0.2 * beat / 32)


@pytest.mark.parametrize("fresh_jack_server", [1024], indirect=True)
@pytest.mark.parametrize(("bpm", "drift"), [(60.0, hurrying), (120.0, swaying), (174.0, swaying)])
def test_the_downbeat_is_met_while_the_tempo_drifts(takes, tmp_path, bpm: float, drift: Any) -> None:
    bars, curve = 2 if bpm < 100 else 4, drift(bpm)
    file = tune(tmp_path / "tune.mid", bars, curve)
    take = takes(jam(bars=bars, tempo_bpm=bpm) + MOTIF, file, 2.2 * bars * 240.0 / bpm + 1.5)
    answer, *_ = take.of(m.Answer)
    assert answer.tick == 96 * bars
    begins = [0.0, *accumulate(60.0 / curve(beat) for beat in range(8 * bars))]
    whole = (answer.notes[0].tick // 24, answer.notes[0].tick % 24 / 24)
    off_ms = take.off_ms(24.0 * whole[0], lambda beat: begins[int(beat)] + whole[1] * 60.0 / curve(int(beat)))
    print(f"{drift.__name__} about {bpm} BPM: {off_ms:+.2f} ms")
    assert abs(off_ms) < 5.0


def killed(live: Any) -> None:
    """kill -9 of the generators' process."""
    pid = live.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    mine = [child for child in children if b"daemon.generate.live" in Path(f"/proc/{child}/cmdline").read_bytes()]
    assert len(mine) == 1
    os.kill(int(mine[0]), signal.SIGKILL)


@pytest.mark.parametrize("fresh_jack_server", [1024], indirect=True)
def test_the_band_plays_on_when_the_generators_process_is_killed_in_the_middle_of_a_phrase(takes, tmp_path) -> None:
    file = tune(tmp_path / "tune.mid", 2, lambda beat: 120.0)
    take = takes(jam(bars=2, tempo_bpm=120.0), file, 10.0, killed)
    states = [(one.name, one.state) for one in take.of(m.Generator)]
    assert ("", "died") in states
    assert states.index(("", "died")) < len(states) - 1 - states[::-1].index(("", "running")), "it is back"
    answer, *_ = take.of(m.Answer)
    assert answer.wanted == "neural"
    assert answer.notes
    assert abs(take.off_ms(answer.notes[0].tick, steady(120.0))) < 5.0


def looped(live: Any) -> None:
    """What leaves jamd's port comes back to it."""
    subprocess.run(["jack_connect", "jamd:midi_out", "jamd:midi_in"], check=True, timeout=10)


@pytest.mark.parametrize("fresh_jack_server", [1024], indirect=True)
def test_what_comes_back_of_jamds_own_is_not_answered(takes, tmp_path) -> None:
    file = tune(tmp_path / "tune.mid", 2, lambda beat: 120.0)
    take = takes(jam(bars=2, tempo_bpm=120.0) + MOTIF, file, 15.0, looped)
    (answer,) = take.of(m.Answer)
    assert len(take.of(m.Phrase)) == 1
    assert len([one for one in take.of(m.MidiNote) if one.on]) == 2 * len(TUNE), "nothing else was heard"
    assert len(take.duet.ons()) == len(answer.notes)
