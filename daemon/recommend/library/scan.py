"""Scanning folders: what is new or changed is analysed on all cores, or by a cluster, and kept as it comes.

joblib runs the analysis on one of its backends; one process, this one, writes. What was written stays whatever happens.
"""

import contextlib
import hashlib
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any, NamedTuple

from daemon.recommend.library import profile, walk
from daemon.recommend.library.database import LibraryError
from daemon.recommend.library.found import Found, Known, Task, keep, known, known_bad
from daemon.recommend.library.store import Library

WRITE_S = 0.5  # what was found waits no longer than that to be written,
WRITE_AT_MOST = 64  # nor does more of it

Analyse = Callable[[Task], Found]


class Plan(NamedTuple):
    """What a scan has before it."""

    tasks: list[Task]
    unchanged: int
    moved: int
    gone: int


class Scan:
    """One scan of a library: `plan` it, then take what `run` yields. [worker]"""

    def __init__(self, library: Library, places: tuple[Path, ...], kind: str = "", again: bool = False) -> None:
        """`kind`: of every sound, instead of what its length says. `again`: also what has not changed."""
        self._library, self._places, self._kind, self._again = library, places, kind, again
        self.unread: list[str] = []
        """Folders that could not be listed; what the library knows of them stays."""

    def plan(self) -> Plan:
        """Look at every file; what moved or is gone is written at once. Raises LibraryError."""
        library = known(self._library)
        bad = known_bad(self._library)
        there = {file.path: file for file in walk.files(self._places, self.unread.append)}
        tasks, back, moves = [], list[int](), list[tuple[int, walk.File]]()
        away = _Away(library, there)
        for path, file in there.items():
            kind = self._kind if os.path.splitext(path)[1].lower() in walk.SOUND_SUFFIXES else ""
            has, stamp = library.get(path), (file.size, file.mtime_ns)
            if has is None and (was := away.taken(file)):
                moves.append((was.id, file))
                has = was._replace(size=file.size, mtime_ns=file.mtime_ns, gone=False)
            fresh = has and has.version == profile.VERSION and (has.size, has.mtime_ns) == stamp
            if (fresh or bad.get(path) == stamp) and not self._again and (not has or not kind or kind == has.kind):
                back += [has.id] if has and has.gone else []
            else:
                tasks.append(Task(file, kind))
        gone = [one.id for path, one in away.left() if self._is_gone(path)]
        with self._library.database.writing() as db:
            for number, file in moves:
                statement = "UPDATE items SET path = ?, size = ?, mtime_ns = ?, gone = 0 WHERE id = ?"
                db.execute(statement, (*file, number))
            db.executemany("UPDATE items SET gone = 0 WHERE id = ?", [(number,) for number in back])
            db.executemany("UPDATE items SET gone = 1 WHERE id = ?", [(number,) for number in gone])
            lost = [(path,) for path in bad if path not in there and self._is_gone(path)]
            db.executemany("DELETE FROM bad WHERE path = ?", lost)
        return Plan(tasks, len(there) - len(tasks) - len(moves), len(moves), len(gone))

    def run(self, tasks: list[Task], analyse: Analyse, backend: str = "loky", jobs: int = -1) -> Iterator[Found]:
        """Yield each file's as it is found, and write it. Raises LibraryError; closing the generator ends the work.

        `backend`: loky, dask:ADDRESS, ray or ray:ADDRESS. `analyse` must be a function that a module names.
        """
        waiting: list[Found] = []
        written = time.monotonic()
        try:
            for found in _analysed(tasks, analyse, backend, jobs):
                waiting.append(found)
                if len(waiting) >= WRITE_AT_MOST or time.monotonic() - written >= WRITE_S:
                    keep(self._library, waiting)
                    waiting, written = [], time.monotonic()
                yield found
        finally:
            keep(self._library, waiting)

    def _is_gone(self, path: str) -> bool:
        """Whether the scan would have found it, were it there."""
        return walk.is_below(path, map(walk.root, self._places)) and not walk.is_below(path, self.unread)


class _Away:
    """Items whose files are not where they were: one of a new file's size and content has moved there."""

    def __init__(self, library: dict[str, Known], there: dict[str, walk.File]) -> None:
        self._by_size: dict[int | None, list[tuple[str, Known]]] = {}
        for path, one in library.items():
            if path not in there:
                self._by_size.setdefault(one.size, []).append((path, one))

    def taken(self, file: walk.File) -> Known | None:
        """What has moved to this file; it is taken once."""
        lost = [pair for pair in self._by_size.get(file.size, ()) if pair[1].hash and not os.path.exists(pair[0])]
        if not lost:
            return None
        with contextlib.suppress(OSError):
            content = digest(file.path)
            for pair in lost:
                if pair[1].hash == content:
                    self._by_size[file.size].remove(pair)
                    return pair[1]
        return None

    def left(self) -> Iterator[tuple[str, Known]]:
        for pairs in self._by_size.values():
            yield from (pair for pair in pairs if not pair[1].gone)


def digest(path: str) -> bytes:
    """16 bytes (BLAKE2b) of a file's content. Raises OSError. [any]"""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()


def _analysed(tasks: list[Task], analyse: Analyse, backend: str, jobs: int) -> Iterator[Found]:
    """As they are done, whatever their order. A file whose analysis takes its process along is a bad one."""
    import joblib

    left = {task.path: task for task in tasks}
    name, settings = _backend(backend)
    while left:
        with joblib.parallel_config(backend=name, n_jobs=jobs, **settings):
            ahead = 2 * joblib.effective_n_jobs(jobs)
            pool = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)
            with _uninterrupted():
                running = pool(joblib.delayed(analyse)(task) for task in list(left.values()))
            try:
                for found in running:
                    del left[found.task.path]
                    yield found
            except BrokenExecutor:  # they were handed over in order: it was one of the first that are left
                for task in list(left.values())[:ahead]:
                    del left[task.path]
                    yield _alone(task, analyse)
            finally:
                with warnings.catch_warnings(action="ignore"):  # that not all of it was wanted
                    running.close()


def _alone(task: Task, analyse: Analyse) -> Found:
    from joblib.externals.loky import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        try:
            found: Found = pool.submit(analyse, task).result()
            return found
        except BrokenExecutor:
            return Found(task, reason="its analysis crashed; is it broken? Convert it, or move it away")


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes started within do not heed Ctrl-C: it is this one's to end them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _backend(given: str) -> tuple[str, dict[str, Any]]:
    """joblib's name of a backend, set up, and its settings. Raises LibraryError with the remedy."""
    name, _, address = given.partition(":")
    try:
        if name == "loky" and not address:
            return "loky", {}
        if name == "dask":
            from distributed import Client

            Client(address or None, set_as_default=True)
            return "dask", {}
        if name == "ray":
            import ray
            from ray.util.joblib import register_ray

            ray.init(address=address or None, ignore_reinit_error=True)
            register_ray()
            return "ray", {}
    except ImportError:
        package = {"dask": "distributed", "ray": "ray"}[name]
        raise LibraryError(f"--backend {given}: {package} is not installed: pip install 'jamd[{name}]'") from None
    except (OSError, ValueError, ConnectionError) as error:
        raise LibraryError(f"--backend {given}: {error}; check the address and that its scheduler runs") from None
    raise LibraryError(f"--backend {given}: there is no such backend; choose one of loky, dask:ADDRESS, ray")
