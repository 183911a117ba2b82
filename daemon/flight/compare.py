"""What was published and what comes again, message by message. Wall-clock times and numbers of the wire do not count."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from daemon import messages as m

PASSED = frozenset(("seq", "epoch", "rate", "t_ns", "replay", "spare_ms"))
"""Fields that depend on when it was said, not on what was heard."""

NEAR = 64  # messages, within which one that comes again is looked for

KEPT = 20  # differences that are told in full


class Difference(NamedTuple):
    """`recorded` or `replayed` is None where there is no such message. `at`: sample of the stream."""

    type: str
    at: int
    recorded: dict[str, Any] | None
    replayed: dict[str, Any] | None


class Tally:
    """How many are the same. [any]"""

    def __init__(self) -> None:
        self.identical: Counter[str] = Counter()
        self.different: Counter[str] = Counter()
        self.excused: Counter[str] = Counter()  # differ, but something was lost there
        self.first: list[Difference] = []

    def same(self, kind: str) -> None:
        self.identical[kind] += 1

    def differs(self, difference: Difference, is_excused: bool) -> None:
        """`is_excused`: it may."""
        if is_excused:
            self.excused[difference.type] += 1
            return
        self.different[difference.type] += 1
        if len(self.first) < KEPT:
            self.first.append(difference)

    def add(self, other: "Tally") -> None:
        self.identical += other.identical
        self.different += other.different
        self.excused += other.excused
        self.first = [*self.first, *other.first][:KEPT]


class Window(NamedTuple):
    """Samples of a stream within which something is missing."""

    begin: int
    end: int


def fields(message: m.Message) -> dict[str, Any]:
    """All that must be the same."""
    values = msgspec.to_builtins(message)
    return {name: value for name, value in values.items() if name not in PASSED}


def match(
    recorded: Sequence[m.Message], replayed: Sequence[m.Message], excused: Sequence[Window], tally: Tally
) -> None:
    """Messages of one type in the order in which they became known; what is excused may be missing, or be more."""

    def may(at: int) -> bool:
        return any(window.begin <= at <= window.end for window in excused)

    i = j = 0
    while i < len(recorded) or j < len(replayed):
        then = recorded[i] if i < len(recorded) else None
        again = replayed[j] if j < len(replayed) else None
        one, other = (fields(then) if then else None), (fields(again) if again else None)
        if then is not None and one == other:
            tally.same(str(then.__struct_config__.tag))
            i, j = i + 1, j + 1
        elif again is None or (then is not None and then.known_at < again.known_at):
            assert then is not None and one is not None
            tally.differs(Difference(one["type"], then.known_at, one, None), may(then.known_at))
            i += 1
        elif then is None or again.known_at < then.known_at:
            assert other is not None
            tally.differs(Difference(other["type"], again.known_at, None, other), may(again.known_at))
            j += 1
        else:
            assert other is not None
            tally.differs(Difference(other["type"], then.known_at, one, other), may(then.known_at))
            i, j = i + 1, j + 1


class InOrder:
    """Messages that come one by one: what is made again, and then what was published then. [any]"""

    def __init__(self, tally: Tally) -> None:
        self.is_exact = True  # nothing that this depends on was lost
        self._tally = tally
        self._made: deque[m.Message] = deque()

    def made(self, messages: Iterable[m.Message]) -> None:
        """These have come again."""
        self._made.extend(messages)

    def published(self, message: m.Message) -> None:
        """This was published then; it must be the next. Where it comes later, what comes before it was not published."""
        kind, one = str(message.__struct_config__.tag), fields(message)
        for k, again in enumerate(islice(self._made, NEAR)):
            if fields(again) == one:
                for _ in range(k):
                    self._surplus(self._made.popleft(), not self.is_exact)
                self._made.popleft()
                self._tally.same(kind)
                return
        is_changed = bool(self._made) and self._made[0].__struct_config__.tag == kind
        other = fields(self._made.popleft()) if is_changed else None
        self._tally.differs(Difference(kind, message.known_at, one, other), not self.is_exact)

    def end(self, is_cut: bool = False) -> None:
        """The session ends; `is_cut`: perhaps before what was made was published."""
        for again in self._made:
            self._surplus(again, is_cut or not self.is_exact)
        self._made.clear()

    def _surplus(self, again: m.Message, is_excused: bool) -> None:
        kind = str(again.__struct_config__.tag)
        self._tally.differs(Difference(kind, again.known_at, None, fields(again)), is_excused)

    def lose(self) -> None:
        """Something was lost: what follows need not be the same."""
        self.is_exact = False
        self._made.clear()
