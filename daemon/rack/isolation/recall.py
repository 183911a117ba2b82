"""What an isolated chain was told, so that another process can be told it again."""

import msgspec

from daemon.rack.model import Document
from daemon.rack.protocol import Done, News, Order, Set

AGAIN = -1
"""The number of an order that says it all again."""


class Recall:
    """[main]"""

    def __init__(self) -> None:
        self.document = Document()
        self._values: dict[int, dict[str, float]] = {}  # set since the plugin was opened, by whomever
        self._states: dict[int, str] = {}  # what was saved last

    def order(self, order: Order) -> None:
        """Remember what is ordered."""
        if order.document is not None:
            self.document = order.document
            uids = {slot.uid for _, slot in order.document.slots()}
            self._values = {uid: values for uid, values in self._values.items() if uid in uids}
            self._states = {uid: path for uid, path in self._states.items() if uid in uids}
        for one in order.sets:
            self._set(one)

    def hear(self, message: Done | News) -> None:
        """Remember what the process said."""
        if isinstance(message, Done):
            self._states |= message.saved
        else:
            for one in message.changed:
                self._set(one)

    def _set(self, one: Set) -> None:
        self._values.setdefault(one.uid, {})[one.param] = min(1.0, max(0.0, one.value))

    def again(self) -> Order:
        """All of it, with the values and the states of now."""
        document = msgspec.convert(msgspec.to_builtins(self.document), Document)
        for _, slot in document.slots():
            slot.params |= self._values.get(slot.uid, {})
            slot.state = self._states.get(slot.uid, slot.state)
        return Order(AGAIN, document)
