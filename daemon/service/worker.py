"""A worker: a process that does one request at a time, is told to stop, and is ended and started anew where it does not.

What it was doing when it died is refused and never tried again: a request that kills does so once.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.errors import Refused
from daemon.service import frames
from daemon.service.job import Job

GRACE_S = 3.0  # for one that is told to stop
START_S = 180.0  # until it is ready; it may have to compile
AGAIN_S, AGAIN_MOST_S = 0.2, 30.0  # between a process's end and the next; twice as long each time it was not ready
FAILS = 3  # starts in a row, and requests are refused


class Worker:
    """One process at a time. [front]"""

    def __init__(
        self, command: Sequence[str], begin: frames.Begin, environment: Mapping[str, str], grace_s: float = GRACE_S
    ) -> None:
        """`command` is given its end of a socket as last argument; each process has a folder of its own within `begin`'s."""
        self._command, self._begin, self._environment = command, begin, {**os.environ, **environment}
        self._grace_s = grace_s
        self.on_free: Callable[[], None] = lambda: None
        self.on_answer: Callable[[Job, Any], None] = lambda job, result: None
        self.on_end: Callable[[str], None] = lambda why: None
        self.is_ready = False
        self.failed = ""  # why it does not come up
        self._job: Job | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._life: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None  # until it must have done something
        self._hung = ""  # what it did not do in time

    @property
    def is_free(self) -> bool:
        """Whether it can be given something to do."""
        return self.is_ready and self._job is None

    @property
    def pid(self) -> int:
        """The process's id; 0 while there is none."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._life = asyncio.get_running_loop().create_task(self._live())

    def do(self, job: Job) -> None:
        """It must be free."""
        assert self._writer is not None
        self._job = job
        self._writer.write(frames.packed(frames.Do(job.number, job.as_json, job.command)))

    def stop(self, job: Job) -> None:
        """Nobody wants that any more; it is free again when it says so, or anew after the grace."""
        if self._job is not job or self._writer is None:
            return
        self._writer.write(frames.packed(frames.Stop(job.number)))
        self._expect(self._grace_s, "did not stop")

    def close(self) -> None:
        """End it."""
        if self._life is not None:
            self._life.cancel()
        self._bury()

    async def _live(self) -> None:
        again_s, fails = AGAIN_S, 0
        while True:
            try:
                was_ready, how = await self._once()
            except OSError as error:  # no process, no descriptor, no folder
                was_ready, how = False, f"could not be started ({error.strerror})"
            again_s = AGAIN_S if was_ready else min(AGAIN_MOST_S, 2 * again_s)
            fails = 0 if was_ready else fails + 1
            text = f"a worker {how}; it is started again"
            if fails >= FAILS:
                self.failed = f"no request is answered: {text}, the next time in {again_s:.0f} s; look at the log"
            self.on_end(text)
            job, self._job = self._job, None
            if job is not None:
                self.on_answer(job, Refused(500, f"{job.service}: its worker {how}; the request is not tried again"))
            await asyncio.sleep(again_s)

    async def _once(self) -> tuple[bool, str]:
        """A process from start to end; whether it was ever ready, and how it ended, in words."""
        folder = tempfile.mkdtemp(dir=self._begin.folder)
        try:
            here = self._spawn()
            reader, self._writer = await asyncio.open_connection(sock=here)
            self._writer.write(frames.packed(frames.Begin(folder, self._begin.library, self._begin.models)))
            self._expect(START_S, "did not come up")
            with contextlib.suppress(asyncio.IncompleteReadError, OSError, ValueError):
                while True:
                    self._hear(await frames.said(reader))
            was_ready = self.is_ready
            return was_ready, self._bury()
        finally:
            self._bury()
            shutil.rmtree(folder, ignore_errors=True)

    def _spawn(self) -> socket.socket:
        """A new process, and our end of the line to it. Raises OSError."""
        here, there = socket.socketpair()
        with there:
            command = [*self._command, str(there.fileno())]
            try:
                self._process = subprocess.Popen(
                    command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, env=self._environment
                )
            except OSError:
                here.close()
                raise
        return here

    def _hear(self, said: frames.Ready | frames.Done | frames.NotDone) -> None:
        self._expect(None, "")
        if isinstance(said, frames.Ready):
            self.is_ready, self.failed = True, ""
        else:
            job, self._job = self._job, None
            if job is not None and job.number == said.number:
                is_done = isinstance(said, frames.Done)
                self.on_answer(job, said.result if is_done else Refused(said.code, said.text))  # type: ignore[union-attr]
        self.on_free()

    def _expect(self, within_s: float | None, what: str) -> None:
        """It does something within that time, or is ended; None: whenever."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if within_s is not None:
            self._watch = asyncio.get_running_loop().call_later(within_s, self._end, what)

    def _end(self, why: str) -> None:
        self._hung = why
        if self._process is not None:
            self._process.kill()

    def _bury(self) -> str:
        """There is no process any more; gives how it ended."""
        self._expect(None, "")
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        self.is_ready, hung, self._hung = False, self._hung, ""
        if self._process is None:
            return hung
        with contextlib.suppress(subprocess.TimeoutExpired):  # its socket closes a moment before it is gone
            self._process.wait(0.05)
        self._process.kill()
        code = self._process.wait()
        self._process = None
        if hung:
            return f"{hung} and was ended"
        return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
