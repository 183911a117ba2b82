"""The daemon of tests/daemon, here too."""

from tests.daemon.conftest import daemon  # noqa: F401
