"""`jamd serve` as more than one file of tests asks it, and a client of it."""

from collections.abc import Iterator

import pytest

from tests.recommend.booth_stage import library
from tests.serve.service_stage import Client, Serving


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With a library of seven; who kills its worker waits for the next."""
    folder = tmp_path_factory.mktemp("serving")
    one = Serving(folder, "--library", str(library(folder / "library.db")))
    yield one
    one.stop()


@pytest.fixture
def served(serving: Serving) -> Iterator[Client]:
    """A client of it over ZeroMQ."""
    one = Client(serving.address)
    yield one
    one.close()
