"""The rack in a running daemon with real plugins: commands from a shell and a socket, events, crashes and quarantine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from daemon import messages as m
from daemon.ctl.client import ask
from tests.plugins.build import FAULTY, build
from tests.plugins.installed import lv2

COMP, EQ, DELAY = "lv2:urn:zamaudio:ZamCompX2", "lv2:urn:zamaudio:ZamEQ2", "lv2:urn:zamaudio:ZamDelay"

PRESET = f"""
[[chain]]
name = "guitar"
[[chain.plugin]]
name = "comp"
plugin = "{COMP}"
[chain.plugin.params]
thr = "-24"
[[snapshot]]
name = "clean"
[[snapshot]]
name = "loud"
[snapshot.params]
comp = {{ thr = "-6", mak = "12" }}
"""

CONFIG = """
[engine]
driver = "timer"
input = "performance"
loop = true
[midi]
api = "off"
[rack]
preset = "{}"
"""


def preset(folder: Path, text: str = PRESET) -> Path:
    path = folder / "live.toml"
    path.write_text(text)
    return path


def ctl(daemon: Any, *words: str) -> str:
    """What `jamd ctl` prints; it must succeed."""
    command = [sys.executable, "-m", "daemon.cli", "ctl", *words, "--address", daemon.control]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def do(daemon: Any, *commands: dict[str, Any]) -> list[Any]:
    answer = ask(daemon.control, commands)
    assert answer.get("ok"), answer
    return answer["results"]


def until(daemon: Any, wanted: Any, seconds: float = 20.0) -> m.Message:
    """The next message for which `wanted` holds."""
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        for message in daemon.read(0.05):
            if wanted(message):
                return message
    raise AssertionError(f"nothing of the kind within {seconds} s")


def changed(kind: str, **values: Any) -> Any:
    """Whether a message is a rack message of a kind with these values among its own."""
    return lambda said: isinstance(said, m.Rack) and said.kind == kind and said.values | values == said.values


def test_a_rack_is_played_from_a_shell(daemon, tmp_path) -> None:
    lv2("urn:zamaudio:ZamCompX2")
    live = daemon(CONFIG.format(preset(tmp_path)))
    live.wait_for("running")
    assert "ZamCompX2" in ctl(live, "list")
    assert "-20" in ctl(live, "set", "comp", "thr", "-20 dB")
    said = until(live, lambda said: isinstance(said, m.PluginParam))
    assert (said.plugin, said.param, said.value, said.origin) == ("comp", "thr", pytest.approx(0.75), "ctl")
    assert "-20" in said.text
    added = json.loads(ctl(live, "add", "guitar", EQ, "--name", "eq", "--json"))
    assert added["results"][0] | {"uid": 0} == {"plugin": "eq", "uid": 0, "chain": "guitar", "at": 2}
    until(live, changed("plugin_added", plugin=EQ, at=2))
    ctl(live, "move", "eq", "--at", "1")
    until(live, changed("plugin_moved", at=1))
    ctl(live, "bypass", "comp", "on")
    until(live, changed("bypass", on=True))
    ctl(live, "snapshot", "recall", "loud", "--morph", "0.2")
    until(live, changed("snapshot", snapshot="loud", morph_s=0.2))
    assert "-6" in ctl(live, "get", "comp", "thr")
    ctl(live, "snapshot", "take", "mine")
    until(live, changed("snapshot_taken", snapshot="mine", number=3))
    ctl(live, "chain", "add", "echo", "--input", "none")
    ctl(live, "chain", "set", "guitar", "--gain", "-3", "--send", "echo=-12")
    until(live, changed("chain", gain_db=-3.0, sends=[{"to": "echo", "gain_db": -12.0}]))
    ctl(live, "replace", "eq", DELAY, "--name", "delay")
    until(live, changed("plugin_replaced", replaces="eq"))
    load = until(live, lambda said: isinstance(said, m.PluginLoad) and said.plugin == "delay")
    assert load.max_us > 0.0
    saved = tmp_path / "saved.toml"
    ctl(live, "save", str(saved))
    until(live, changed("saved", path=str(saved)))
    assert (tmp_path / "saved.state" / "delay.state").is_file()
    ctl(live, "remove", "delay")
    until(live, changed("plugin_removed"))
    ctl(live, "load", str(saved))
    until(live, changed("loaded", path=str(saved)))
    plugins = [one["name"] for one in do(live, {"cmd": "list"})[0]["chains"][0]["plugins"]]
    assert plugins == ["delay", "comp"]
    top = subprocess.run(
        [sys.executable, "-m", "daemon.cli", "plugins", "top", "--once", "--address", live.address],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert "delay" in top
    assert "comp" in top


def test_a_batch_is_done_whole_or_not_at_all(daemon, tmp_path) -> None:
    lv2("urn:zamaudio:ZamCompX2")
    live = daemon(CONFIG.format(preset(tmp_path)))
    live.wait_for("running")
    before = do(live, {"cmd": "get", "plugin": "comp"})
    turn = {"cmd": "set", "plugin": "comp", "param": "thr", "text": "-3"}
    answer = ask(live.control, [turn, {"cmd": "add", "chain": "guitar", "plugin": "lv2:urn:jamd:none"}])
    assert (answer["error"]["code"], answer["error"]["at"]) == (422, 1)
    assert do(live, {"cmd": "get", "plugin": "comp"}) == before
    assert len(do(live, {"cmd": "list"})[0]["chains"][0]["plugins"]) == 1
    batch = tmp_path / "batch.json"
    batch.write_text(json.dumps([turn, {"cmd": "bypass", "plugin": "comp", "on": True}]))
    ctl(live, "batch", str(batch), "--check")
    assert do(live, {"cmd": "get", "plugin": "comp"}) == before
    ctl(live, "batch", str(batch))
    assert do(live, {"cmd": "get", "plugin": "comp", "param": "thr"})[0]["params"][0]["text"].startswith("-3")


def test_a_killed_engine_comes_back_with_the_rack_as_it_was(daemon, tmp_path) -> None:
    lv2("urn:zamaudio:ZamCompX2")
    live = daemon(CONFIG.format(preset(tmp_path)))
    live.wait_for("running")
    do(live, {"cmd": "add", "chain": "guitar", "plugin": DELAY, "name": "delay"})
    do(live, {"cmd": "set", "plugin": "delay", "param": "feedb", "value": 0.25}, {"cmd": "bypass", "plugin": "comp"})
    before = do(live, {"cmd": "get", "plugin": "delay"}, {"cmd": "get", "plugin": "comp"})
    os.kill(live.engine_pid, signal.SIGKILL)
    live.wait_for("died", 5)
    do(live, {"cmd": "mix", "plugin": "delay", "mix": 0.5})  # while there is none
    live.wait_for("running", 60)
    assert do(live, {"cmd": "get", "plugin": "delay"}, {"cmd": "get", "plugin": "comp"}) == before
    plugins = do(live, {"cmd": "list"})[0]["chains"][0]["plugins"]
    assert [(one["name"], one["bypass"], one["mix"]) for one in plugins] == [("comp", True, 1.0), ("delay", False, 0.5)]


def faulty(folder: Path, monkeypatch: pytest.MonkeyPatch, *defines: str) -> str:
    """A preset with the test plugin that misbehaves."""
    monkeypatch.setenv("CLAP_PATH", str(build(folder / "clap", "faulty", *defines).parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    text = f'[[chain]]\nname = "a"\n[[chain.plugin]]\nname = "bad"\nplugin = "clap:{FAULTY}"\n'
    return str(preset(folder, text))


def test_three_deaths_by_one_plugins_fault_leave_it_out_until_it_is_revived(daemon, tmp_path, monkeypatch) -> None:
    live = daemon(CONFIG.format(faulty(tmp_path, monkeypatch)))
    live.wait_for("running")
    do(live, {"cmd": "set", "plugin": "bad", "param": "gain", "value": 0.25})
    crash = {"cmd": "set", "plugin": "bad", "param": "fault", "text": "segfault"}
    for death in range(3):
        ask(live.control, [crash])
        fault = until(live, lambda said: isinstance(said, m.PluginFault))
        assert (fault.plugin, fault.chain, fault.state) == ("bad", "a", "died")
        if death < 2:
            until(live, lambda said: isinstance(said, m.PluginFault) and said.state == "back", 60)
            assert do(live, {"cmd": "get", "plugin": "bad", "param": "gain"})[0]["params"][0]["value"] == 0.25
            do(live, {"cmd": "set", "plugin": "bad", "param": "fault", "text": "none"})
    live.wait_for("running", 60)
    assert do(live, {"cmd": "list"})[0]["chains"][0]["plugins"][0]["state"] == "quarantined"
    assert ask(live.control, [crash])["error"]["code"] == 409
    do(live, {"cmd": "revive", "plugin": "bad"})
    until(live, changed("revived"))
    assert do(live, {"cmd": "get", "plugin": "bad", "param": "gain"})[0]["params"][0]["value"] == 0.25
    assert live.process.poll() is None


def test_a_plugin_that_takes_the_first_engine_along_is_left_out(daemon, tmp_path, monkeypatch) -> None:
    live = daemon(CONFIG.format(faulty(tmp_path, monkeypatch, "CRASH")))
    _, before = live.wait_for("running")
    faults = [one for one in before if isinstance(one, m.PluginFault)]
    assert [one.state for one in faults] == ["died", "quarantined"]
    assert "jamd ctl revive bad" in faults[1].error
    assert ask(live.control, [{"cmd": "revive"}])["results"] == [{"plugins": ["bad"]}]


def test_a_preset_that_is_not_there_is_one_line(tmp_path) -> None:
    wires = f'[zmq]\naddress = "ipc://{tmp_path}/w"\nlatest = "off"\n'
    wires += '[control]\naddress = "off"\n[page]\naddress = "off"\n'
    config = tmp_path / "c.toml"
    config.write_text(f'[engine]\ndriver = "timer"\ninput = "performance"\n{wires}')
    command = [sys.executable, "-m", "daemon.cli", "run", "--config", str(config), "--preset", "nosuch"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("jamd: rack.preset: there is no preset 'nosuch'; there is")


def test_no_daemon_is_one_line(tmp_path) -> None:
    command = [sys.executable, "-m", "daemon.cli", "ctl", "list", "--address", f"ipc://{tmp_path}/nobody"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"jamd: no daemon answers at ipc://{tmp_path}/nobody; is `jamd run` running?")
