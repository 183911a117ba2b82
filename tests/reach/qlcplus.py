"""QLC+ 4.12 without a screen, for tests: what sACN, OSC and OS2L it received from a running jamd.

    from tests.reach.qlcplus import Qlcplus, qlcplus  # noqa: F401

    def test_it(qlcplus: Qlcplus) -> None:
        ...  # send sACN of universe 1 to 127.0.0.1:5568, OSC to 127.0.0.1:`osc_port`, OS2L to `os2l_port`
        assert qlcplus.wait(lambda: qlcplus.sacn(1) == 255)

Its first universe takes OSC, of which one address moves a dimmer, its second sACN's universe 1, which it passes on, its
third OS2L. What it sends to its own dimmer and what it passes on it sends by OSC, and that is read here.
"""

import contextlib
import fcntl
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

DIMMED_BY = "/jamd/onset/low"
"""The OSC address that the dimmer follows, as a QLC+ user would learn it to a slider."""

# OSC's input stands before any output of it: what is opened first decides whether QLC+ hears what the plugin took.
_WORKSPACE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE Workspace>
<Workspace xmlns="http://www.qlcplus.org/Workspace" CurrentWindow="VirtualConsole">
 <Creator><Name>Q Light Controller Plus</Name><Version>4.12.6</Version><Author>jamd</Author></Creator>
 <Engine>
  <InputOutputMap>
   <Universe Name="OSC" ID="0">
    <Input Plugin="OSC" UID="127.0.0.1" Line="0"><PluginParameters inputPort="{osc}"/></Input>
    <Output Plugin="OSC" UID="127.0.0.1" Line="0"><PluginParameters outputPort="{out}"/></Output>
   </Universe>
   <Universe Name="sACN" ID="1" Passthrough="True">
    <Input Plugin="E1.31" UID="127.0.0.1" Line="0"><PluginParameters multicast="0" universe="1"/></Input>
    <Output Plugin="OSC" UID="127.0.0.1" Line="0"><PluginParameters outputPort="{out}"/></Output>
   </Universe>
   <Universe Name="OS2L" ID="2">
    <Input Plugin="OS2L" Line="0"><PluginParameters hostPort="{os2l}"/></Input>
   </Universe>
  </InputOutputMap>
  <Fixture>
   <Manufacturer>Generic</Manufacturer><Model>Generic</Model><Mode>Generic</Mode>
   <ID>0</ID><Name>Dimmer</Name><Universe>0</Universe><Address>0</Address><Channels>1</Channels>
  </Fixture>
 </Engine>
 <VirtualConsole>
  <Frame Caption="">
   <Slider Caption="" ID="1" WidgetStyle="Slider" InvertedAppearance="false">
    <WindowState Visible="True" X="0" Y="0" Width="60" Height="200"/>
    <SliderMode ValueDisplayStyle="Exact" ClickAndGoType="None" Monitor="false">Level</SliderMode>
    <Level LowLimit="0" HighLimit="255" Value="0"><Channel Fixture="0">0</Channel></Level>
    <Playback><Function>4294967295</Function></Playback>
    <Input Universe="0" Channel="{channel}"/>
   </Slider>
  </Frame>
 </VirtualConsole>
</Workspace>
"""


class Qlcplus:
    """One QLC+ of a test's own. Only one runs at a time on a machine: sACN has one port."""

    def __init__(self, folder: Path) -> None:
        self._lock = (Path(tempfile.gettempdir()) / "jamd-test-sacn.lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._out: dict[str, int] = {}
        self.osc_port, self.os2l_port = _free(socket.SOCK_DGRAM), _free(socket.SOCK_STREAM)
        out = self._socket.getsockname()[1]
        ports = {"out": out, "osc": self.osc_port, "os2l": self.os2l_port}
        workspace = folder / "rig.qxw"
        workspace.write_text(_WORKSPACE.format(channel=_channel(DIMMED_BY), **ports))
        self._log = folder / "qlcplus.log"
        home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "QT_QPA_PLATFORM": "offscreen"}
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                ["qlcplus", "-d", "0", "-m", "-p", "-o", str(workspace)],
                env=os.environ | home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if not self.wait(
            lambda: self._said(r"Universe thread started 2")[1:] != [], 60.0
        ):  # its own, then the workspace's
            self.close()
            raise RuntimeError(f"QLC+ does not start: {self._log.read_text()[-2000:]}")

    def osc(self, address: str = "") -> list[tuple[str, float]]:
        """(address, value) of the floats that came by OSC, in their order; all, or those of an address."""
        got = self._said(r'path extracted: "([^"]*)"\n.*\n\[OSC\] fVal: (\S+)')
        return [(path, float(value)) for path, value in got if address in ("", path)]

    def beats(self) -> list[str]:
        """The beats that came by OS2L, as they were written."""
        return [text.replace("\\n", "").replace('\\"', '"') for text in self._said(r'Got beat message "(.*)"\n')]

    def sacn(self, channel: int) -> int:
        """The level 0-255 of a channel from 1 of universe 1, as it came by sACN; -1: none came."""
        return self._level(f"/1/dmx/{channel - 1}")

    def dimmer(self) -> int:
        """The level 0-255 of the dimmer that OSC moves; -1: it never moved."""
        return self._level("/0/dmx/0")

    def wait(self, until: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Whether something came true in time."""
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at and self._process.poll() is None:
            if until():
                return True
            time.sleep(0.05)
        return until()

    def close(self) -> None:
        """It does not ask whether to save."""
        self._process.kill()
        self._process.wait()
        self._socket.close()
        self._lock.close()

    def _level(self, address: str) -> int:
        with contextlib.suppress(BlockingIOError):
            while True:
                message = OscMessage(self._socket.recv(4096))
                self._out[message.address] = round(message.params[0] * 255)
        return self._out.get(address, -1)

    def _said(self, pattern: str) -> list:
        return re.findall(pattern, self._log.read_text(errors="replace"))


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _channel(address: str) -> int:
    """The input channel that QLC+ makes of an OSC address: CRC-16 of ISO 3309, as Qt's qChecksum."""
    crc = 0xFFFF
    for byte in address.encode():
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF


@pytest.fixture
def qlcplus(tmp_path: Path) -> Iterator[Qlcplus]:
    """A running QLC+, or a skip where it is not installed."""
    if shutil.which("qlcplus") is None:
        pytest.skip("QLC+ is not installed: sudo apt install qlcplus")
    folder = tmp_path / "qlcplus"
    folder.mkdir()
    made = Qlcplus(folder)
    yield made
    made.close()
