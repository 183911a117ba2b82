"""Folders that are not whole, or not what they say: an error in one line, or what can still be read; never a traceback."""

import os
import shutil
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon import messages as m
from daemon.cli import main
from daemon.config import Config
from daemon.errors import UserError
from daemon.flight.analysers import Analysers
from daemon.flight.compare import Tally
from daemon.flight.folder import Folder
from daemon.flight.link import BandMade, BandTold, Batch, Begin, End, Heard, Open, Place, Said
from daemon.flight.log import Log
from daemon.flight.recorder import about
from daemon.flight.replay_hands import Hands
from daemon.flight.replay_worker import AsThen
from daemon.flight.tap import Part
from daemon.flight.worker import UNTOLD, Worker
from daemon.midi.keyboard import Keyboard
from daemon.midi.message import NOTE_OFF, NOTE_ON, MidiMessage

RATE = 48000
DEEP = "daemon.generate.deep.phrase:Neural"
_encode = msgspec.msgpack.encode


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """3 s of clicks in segments of 1 s, with MIDI and a band that waits."""
    path = tmp_path_factory.mktemp("flight") / "record"
    session = about(Config())
    folder = Folder(path, 0.05, session)
    packets: list[bytes] = []

    def tell(packet: msgspec.Struct) -> bool:
        packets.append(_encode(packet))
        return True

    log = Log(tell)
    for item in (Begin(7, RATE, 2), BandMade(RATE, {}), BandTold("table", 0, {"on": True})):
        log.add(item)
    clicks = np.zeros((RATE // 2, 4), np.float32)
    clicks[1000:1100] = 0.5
    for k in range(6):
        at = k * RATE // 2
        log.add(Heard(at + 10, "keys", NOTE_ON, 0, 60 + k, 90))
        note = m.MidiNote(
            sample_time=at + 10, known_at=at + 10, port="keys", channel=0, midi=60 + k, velocity=90, on=True
        )
        log.add(Said(msgspec.Raw(_encode(note))))
        log.add(Heard(at + 20, "keys", NOTE_OFF, 0, 60 + k, 0))
        log.turn(at + 256)
        log.flush()
        folder.sound(Part(7, RATE, 2, at, clicks), 0.0)
        while packets:
            folder.log(packets.pop(0), 0.0)
    log.add(End(3 * RATE))
    log.flush()
    folder.log(packets.pop(0), 0.0)
    folder.close()
    while not (path / "segments/00000004/state").exists():
        time.sleep(0.02)
    return path


def said(folder: Path) -> str:
    """What `jamd replay` says; it ends in order."""
    done = CliRunner().invoke(main, ["replay", str(folder)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1)
    assert "Traceback" not in done.output
    if done.exit_code == 1 and not any(one in done.output for one in ("NOT the same", "NOT compared")):
        assert done.output.startswith("jamd: ")
        assert done.output.count("\n") == 1
    return done.output


def test_a_log_that_is_whole_is_read_whole(recording) -> None:
    text = said(recording)
    assert "midi_note                6 identical, 5 different, 1 excused" in text  # note-offs that nobody published
    assert "not published then" in text
    assert "3.0 s" in text


def test_what_is_no_recording_is_said(tmp_path) -> None:
    assert "no such folder" in said(tmp_path / "none")
    assert "nothing is recorded" in said(tmp_path)
    (tmp_path / "segments").write_text("a file")
    assert "nothing is recorded" in said(tmp_path)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_folder_never_ends_in_a_traceback(recording, tmp_path, data) -> None:
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(recording, folder)
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    for _ in range(data.draw(st.integers(1, 3))):
        file = folder / data.draw(st.sampled_from(files))
        content = bytearray(file.read_bytes()) if file.exists() else bytearray()
        kind = data.draw(st.sampled_from(["cut", "change", "garbage", "gone"]))
        if kind == "gone":
            file.unlink(missing_ok=True)
        elif kind == "garbage":
            file.write_bytes(data.draw(st.binary(max_size=200)))
        elif kind == "cut":
            file.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
        elif content:
            content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
            file.write_bytes(bytes(content))
    said(folder)


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(
        st.recursive(st.none() | st.integers(-9, 300) | st.text(max_size=5), st.lists, max_leaves=6), max_size=5
    )
)
def test_a_log_of_anything_is_read(items: list) -> None:
    """Batches that are whole, of items that are none."""
    from daemon.flight.reading import _items

    batch = Batch(0, [msgspec.Raw(_encode(item)) for item in items])
    assert all(one.number < len(items) for one in _items(batch))


def test_analysers_go_on_from_what_they_knew() -> None:
    """To the bit: the second half after a state that was kept is the second half of the whole."""
    rng = np.random.default_rng(3)
    sound = np.repeat(rng.standard_normal((4 * RATE, 1)).astype(np.float32), 4, axis=1)
    sound *= 0.3 * (np.arange(4 * RATE)[:, None] % 12000 < 2000)
    analysers = Config().analysers()
    whole, again = Analysers(RATE, 2, analysers), Analysers(RATE, 2, analysers)
    half = 2 * RATE + 77
    whole.hear(sound[:half])
    whole.reader.read()
    assert again.restore(whole.state())
    assert not Analysers(RATE, 2, analysers[:-1]).restore(whole.state())
    whole.hear(sound[half:])
    again.hear(sound[half:])
    one, other = whole.reader.read(), again.reader.read()
    assert len(one.events) > 3
    for a, b in zip(one, other, strict=True):
        assert all(a[name].tobytes() == b[name].tobytes() for name in a.dtype.names)


def test_a_recording_chooses_no_server_and_sets_no_variable(monkeypatch) -> None:
    """What it says of its generator process is read; a model that was asked elsewhere is not asked."""
    server = "kserve+grpc://192.0.2.1:1/x"
    before = dict(os.environ)
    worker = AsThen(Tally(), [], {"JAMD_MODEL_PHRASE": server, "JAMD_TEST": "1"})
    assert dict(os.environ) == before
    worker.want("lead", "deep", DEEP)
    with pytest.raises(UserError, match="asked elsewhere"):
        worker._made("lead", "deep")
    monkeypatch.setenv("JAMD_MODEL_PHRASE", server)  # nor the one that is asked here
    worker = AsThen(Tally(), [])
    worker.want("lead", "deep", DEEP)
    with pytest.raises(UserError, match="asked elsewhere"):
        worker._made("lead", "deep")


def test_what_cannot_be_compared_is_not_called_the_same(recording, tmp_path) -> None:
    part = tmp_path / "part"
    shutil.copytree(recording, part)
    first, *more = sorted((part / "segments").iterdir())
    shutil.rmtree(first)
    for one in more:
        (one / "log").write_bytes(b"")
    assert "the same as far as it can be compared" not in said(recording)
    assert "\nthe same as far as it can be compared: 2.0 of 2.0 s of sound" in said(part)  # by the state that was kept
    for one in more:
        (one / "state").unlink(missing_ok=True)
    assert "NOT compared" in said(part)


def test_messages_of_a_band_that_is_not_recorded_are_counted() -> None:
    tally = Tally()
    hands = Hands(tally, [])
    hands.said(m.Deadlines(ready={}, late={}))
    hands.end()
    assert tally.excused["deadlines"] == 1


def test_a_keyboard_that_is_unplugged_with_a_key_held_comes_again() -> None:
    """Its note-off is published before what became of the port."""
    tally, keyboard = Tally(), Keyboard(RATE)
    hands = Hands(tally, [])
    hands.take(Begin(7, RATE, 2))
    keyboard.begin(RATE)
    hands.take(Heard(100, "keys", NOTE_ON, 0, 60, 90))
    published = keyboard.feed(MidiMessage(0, "keys", NOTE_ON, 0, 60, 90), 100)
    published += keyboard.lose("keys", 9000)
    published.append(m.MidiPort(sample_time=9000, known_at=9000, port="keys", direction="in", state="lost"))
    for message in published:
        hands.said(message)
    hands.end()
    assert not tally.different
    assert not tally.excused
    assert tally.identical["midi_note"] == 2


def test_a_folder_stays_bounded_where_no_sound_comes(tmp_path) -> None:
    """And where it does; what is empty, or half a take, is not kept."""
    half = tmp_path / "takes/.half.part"
    half.mkdir(parents=True)
    folder = Folder(tmp_path, 0.05, about(Config()))
    assert not half.exists()
    folder.sound(Part(7, RATE, 2, 0, np.zeros((RATE, 4), np.float32)), 0.0)
    for second in range(100):
        folder.log(_encode(Batch(second, [msgspec.Raw(_encode(End(second)))])), float(second))
    ends_at = time.monotonic() + 60.0  # the shadow is waited for
    while len(folder.kept) >= 10 and time.monotonic() < ends_at:
        folder.prune()
        time.sleep(0.02)
    assert 5 < len(folder.kept) < 10
    folder.roll()
    count = len(folder.kept)
    folder._open(msgspec.structs.replace(folder.kept[0].label, rate=RATE), 100.0)  # and then nothing can be written
    assert len(folder.roll()) == count
    folder.close()


def opening(config: dict) -> Open:
    """Of nothing that could be recorded."""
    return Open(
        "/nowhere", 1.0, Place(0, 0, 0, 0, 1, 0, 0, 0, 0), msgspec.structs.replace(about(Config()), config=config)
    )


def said_by(worker: Worker) -> m.Take:
    """The first that it says of itself."""
    ends_at = time.monotonic() + 60.0
    while time.monotonic() < ends_at:
        for take in worker.turn(0):
            assert isinstance(take, m.Take)
            worker.close()
            return take
        time.sleep(0.02)
    raise AssertionError("nothing is said")


def test_a_recorder_that_never_comes_up_is_said(monkeypatch) -> None:
    untold = said_by(Worker(opening({"long": "x" * 70000})))
    assert (untold.state, untold.error) == ("failed", UNTOLD)
    monkeypatch.setattr(sys, "executable", "false")
    ended = said_by(Worker(opening({})))
    assert ended.state == "failed"
    assert "ended with code 1" in ended.error


def test_the_shadow_goes_on_where_a_state_cannot_be_written(tmp_path) -> None:
    from daemon.flight.shadow import Shadow

    folder = Folder(tmp_path, 0.05, about(Config()))
    shadow = Shadow()
    for k in range(3):
        folder.sound(Part(7, RATE, 2, k * RATE, np.zeros((RATE, 4), np.float32)), 0.0)
    kept = folder.roll()
    folder.close()
    ends_at = time.monotonic() + 60.0
    while not (kept[2].path / "state").exists() and time.monotonic() < ends_at:
        time.sleep(0.02)
    for one in kept[1:]:
        (one.path / "state").unlink()
    (kept[1].path / "state.part").mkdir()  # cannot be written
    for one in kept:
        shadow._pass(one)
    assert not (kept[1].path / "state").exists()
    assert (kept[2].path / "state").exists()
