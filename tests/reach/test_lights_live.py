"""A running jamd's light: how often it is sent, what it does when it is told, and what stays when jamd goes."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.ctl.client import ask
from tests.reach import dmx
from tests.reach.running import Running

SHOW = """
[lights]
safe = { dimmer = 0.2, colour = "white" }
[lights.fixtures.wash]
channels = ["red", "green", "blue"]
dimmer = { from = "level", floor = 0.3, release_ms = 30 }
[lights.fixtures.still]
universe = 2
channels = ["dimmer"]
dimmer = 1.0
"""
SAFE = bytes([51, 51, 51])


class Stage:
    """jamd playing its performance, and a rig that it lights."""

    def __init__(self, folder: Path, rig: dmx.Rig) -> None:
        (folder / "show.toml").write_text(SHOW)
        lights = f'[rack]\npreset = "{folder}/show.toml"\n[lights]\nsacn = ["{rig.host}"]\n'
        self.rig = rig
        self.jamd = Running(folder, lights)

    def of(self, universe: int) -> list[dmx.Arrived]:
        return [one for one in list(self.rig.arrived) if one.packet.universe == universe]

    def wait(self, least: int = 76) -> None:
        """Until the show runs; or until music makes it so bright."""
        self.rig.wait(lambda _: any(least <= one.levels[0] < 255 for one in self.of(1)), 60.0)

    def tell(self, **command: object) -> dict:
        return ask(self.jamd.control, [{"cmd": "lights", **command}])

    def pid(self) -> int:
        """The lights process's: the daemon's child that runs it."""
        return pid_of(self.jamd, "daemon.lights.process")


def pid_of(jamd: Running, module: str) -> int:
    assert jamd._process is not None
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == jamd._process.pid and module in (path / "cmdline").read_text():
                return int(path.name)
        except OSError:
            continue
    return 0


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with dmx.rig(3) as rig:
        one = Stage(tmp_path, rig)
        yield one
        one.jamd.stop()


def test_pace_commands_death_and_end(stage: Stage) -> None:
    stage.wait(100)
    since = time.monotonic()
    time.sleep(3.0)
    for universe, least, most in ((1, 30, 3 * 44), (2, 2, 10)):
        times = [one.at_s for one in stage.of(universe) if one.at_s >= since]
        assert least <= len(times) <= most, f"universe {universe}: {len(times)} packets in 3 s"
        assert max(sum(at <= then < at + 0.95 for then in times) for at in times) <= 44
    gaps = [b.at_s - a.at_s for a, b in zip(stage.of(2)[4:], stage.of(2)[5:], strict=False)]
    assert gaps and max(gaps) < 2.5  # E1.31: a source that says nothing for so long has gone
    assert stage.tell(to="blackout")["ok"]
    stage.rig.wait(lambda _: not any(stage.of(1)[-1].levels) and not any(stage.of(2)[-1].levels))
    assert stage.tell(to="go", master=0.5)["ok"]
    stage.rig.wait(lambda _: stage.of(2)[-1].levels[0] == 128 and 38 <= stage.of(1)[-1].levels[0] <= 128)
    assert stage.tell(to="safe")["ok"]
    stage.rig.wait(lambda _: stage.of(1)[-1].levels[:3] == SAFE and stage.of(2)[-1].levels[0] == 51)
    count = len(stage.of(1))
    stage.rig.wait(lambda _: len(stage.of(1)) > count + 3)
    assert {one.levels[:3] for one in stage.of(1)[count:]} == {SAFE}  # steady, though music plays
    shown = ask(stage.jamd.control, [{"cmd": "lights_show"}])["results"][0]
    assert (shown["state"], shown["master"], shown["fixtures"]) == ("safe", 0.5, ["wash", "still"])
    assert ask(stage.jamd.control, [{"cmd": "lights", "to": "off"}])["error"]["text"]
    assert stage.tell(to="blackout")["ok"]
    stage.rig.wait(lambda _: not any(stage.of(2)[-1].levels))
    pid, count = stage.pid(), len(stage.of(2))
    os.kill(pid, signal.SIGKILL)
    stage.rig.wait(lambda _: stage.pid() not in (0, pid) and len(stage.of(2)) > count + 2)
    assert not any(any(one.levels) for one in stage.of(2)[count + 1 :])  # it is told again what it was told
    stage.jamd.stop()
    for universe, look in ((1, SAFE), (2, SAFE[:1])):
        last = stage.of(universe)[-4:]
        assert [one.packet.option_StreamTerminated for one in last] == [False, True, True, True]
        assert {one.levels[: len(look)] for one in last} == {look}


def test_a_daemon_that_is_killed_leaves_the_safe_look(stage: Stage) -> None:
    stage.wait()
    stage.jamd.stop(signal.SIGKILL)
    stage.rig.wait(lambda found: any(one.levels[:3] == SAFE for one in found if one.packet.universe == 1))
    stage.rig.wait(lambda _: stage.of(1)[-1].packet.option_StreamTerminated)
    ends = [one.packet.option_StreamTerminated for one in stage.of(1)]
    assert ends[-3:] == [True] * 3 and not any(ends[:-3])
    held = [one.at_s for one in stage.of(1) if one.levels[:3] == SAFE]
    assert held[-1] - held[0] > 2.0  # a receiver shows it before it drops the source


def test_an_engine_that_stands_still_takes_the_lights_to_safety(stage: Stage) -> None:
    stage.wait(100)  # it plays
    engine = pid_of(stage.jamd, "daemon.engine.process")
    os.kill(engine, signal.SIGSTOP)
    stage.rig.wait(lambda _: stage.of(1)[-1].levels[:3] == SAFE)
    stage.rig.wait(
        lambda _: stage.of(1)[-1].levels[:3] != SAFE, 30.0
    )  # another engine is started, and the show goes on
