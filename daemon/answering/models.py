"""Models: which there are, and which are used."""

from typing import Any

from daemon.answering.bench import Bench
from daemon.desk.commands.services import Models


def models(command: Models, bench: Bench) -> dict[str, Any]:
    """{"models": [a table each], "used": {task: name}}. Raises UserError. [worker]"""
    return {"models": [], "used": bench.models}
