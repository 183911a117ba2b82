"""Fixtures of the tests of isolated chains."""

from pathlib import Path

import pytest
from isolated_stage import Stage

from daemon.rack.model import Chain
from tests.plugins.build import build


@pytest.fixture(scope="session")
def clap_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the test plugins are."""
    return build(tmp_path_factory.mktemp("clap")).parent


@pytest.fixture
def clap_path(clap_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same; they are found there by their names."""
    monkeypatch.setenv("CLAP_PATH", str(clap_folder))
    return clap_folder


@pytest.fixture
def stage(clap_path: Path):
    made = []

    def make(*chains: Chain) -> Stage:
        made.append(Stage(*chains))
        return made[-1]

    yield make
    for one in made:
        one.rack.close()
