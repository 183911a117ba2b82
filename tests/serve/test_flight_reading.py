"""Folders that are not whole, or not what they say: an error in one line, or what can still be read; never a traceback."""

import shutil
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
from daemon.flight.analysers import Analysers
from daemon.flight.folder import Folder
from daemon.flight.link import BandMade, BandTold, Batch, Begin, End, Heard, Said, Session
from daemon.flight.log import Log
from daemon.flight.recorder import about
from daemon.flight.tap import Part
from daemon.midi.message import NOTE_OFF, NOTE_ON

RATE = 48000
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
    for item in (Session(session.began_ns), Begin(7, RATE, 2), BandMade(RATE, {}), BandTold("table", 0, {"on": True})):
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
    if done.exit_code == 1 and "NOT the same" not in done.output:
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
