"""presets/clients' ends for OSC, run for real: Pure Data takes what a running jamd sends, and SuperCollider plays to it."""

import shutil
import socket
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from tests.reach.peer import Peer, free_port
from tests.reach.running import CLIENTS, Sending, client

c = client("jamd_client")


HEARD = ("beat", "position", "tempo", "phase", "onset-low", "rms", "low", "chord", "note-on")


def patch(path: Path) -> Path:
    """A patch of the user's own, which prints what [r jamd-...] gives."""
    lines = ["#N canvas 0 0 400 400 12;"]
    for k, name in enumerate(HEARD):
        lines += [f"#X obj 10 {40 * k} r jamd-{name};", f"#X obj 200 {40 * k} print {name};"]
    lines += [f"#X connect {2 * k} 0 {2 * k + 1} 0;" for k in range(len(HEARD))]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_pure_data_has_what_jamd_sends(running: Sending, tmp_path: Path) -> None:
    if shutil.which("pd") is None:
        pytest.skip("Pure Data is not installed: sudo apt install puredata-core")
    receiver = tmp_path / "jamd.pd"
    text = (CLIENTS / "jamd.pd").read_text()
    assert "netreceive -u -b 9001 127.0.0.1" in text
    receiver.write_text(text.replace("-b 9001", f"-b {running.pd}"))
    mine = patch(tmp_path / "mine.pd")
    command = ["pd", "-nogui", "-noaudio", "-nomidi", "-stderr", "-nrt", "-send", "jamd-print 1"]
    with (
        c.Jamd(running.address, topics=("transport", "chord")) as jamd,
        Peer(tmp_path / "pd.log", [*command, "-open", str(receiver), "-open", str(mine)]) as pd,
    ):
        said = pd.wait(lambda said: all(any(line.startswith(f"{name}: ") for line in said) for name in HEARD), 120.0)
        told = [message for message in iter(lambda: jamd.read(0.0), None) if message.type == "transport"]

    def of(name: str) -> list[str]:
        return [line.partition(": ")[2] for line in said if line.startswith(f"{name}: ")]

    assert set(of("beat")) <= {"1", "0"}
    assert of("beat").count("1") == of("jamd").count("beat 1"), "/jamd/beat/1 is something else"
    assert any(abs(float(of("tempo")[0]) - one.tempo_bpm) < 0.01 for one in told)
    assert set(of("position")) <= {"1", "2", "3", "4"}
    assert all(0.0 <= float(one) < 1.0 for one in of("phase"))
    assert max(float(one) for one in of("onset-low")) > 0.0
    assert any(":" in one for one in of("chord"))
    assert all(0 <= int(one) <= 127 for one in of("note-on"))
    assert not [line for line in said if "error" in line or "no method" in line]


WRAP = """
Server.default = s = Server.remote(\\far, NetAddr("127.0.0.1", {server}));
OSCdef(\\end, {{ ~jamd[\\free].value; "freed: %".format(~jamd).postln }}, '/end');
{{
    while {{ s.serverRunning.not }} {{ 0.05.wait }};
    thisProcess.interpreter.executeFile("{file}");
    while {{ ~jamd[\\now]['chord'].isNil or: {{ ~jamd[\\now]['tempo'].isNil }} }} {{ 0.05.wait }};
    "chord: %".format(~jamd[\\now]['chord']).postln;
    while {{ ~jamd.notNil }} {{
        "clock: % %".format(~jamd[\\clock].tempo * 60, ~jamd[\\now]['tempo']).postln;
        0.2.wait;
    }};
}}.fork(AppClock);
"""


def send(where: socket.socket, address: str) -> None:
    """One message with a 1."""
    message = OscMessageBuilder(address)
    message.add_arg(1)
    where.send(message.build().dgram)


def synths(server: socket.socket, n: int, seconds: float = 60.0) -> None:
    """Wait until the server has said of so many synths that it started them."""
    server.settimeout(seconds)
    while n > 0:
        n -= OscMessage(server.recv(4096)).address == "/n_go"


def test_scsynth_plays_to_what_jamd_sends(running: Sending, jack_server: str, tmp_path: Path) -> None:
    for program in ("scsynth", "sclang"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: sudo apt install supercollider-server supercollider-language")
    port = free_port()
    script = tmp_path / "run.scd"
    script.write_text(WRAP.format(server=port, file=CLIENTS / "jamd.scd"))
    (tmp_path / "runtime").mkdir(0o700)
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "runtime"), "QT_QPA_PLATFORM": "offscreen"}
    server = ["scsynth", "-u", str(port), "-B", "127.0.0.1", "-l", "4", "-R", "0", "-H", f"{jack_server}:scsynth"]
    language = ["sclang", "-u", str(running.supercollider), str(script)]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        Peer(tmp_path / "scsynth.log", server, HOME=str(tmp_path)) as scsynth,
    ):
        scsynth.wait(lambda said: "SuperCollider 3 server ready." in said)
        ear.connect(("127.0.0.1", port))
        send(ear, "/notify")
        send(ear, "/dumpOSC")
        with Peer(tmp_path / "sclang.log", language, **home, QTWEBENGINE_DISABLE_SANDBOX="1") as sclang:
            sclang.wait(lambda said: len([line for line in said if line.startswith("clock: ")]) >= 20, 120.0)
            synths(ear, 3)
            for name in ("jamdClick", "jamdKick"):
                scsynth.wait(lambda said, name=name: any(f'"{name}"' in line for line in said))
            ear.connect(("127.0.0.1", running.supercollider))
            send(ear, "/end")
            said = sclang.wait(lambda said: "freed: nil" in said)
        assert not [line for line in said if "ERROR" in line and "directory" not in line]
        assert not [line for line in scsynth.said if "FAILURE" in line]
    assert any(line.startswith("chord: ") and ":" in line[7:] for line in said)
    clock, tempo = (float(word) for word in [line for line in said if line.startswith("clock: ")][-1].split()[1:])
    assert abs(clock / tempo - 1.0) < 0.3, "its clock goes with jamd's"
