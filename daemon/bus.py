"""The bus: every message goes through here, is numbered once, and is handed to each subscriber in this process."""

from collections.abc import Callable

from daemon.messages import Message

Subscriber = Callable[[Message], None]


class Bus:
    """Numbers messages per type within an epoch and hands them on, in order. [main]"""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []
        self._next: dict[type, int] = {}
        self._epoch = 0

    def subscribe(self, subscriber: Subscriber) -> None:
        """Hand `subscriber` every message from now on; it must neither block nor raise."""
        self._subscribers.append(subscriber)

    def begin(self, epoch: int) -> None:
        """A new stream was opened: sample times begin anew, and so does the numbering."""
        self._epoch = epoch
        self._next.clear()

    def publish(self, message: Message) -> None:
        """Number a message and hand it on."""
        kind = type(message)
        message.epoch = self._epoch
        message.seq = self._next.get(kind, 0)
        self._next[kind] = message.seq + 1
        for subscriber in self._subscribers:
            subscriber(message)
