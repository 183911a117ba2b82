"""The page's server in a process of its own, with services that only echo, and a daemon's two sockets to stand beside it.

Run as a program it is that process: its argument is [a Page's fields, how many seconds who stalls has], as JSON; the port is
the first line that it prints, and each request that is cancelled one more.
"""

import asyncio
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.outputs.zmq_pub import ZmqPublisher
from daemon.service.router import Reply, Router

TOKEN = "a token of the tests"


class Server:
    """`seed` of a generate command is how many seconds its answer takes."""

    def __init__(
        self, is_here: bool = True, follow: str = "", control: str = "", patience_s: float | None = None
    ) -> None:
        page = {"is_here": is_here, "token": TOKEN, "follow": follow, "control": control}
        given = json.dumps([page, patience_s])
        environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        self.process = subprocess.Popen(
            [sys.executable, __file__, given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, text=True
        )
        self.port = int(self.line())
        self.place = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.place}"

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return line.strip()

    def has_line(self, seconds: float = 0.0) -> bool:
        return bool(select.select([self.process.stdout], [], [], seconds)[0])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def raw(self, sent: bytes, seconds: float = 20.0) -> bytes:
        """All that is answered to these bytes until the server, or a second of silence after something, ends it."""
        with self.connect() as end:
            with contextlib.suppress(OSError):
                end.sendall(sent)
            return read(end, seconds)

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    @property
    def memory(self) -> int:
        """Bytes that are resident."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def taken(self) -> int:
        """Bytes of HTTP that it has been handed since it began."""
        said = self.raw(b"GET /api/1/models HTTP/1.0\r\nHost: localhost\r\n\r\n").partition(b"\r\n\r\n")[2]
        return json.loads(said)["results"][0]["taken"]

    def close(self) -> str:
        """What it said of defects."""
        self.process.terminate()
        return self.process.communicate(timeout=20)[1]


def read(end: socket.socket, seconds: float = 20.0) -> bytes:
    answer, until = b"", time.monotonic() + seconds
    while time.monotonic() < until:
        end.settimeout(0.3 if answer else until - time.monotonic())
        try:
            part = end.recv(65536)
        except TimeoutError:
            if answer:
                break
            continue
        except OSError:
            break
        if not part:
            break
        answer += part
    return answer


@contextlib.contextmanager
def served(**arguments: Any) -> Iterator[Server]:
    """A server that has nothing to say of defects in the end."""
    server = Server(**arguments)
    try:
        yield server
        assert server.process.poll() is None
    finally:
        said = server.close()
    assert not said, said


class Daemon:
    """What a page follows and commands: a publisher and a control socket, whose commands are answered as they are."""

    def __init__(self, folder: Path) -> None:
        self.publisher = ZmqPublisher(f"ipc://{folder}/published")
        self.router = Router(f"ipc://{folder}/control", lambda raw, _: msgspec.msgpack.decode(raw), self._submit)
        self.is_silent = False  # commands are taken and never answered
        self.taken: list[Any] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    @property
    def addresses(self) -> dict[str, str]:
        return {"follow": self.publisher.address, "control": self.router.address}

    def has_joined(self) -> None:
        """Return when somebody follows."""
        until = time.monotonic() + 20
        while not self.publisher.serve_joiners():
            assert time.monotonic() < until
            time.sleep(0.02)

    def close(self) -> None:
        self._ends.set()
        self._thread.join()
        self.router.close()
        self.publisher.close()

    def _work(self) -> None:
        while not self._ends.is_set():
            if self.router.socket.poll(20):
                self.router.turn()

    def _submit(self, commands: Any, reply: Reply, _: bool) -> None:
        self.taken.extend(commands)
        if not self.is_silent:
            reply({"ok": True, "results": list(commands)})


_taken = 0


async def _ask(who: str, command: bytes) -> dict[str, Any]:
    given = (msgspec.json if command[:1] == b"{" else msgspec.msgpack).decode(command)
    try:
        await asyncio.sleep(float(given.get("seed", 0)))
    except asyncio.CancelledError:
        print("cancelled", flush=True)
        raise
    if given.get("style") == "defect":
        raise ZeroDivisionError
    if given.get("style") == "late":
        return {"error": {"code": 504, "text": "late"}}
    if given.get("style") == "large":
        return {"ok": True, "results": ["x" * (6 << 20)]}
    about = {"who": who, "command": given["cmd"], "given": sorted(given), "taken": _taken}
    return {"ok": True, "results": [about]}


async def _serve(given: dict[str, Any], patience_s: float | None) -> None:
    import uvicorn

    from daemon.web import guard, serving
    from daemon.web.app import application
    from daemon.web.page import Page
    from daemon.web.serving import SETTINGS, Patient

    if patience_s is not None:
        guard.CHUNK_S = serving.REQUEST_S = serving.READ_S = patience_s

    class Counting(Patient):
        def data_received(self, data: bytes) -> None:
            global _taken  # noqa: PLW0603
            _taken += len(data)
            super().data_received(data)

    listening = socket.create_server(("127.0.0.1", 0))
    app = application(Page(ask=_ask, **given))
    server = uvicorn.Server(uvicorn.Config(app, **SETTINGS | {"http": Counting}))
    print(listening.getsockname()[1], flush=True)
    await server.serve([listening])


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(*json.loads(sys.argv[1])))
