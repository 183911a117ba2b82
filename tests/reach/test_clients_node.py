"""presets/clients/jamd.mjs under Node, at a running daemon and at a publisher that says what is rare; and Max's script."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from daemon import messages as m
from daemon.outputs.zmq_pub import ZmqPublisher
from tests.reach.node import Client, Node
from tests.reach.running import CLIENTS, Running

GOLDEN = Path(__file__).parents[1] / "golden" / "wire.txt"


def until(client: Client, kinds: set[str], seconds: float = 120.0) -> dict[str, list[dict]]:
    """What comes until there is one of each type."""
    ends_at, got = time.monotonic() + seconds, {kind: [] for kind in kinds}
    while not all(got.values()):
        assert time.monotonic() < ends_at, f"nothing of {[kind for kind, some in got.items() if not some]}"
        message = client.ask("jamd.read(1000)")
        if message is not None:
            got.setdefault(message["type"], []).append(message)
    return got


COUNTS = "[jamd.alive, jamd.lost, jamd.bad, jamd.restarts]"


def test_messages_come_and_the_newest_are_had(node_folder: Path, running: Running) -> None:
    kinds = {"beat", "chord", "onset", "level", "chroma", "rack_state"}
    with Client(node_folder, running.address, running.control, sorted(kinds)) as client:
        got = until(client, kinds)
        assert got.keys() <= kinds | {"silence"}, "the heartbeat was not asked for"
        assert 0.0 < got["beat"][0]["tempo_bpm"] < 400.0
        assert len(got["chroma"][-1]["chroma"]) == 12
        assert 0.99 < max(got["chroma"][-1]["chroma"]) <= 1.0
        time.sleep(1.5)
        found = client.ask("jamd.newest()")
        assert found.keys() <= kinds
        assert found["level"]["seq"] > got["level"][-1]["seq"] + 100
        assert -500.0 < client.ask(f"client.dueMs({{ t_ns: {found['level']['t_ns']} }})") < 500.0
        after = until(client, {"level"})["level"][0]
        assert after["seq"] > found["level"]["seq"]
        assert client.ask(COUNTS) == [True, 0, 0, 0]


def test_the_readme_runs(node_folder: Path, running: Running) -> None:
    text = re.findall(r"^```js\n(.*?)^```", (CLIENTS / "README.md").read_text(), re.M | re.S)[0]
    assert "new Jamd({ topics" in text
    text = text.replace("new Jamd({ topics", f'new Jamd({{ address: "{running.address}", topics')
    (node_folder / "readme.mjs").write_text(text.replace("console.log(", "console.log('[%s,%s]', "))
    with Node(node_folder, "readme.mjs") as script:
        low, phase = script.hear()
        assert 0.0 <= low <= 1.0
        assert -1.0 < phase < 1.0


def test_commands_are_answered_and_refused(node_folder: Path, running: Running) -> None:
    with Client(node_folder, running.address, running.control, []) as client:
        assert client.ask('jamd.ask({ cmd: "list" })')[0]["chains"] == []
        both = client.ask('Promise.all([jamd.ask({ cmd: "list" }), jamd.ask([{ cmd: "map_list" }, { cmd: "list" }])])')
        assert [len(one) for one in both] == [1, 2]
        refused = client.ask('jamd.ask([{ cmd: "list" }, { cmd: "nosuch" }])')
        assert (refused["name"], refused["code"], refused["at"]) == ("JamdError", 400, 1)
        assert client.ask('jamd.ask({ cmd: "list" })')[0]["chains"] == [], "a refusal does no harm"


def test_who_is_not_there_is_named(node_folder: Path, tmp_path: Path) -> None:
    with Client(node_folder, f"ipc://{tmp_path}/none", f"ipc://{tmp_path}/nobody", ["beat"]) as client:
        nobody = client.ask('jamd.ask({ cmd: "list" }, { timeoutMs: 100 })')
        assert nobody["code"] == 0
        assert nobody["error"].endswith("is `jamd run` running?")
        assert client.ask("jamd.read(50)") is None
        assert client.ask("jamd.newest()") == {}
        assert client.ask("new client.Jamd({ address: '5550' })")["name"] == "JamdError"
        assert client.ask("(jamd.close(), jamd.read())") is None, "who waits for a message is let go"


@pytest.fixture(params=["msgpack", "json"])
def publisher(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZmqPublisher]:
    made = ZmqPublisher(f"ipc://{tmp_path}/wire", request.param)
    yield made
    made.close()


def join(publisher: ZmqPublisher, n: int) -> None:
    """Wait for n subscriptions."""
    while n > 0:
        assert publisher.socket.poll(10_000)
        n -= publisher.serve_joiners()


def onset(seq: int, epoch: int = 1) -> m.Onset:
    return m.Onset(seq=seq, epoch=epoch, known_at=seq + 1, strength=0.5, band="low")


def test_gaps_replays_and_epochs(node_folder: Path, publisher: ZmqPublisher) -> None:
    for port in range(2):
        publisher.publish(m.MidiPort(seq=port, epoch=1, known_at=port, port=f"{port}", direction="in", state="open"))
    topics = ["onset", "midi_port", "chroma"]
    with Client(node_folder, publisher.address, "ipc:///none", topics) as client:
        join(publisher, 4)
        assert [client.ask("jamd.read(1000)")["port"] for _ in range(2)] == ["0", "1"]
        for seq in (4, 5, 8, 20):
            publisher.publish(onset(seq))
        assert [client.ask("jamd.read(1000)")["seq"] for _ in range(4)] == [4, 5, 8, 20]
        assert client.ask(COUNTS) == [True, 13, 0, 0]
        with Client(node_folder, publisher.address, "ipc:///none", ["midi_port"]) as second:
            join(publisher, 2)
            assert second.ask("jamd.read(1000)")["port"] == "0"
        publisher.publish(onset(0, epoch=2))
        assert client.ask("jamd.read(1000)")["epoch"] == 2, "what is said again for another is passed over"
        publisher.socket.send_multipart([b"jamd/1/onset/", b"\xc1"])
        publisher.publish(m.Chroma(epoch=2, tuning_cents=1.5, chroma=[k / 16 for k in range(12)]))
        assert client.ask("jamd.read(1000)")["chroma"] == [k / 16 for k in range(12)]
        assert client.ask(COUNTS) == [True, 13, 1, 1]


def test_every_message_can_be_read(node_folder: Path, tmp_path: Path) -> None:
    with Client(node_folder, f"ipc://{tmp_path}/none", f"ipc://{tmp_path}/none", []) as client:
        for line in GOLDEN.read_text().splitlines():
            kind, packed = line.split(" ")
            frames = ", ".join(f'Buffer.from("{part}", "hex")' for part in (m.topic(kind).hex(), packed, "00" * 48))
            told = msgspec.msgpack.decode(bytes.fromhex(packed))
            if kind == "chroma" and isinstance(told["chroma"], dict):
                told["chroma"] = [0.0] * 12
            assert client.ask(f"client.decodeFrames([{frames}])") == told


MAX_API = """
const { createInterface } = require("node:readline")
const handlers = {}
exports.addHandler = (name, handler) => { handlers[name] = handler }
exports.outlet = (...values) => console.log(JSON.stringify(values))
createInterface({ input: process.stdin }).on("line", (line) => {
  const [name, ...rest] = JSON.parse(line)
  handlers[name](...rest)
})
"""


def test_max_is_told_the_beat_when_it_falls(node_folder: Path, running: Running) -> None:
    """The script as it is; what Max would provide as max-api is ours here, so this is not a test in Max."""
    there = node_folder / "node_modules" / "max-api"
    there.mkdir(exist_ok=True)
    (there / "index.js").write_text(MAX_API)
    places = {"JAMD_ADDRESS": running.address, "JAMD_CONTROL": running.control}
    with Node(node_folder, "max_jamd.js", **os.environ, **places) as script:
        got: dict[str, list] = {}
        wanted = {"jamd", "beat", "onset", "chord", "bands", "level", "note"}
        ends_at = time.monotonic() + 120.0
        while not wanted <= got.keys():
            assert time.monotonic() < ends_at, f"nothing of {wanted - got.keys()}"
            name, *values = script.hear()
            got.setdefault(name, []).append(values)
        assert got["jamd"][-1] == [1]
        position, tempo_bpm = got["beat"][0]
        assert position in range(5)
        assert 20.0 < tempo_bpm < 400.0
        script.tell('["ask", "clock", "source", "auto"]')
        script.tell('["ask", "nosuch"]')
        while not {"answer", "error"} <= got.keys():
            name, *values = script.hear()
            got.setdefault(name, []).append(values)
        assert "no command 'nosuch'" in got["error"][0][0]
