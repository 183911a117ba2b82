"""A batch of commands on its way: who asked, what was asked for it, and how it is answered."""

import traceback
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daemon.desk.commands import carry_out
from daemon.desk.commands.command import Command
from daemon.desk.draft import Draft, Key, Wait
from daemon.errors import Refused
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

    def carry_out(self, draft: Draft) -> list[Any] | None:
        """Do the commands to a draft and give their results; None: it is refused. Raises Wait."""
        results = []
        try:
            for draft.at, command in enumerate(self.commands):
                results.append(carry_out(draft, command))
            draft.at = -1
            draft.check()
            return results
        except Wait:
            raise
        except Refused as refused:
            self.refuse(refused, draft.at)
        except Exception as error:  # a defect; the daemon lives on
            traceback.print_exc()
            self.refuse(Refused(500, f"a defect of jamd's: {error!r}"), draft.at)
        return None

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
