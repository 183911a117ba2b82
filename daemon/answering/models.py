"""Models: which there are, and which are used."""

from typing import Any

from daemon.answering.bench import Bench
from daemon.desk.commands.services import Models
from daemon.models import shelf

PRIVATE = ("folder",)  # where things lie here is nobody's business elsewhere


def models(command: Models, bench: Bench) -> dict[str, Any]:
    """{"models": [its card, `own`, `used`, `error` each]}. Raises UserError. [worker]"""
    return {"models": [{key: value for key, value in one.items() if key not in PRIVATE} for one in shelf.listing()]}
