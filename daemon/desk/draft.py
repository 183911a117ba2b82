"""A draft: what a batch of commands makes of the rack, before any of it is carried out.

Commands change the draft alone. Where one needs to know what only the engine can say (what a text means), it is noted, the
engine is asked, and the batch begins anew with the answer. So a batch is refused whole, or done whole.
"""

import copy
import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from daemon import messages as m
from daemon.desk.book import Book, bare_title, free_name
from daemon.desk.learn import Mapping
from daemon.desk.snapshot import Snapshot
from daemon.errors import Refused, UserError
from daemon.plugins.plugin import Info, Param
from daemon.rack.model import INPUTS, MAIN, Chain, Document, RackError, Slot, check

if TYPE_CHECKING:
    from daemon.desk.batch import Batch

_encode = msgspec.msgpack.Encoder().encode
_document = msgspec.msgpack.Decoder(Document).decode

Key = tuple[int, str, float]
"""(uid, parameter, value): whose text is asked for."""

SAME = 1e-6
"""Values nearer than this are one to an engine that counts in float32."""


class Wait(Exception):
    """The batch cannot be done before an engine runs."""


class Shelf(Protocol):
    """What plugins there are. [main]"""

    def find(self, name: str) -> Info:
        """The one plugin that a name, or a unique part of it, means. Raises UserError."""

    def search(self, words: str) -> list[Info]:
        """Those with all these words somewhere in their names; all of them for none."""


class Band(Protocol):
    """Who plays along, as the preset's [jam] table says. [main]"""

    def check(self, values: dict[str, Any]) -> list[str]:
        """A line for each thing in such a table that cannot be."""

    def show(self) -> dict[str, Any]:
        """How it plays now."""


class Show(Protocol):
    """What the lights do, as the preset's [lights] table says. [main]"""

    def check(self, values: dict[str, Any]) -> list[str]:
        """A line for each thing in such a table that cannot be."""


class NoBand:
    """Nobody plays along, and any table will do."""

    def check(self, values: dict[str, Any]) -> list[str]:
        return []

    def show(self) -> dict[str, Any]:
        return {}


class Draft:
    """One batch's. [main]"""

    def __init__(self, book: Book, shelf: Shelf, uid: Callable[[], int], batch: "Batch") -> None:
        """`uid` gives the next; the batch has the answers so far."""
        self.book, self.shelf, self.uid, self.origin = book, shelf, uid, batch.origin
        self.document = _document(_encode(book.document))
        self.snapshots: list[Snapshot] = list(book.snapshots)
        self.mappings: list[Mapping] = list(book.mappings)
        self.jam: dict[str, Any] = copy.deepcopy(book.jam)
        self.lights: dict[str, Any] = copy.deepcopy(book.lights)
        self.signs: list[str] = []  # that the performer gives the band: cue, panic
        self.band: Band = NoBand()
        self.show: Show = NoBand()
        self.snapshot = book.snapshot
        self.sets: dict[tuple[int, str], float] = {}
        self.morph_s = 0.0
        self.events: list[m.Message] = []
        self.opens: dict[int, int] = {}  # uid of what must open -> which command wants it
        self.heirs: dict[int, int] = {}  # uid of what is opened again -> the one it had
        self.at = 0  # which command is at work
        self.then: list[
            tuple[int, Callable[[], Any]]
        ] = []  # what remains when all of it is done, and whose result it is
        self.preset: tuple[str, str, str, str] | None = None  # name, about, needs, path of one that is loaded
        self.learning: Mapping | Literal[False] | None = (
            None  # what the next control moved is to do; False: nothing any more
        )
        self.wants_texts: dict[Key, None] = {}
        self.wants_values: dict[tuple[int, str, str], None] = {}
        self.wants_states = False
        self.has_states = batch.has_states
        self.has_engine = True
        self._texts = batch.texts

    @property
    def edits(self) -> bool:
        """Whether the document is another than before."""
        return self.document != self.book.document

    @property
    def is_change(self) -> bool:
        """Whether there is anything to be done."""
        return bool(self.events or self.sets or self.then or self.signs) or self.edits

    @property
    def asks(self) -> bool:
        """Whether the engine must be asked before."""
        return bool(self.wants_texts or self.wants_values or self.wants_states)

    @property
    def must_wait(self) -> bool:
        """Whether it cannot be done before the engine has answered."""
        return bool(self.wants_values or self.wants_states)

    def check(self) -> None:
        """Raise Refused for a rack that cannot be."""
        try:
            check(self.document)
        except RackError as error:
            raise Refused(409, str(error)) from None

    def chain(self, name: str) -> Chain:
        """A chain by name."""
        chains = {chain.name: chain for chain in self.document.chains}
        if name not in chains:
            raise Refused(404, f"there is no chain {name!r}{near(name, chains)}")
        return chains[name]

    def slot(self, name: str) -> tuple[Chain, Slot]:
        """A plugin by name, with its chain."""
        slots = {slot.name: (chain, slot) for chain, slot in self.document.slots()}
        if name not in slots:
            raise Refused(404, f"there is no plugin {name!r} in the rack{near(name, slots)}")
        return slots[name]

    def param(self, slot: Slot, name: str) -> Param:
        """A parameter by its id, or by its name where that is the only one."""
        params = (self.shelved(slot) or self.info(slot)).params
        found = [param for param in params if param.id == name]
        found = found or [param for param in params if param.name.lower() == name.lower()]
        if len(found) != 1:
            known = [param.id for param in params]
            raise Refused(404, f"{slot.name}: there is no parameter {name!r}{near(name, known, 20)}")
        return found[0]

    def info(self, slot: Slot) -> Info:
        """What an open plugin is. Raises Refused for one that is not, Wait while it is about to be."""
        self.is_new(slot)
        info = self.book.infos.get(slot.uid)
        if info is None or slot.uid in self.book.quarantined:
            why = self.book.quarantined.get(slot.uid) or self.book.failed.get(slot.uid) or "it is new in this batch"
            raise Refused(409, f"{slot.name} is not open: {why}")
        return info

    def shelved(self, slot: Slot) -> Info | None:
        """What a scan found out about a plugin that is not open yet; None: nothing, or it is open."""
        if slot.uid in self.book.infos:
            return None
        try:
            info = self.shelf.find(slot.plugin)
        except UserError:
            return None
        return info if info.params else None

    def is_new(self, slot: Slot) -> bool:
        """Whether a plugin has not been opened: what it is to be goes into its slot. Raises Wait while it is about to be."""
        book = self.book
        is_new = slot.uid not in book.values and slot.uid not in book.failed and slot.uid not in book.quarantined
        if is_new and not self.has_engine and book.slot(slot.uid) is not None:
            raise Wait
        return is_new

    def reopen(self, slot: Slot, must: bool = True) -> None:
        """Let a plugin be opened again, as it is now, beside the one that runs.

        `must`: else the batch is undone.
        """
        again = self.book.as_it_is(slot, self.uid())
        self.heirs[again.uid] = slot.uid
        slot.uid, slot.params, slot.state, slot.program = again.uid, again.params, again.state, again.program
        if must:
            self.opens[slot.uid] = self.at

    def value(self, slot: Slot, param: str) -> float:
        """A parameter's value, as this draft has it."""
        return self.sets.get((slot.uid, param), self.book.values.get(slot.uid, {}).get(param, 0.0))

    def put(self, slot: Slot, param: str, value: float, text: str = "") -> None:
        """Set a parameter of an open plugin."""
        self.sets[slot.uid, param] = value
        self.events.append(m.PluginParam(slot.name, slot.uid, param, value, text, self.origin))

    def tell(
        self, kind: str, /, chain: Chain | None = None, slot: Slot | None = None, text: str = "", **values: Any
    ) -> None:
        """Note a change that is published once it is carried out."""
        self.events.append(
            m.Rack(
                kind=kind,
                origin=self.origin,
                chain=chain.name if chain else "",
                plugin=slot.name if slot else "",
                uid=slot.uid if slot else chain.uid if chain else 0,
                values=values,
                text=text,
            )
        )

    def text_of(self, slot: Slot, param: str, value: float) -> str:
        """What a value means; empty where it is not known (yet)."""
        key = slot.uid, param, value
        if key not in self._texts and slot.uid in self.book.infos:
            self.wants_texts[key] = None
        text = self._texts.get(key, "")
        return "" if text.startswith("!") else text

    def value_of(self, slot: Slot, param: str, text: str) -> float | None:
        """The value that a text means; None: the engine must be asked first. Raises Refused."""
        key = slot.uid, param, text
        found = self.book.meanings.get(key)
        if found is None:
            self.wants_values[key] = None
        if isinstance(found, str):
            raise Refused(422, f"{slot.name}: {param} = {text!r}: {found.removeprefix('!')}")
        return found

    def name_for(self, plugin: str) -> str:
        """A name that no plugin of the rack has yet, for one without."""
        try:
            title = self.shelf.find(plugin).title
        except UserError:  # it may be opened all the same, and says then what is wrong
            title = bare_title(plugin)
        return free_name(title, [MAIN, *INPUTS, *(slot.name for _, slot in self.document.slots())])


def near(name: str, known: Iterable[str], most: int = 12) -> str:
    """The end of a line about a name that there is not."""
    names = list(known)
    found = difflib.get_close_matches(name, names, 1)
    if found:
        return f"; did you mean {found[0]!r}?"
    more = ", ..." if len(names) > most else ""
    return f"; there is {', '.join(names[:most])}{more}" if names else "; there is none"
