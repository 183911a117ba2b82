"""What options of several commands are: files, and lengths of time."""

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
