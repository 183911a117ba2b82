"""A jamd that announces itself is found, on loopback; what cannot be announced says why."""

import time

import msgspec
import pytest
from click.testing import CliRunner

from daemon import announce
from daemon import messages as m
from daemon.announce import AnnounceError, Announcer, Found
from daemon.cli import main

pytest.importorskip("zeroconf", reason="zeroconf is not installed: pip install 'jamd[discover]'")


def test_who_announces_is_found_until_it_goes() -> None:
    one = Announcer("tcp://127.0.0.1:45550", "tcp://127.0.0.1:45552", "ipc:///tmp/control", curve=False)
    other = Announcer("tcp://127.0.0.1:45560", "", "tcp://127.0.0.1:45561", curve=True)
    began = time.monotonic()
    for announcer in (one, other):
        announcer.begin(48000)
        announcer.begin(48000)  # an engine that was restarted
    assert time.monotonic() - began < 1.0, "it waits for the network"
    news: list[m.Message] = []
    while len(news) < 2 and time.monotonic() < began + 30:
        news += one.turn(7) + other.turn(7)
        time.sleep(0.05)
    assert [(type(one), one.name, one.state, one.known_at) for one in news] == [(m.Output, "mdns", "open", 7)] * 2
    done = CliRunner().invoke(main, ["find", "--here", "--seconds", "2", "--json"])
    assert done.exit_code == 0
    found = {one["stream"]: Found(**one) for one in msgspec.json.decode(done.stdout)}
    assert found["tcp://127.0.0.1:45550"][1:] == (1, "tcp://127.0.0.1:45550", "tcp://127.0.0.1:45552", "", False)
    assert found["tcp://127.0.0.1:45560"][1:] == (1, "tcp://127.0.0.1:45560", "", "tcp://127.0.0.1:45561", True)
    assert len({one.name for one in found.values()}) == len(found), "they are told apart"
    one.close()
    other.close()
    left = {one.stream for one in announce.find(1.0, here=True)}
    assert not left & found.keys()


def test_one_that_never_ran_closes_at_once() -> None:
    announcer = Announcer("tcp://127.0.0.1:45550", "", "", curve=False)
    announcer.close()
    announcer.begin(48000)
    assert announcer.turn(0) == []


def test_what_no_network_reaches_is_not_announced() -> None:
    with pytest.raises(AnnounceError, match=r"zmq\.announce: ipc://x .* give zmq\.address a tcp://"):
        announce.check("ipc://x")


def test_without_the_library_the_line_to_install_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(AnnounceError, match=r"pip install 'jamd\[discover\]'"):
        announce.check("tcp://127.0.0.1:5550")
