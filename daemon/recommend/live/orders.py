"""What commands do to the deck (daemon.desk.commands.suggestions): all of a batch or, where one is refused, none."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from daemon import messages as m
from daemon.errors import Refused, UserError
from daemon.recommend.live import suggesting
from daemon.recommend.live.deck import Deck
from daemon.recommend.live.wishing import wished
from daemon.recommend.session import Wishes

VERDICTS = {"accept": 0.5, "skip": -0.5, "up": 1.0, "down": -1.0}


class Orders:
    """[worker]"""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    def do(self, commands: list[dict[str, Any]], check: bool) -> list[Any]:
        """Carry them out, and give the result of each. Raises Refused with `at`."""
        results: list[Any] = []
        wishes = self._deck.wishes
        then: list[Callable[[], None]] = []
        for at, command in enumerate(commands):
            try:
                match command.get("cmd"):
                    case "next":
                        results.append(None if check else self._next(wishes, command))
                    case "next_wish":
                        wishes = self._wished(wishes, command)
                        results.append(suggesting.names(wishes))
                        then.append(partial(self._deck.wish, wishes))
                    case "next_played":
                        item = self._item(command)
                        results.append(self._named(item))
                        then.append(partial(self._deck.by_hand, item))
                    case "next_verdict":
                        item, value = self._item(command), VERDICTS[command["verdict"]]
                        results.append({**self._named(item), "verdict": command["verdict"]})
                        then.append(partial(self._deck.verdict, item, value))
                    case "next_show":
                        results.append(self._show())
                    case other:
                        raise Refused(400, f"there is no command {other!r} of the recommender's")
            except UserError as error:
                code = error.code if isinstance(error, Refused) else 422
                raise NotDoneError(code, str(error), at) from None
        for one in [] if check else then:
            one()
        return results

    def _next(self, wishes: Wishes, command: Mapping[str, Any]) -> dict[str, Any]:
        deck = self._deck
        wishes = self._wished(wishes, command.get("wishes") or {})
        items, ms = deck.suggest(wishes, command.get("n") or deck.n)
        after = deck.item(deck.diary.plays[-1].id) if deck.diary.plays else None
        return {
            "session_id": deck.diary.set_id,
            "after_id": after.id if after else 0,
            "after": suggesting.name(after) if after else "",
            "items": msgspec.to_builtins(items),
            "ms": ms,
        }

    def _wished(self, before: Wishes, command: Mapping[str, Any]) -> Wishes:
        said = {name: value for name, value in command.items() if name not in ("cmd", "reset")}
        return wished(self._deck.home if command.get("reset") else before, said, time.time(), self._deck.find)

    def _item(self, command: Mapping[str, Any]) -> int:
        """The item that is meant by id, place or words."""
        place, number, words = command.get("place"), command.get("id"), command.get("words")
        if place:
            shown = self._deck.shown
            if not 0 < place <= len(shown):
                raise Refused(404, f"there is no place {place} among the {len(shown)} suggestions")
            return shown[place - 1].id
        if number:
            if self._deck.library.item(number) is None:
                raise Refused(404, f"there is no item #{number} in the library")
            return int(number)
        if not words:
            raise Refused(400, f"{command['cmd']}: give id or words")
        return self._deck.find(words)

    def _named(self, number: int) -> dict[str, Any]:
        item = self._deck.item(number)
        return {"id": number, "title": suggesting.title(item), "artist": item.artist}

    def _show(self) -> dict[str, Any]:
        messages: dict[str, m.Message] = {"session": self._deck.session_said(), "playing": self._deck.playing()}
        return {name: _bare(message) for name, message in messages.items()}


class NotDoneError(Refused):
    """A batch that is refused, `at` which of its commands."""

    def __init__(self, code: int, text: str, at: int) -> None:
        super().__init__(code, text)
        self.at = at


def _bare(message: m.Message) -> dict[str, Any]:
    envelope = ("type", *m.Message.__struct_fields__)
    return {name: value for name, value in msgspec.to_builtins(message).items() if name not in envelope}
