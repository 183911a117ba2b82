"""Asking a running daemon over its control socket, and printing what it answers."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
import zmq

from daemon.ctl.asking import ADDRESS
from daemon.ctl.said import lines
from daemon.curve import identify
from daemon.errors import UserError
from daemon.keyring import Key

CONNECT_MS = 2000
ANSWER_MS = 60_000


class CtlError(UserError):
    """No answer, or a refusal."""


def ask(
    address: str, commands: Sequence[Any], check: bool = False, answer_ms: int = ANSWER_MS, key: Key | None = None
) -> dict[str, Any]:
    """The daemon's answer to a batch. Raises CtlError where none comes."""
    socket: zmq.Socket = zmq.Context.instance().socket(zmq.DEALER)
    if key is not None:
        identify(socket, key)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IMMEDIATE, 1)  # writable once somebody is there
    try:
        try:
            socket.connect(address)
        except zmq.ZMQError as error:
            raise CtlError(f"--address {address}: {error.strerror}; give one such as {ADDRESS}") from None
        if not socket.poll(CONNECT_MS, zmq.POLLOUT):
            wants = "is your key allowed there?" if key else "is `jamd run` running? (its config: [control] address)"
            raise CtlError(f"no daemon answers at {address}; {wants}")
        socket.send(msgspec.msgpack.encode({"id": 1, "do": list(commands), "check": check}))
        if not socket.poll(answer_ms):
            raise CtlError(f"the daemon at {address} has not answered within {answer_ms // 1000} s")
        try:
            return msgspec.msgpack.decode(socket.recv(), type=dict)
        except msgspec.MsgspecError:
            raise CtlError(f"what answers at {address} is no jamd; give the address of its control socket") from None
    finally:
        socket.close()


def run(address: str, as_json: bool, commands: Sequence[Any], check: bool = False, key: Key | None = None) -> int:
    """Ask, and print the answer: as one JSON line, or for a person. Raises CtlError for a refusal that is not printed."""
    answer = ask(address, commands, check, key=key)
    if as_json:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return int("error" in answer)
    if "error" in answer:
        error = answer["error"]
        where = f"command {error['at'] + 1}: " if len(commands) > 1 and "at" in error else ""
        raise CtlError(f"{where}{error['text']} ({error['code']})")
    for command, result in zip(commands, answer["results"], strict=True):
        for line in lines(str(command.get("cmd")), result):
            click.echo(line)
    for warning in answer.get("warnings", []):
        click.echo(f"jamd: {warning}", err=True)
    return 0


def batch(path: str) -> list[Any]:
    """The commands in a file of JSON, or on standard input for `-`: one, or a list of them. Raises CtlError."""
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        found = msgspec.json.decode(content)
    except OSError as error:
        raise CtlError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CtlError(f'{path}: not JSON: {error}; give a list such as [{{"cmd": "list"}}]') from None
    if isinstance(found, dict):
        found = found.get("do", [found])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CtlError(f'{path}: no list of commands; give one such as [{{"cmd": "list"}}]')
    return found


def preset_path(given: str) -> str:
    """A preset as the daemon, which may run elsewhere, finds it: a path whole, a bare name as it is."""
    return os.path.abspath(given) if os.sep in given or given.endswith(".toml") else given
