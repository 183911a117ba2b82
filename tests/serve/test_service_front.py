"""The daemon's side of page and services where their process cannot be had: it is said, and the daemon lives."""

import socket
import tempfile

import pytest
import zmq

from daemon import messages as m
from daemon.config import Page, Services
from daemon.desk.commands.services import Models
from daemon.front import place
from daemon.front.room import Front


def test_who_cannot_start_its_process_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    front = Front(Page("127.0.0.1:0"), Services(), "", {}, lambda packed, as_json: None, lambda *_: None)
    front.attend(zmq.Poller())
    assert [message.state for message in front.turn(7) if isinstance(message, m.Service)] == ["idle"]
    port = int(front.url.rpartition(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port)):
        said = [message for message in front.turn(9) if isinstance(message, m.Service)]
        assert [(one.state, one.sample_time) for one in said] == [("failed", 9)]
        assert "/nowhere" in said[0].error
        assert front.turn(11) == []  # and does not try again at once
    answers: list[dict] = []
    front.submit([Models()], answers.append)
    assert answers[0]["error"]["code"] == 503
    assert "/nowhere" in answers[0]["error"]["text"]
    front.close()


def test_a_machine_without_ipv6_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> socket.socket:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(place.socket, "socket", none)
    assert "Address family not supported" in place.opened("[::1]:5580").error
