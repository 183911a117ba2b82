"""The whole daemon with a library: messages on ZeroMQ, commands on the control socket, and what dies meanwhile."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from daemon import messages as m
from tests.recommend.booth_stage import Booth, library


def ctl(booth: Booth, *words: object) -> str:
    command = [sys.executable, "-m", "daemon.cli", "ctl", "next", *map(str, words), "--address", booth.live.control]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout + done.stderr


def test_from_no_library_to_a_list_and_on_through_what_dies(daemon, tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    booth = Booth(daemon, path, 'n = 3\nwishes = { energy = "up" }')
    off = booth.until(m.Recommender)
    assert off.state == "off"
    assert "`jamd library scan DIR` makes one" in off.error
    assert booth.refused({"cmd": "next"}) == (409, off.error)
    library(path)
    assert len(booth.ready().items) == 3
    assert "#1 Ann - Blue Monday plays" in ctl(booth, "played", "blue monday")
    after = booth.until(m.Suggestions, lambda x: x.after_id == 1)
    assert after.energy == "up"
    assert booth.refused({"cmd": "next"}, {"cmd": "list"})[0] == 409, "not among the rack's commands"
    assert booth.do({"cmd": "list"})
    booth.said_or(m.Engine, lambda x: x.state == "running")
    os.kill(booth.live.engine_pid, signal.SIGKILL)
    booth.until(m.Engine, lambda x: x.state == "died")
    assert "after Ann - Blue Monday" in ctl(booth, "list", "-n", 2), "it does not need an engine"
    os.kill(booth.pid, signal.SIGKILL)
    died = booth.until(m.Recommender, lambda x: x.state == "died")
    assert "is started again" in died.error
    again = booth.until(m.Suggestions, lambda x: not x.stale)
    assert again.after_id == 1
    assert booth.do({"cmd": "next_show"})[0]["session"]["count"] == 1


def test_a_performer_who_moves_gets_another_list(daemon, tmp_path: Path) -> None:
    booth = Booth(daemon, library(tmp_path / "l.db"))
    assert booth.until(m.Suggestions, lambda x: x.why == "sound", seconds=240.0).items
