"""OS2L beats: to QLC+, and to sockets that are not there, go away or do not read."""

import json
import socket
import time

import pytest

from daemon.lights.os2l import RETRY_S, Os2l, Os2lError
from tests.reach.qlcplus import Qlcplus, qlcplus  # noqa: F401


def listening(port: int = 0) -> socket.socket:
    made = socket.create_server(("127.0.0.1", port))
    made.settimeout(5.0)
    return made


def connected(os2l: Os2l, now_s: float = 0.0) -> None:
    for _ in range(100):
        os2l.turn(now_s)
        if os2l.state == "open":
            return
        time.sleep(0.01)
    raise AssertionError("it does not connect")


def test_qlcplus_hears_beats(qlcplus: Qlcplus) -> None:  # noqa: F811
    os2l = Os2l("127.0.0.1", qlcplus.os2l_port)
    connected(os2l)
    for number in range(4):
        assert os2l.beat(number, 120.5, number == 0, 0.75)
        assert qlcplus.wait(lambda: len(qlcplus.beats()) > number)  # noqa: B023
    beats = [json.loads(beat) for beat in qlcplus.beats()]
    assert beats == [
        {"evt": "beat", "change": number == 0, "pos": number, "bpm": 120.5, "strength": 0.75} for number in range(4)
    ]
    os2l.close()


def test_it_connects_when_somebody_comes_and_again_when_he_comes_back() -> None:
    server = listening()
    port = server.getsockname()[1]
    server.close()
    os2l = Os2l("127.0.0.1", port)
    for now_s in (0.0, 0.1, 0.2):
        os2l.turn(now_s)
        assert (os2l.state, os2l.beat(1, 120.0), os2l.fd) == ("lost", False, -1)
    for round_ in (1, 2):
        server = listening(port)
        connected(os2l, round_ * 10.0)
        peer, _ = server.accept()
        assert os2l.beat(round_, 120.0)
        assert json.loads(peer.recv(1000))["pos"] == round_
        peer.close()
        server.close()
        os2l.turn(round_ * 10.0 + 0.1)
        assert os2l.state == "lost"
        os2l.turn(round_ * 10.0 + RETRY_S / 2)  # it is not tried at every turn
        assert os2l.fd == -1
    os2l.close()


def test_who_does_not_read_blocks_nobody_and_costs_his_beats() -> None:
    server = listening()
    os2l = Os2l("127.0.0.1", server.getsockname()[1])
    connected(os2l)
    peer, _ = server.accept()
    sent = sum(os2l.beat(number, 120.0) for number in range(200_000))
    assert os2l.drops + sent == 200_000 or os2l.state == "lost"
    assert sent < 100_000
    peer.close()
    server.close()
    os2l.close()


def test_what_it_is_told_does_not_pile_up() -> None:
    server = listening()
    os2l = Os2l("127.0.0.1", server.getsockname()[1])
    connected(os2l)
    peer, _ = server.accept()
    peer.setblocking(False)
    said = 0
    for _ in range(200):
        said += peer.send(b'{"evt":"feedback","name":"x","state":"on"}' * 100)
        os2l.turn(0.0)
    assert said == 200 * 4200
    assert os2l.state == "open"
    peer.close()
    server.close()
    os2l.close()


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none_is_named(port: int) -> None:
    with pytest.raises(Os2lError, match=r"lights\.os2l: .*give HOST:PORT"):
        Os2l("127.0.0.1", port)


def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(Os2lError, match=r"lights\.os2l: no-such-host\.invalid"):
        Os2l("no-such-host.invalid")
