"""Scanning: every plugin installed is probed in child processes, so that one that crashes or hangs costs only itself."""

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from daemon.plugins import folders, verdicts
from daemon.plugins.plugin import PluginError
from daemon.plugins.probe import Answer, Task
from daemon.plugins.prober import Prober
from daemon.plugins.verdicts import CRASHES, HANGS, Verdict, Verdicts

LIMIT_S = 20.0  # for one plugin

Report = Callable[[int, int, str, str], None]
"""`report(done, of, name, why)`: a plugin (or a whole file) is probed; `why` is "" where it works."""


def scan(
    places: Sequence[Path] = (), again: bool = False, limit_s: float = LIMIT_S, report: Report | None = None
) -> Verdicts:
    """Probe what is new or changed (`again`: all) in the standard folders, or in these; returns and keeps what is known.

    What was there and is gone is forgotten. Raises PluginError for a place that is none. [main]
    """
    for place in places:
        if not place.exists():
            raise PluginError(f"there is no {place} to scan")
    known, tasks = verdicts.load(), _tasks(places)
    for path in list(known.files):
        if not os.path.exists(path):
            del known.files[path]
    todo = []
    for task in tasks:
        now = verdicts.stamp(task.path)
        if again or task.path not in known.files or known.files[task.path].stamp != now:
            todo.append((task, Verdict(now)))
    try:
        _Scan(known, limit_s, report or _silent).run(todo)
    finally:  # what was probed before an interruption is known
        verdicts.save(known)
    return known


def probe_one(name: str, path: str, limit_s: float = LIMIT_S) -> Verdict:
    """Probe one plugin of a file, without keeping what is found. [main]"""
    known = Verdicts()
    _Scan(known, limit_s, _silent).run([(Task(name.partition(":")[0], path, [name]), Verdict(verdicts.stamp(path)))])
    return known.files[path]


def _silent(done: int, of: int, name: str, why: str) -> None:
    """A Report for those who do not want one."""


def _tasks(places: Sequence[Path]) -> list[Task]:
    """Every plugin file; LV2 bundles are those that liblilv finds."""
    found = []
    for format in ("clap", "vst3"):
        found += [Task(format, str(path)) for path in folders.files(format, places or folders.folders(format))]
    try:
        bundles = _bundles()
    except PluginError:  # no liblilv: no LV2, which is said when one is opened
        bundles = {}
    inside = [place.resolve() for place in places]
    for path, names in bundles.items():
        if not inside or any(Path(path).resolve().is_relative_to(place) for place in inside):
            found.append(Task("lv2", path, names))
    return found


def _bundles() -> dict[str, list[str]]:
    """The names of the LV2 plugins in each bundle."""
    from daemon.plugins.lilv import world

    found: dict[str, list[str]] = {}
    for uri in world().plugins():
        found.setdefault(world().bundle(uri), []).append(f"lv2:{uri}")
    return found


class _Scan:
    """Children that share the tasks."""

    def __init__(self, known: Verdicts, limit_s: float, report: Report) -> None:
        self._known, self._limit_s, self._report = known, limit_s, report
        self._fresh: dict[str, Verdict] = {}  # of files that are not finished
        self._tasks: deque[Task] = deque()
        self._select = selectors.DefaultSelector()
        self._done = self._of = 0
        self._suspects: set[str] = set()  # took a child along that had probed others before: they get another chance

    def run(self, tasks: list[tuple[Task, Verdict]]) -> None:
        """Probe all of it, each task's findings into its verdict."""
        self._tasks.extend(task for task, _ in tasks)
        self._fresh = {task.path: verdict for task, verdict in tasks}
        self._of = sum(len(task.names or [""]) for task, _ in tasks)
        for _ in range(min(len(tasks), _n_cores())):
            self._start()
        try:
            while self._select.get_map():
                self._turn()
        finally:
            for key in list(self._select.get_map().values()):
                key.data.end()
            self._select.close()

    def _start(self) -> None:
        child = Prober()
        assert child.process.stdout is not None
        self._select.register(child.process.stdout, selectors.EVENT_READ, child)

    def _turn(self) -> None:
        children = [key.data for key in self._select.get_map().values()]
        wait_s = max(0.0, min(child.ends_at for child in children) - time.monotonic())
        for key, _ in self._select.select(wait_s):
            self._hear(key.data)
        for key in list(self._select.get_map().values()):
            if time.monotonic() > key.data.ends_at:
                self._lose(key.data, f"{HANGS} (nothing in {self._limit_s:g} s)")

    def _hear(self, child: Prober) -> None:
        answers, has_ended = child.read()
        for answer in answers:
            self._take(child, answer)
        if has_ended:
            self._lose(child, "")

    def _take(self, child: Prober, answer: Answer) -> None:
        child.ends_at = time.monotonic() + self._limit_s
        if answer.names is not None:
            self._of += len(answer.names) - len(child.left or [""])
            child.left = list(answer.names)
        elif answer.begun:
            child.begun = answer.begun
        elif answer.info is not None:
            self._enter(child, answer.info.name, "")
            self._verdict(child).plugins.append(answer.info)
        elif answer.error:
            self._enter(child, child.begun, answer.error)
        elif answer.ready or answer.done:
            if child.task is not None:
                self._finish(child.task)
            child.task = None
            if self._tasks:
                child.give(self._tasks.popleft(), self._limit_s)
            else:
                self._dismiss(child)

    def _finish(self, task: Task) -> None:
        self._known.files[task.path] = self._fresh.pop(task.path)

    def _verdict(self, child: Prober) -> Verdict:
        assert child.task is not None
        return self._fresh[child.task.path]

    def _enter(self, child: Prober, name: str, why: str) -> None:
        """A plugin is probed, or (without a name) its file."""
        assert child.task is not None
        name = name or f"{child.task.format}:{child.task.path}"
        if why:
            self._verdict(child).blocked[name] = why
        if child.left and child.begun in child.left:
            child.left.remove(child.begun)
        child.begun = ""
        child.n_probed += 1
        self._done += 1
        self._report(self._done, self._of, name, why)

    def _dismiss(self, child: Prober) -> int:
        self._select.unregister(child.process.stdout)  # type: ignore[arg-type]
        return child.end()

    def _lose(self, child: Prober, why: str) -> None:
        """It hangs or has ended: the plugin in hand is to blame, unless the child had others before; the rest goes on."""
        code = self._dismiss(child)
        if child.task is None:
            raise PluginError(f"probing does not work here: its process ended with code {code}; see `jamd doctor`")
        name = child.begun or f"{child.task.format}:{child.task.path}"
        if child.n_probed and name not in self._suspects:
            self._suspects.add(name)
        else:
            self._enter(child, child.begun, why or f"{CRASHES} ({_signal(code)})")
            if child.left is None:
                child.left = []
        if child.left is None or child.left:
            self._tasks.appendleft(Task(child.task.format, child.task.path, child.left))
        else:
            self._finish(child.task)
        if self._tasks:
            self._start()


def _n_cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _signal(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code}"
