"""A batch of commands on its way: who asked, what was asked for it, and how it is answered."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daemon.errors import Refused
from daemon.rack.commands.command import Command
from daemon.rack.draft import Draft, Key
from daemon.rack.protocol import Order

Answer = dict[str, Any]
"""{"ok": true, "results": [one for each command], "warnings": [lines]}, or {"error": {"code", "text", "at"}}."""

Reply = Callable[[Answer], None]


class Batch(msgspec.Struct):
    """Some commands, to be done together or not at all."""

    commands: Sequence[Command]
    reply: Reply
    origin: str  # ctl, midi or preset
    check: bool  # only say whether it could be done
    came_at: float
    texts: dict[Key, str] = {}
    has_states: bool = False

    def refuse(self, refused: Refused, at: int = -1) -> None:
        """Answer that it is not done, `at` which of its commands; nothing that is answered later is heard."""
        error = {"code": refused.code, "text": str(refused)} | ({"at": at} if at >= 0 else {})
        self.answer({"error": error})

    def answer(self, answer: Answer) -> None:
        """Answer, once."""
        reply, self.reply = self.reply, _nobody
        reply(answer)


class Flight(msgspec.Struct):
    """The order under way: a batch's draft, or what is asked for a batch, or the desk's own."""

    order: Order
    sent_at: float
    batch: Batch | None = None
    draft: Draft | None = None
    results: list[Any] = []


def _nobody(answer: Answer) -> None:
    """Whoever asked has been answered."""
