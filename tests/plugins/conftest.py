"""Fixtures of the plugin tests: the test plugins, a cache of their own, and real plugins where they are installed."""

from pathlib import Path

import pytest

from tests.plugins.build import build


@pytest.fixture(scope="session")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .clap file of the two test plugins, in a folder of its own."""
    return build(tmp_path_factory.mktemp("clap"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where scans keep what they find, empty."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder
