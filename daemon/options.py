"""What options of several commands are: files, lengths of time, and who asks."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


class _Seconds(click.ParamType):
    """A length of time: more than nothing, and finite."""

    name = "seconds"

    def convert(self, value: Any, param: Any, context: Any) -> float:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0.0 < seconds < 1e9:
            self.fail(f"{value!r} is no length of time; give seconds, such as 30", param, context)
        return seconds


SECONDS = _Seconds()


def with_key(command: Callable[..., None]) -> Callable[..., None]:
    """Options for a daemon that demands a key; the command is given `key`, None without one."""

    @click.option("--key", "key_file", type=FILE, help="Who you are, to a daemon elsewhere: a file of `jamd keys new`.")
    @click.option("--server-key", default="", help="Its public key, where that file does not hold it.")
    @functools.wraps(command)
    def keyed(key_file: Path | None, server_key: str, **arguments: Any) -> None:
        key = None
        if key_file is not None or server_key:
            from daemon.keyring import identity

            key = identity(key_file, server_key)
        command(key=key, **arguments)

    return keyed
