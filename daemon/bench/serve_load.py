"""Clients that ask for a service, each again as soon as it is answered, in a process of their own, which prints JSON."""

import io
import itertools
import json
import os
import subprocess
import sys
import time
from typing import Any

import msgspec
import numpy as np
import zmq

from daemon.errors import UserError

SOUND_S = 5.0
RATE = 48000
AGAIN_S = 0.05  # after a refusal
START_S = 180.0  # for the first answer of all
LEFT_S = 60.0  # for those that are under way at the end
NICE = 10
SERVICES = ("analyse", "generate", "recommend")


class ServeBenchError(UserError):
    """A service that does not answer, or with what it should not."""


def asked(address: str, service: str, clients: int, each: int, seconds: float) -> dict[str, Any]:
    """Ask from a process beside, for so long (at least once each). Raises ServeBenchError. [main]"""
    given = [address, service, str(clients), str(each), str(seconds)]
    done = subprocess.run(
        [sys.executable, "-m", "daemon.bench.serve_load", *given], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        raise ServeBenchError(f"{service}: the clients ended with {done.returncode}; see what they said above")
    return json.loads(done.stdout)


def command(service: str) -> dict[str, Any]:
    """What is asked: a sound of SOUND_S, a phrase of two bars to be answered in four, and five items after another."""
    if service == "analyse":
        import soundfile

        from daemon.inputs.performance import Performance

        sound = np.concatenate(list(Performance(SOUND_S).blocks(RATE)), axis=1).T
        file = io.BytesIO()
        soundfile.write(file, sound, RATE, format="FLAC")
        return {"cmd": "analyse", "sound": file.getvalue()}
    if service == "generate":
        notes = [{"beat": n, "beats": 1.0, "midi": 60 + (5 * n) % 12} for n in range(8)]
        return {"cmd": "generate", "notes": notes}
    return {"cmd": "recommend", "plays": [1, 2, 3]}


class _Clients:
    """All of one load."""

    def __init__(self, address: str, service: str, clients: int) -> None:
        context = zmq.Context()
        self._command = command(service)
        self._do = msgspec.Raw(msgspec.msgpack.encode([self._command]))
        self._ids = itertools.count(1)
        self._sockets: list[zmq.Socket] = []
        self._poller = zmq.Poller()
        self._asked_at: dict[zmq.Socket, dict[int, float]] = {}  # by the request's id
        self._again: list[tuple[float, zmq.Socket]] = []
        for _ in range(clients):
            socket = context.socket(zmq.DEALER)
            socket.setsockopt(zmq.LINGER, 0)
            socket.connect(address)
            self._poller.register(socket, zmq.POLLIN)
            self._sockets.append(socket)
            self._asked_at[socket] = {}
        self.took_s: list[float] = []
        self.refused = 0
        self._ends_at = 0.0

    def work(self, each: int, seconds: float) -> float:
        """Ask until `seconds` have passed and all is answered; the seconds that it took."""
        began = time.monotonic()
        self._ends_at = began + seconds
        first = {} if seconds else {"deadline_ms": 1000.0 * START_S}  # what starts and loads outlasts a usual deadline
        self._do = msgspec.Raw(msgspec.msgpack.encode([self._command | first]))
        for socket in self._sockets:
            for _ in range(each):
                self._ask(socket)
        patience_s = seconds + (LEFT_S if seconds else START_S)
        while any(self._asked_at.values()) or self._again:
            now = time.monotonic()
            if now > began + patience_s:
                raise ServeBenchError(f"{sum(map(len, self._asked_at.values()))} requests are not answered")
            while self._again and self._again[0][0] <= now:
                _, socket = self._again.pop(0)
                if now < self._ends_at:
                    self._ask(socket)
            for socket, _ in self._poller.poll(10):
                self._take(socket)
        return time.monotonic() - began

    def _ask(self, socket: zmq.Socket) -> None:
        number = next(self._ids)
        self._asked_at[socket][number] = time.monotonic()
        socket.send(msgspec.msgpack.encode({"id": number, "do": self._do}))

    def _take(self, socket: zmq.Socket) -> None:
        answer = msgspec.msgpack.decode(socket.recv())
        now, asked_at = time.monotonic(), self._asked_at[socket].pop(answer["id"])
        if "error" not in answer:
            self.took_s.append(now - asked_at)
            if now < self._ends_at:
                self._ask(socket)
        elif answer["error"]["code"] in (429, 504):  # too many wait, or this one has waited until its deadline
            self.refused += 1
            self._again.append((now + AGAIN_S, socket))
        else:
            raise ServeBenchError(str(answer["error"]))


def main() -> None:
    """Arguments: address, service, clients, requests of each, seconds."""
    os.nice(NICE)
    address, service, clients, each, seconds = sys.argv[1:]
    load = _Clients(address, service, int(clients))
    try:
        took = load.work(int(each), float(seconds))
    except ServeBenchError as error:
        sys.exit(str(error))
    if not load.took_s:
        sys.exit("no request was answered")
    p50, p99 = np.percentile(load.took_s, (50, 99)) * 1000.0
    figures = {"per_s": len(load.took_s) / took, "p50_ms": p50, "p99_ms": p99, "refused_per_s": load.refused / took}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
