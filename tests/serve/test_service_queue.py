"""The queue before real processes: whose turn it is, what is refused, what becomes of a worker that does not answer."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import Refused
from daemon.service import queue as queue_module
from daemon.service import worker as worker_module
from daemon.service.frames import Begin
from daemon.service.queue import Queue
from daemon.service.worker import Worker

ROOT = Path(__file__).parents[2]
STAND_IN = [sys.executable, "-m", "tests.serve.service_stand_in"]
LATEST_S = 40.0  # for what must come at some time


def run(test: Callable[..., Coroutine[Any, Any, None]], *given: Any) -> None:
    asyncio.run(asyncio.wait_for(test(*given), 60))


@contextlib.asynccontextmanager
async def house(folder: Path, waiting: int = 64, each: int = 64, grace_s: float = 0.3) -> AsyncIterator[Queue]:
    """A queue with one worker, which is ready."""
    worker = Worker(STAND_IN, Begin(str(folder)), {"PYTHONPATH": str(ROOT)}, grace_s)
    queue = Queue([worker], waiting, each)
    queue.start()
    await until(lambda: worker.is_ready)
    try:
        yield queue
    finally:
        queue.close()
        await asyncio.sleep(0.05)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(LATEST_S):
        while not is_so():
            await asyncio.sleep(0.01)


def ask(queue: Queue, who: str, deadline_s: float = 30.0, name: Any = None, **command: Any) -> asyncio.Future[bytes]:
    return queue.ask(who, name, "test", msgspec.msgpack.encode(command), deadline_s)


async def refusal(future: asyncio.Future[bytes]) -> Refused:
    with pytest.raises(Refused) as caught:
        await asyncio.wait_for(future, LATEST_S)
    return caught.value


def begun(folder: Path) -> list[str]:
    return (folder / "log").read_text().splitlines()


def worker_of(queue: Queue) -> Worker:
    return queue._workers[0]


def test_clients_take_turns_and_each_ones_own_keep_their_order(tmp_path: Path) -> None:
    async def test() -> None:
        async with house(tmp_path) as queue:
            first = ask(queue, "greedy", say="hold", sleep=0.3)
            many = [ask(queue, "greedy", say=f"g{n}") for n in range(50)]
            few = [ask(queue, "modest", say="m0"), ask(queue, "modest", say="m1"), ask(queue, "late", say="l0")]
            assert (queue.waiting, queue.under_way, queue.clients) == (53, 1, 3)
            await asyncio.gather(first, *many, *few)
            order = [eval(line)["say"] for line in begun(tmp_path)]
            assert order[:6] == ["hold", "g0", "m0", "l0", "g1", "m1"]
            assert order[6:] == [f"g{n}" for n in range(2, 50)]
            assert [one.result() for one in many] == [f"g{n}".encode() for n in range(50)]
            assert queue.done == {"test": 54}
            assert not queue.refused

    run(test)


def test_a_full_queue_refuses_and_keeps_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with house(tmp_path, waiting=3, each=2) as queue:
            kept = [ask(queue, "a", say="0", sleep=0.3), ask(queue, "a", say="1"), ask(queue, "a", say="2")]
            with pytest.raises(Refused, match="2 requests of yours wait") as own:
                ask(queue, "a", say="3")
            kept.append(ask(queue, "b", say="4"))
            with pytest.raises(Refused, match="3 requests wait, which is the most") as full:
                ask(queue, "c", say="5")
            assert own.value.code == full.value.code == 429
            assert await asyncio.gather(*kept) == [b"0", b"1", b"2", b"4"]
            assert queue.refused == {429: 2}
            monkeypatch.setattr(queue_module, "BYTES", 3000)
            kept = [ask(queue, "a", say="x", sleep=0.2), ask(queue, "a", say="y" * 2000)]
            with pytest.raises(Refused, match="MiB wait"):
                ask(queue, "b", say="y" * 2000)
            await asyncio.gather(*kept)

    run(test)


def test_a_deadline_is_kept_while_it_waits_and_while_it_is_worked_on(tmp_path: Path) -> None:
    async def test() -> None:
        async with house(tmp_path, grace_s=5.0) as queue:
            pid = worker_of(queue).pid
            works = ask(queue, "a", 0.3, sleep=60)
            waits = ask(queue, "b", 0.1, say="never")
            refused = await refusal(waits)
            assert (refused.code, "waited for its turn" in str(refused)) == (504, True)
            assert not works.done()
            refused = await refusal(works)
            assert (refused.code, "worked on" in str(refused)) == (504, True)
            assert await ask(queue, "a", say="next") == b"next"
            assert worker_of(queue).pid == pid  # it stopped when it was told to
            assert [eval(line).get("say") for line in begun(tmp_path)] == [None, "next"]
            assert queue.refused == {504: 2}

    run(test)


@pytest.mark.parametrize("how", ["deaf", "stopped"])
def test_a_worker_that_hangs_is_ended_and_the_next_request_is_done(tmp_path: Path, how: str) -> None:
    async def test() -> None:
        async with house(tmp_path) as queue:
            pid = worker_of(queue).pid
            if how == "stopped":
                os.kill(pid, signal.SIGSTOP)
            hangs = ask(queue, "a", 0.2, **({"deaf": 60} if how == "deaf" else {"say": "x"}))
            after = ask(queue, "b", say="after")
            assert (await refusal(hangs)).code == 504
            assert await after == b"after"
            assert worker_of(queue).pid != pid
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    run(test)


def test_a_client_takes_back_its_own_only(tmp_path: Path) -> None:
    async def test() -> None:
        async with house(tmp_path, grace_s=5.0) as queue:
            works = ask(queue, "a", name=7, sleep=60)
            waits = ask(queue, "a", name=[7, "x"], say="never")
            others = ask(queue, "b", name=7, say="b")
            assert queue.cancel("c", 7) == []
            assert queue.cancel("a", [7, "x"]) == ["test"]
            assert (await refusal(waits)).code == 499
            assert queue.cancel("a", 7) == ["test"]
            assert (await refusal(works)).code == 499
            assert await others == b"b"
            gone = ask(queue, "a", sleep=60)
            await until(lambda: len(begun(tmp_path)) == 3)
            gone.cancel()  # who asked has gone
            assert await ask(queue, "a", say="next") == b"next"
            assert queue.cancel("a", 7) == []
            assert queue.refused == {499: 3}

    run(test)


def test_what_killed_a_worker_is_refused_and_not_tried_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with house(tmp_path) as queue:
            killed = ask(queue, "a", sleep=60)
            waits = ask(queue, "a", say="after")
            await until((tmp_path / "log").exists)
            os.kill(worker_of(queue).pid, signal.SIGKILL)
            refused = await refusal(killed)
            assert (refused.code, "signal 9" in str(refused)) == (500, True)
            assert await waits == b"after"
            poison = ask(queue, "a", end=3)
            assert "ended with code 3" in str(await refusal(poison))
            assert (await refusal(ask(queue, "a", **{"raise": 422}))).code == 422
            assert await ask(queue, "b", say="b") == b"b"
            assert [line for line in begun(tmp_path) if "end" in line or "60" in line] == [
                "{'sleep': 60}",
                "{'end': 3}",
            ]
            assert queue.refused == {500: 2, 422: 1}

    run(test)


def test_workers_that_do_not_come_up_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(worker_module, "AGAIN_S", 0.01)
        worker = Worker([sys.executable, "-c", "raise SystemExit(5)"], Begin(str(tmp_path)), {})
        queue = Queue([worker], 4)
        first = ask(queue, "a", 10.0, say="x")
        await until(lambda: bool(worker.failed))
        with pytest.raises(Refused, match="ended with code 5") as refused:
            ask(queue, "b", say="y")
        assert refused.value.code == 503
        queue.close()
        assert (await refusal(first)).code == 503
        with pytest.raises(Refused, match="the service ends"):
            ask(queue, "b", say="y")
        with pytest.raises(Refused, match="workers is 0"):
            ask(Queue([], 4), "b", say="y")
        await asyncio.sleep(0.05)

    run(test)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    async def test() -> None:
        async with house(tmp_path) as queue:
            await ask(queue, "a", say="x" * 5_000_000)
            before = len(os.listdir("/proc/self/fd"))
            for n in range(100):
                batch = [ask(queue, f"c{k}", 0.0 if k == 3 else 10.0, say=f"{n}") for k in range(5)]
                batch[1].cancel()
                await asyncio.gather(*batch, return_exceptions=True)
            assert await ask(queue, "a", say="x" * 5_000_000) == b"x" * 5_000_000
            assert (queue.waiting, queue.under_way, queue.clients) == (0, 0, 0)
            assert not queue._jobs
            os.kill(worker_of(queue).pid, signal.SIGKILL)
            await until(lambda: not worker_of(queue).is_ready)
            assert await ask(queue, "a", say="again") == b"again"
            gc.collect()
            assert len(os.listdir("/proc/self/fd")) == before
            assert len([one for one in tmp_path.iterdir() if one.is_dir()]) == 1  # that of the worker that runs
        assert not [one for one in tmp_path.iterdir() if one.is_dir()]

    run(test)
