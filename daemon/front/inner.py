"""The daemon's sockets for its own front of house: what it publishes and where it takes commands, whatever the config says.

They lie in a folder that only this user can enter, so they need no keys.
"""

import tempfile
from collections.abc import Callable
from typing import Any

import msgspec

from daemon import messages as m
from daemon.curve import Gate
from daemon.errors import UserError
from daemon.outputs.zmq_pub import ZmqPublisher
from daemon.service.router import Router, Submit


class Inner:
    """[main]"""

    def __init__(self, decode: Callable[[msgspec.Raw, bool], Any], submit: Submit) -> None:
        """Bind both. Raises BindError, OSError."""
        self._folder = tempfile.TemporaryDirectory(prefix="jamd-", ignore_cleanup_errors=True)  # mode 0700
        self._gate = Gate()
        self.context = self._gate.context
        where = f"ipc://{self._folder.name}"
        self.asked = f"{where}/asked"  # where the process is to be asked
        try:
            self._publisher = ZmqPublisher(f"{where}/wire", "msgpack", self._gate)
            self._router = Router(f"{where}/control", decode, submit, self._gate)
        except UserError:
            self._gate.close()
            self._folder.cleanup()
            raise
        self.published, self.control = self._publisher.address, self._router.address
        self.sockets = (self._publisher.socket, self._router.socket)
        self.publish: Callable[[m.Message], None] = self._publisher.publish

    def turn(self) -> None:
        """Take what has come."""
        self._publisher.serve_joiners()
        self._router.turn()

    def close(self) -> None:
        """Safe once."""
        self._publisher.close()
        self._router.close()
        self._gate.close()
        self._folder.cleanup()
