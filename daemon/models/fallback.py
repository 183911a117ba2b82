"""A model that is asked elsewhere, and the local one beside it, which answers at once where the other is late or gone.

All state of a graph is handed in with each call, so any call may be made by either, in the middle of an answer, too, and
the same comes out. Of the time until an answer is due the one elsewhere gets at most half: what is left is plenty for the
local one, which needs a few hundredths of a second. What failed is asked again after a while, twice as long each time, by
a thread that first sees whether all is well there; meanwhile every call is the local one's, and nothing waits.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from daemon.models.card import ModelError
from daemon.models.opening import Deadline, News, Runs

CALL_NS = 250_000_000  # at most for one call
LOOK_S = 1.0  # at most for each step of seeing whether all is well there
AGAIN_NS, AGAIN_MOST_NS = 1_000_000_000, 32_000_000_000  # after a failure: at first, and at most


class RemoteError(Exception):
    """What is asked elsewhere did not come, or is no answer; one line that says why."""


class Elsewhere(Protocol):
    """Graphs that run elsewhere."""

    def look(self, timeout_s: float) -> str:
        """See whether all graphs are there, are of the contract's shapes, and run; gives the model's version. [any]

        Raises ModelError for a model that will not do, RemoteError where there is no answer.
        """

    def run(self, graph: str, feed: Mapping[str, Any], timeout_s: float) -> list[Any]:
        """As Runs.run, within that time; shapes, types and finite numbers are seen to. Raises RemoteError. [worker]"""

    def drop(self) -> None:
        """Forget the connection; the next run makes a new one. [worker]"""


def begin(work: Callable[[], None]) -> None:
    """Have it done by a thread."""
    threading.Thread(target=work, name="model-look", daemon=True).start()


class Fallback:
    """Both, for all graphs of a task. [worker]"""

    def __init__(
        self,
        elsewhere: Elsewhere,
        local: Mapping[str, Runs],
        news: "deque[News]",
        deadline: Deadline,
        clock: Callable[[], int] = time.monotonic_ns,
        begin: Callable[[Callable[[], None]], None] = begin,
    ) -> None:
        """`clock` in ns, of the deadline's kind; `begin` has work done beside. Raises ModelError for what is refused.

        Waits for the server for some seconds at most; where there is none yet, the local model answers meanwhile.
        """
        self._elsewhere, self._local, self._news, self._deadline = elsewhere, local, news, deadline
        self._clock, self._begin = clock, begin
        self._is_there, self._looks = False, False
        self._again_ns, self._wait_ns = 0, AGAIN_NS
        self._due_ns, self._until_ns = 0, 0  # what is under way: when due, and until when it may be made elsewhere
        self._served = 0  # calls of what is under way that were answered elsewhere
        self._state = ""
        try:
            self._found(elsewhere.look(LOOK_S))
        except RemoteError as error:
            self._lost(str(error))

    def run(self, graph: str, feed: Mapping[str, Any]) -> list[Any]:
        """As Runs.run; raises what the local graph raises, and nothing else."""
        now = self._clock()
        self._window(now)
        if not self._is_there:
            if now >= self._again_ns and not self._looks:
                self._looks = True
                self._begin(self._look)
        elif (left := min(CALL_NS, self._until_ns - now) if self._due_ns else CALL_NS) <= 0:
            self._lost(f"it is too slow: {self._served} calls took the half of the time that it may take")
        else:
            try:
                found = self._elsewhere.run(graph, feed, left / 1e9)
                self._served += 1
                return found
            except RemoteError as error:
                self._lost(str(error))
        return self._local[graph].run(None, feed)

    def _window(self, now: int) -> None:
        """Notice that something else is under way than before."""
        due = self._deadline.at_ns
        if due != self._due_ns:
            if self._is_there and self._served:  # all of it was made elsewhere
                self._wait_ns = AGAIN_NS
            self._due_ns, self._until_ns, self._served = due, now + (due - now) // 2, 0

    def _look(self) -> None:
        """See whether all is well there again. [any]"""
        try:
            self._found(self._elsewhere.look(LOOK_S))
        except RemoteError as error:
            self._later("local", str(error))
        except ModelError as error:
            self._later("refused", str(error))
        finally:
            self._looks = False

    def _found(self, version: str) -> None:
        self._say(News("remote", "", version))
        self._is_there = True

    def _lost(self, why: str) -> None:
        self._is_there = False
        self._elsewhere.drop()
        self._later("local", why)

    def _later(self, state: str, why: str) -> None:
        wait = self._wait_ns
        self._wait_ns = min(AGAIN_MOST_NS, 2 * wait)
        self._again_ns = self._clock() + wait
        self._say(News(state, f"{why}; the local model answers, and it is asked again after {wait // 1_000_000_000} s"))

    def _say(self, news: News) -> None:
        """While it stays gone only the first reason is said."""
        if news.state != self._state:
            self._state = news.state
            self._news.append(news)


class Beside:
    """One graph of it, as an onnxruntime session is run."""

    def __init__(self, both: Fallback, graph: str) -> None:
        self._both, self._graph = both, graph

    def run(self, names: None, feed: Mapping[str, Any]) -> list[Any]:
        """As Runs.run. [worker]"""
        return self._both.run(self._graph, feed)
