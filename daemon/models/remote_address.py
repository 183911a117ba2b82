"""Where a model is asked that runs elsewhere: kserve+grpc://HOST:PORT/NAME, as the config and `jamd models use` give it.

NAME is the model's on the server where its task has one graph (harmony); where there are several, each is a model there:
NAME_trunk, NAME_pitch and NAME_duration of a phrase, NAME_items and NAME_step of what is next.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from daemon.models.card import ModelError

_ADDRESS = re.compile(
    r"kserve\+(grpc|http)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})/([A-Za-z0-9._-]{1,128})"
)


class Address(NamedTuple):
    """A server of the Open Inference Protocol, and a model's name there."""

    protocol: str  # grpc or http
    host: str
    port: int
    name: str

    @property
    def server(self) -> str:
        """host:port"""
        return f"{self.host}:{self.port}"

    def model(self, graph: str, graphs: Iterable[str]) -> str:
        """What one of a task's graphs is called on the server."""
        return self.name if list(graphs) == [graph] else f"{self.name}_{graph}"


def parse(text: str) -> Address:
    """The parts of an address. Raises ModelError that says how one is written."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        raise ModelError(
            f"{text[:200]!r} is not the address of a model; give kserve+grpc://HOST:PORT/NAME or kserve+http://HOST:PORT/NAME"
        )
    return Address(found[1], found[2], int(found[3]), found[4])
