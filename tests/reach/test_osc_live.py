"""A running jamd by Open Sound Control: what it sends, in QLC+ and read by python-osc, and what it does when it is told."""

import json
import os
import random
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from daemon import messages as m
from daemon.clock import offsets
from daemon.osc import packing
from tests.daemon.conftest import Daemon
from tests.reach.qlcplus import DIMMED_BY, Qlcplus

PRESET = """
[[chain]]
name = "keys"
input = "none"
midi = ["all"]
[[chain.plugin]]
name = "synth"
plugin = "jamd:synth"
[[snapshot]]
name = "soft"
[snapshot.params]
synth = { gain = 0.25 }
"""

CONFIG = """
[engine]
driver = "timer"
input = "performance"
loop = true
[midi]
api = "off"
[recommend]
library = "off"
[rack]
preset = "{preset}"
[clock]
sources = ["tap", "fixed"]
[osc]
input = "127.0.0.1:{input}"
outputs = {outputs}
[lights]
os2l = "{os2l}"
"""


class Port:
    """A UDP port that notes when what came."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.number = self.socket.getsockname()[1]
        self.got: list[tuple[str, Any, float]] = []  # (address, value, seconds since 1970 of its time tag, 0 without)

    def read(self, until: Callable[[], bool], seconds: float = 30.0) -> bool:
        """Take what comes until it is enough."""
        ends_at = time.monotonic() + seconds
        self.socket.settimeout(0.2)
        while time.monotonic() < ends_at and not until():
            try:
                packet = self.socket.recv(65536)
            except TimeoutError:
                continue
            if OscBundle.dgram_is_bundle(packet):
                bundle = OscBundle(packet)
                self.got += [(one.address, one.params[0], bundle.timestamp) for one in bundle]
            else:
                one = OscMessage(packet)
                self.got.append((one.address, one.params[0], 0.0))
        return until()

    def values(self, address: str) -> list[Any]:
        return [value for where, value, _ in self.got if where == address]


class Rig:
    """A daemon, who listens to it by OSC, and who tells it what to do."""

    def __init__(self, folder: Path, qlcplus: Qlcplus | None, ends: ExitStack) -> None:
        self.prompt, self.ahead, self.qlcplus = Port(), Port(), qlcplus
        for port in (self.prompt, self.ahead):
            ends.callback(port.socket.close)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.input = probe.getsockname()[1]
        outputs = [f"127.0.0.1:{self.prompt.number}", f"127.0.0.1:{self.ahead.number}/ahead"]
        outputs += [f"127.0.0.1:{qlcplus.osc_port}"] if qlcplus is not None else []
        os2l = f"127.0.0.1:{qlcplus.os2l_port}" if qlcplus is not None else ""
        preset = folder / "osc.toml"
        preset.write_text(PRESET)
        self.daemon = Daemon(folder, CONFIG.format(preset=preset, input=self.input, outputs=outputs, os2l=os2l))
        ends.callback(self.daemon.close)

    def daemon_bytes(self) -> int:
        """The memory that the daemon has now."""
        pages = Path(f"/proc/{self.daemon.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def tell(self, address: str, value: float = 1.0) -> None:
        self.prompt.socket.sendto(packing.message(address, value), ("127.0.0.1", self.input))

    def hear(self, wanted: Callable[[Any], bool], seconds: float = 20.0) -> Any:
        """The first message on ZeroMQ that is wanted."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            for message in self.daemon.read(0.05):
                if wanted(message):
                    return message
        raise AssertionError("it was never said")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("osc")
    with ExitStack() as ends:
        qlcplus = Qlcplus(folder) if shutil.which("qlcplus") is not None else None
        if qlcplus is not None:
            ends.callback(qlcplus.close)
        made = Rig(folder, qlcplus, ends)
        made.daemon.wait_for("running")
        yield made


def test_what_is_heard_is_sent(rig: Rig) -> None:
    port = rig.prompt
    wanted = (
        "/jamd/level/rms",
        "/jamd/unit/level/loudness",
        "/jamd/bands/low",
        "/jamd/chroma/c",
        "/jamd/f0",
        "/jamd/tempo",
    )
    wanted += ("/jamd/note/on", "/jamd/onset/low", "/jamd/chord", "/jamd/beat", "/jamd/phase", "/jamd/unit/tempo")
    assert port.read(lambda: all(port.values(address) for address in wanted)), {one for one, _, _ in port.got}
    assert all(0.0 <= value <= 1.0 for value in port.values("/jamd/phase"))
    assert port.read(lambda: port.values("/jamd/onset/low")[-2:][-1] == 0.0)  # it falls


def test_beats_are_a_bar(rig: Rig) -> None:
    port, at = rig.prompt, len(rig.prompt.values("/jamd/beat/position"))
    assert port.read(lambda: len(port.values("/jamd/beat/position")) >= at + 6)
    positions = port.values("/jamd/beat/position")[at:]
    assert positions == [(positions[0] - 1 + step) % 4 + 1 for step in range(len(positions))]


def test_who_heeds_time_tags_learns_when_a_beat_falls(rig: Rig) -> None:
    port = rig.ahead
    port.got.clear()
    assert port.read(lambda: port.values("/jamd/beat").count(1.0) >= 4)
    transport = rig.hear(lambda one: isinstance(one, m.Transport))
    assert transport.t_ns
    zero_s = (transport.t_ns + offsets().realtime_offset_ns) / 1e9
    for address, value, tag_s in port.got:
        if address == "/jamd/beat" and value:
            beat = transport.beat + (tag_s - zero_s) * transport.tempo_bpm / 60.0
            assert beat == pytest.approx(round(beat), abs=0.02), beat  # 10 ms at 120


def test_qlcplus_takes_it_and_its_light_moves(rig: Rig) -> None:
    if rig.qlcplus is None:
        pytest.skip("QLC+ is not installed: sudo apt install qlcplus")
    found = rig.qlcplus
    assert found.wait(lambda: len(found.osc("/jamd/beat")) >= 4)
    assert {value for _, value in found.osc("/jamd/beat")} == {0.0, 1.0}
    assert found.osc("/jamd/level/rms")  # out of a bundle
    levels: set[int] = set()

    def moves() -> bool:
        levels.add(found.dimmer())
        return len(levels - {-1, 0}) > 0 and bool(found.osc(DIMMED_BY))

    assert found.wait(moves)


def test_qlcplus_hears_the_beat_by_os2l(rig: Rig) -> None:
    if rig.qlcplus is None:
        pytest.skip("QLC+ is not installed: sudo apt install qlcplus")
    at = len(rig.qlcplus.beats())
    assert rig.qlcplus.wait(lambda: len(rig.qlcplus.beats()) >= at + 5)
    beats = [json.loads(beat) for beat in rig.qlcplus.beats()[at:]]
    assert [beat["pos"] for beat in beats] == list(range(beats[0]["pos"], beats[0]["pos"] + len(beats)))
    assert {beat["bpm"] for beat in beats} == {120.0}
    assert not any(beat["change"] for beat in beats)


def test_a_fader_moves_a_plugin(rig: Rig) -> None:
    for value in (0.1, 0.2, 0.6):
        rig.tell("/jamd/set/synth/gain", value)
    moved = rig.hear(lambda one: isinstance(one, m.PluginParam) and one.value == pytest.approx(0.6))
    assert (moved.plugin, moved.param) == ("synth", "gain")


def test_buttons_recall_bypass_and_switch(rig: Rig) -> None:
    rig.tell("/jamd/snapshot/soft")
    assert rig.hear(lambda one: isinstance(one, m.RackState) and one.snapshot == "soft")
    rig.tell("/jamd/bypass/synth", 1.0)
    assert rig.hear(lambda one: isinstance(one, m.Rack) and one.kind == "bypass").values == {"on": True}
    rig.tell("/jamd/bypass/synth", 0.0)
    assert rig.hear(lambda one: isinstance(one, m.Rack) and one.kind == "bypass").values == {"on": False}


def test_a_tap_leads_the_clock(rig: Rig) -> None:
    rig.tell("/jamd/clock/tempo", 100.0)
    assert rig.hear(lambda one: isinstance(one, m.Transport) and one.tempo_bpm == pytest.approx(100.0))
    for _ in range(5):
        rig.tell("/jamd/clock/tap", 1.0)
        rig.tell("/jamd/clock/tap", 0.0)
        time.sleep(0.4)
    # 150, but cores are shared
    assert rig.hear(lambda one: isinstance(one, m.Transport) and one.source == "tap" and 110.0 < one.tempo_bpm < 190.0)
    rig.tell("/jamd/clock/stop")
    assert rig.hear(lambda one: isinstance(one, m.Transport) and not one.playing)
    rig.tell("/jamd/clock/start")
    assert rig.hear(lambda one: isinstance(one, m.Transport) and one.playing)


def test_a_panic_is_heard_and_said(rig: Rig) -> None:
    rig.prompt.got.clear()
    rig.tell("/jamd/panic")
    assert rig.hear(lambda one: isinstance(one, m.Panic)).why == "osc"
    assert rig.prompt.read(lambda: 1.0 in rig.prompt.values("/jamd/panicked"))
    rig.tell("/jamd/panic/over")


def test_what_cannot_be_is_counted_and_said(rig: Rig) -> None:
    rig.tell("/jamd/set/nothing/gain", 0.5)
    said = rig.hear(lambda one: isinstance(one, m.Output) and "nothing" in one.error)
    assert said.state == "open"
    assert "refused, the last:" in said.error
    for _ in range(300):
        rig.prompt.socket.sendto(b"\xff" * 3000, ("127.0.0.1", rig.input))
    assert rig.hear(lambda one: isinstance(one, m.Output) and "no message" in one.error)
    rig.tell("/jamd/bypass/synth", 1.0)
    assert rig.hear(lambda one: isinstance(one, m.Rack) and one.kind == "bypass")


def test_what_came_is_said_taken_or_refused(rig: Rig) -> None:
    for address, value in (("/jamd/set/synth/gain", 0.7), ("/jamd/bypass/synth", 0.0), ("/other/1", 3.0)):
        rig.tell(address, value)
        said = rig.hear(lambda one, address=address: isinstance(one, m.Osc) and one.address == address)
        assert said.arguments == [pytest.approx(value)]
        assert ("no address" in said.error) == (address == "/other/1")
    rig.tell("/jamd/mix/nothing", 0.5)
    assert "nothing" in rig.hear(lambda one: isinstance(one, m.Osc) and one.address == "/jamd/mix/nothing").error
    rig.prompt.socket.sendto(b"garbage", ("127.0.0.1", rig.input))
    assert "no message" in rig.hear(lambda one: isinstance(one, m.Osc) and not one.address).error


def test_garbage_neither_stalls_nor_swells_it(rig: Rig) -> None:
    chance, sent = random.Random(6), time.monotonic()
    good = [
        packing.message(f"/jamd/{where}", 0.5) for where in ("clock/tap", "set/synth/gain", "jam/cue", "snapshot/soft")
    ]
    before = rig.daemon_bytes()
    for _ in range(4000):
        packet = bytearray(packing.bundle(chance.getrandbits(64), chance.choices(good, k=chance.randrange(20))))
        for _ in range(chance.randrange(6)):
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        rig.prompt.socket.sendto(packet[: chance.randrange(1, 2 * len(packet))], ("127.0.0.1", rig.input))
    assert rig.hear(lambda one: isinstance(one, m.Output) and "refused" in one.error)
    at = rig.hear(lambda one: isinstance(one, m.Heartbeat) and time.monotonic() > sent + 1.0)
    assert rig.hear(lambda one: isinstance(one, m.Heartbeat) and one.blocks > at.blocks)
    assert rig.daemon_bytes() - before < 32 << 20


def test_at_the_end_no_button_stays_pressed(rig: Rig) -> None:
    rig.prompt.read(lambda: False, 0.5)
    rig.daemon.close()
    rig.prompt.read(lambda: False, 0.5)
    last = {address: value for address, value, _ in rig.prompt.got}
    pulses = re.compile(r"/jamd/(beat(/\d+)?|bar|onset/.*)$")
    assert [one for one, value in last.items() if pulses.match(one) and value] == []
    assert last["/jamd/playing"] == 0.0
