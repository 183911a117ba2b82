"""A daemon and an installation of Node's packages that the clients' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reach import node
from tests.reach.running import Running, Sending


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`jamd run` on the built-in performance, which sends OSC besides; who restarts it leaves it running."""
    one = Sending(tmp_path_factory.mktemp("running"))
    yield one
    one.stop()


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """presets/clients for Node; skips where that cannot be had."""
    folder = tmp_path_factory.mktemp("node")
    node.install(folder)
    return folder
