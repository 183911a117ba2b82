"""`jamd top`: the facts of a real daemon on any terminal, keys that do what they say, and a daemon that goes and returns."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from rich.console import Console

from daemon import messages as m
from daemon.listen import decode, subscribe
from daemon.outputs.top_view import PANELS, TopView
from daemon.top import Steering, named
from tests.daemon.terminal import Terminal
from tests.reach.running import Running

RATE = 48000
LONG = "x" * 300
BEAT = m.Heartbeat(
    blocks=9375,
    xruns=3,
    late_blocks=0,
    starved_samples=0,
    lost_events=0,
    work_us={"p50": 4.0, "p99": 64.0, "p9999": 102.0, "max": 1500.0},
    gap_us={"p50": 1350.0, "p99": 1400.0, "p9999": 1700.0, "max": 1800.0},
    budget_us=1333.3,
    drops={"stream": 2, "osc": 0},
    work_histogram=[[64.0, 9000.0], [1024.0, 374.0], [2048.0, 0.0], [-1.0, 1.0]],
)
NOTE = m.PhraseNote(tick=0, duration=24, midi=60, velocity=90, part="melody", sample_time=0, until=24000)
ITEM = m.NextItem(
    id=7,
    title="Blue Monday",
    artist="Ann",
    tempo_bpm=124.0,
    key="8A",
    score=0.91,
    family="content",
    parts=[m.NextPart(name="tempo", value=0.9, text="fader +1.6 %")],
)


def rack(title: str = "Comp") -> m.RackState:
    plugins = [
        m.RackPlugin(name="comp", uid=2, plugin="jamd:comp", title=title, bypass=False, mix=1.0, state="on"),
        m.RackPlugin(
            name="amp", uid=3, plugin="x", title=title, bypass=False, mix=1.0, state="failed", error=f"gone {LONG}"
        ),
    ]
    chain = m.RackChain(
        name="guitar",
        uid=1,
        input="",
        to="",
        gain_db=-3.0,
        pan=0.0,
        mix=1.0,
        mute=True,
        isolate=True,
        midi=["all"],
        plugins=plugins,
    )
    return m.RackState(preset=title, path="", chains=[chain], snapshots=["a"], snapshot="a", mappings=1)


def messages(text: str = "") -> list[m.Message]:
    """One of everything that is shown, `text` wherever words may be long."""
    load = {"min_us": 1.0, "mean_us": 130.0, "p99_us": 222.0, "max_us": 333.0, "latency_samples": 64}
    return [
        m.Engine(state="running", driver="jack", device=f"system{text}", block_size=64),
        BEAT,
        m.Level(peak=0.5, rms=0.25, momentary_lufs=-15.0, short_term_lufs=-16.0),
        m.Bands(low=0.5, mid=0.4, high=0.3, centroid_hz=1000.0, flatness=0.1, onset_strength=0.4),
        m.F0(f0_hz=441.0, confidence=0.9, voiced=True),
        m.Chroma(tuning_cents=3.0, chroma=[1.0] + [0.1] * 11),
        m.Onset(strength=0.8, band="low"),
        m.Beat(tempo_bpm=123.4, confidence=0.9, position=2),
        m.Chord(name="A:min", root=9, bass=9, confidence=0.8),
        m.Key(name=f"A minor{text}", tonic=9, mode="minor", confidence=0.7),
        m.Transport(beat=5.0, tempo_bpm=123.4, playing=True, source="tap", confidence=1.0),
        m.Jam(
            on=True,
            mode="answer",
            phase="listening",
            bars=2,
            style="pop",
            tempo_bpm=123.0,
            meter="4/4",
            key="A minor",
            parts=[m.JamPart("answer", True, "neural", f"motif{text}", 1, [])],
        ),
        m.Answer(
            mode="answer",
            part="answer",
            generator=f"motif{text}",
            wanted="neural",
            late=True,
            seed=1,
            tick=0,
            ticks=96,
            tempo_bpm=123.0,
            notes=[NOTE],
        ),
        rack(f"Loud {text}"),
        m.PluginLoad(plugin="comp", chain="guitar", uid=2, misses=5, bad_samples=0, denormals=0, **load),
        m.PluginParam(plugin="comp", uid=2, param="threshold", value=0.25, text="-20 dB", origin="ctl"),
        m.Playing(item_id=1, title=f"Tea{text}", artist="Bob", duration_s=300.0, source="heard", tempo_bpm=120.0),
        m.Suggestions(session_id=1, after_id=1, after="", items=[ITEM] * 5, why="track", families=["content"]),
        m.Recommender(state="running"),
        m.Lights(state="safe", master=0.5, fixtures=[f"pars{text}"]),
        m.Dmx(universe=1, levels=[255, 0, 128] * 170),
        m.Output(name=f"sacn:1{text}", state="failed", error=f"no such host {text}"),
        m.MidiPort(port=f"keys{text}", direction="in", state="open"),
        m.MidiNote(port=f"keys{text}", channel=0, midi=60, velocity=99, on=True),
        m.MidiControl(port=f"keys{text}", channel=0, control=64, value=127),
        m.Osc(address=f"/jamd/set/comp/thr{text}", arguments=[0.5, "x", True]),
        m.Osc(address="/other", arguments=[], error=f"there is no such address {text}"),
        m.Service(state="running", waiting=3, under_way=1, done={"analyse": 12}, refused={429: 2}),
        m.Model(task="phrase", name="big", state="local", error=f"the one elsewhere is late {text}"),
        m.Take(state="lost", path=f"/takes{text}", seconds=65.0, lost_s=1.5, error="the disk is full"),
    ]


def made(width: int = 80, height: int = 24, encoding: str = "utf-8", text: str = "", **console: Any) -> TopView:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    view = TopView(
        "tcp://x:5550", "keys", Console(file=file, width=width, height=height, force_terminal=True, **console)
    )
    for message in messages(text):
        message.rate, message.sample_time, message.known_at = RATE, RATE, RATE
        view.take(message, 10.0)
    return view


def shown(view: TopView, panel: str = "all", at: float = 10.0) -> str:
    view.show(PANELS.index(panel))
    console = view.console
    console.print(view.frame(console.width, console.height, at), soft_wrap=True)
    console.file.flush()
    text = console.file.buffer.getvalue().decode(console.file.encoding)
    console.file.buffer.truncate(0)
    console.file.buffer.seek(0)
    return text


def bare(view: TopView, panel: str = "all", at: float = 10.0) -> str:
    view.console._color_system = None  # no styles at all
    return shown(view, panel, at)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 12), (109, 30), (200, 60), (20, 5)])
def test_it_fits_and_stays_where_it_is(panel: str, encoding: str, width: int, height: int) -> None:
    for text in ("", LONG):
        view = made(width, height, encoding, text)
        lines = bare(view, panel).removesuffix("\n").split("\n")
        assert max(map(len, lines)) <= width
        assert len(lines) <= max(height, 5)
        if (width, height) >= (80, 24):
            assert len(lines) == height
            assert lines[-1].strip() == "keys"
            assert f"[{PANELS.index(panel) + 1} {panel}]" in lines[1], "no colour is needed to see which it is"


@pytest.mark.parametrize(
    ("panel", "says"),
    [
        ("all", ["running", "64 at 48000 Hz", "xruns 3", "p99.99 102 (8 %)", "peak", "A minor", "Am", "123.4 BPM"]),
        (
            "all",
            ["bar 2 beat 2", "tap leads", "answer motif", "2 plugins", "130 us of a block (9.8%)", "amp: not there"],
        ),
        ("all", ["Ann - Blue Monday 0.91", "fader +1.6 %", "safe", "/other refused: there is no such", "cc64"]),
        ("all", ["running; 3 wait, 1 under way; done: analyse 12; refused: 2 with 429", "phrase: big local"]),
        ("all", ["lost /takes, 1:05 of sound, 1.5 s and 0 messages lost: the disk is full"]),
        ("sound", ["Level", "-6.0 dB", "Bands and onsets", "A4", "+4 cents", "123.4 BPM", "Am"]),
        ("band", ["answer 2 bars", "answered by motif", "for neural was late", "heard", "xruns 3"]),
        ("rack", ["guitar", "muted", "in a process of its own", "9.8%", "222.0", "failed gone", "threshold", "-20 dB"]),
        ("next", ["Bob - Tea", "recognised", "Blue Monday", "fader +1.6 %", "energy"]),
        ("lights", ["safe", "50%", "pars", "sacn:1 failed", "universe 1", "340 of 510 channels lit", "█·▄█·▄█·"]),
        ("wires", ["in  keys open", "C4    99 keys:1", "cc64", "0.500 x True", "/other refused: there is"]),
        (
            "engine",
            ["below     64 us", "9,000", "from    2048 us", "late", "<- budget", "stream 2", "refused: 2 with 429"],
        ),
        ("engine", ["the one elsewhere is late", "the disk is full", "output    sacn:1 failed"]),
    ],
)
def test_each_fact_has_its_place(panel: str, says: list[str]) -> None:
    text = bare(made(width=100), panel)
    assert [word for word in says if word not in text] == [], text


def test_without_colour_no_colour_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[38;2;" in shown(made(color_system="truecolor"), "rack")
    monkeypatch.setenv("NO_COLOR", "1")
    for panel in PANELS:
        text = shown(made(color_system="truecolor"), panel)
        assert not any(code in text for code in ("\x1b[38", "38;2", "\x1b[31")), panel


def test_it_says_when_nothing_is_heard_and_when_it_is_silent() -> None:
    view = made()
    assert "has said nothing for 7 s" in bare(view, at=17.0)
    view.lost()
    for panel in PANELS:
        text = bare(view, panel)
        assert "nothing heard on tcp://x:5550; is `jamd run` running?" in text
        assert "Blue Monday" not in text, "what is gone is not shown"


def test_a_plugin_that_left_the_rack_leaves_the_view() -> None:
    view = made()
    assert view.facts.loads and view.facts.params
    left = rack()
    left.chains[0].plugins.pop(0)
    view.take(left, 11.0)
    assert not view.facts.loads and not view.facts.params


def test_an_object_has_the_facts_and_what_happened_since() -> None:
    view = made()
    found = json.loads(json.dumps(view.plain(10.0)))
    assert found["heard"]
    assert found["engine"]["device"] == "system"
    assert found["heartbeat"]["work_histogram"][0] == [64.0, 9000.0]
    assert found["plugin_load"][0]["misses"] == 5
    assert [one["universe"] for one in found["dmx"]] == [1]
    assert found["level"]["peak"] == 0.5
    assert {"onset", "answer", "osc", "midi_note"} <= {one["type"] for one in found["events"]}
    assert view.plain(10.0)["events"] == []
    for step in range(500):
        view.take(m.Onset(strength=0.5, band="low", rate=RATE, known_at=RATE + step), 11.0)
    assert len(view.plain(20.0)["events"]) + 300 == 500
    assert not view.plain(20.0)["heard"]


class Asked:
    """What the daemon was asked."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def ask(self, command: dict[str, Any], then: Any = None) -> None:
        self.commands.append(command)

    def answered(self) -> str | None:
        return None


def test_keys() -> None:
    view, asked = made(), Asked()
    steering = Steering(view, asked)
    for key in named("4\t\x1b[Z\x1b[C\x1b[D\x1b[A\x1b[3~\x1bOP9x"):
        steering.press(key, 0.0)
    assert PANELS[view.panel] == "rack"
    for key in "<<<<>":
        steering.press(key, 0.0)
    assert PANELS[view.panel] == "all", "round and round"
    assert asked.commands == []
    for at in (1.0, 4.0, 8.0):  # once each: no panic
        steering.press("p", at)
        assert "p once more" in bare(view, at=at)
    assert asked.commands == []
    for key, at in (("p", 9.0), ("g", 9.5), ("t", 9.6)):
        steering.press(key, at)
    assert asked.commands == [{"cmd": "panic"}, {"cmd": "panic", "over": True}, {"cmd": "take"}]


MORE = '[rack]\npreset = "demo"\n'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    one = Running(tmp_path_factory.mktemp("top"), MORE)
    yield one
    one.stop(signal.SIGKILL)


def where(one: Running) -> list[str]:
    return ["--address", one.address, "--control", one.control]


def jamd(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon.cli", "top", *words]
    environ = {**os.environ, "COLUMNS": "80", "LINES": "25"}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environ)


def heard(socket: zmq.Socket, terminal: Terminal, seconds: float) -> m.Panic | None:
    """The next panic that is said, or its end; what is drawn meanwhile is read, or drawing would wait."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        terminal.read()
        if socket.poll(0) and isinstance(message := decode(socket.recv_multipart()), m.Panic):
            return message
    return None


def test_keys_reach_a_real_daemon_which_is_followed_when_it_returns(running: Running) -> None:
    socket = subscribe(running.address, [m.topic("panic")])
    terminal = Terminal("top", *where(running))
    try:
        terminal.until("256 at 48000 Hz", 240.0)
        terminal.press("4")
        terminal.until("[4 rack]")
        terminal.until("cutoff")
        terminal.press("p")
        terminal.until("p once more")
        assert heard(socket, terminal, 2.5) is None
        terminal.press("\t" * 7 + "pp")
        said = heard(socket, terminal, 20.0)
        assert said is not None and said.why == "ctl"
        terminal.press("t")
        terminal.until("nothing is recorded: start")
        terminal.press("g")
        while said is not None and not said.over:
            said = heard(socket, terminal, 20.0)
        assert said is not None
        running.stop(signal.SIGKILL)
        terminal.until("nothing heard on", anew=True)
        terminal.press("pp")
        terminal.until("[3 band]", anew=True)
        running.start()
        terminal.until("256 at 48000 Hz", 240.0, anew=True)
        assert heard(socket, terminal, 1.0) is None, "what was asked while it was away is not done"
        terminal.press("q")
        assert terminal.process.wait(20) == 0
        while terminal.read():
            pass
        assert terminal.text.rstrip().endswith(("\x1b[?1049l", "\x1b[?25h", "\x1b[?1049l\x1b[?25h")), (
            "the screen is back"
        )
        assert terminal.settings() == terminal.before
    finally:
        terminal.close()
        socket.close(0)


def test_one_screen_and_one_object(running: Running) -> None:
    found = jamd("--once", *where(running))
    assert found.returncode == 0, found.stderr
    for says in ("running", "[1 all]", "blocks", "budget", "peak", "Demo 2 chains, 2 plugins", "chord"):
        assert says in found.stdout
    assert "\x1b" not in found.stdout
    assert max(map(len, found.stdout.splitlines())) <= 80
    one = json.loads(jamd("--once", "--json", *where(running)).stdout)
    assert one["heard"]
    assert {"heartbeat", "level", "chroma", "plugin_load", "rack_state", "engine", "events"} <= one.keys()
    assert len(one["plugin_load"]) == 2


def _blocks(said: dict[str, Any]) -> int:
    return said.get("heartbeat", {}).get("blocks", 0)


def test_an_object_a_second_until_it_is_ended(running: Running) -> None:
    command = [sys.executable, "-m", "daemon.cli", "top", "--json", *where(running)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        objects = [json.loads(process.stdout.readline())]
        while len(objects) < 3 or (len(objects) < 30 and not _blocks(objects[-1])):  # it starts
            objects.append(json.loads(process.stdout.readline()))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stdout.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert _blocks(objects[-1]) > _blocks(objects[0])
    assert any(one["events"] for one in objects[1:]), "what happened since the one before"


def test_where_nobody_is_heard_that_is_said(tmp_path: Path) -> None:
    found = jamd("--once", "--address", f"ipc://{tmp_path}/nobody")
    assert found.returncode == 1
    assert f"nothing is heard on ipc://{tmp_path}/nobody; is `jamd run` running?" in found.stderr
    assert found.stderr.count("\n") == 1
    found = jamd("--address", "nonsense")
    assert found.returncode == 1
    assert "--address nonsense" in found.stderr
