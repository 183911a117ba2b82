"""What the engine has yet to be told: the newest value of each knob, and whether the whole document is another."""

from daemon.desk.book import Book
from daemon.desk.draft import Draft
from daemon.rack.protocol import Order, Set

Knobs = dict[tuple[int, str], float]
"""(uid, parameter) -> value."""


class Unsaid:
    """It never grows beyond one value for each parameter. [main]"""

    def __init__(self, book: Book) -> None:
        self.knobs: Knobs = {}
        self.is_edited = False
        self.ports: list[str] = []  # the daemon's MIDI inputs
        self._book = book

    def all(self) -> Order:
        """Everything, for an engine that knows nothing."""
        self.knobs, self.is_edited = {}, False
        return Order(0, self._book.said(self._book.document, afresh=True), ports=self.ports)

    def rest(self) -> Order | None:
        """What it does not know yet; None: it knows all."""
        if not (self.is_edited or self.knobs):
            return None
        document = self._book.said(self._book.document) if self.is_edited else None
        knobs, self.knobs, self.is_edited = self.knobs, {}, False
        return Order(0, document, _sets(knobs), ports=self.ports)

    def of(self, draft: Draft) -> Order:
        """What a draft asks for; the knobs that were turned meanwhile go along where nothing glides."""
        document = self._book.said(draft.document) if draft.edits else None
        knobs = dict(draft.sets)
        if not draft.morph_s:
            knobs, self.knobs = self.knobs | knobs, {}
        return Order(0, document, _sets(knobs), draft.morph_s, self.ports)

    def take_back(self, draft: Draft) -> None:
        """What the engine did for a draft, it is to undo."""
        for uid, param in draft.sets:
            before = self._book.values.get(uid, {}).get(param)
            if before is not None:
                self.knobs.setdefault((uid, param), before)
        self.is_edited = True


def _sets(knobs: Knobs) -> list[Set]:
    return [Set(*key, value) for key, value in knobs.items()]
