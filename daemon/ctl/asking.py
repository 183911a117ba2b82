"""What all commands of `jamd ctl` have in common: whom they ask, and how the answer is printed."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from daemon.options import with_key

ADDRESS = "tcp://127.0.0.1:5551"


def asks(command: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """A command whose function gives what is to be asked."""

    @click.option("--address", default=ADDRESS, show_default=True, help="Where the daemon listens.")
    @click.option("--json", "as_json", is_flag=True, help="The daemon's answer as one JSON line.")
    @with_key
    @functools.wraps(command)
    def asked(address: str, as_json: bool, key: Any, **arguments: Any) -> None:
        from daemon.ctl.client import run

        given = {name: value for name, value in command(**arguments).items() if value is not None}
        sys.exit(run(address, as_json, [given], key=key))

    return asked
