"""The queue of requests before the workers: bounded, fair between clients, with deadlines and cancellation.

Clients take turns (round robin, J. Nagle, "On Packet Switches with Infinite Storage", RFC 970, 1985): each client's own
requests are done in order, and one that has many waits behind its own only. What is refused is refused at once.
"""

import asyncio
import itertools
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from daemon.errors import Refused
from daemon.service.job import Job
from daemon.service.worker import Worker

EACH = 8  # requests of one client's that wait
BYTES = 256 << 20  # that all which wait hold together


class Queue:
    """One event loop's. [front]"""

    def __init__(self, workers: Sequence[Worker], waiting: int, each: int = EACH) -> None:
        """At most `waiting` requests wait, `each` of one client's. Workers are started by the first request."""
        self._workers, self._most, self._each = workers, waiting, each
        self._clients: OrderedDict[Hashable, deque[Job]] = OrderedDict()  # who waits; whose turn it is first
        self._jobs: dict[int, Job] = {}  # all that are not answered
        self._numbers = itertools.count(1)
        self.is_started = self._is_closed = False
        self.done: Counter[str] = Counter()  # service -> answered
        self.refused: Counter[int] = Counter()  # number of daemon.errors.REFUSALS -> how often
        self.on_change: Callable[[], None] = lambda: None
        for worker in workers:
            worker.on_free, worker.on_answer = self._pump, self._answered

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return sum(map(len, self._clients.values()))

    @property
    def under_way(self) -> int:
        """Requests that are worked on."""
        return len(self._jobs) - self.waiting

    @property
    def clients(self) -> int:
        """Who wait."""
        return len(self._clients)

    def start(self) -> None:
        """Start the workers, once."""
        if not self.is_started:
            self.is_started = True
            for worker in self._workers:
                worker.start()

    def ask(
        self, who: Hashable, name: Any, service: str, command: bytes, deadline_s: float, as_json: bool = False
    ) -> asyncio.Future[Any]:
        """Have a command (msgpack) done; gives its result, encoded (JSON or msgpack). Raises Refused 429, 503.

        The future raises Refused: 499, 500, 504 or what the worker says. Who cancels the future takes the request back.
        """
        try:
            self._check(who, len(command))
        except Refused as refused:
            self.refused[refused.code] += 1
            self.on_change()
            raise
        loop = asyncio.get_running_loop()
        job = Job(next(self._numbers), who, name, service, command, as_json, loop.create_future())
        job.timer = loop.call_later(deadline_s, self._late, job, deadline_s)
        job.future.add_done_callback(lambda _: self._over(job))
        self._jobs[job.number] = job
        self._clients.setdefault(who, deque()).append(job)
        self.start()
        self._pump()
        return job.future

    def cancel(self, who: Hashable, name: Any) -> list[str]:
        """A client takes back what it asked under that id; gives which services those were of."""
        taken = [job for job in self._jobs.values() if job.who == who and job.name == name]
        for job in taken:
            job.refuse(Refused(499, f"{job.service}: cancelled"))
        return [job.service for job in taken]

    def close(self) -> None:
        """Refuse what waits and what is under way, and end the workers."""
        self._is_closed = True
        for job in list(self._jobs.values()):
            job.refuse(Refused(503, f"{job.service}: the service ends; ask again when it runs"))
        for worker in self._workers:
            worker.close()

    def _check(self, who: Hashable, size: int) -> None:
        if self._is_closed:
            raise Refused(503, "the service ends; ask again when it runs")
        if not self._workers:
            raise Refused(503, "no request is answered here: services.workers is 0 in the config")
        if all(worker.failed for worker in self._workers):
            raise Refused(503, self._workers[0].failed)
        if len(self._clients.get(who, ())) >= self._each:
            raise Refused(429, f"{self._each} requests of yours wait; take an answer before you ask again")
        if self.waiting >= self._most:
            raise Refused(429, f"{self._most} requests wait, which is the most; ask again in a moment")
        held = sum(len(job.command) for mine in self._clients.values() for job in mine)
        if held + size > BYTES:
            raise Refused(429, f"requests of {held >> 20} MiB wait; ask again in a moment")

    def _pump(self) -> None:
        """Give to the workers that are free what waits, a client after the other."""
        for worker in self._workers:
            if not worker.is_free or not self._clients:
                continue
            who, mine = self._clients.popitem(last=False)
            job = mine.popleft()
            if mine:
                self._clients[who] = mine  # behind the others
            job.worker = worker
            worker.do(job)
        self.on_change()

    def _answered(self, job: Job, result: Any) -> None:
        """A worker says what came of it: what it gave, or a Refused."""
        if isinstance(result, Refused):
            job.refuse(result)
        elif not job.future.done():
            self.done[job.service] += 1
            job.future.set_result(result)

    def _late(self, job: Job, deadline_s: float) -> None:
        where = "it still waited for its turn" if job.worker is None else "it was still worked on"
        job.refuse(
            Refused(504, f"{job.service}: {where} after {1000 * deadline_s:.0f} ms; give a later deadline_ms, or less")
        )

    def _over(self, job: Job) -> None:
        """It is answered, or nobody wants it any more: it does not wait, and is not worked on."""
        if self._jobs.pop(job.number, None) is None:
            return
        job.timer.cancel()
        if job.future.cancelled():
            self.refused[499] += 1
        elif isinstance(refused := job.future.exception(), Refused):
            self.refused[refused.code] += 1
        if job.worker is not None:
            job.worker.stop(job)
        elif (mine := self._clients.get(job.who)) is not None and job in mine:
            mine.remove(job)
            if not mine:
                del self._clients[job.who]
        self._pump()
