"""A task's graphs on a server of the Open Inference Protocol (KServe v2: Triton, OpenVINO Model Server, MLServer, KServe).

https://github.com/kserve/open-inference-protocol. The server keeps nothing: each call carries all of a graph's state; of a
phrase's past only what there is, where the server leaves that size open (daemon.models.remote_past). What the server says of
a model (names, datatypes, shapes) is held against the task's contract before it is used.
"""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from daemon.models import remote_address, remote_past
from daemon.models.card import ModelError
from daemon.models.contract import Graph, Tensor
from daemon.models.fallback import Beside, Fallback, RemoteError
from daemon.models.opening import Deadline, News, Runs
from daemon.models.remote_address import Address

DATATYPES = {"float32": "FP32", "int64": "INT64"}
OPEN = -1  # the size of what a server leaves open
TRIED = 2  # what a size is that the contract leaves open, when a graph is tried


class Metadata(NamedTuple):
    """What a server says of a model: name -> (datatype, shape)."""

    version: str
    inputs: dict[str, tuple[str, list[int]]]
    outputs: dict[str, tuple[str, list[int]]]


class Client(Protocol):
    """A connection, of one thread. Methods raise RemoteError where no answer comes in time, or an error does."""

    def metadata(self, model: str, timeout_s: float) -> Metadata:
        """Also raises LookupError where the server has no such model."""

    def infer(
        self, model: str, feed: Mapping[str, tuple[str, np.ndarray]], outputs: list[str], timeout_s: float
    ) -> dict[str, np.ndarray]:
        """`feed` name -> (datatype, array)."""

    def close(self) -> None:
        """Safe when closed."""


def open_remote(
    task: str,
    name: str,
    local: Mapping[str, Runs],
    contract: Mapping[str, Graph],
    news: "deque[News]",
    deadline: Deadline,
) -> dict[str, Runs]:
    """The graphs at an address with the local ones beside them (daemon.models.fallback).

    Waits for the server a few seconds at most. Raises ModelError for an address that is none, and for models that are not
    there or not as the contract says. [worker]
    """
    both = Fallback(Server(task, remote_address.parse(name), contract), local, news, deadline)
    return {graph: Beside(both, graph) for graph in contract}


class Server:
    """The graphs of a task on a server, as daemon.models.fallback.Elsewhere."""

    def __init__(self, task: str, address: Address, contract: Mapping[str, Graph]) -> None:
        self._task, self._address, self._contract = task, address, contract
        self._names = {graph: address.model(graph, contract) for graph in contract}
        self._past: dict[str, dict[str, int]] = {}  # graph -> as remote_past.axes, where the server leaves them open
        self._mine = threading.local()  # a thread's own client: those over HTTP are bound to it

    def look(self, timeout_s: float) -> str:
        """As Elsewhere.look: reads the metadata of each graph, and runs it once on zeros. [any]"""
        client = connect(self._address)
        version = ""
        try:
            for graph, wanted in self._contract.items():
                found = self._metadata(client, graph, timeout_s)
                self._compare(graph, found.inputs, wanted.inputs, "input")
                self._compare(graph, found.outputs, wanted.outputs, "output")
                version = version or found.version
                past = remote_past.axes(wanted)
                is_open = all(found.inputs[name][1][axis] == OPEN for name, axis in past.items())
                self._past[graph] = past if is_open else {}
                zeros = {name: np.zeros(_tried(one), one.type) for name, one in wanted.inputs.items()}
                self._infer(client, graph, zeros, timeout_s)
        finally:
            client.close()
        return version

    def run(self, graph: str, feed: Mapping[str, Any], timeout_s: float) -> list[Any]:
        """As Elsewhere.run. [worker]"""
        client = getattr(self._mine, "client", None)
        if client is None:
            client = self._mine.client = connect(self._address)
        return self._infer(client, graph, feed, timeout_s)

    def drop(self) -> None:
        """As Elsewhere.drop. [worker]"""
        client, self._mine.client = getattr(self._mine, "client", None), None
        if client is not None:
            client.close()

    def _metadata(self, client: Client, graph: str, timeout_s: float) -> Metadata:
        try:
            return client.metadata(self._names[graph], timeout_s)
        except LookupError as error:
            raise ModelError(
                f"{self._address.server} has no model {self._names[graph]!r} ({error}); {self._task} needs "
                f"{', '.join(self._names.values())} there"
            ) from None

    def _compare(
        self, graph: str, found: Mapping[str, tuple[str, list[int]]], wanted: Mapping[str, Tensor], kind: str
    ) -> None:
        """Raises ModelError that names what the server has, and what is wanted."""
        for name in (*wanted, *found):
            want, have = wanted.get(name), found.get(name)
            if want is None or have is None or have[0] != DATATYPES[want.type] or not _fits(have[1], want.shape):
                raise ModelError(
                    f"{self._address.server}: {kind} {name!r} of model {self._names[graph]!r} is "
                    f"{_text(*have) if have else 'missing'}, wanted is "
                    f"{_text(DATATYPES[want.type], want.shape) if want else 'none of that name'}; "
                    "serve a model that was made for this jamd"
                )

    def _infer(self, client: Client, graph: str, feed: Mapping[str, Any], timeout_s: float) -> list[Any]:
        """All outputs in the contract's order."""
        wanted, past = self._contract[graph], self._past[graph]
        if past:
            feed = remote_past.cut(feed, past)
        sent = {
            name: (DATATYPES[one.type], np.ascontiguousarray(feed[name], one.type))
            for name, one in wanted.inputs.items()
        }
        found = client.infer(self._names[graph], sent, list(wanted.outputs), timeout_s)
        sizes = {
            size: n
            for name, one in wanted.inputs.items()
            for size, n in zip(one.shape, np.shape(feed[name]), strict=True)
        }
        results = []
        for name, one in wanted.outputs.items():
            result, shape = found.get(name), tuple(sizes.get(size, size) for size in one.shape)
            if result is None or result.shape != shape or result.dtype != one.type:
                have = "missing" if result is None else _text(DATATYPES.get(str(result.dtype), "?"), result.shape)
                raise RemoteError(
                    f"{self._address.server}: {name!r} of {self._names[graph]!r} came as {have}, "
                    f"wanted is {_text(DATATYPES[one.type], shape)}"
                )
            if not np.isfinite(result).all():
                raise RemoteError(f"{self._address.server}: {name!r} of {self._names[graph]!r} came not finite")
            results.append(result)
        return results


def connect(address: Address) -> Client:
    """A client; the connection itself is made when something is asked. Raises ModelError where the library is missing."""
    try:
        if address.protocol == "grpc":
            from daemon.models.remote_grpc import Grpc

            return Grpc(address.server)
        from daemon.models.remote_http import Http

        return Http(address.server)
    except ImportError:
        raise ModelError("a model elsewhere needs a client library: pip install 'jamd[remote]'") from None


def _tried(tensor: Tensor) -> list[int]:
    return [TRIED if isinstance(size, str) else size for size in tensor.shape]


def _fits(found: list[int], wanted: tuple[int | str, ...]) -> bool:
    """Whether a server's model takes, or gives, that shape."""
    return len(found) == len(wanted) and all(have in (OPEN, want) for have, want in zip(found, wanted, strict=True))


def _text(datatype: str, shape: Any) -> str:
    return f"{datatype} {[OPEN if isinstance(size, str) else size for size in shape]}"
