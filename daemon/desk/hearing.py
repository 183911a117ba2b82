"""What the engine says of the rack becomes what the book knows, and what is published."""

from daemon import messages as m
from daemon.desk.book import Book
from daemon.rack.protocol import FOR_GOOD, Done, Load, News


class Hearing:
    """[main]"""

    def __init__(self, book: Book) -> None:
        self.fallen: set[int] = set()  # uids of plugins that died, and are not back yet
        self._book = book

    def done(self, done: Done) -> list[m.Message]:
        """An order is carried out."""
        book, said = self._book, list[m.Message]()
        book.hear(done)
        for uid, why in done.failed.items():
            found = book.slot(uid)
            if found is not None:
                said.append(m.PluginFault(found[1].name, found[0].name, uid, "failed", why))
        for uid in self.fallen & done.opened.keys():
            found = book.slot(uid)
            if found is not None:
                said.append(m.PluginFault(found[1].name, found[0].name, uid, "back"))
        self.fallen -= done.opened.keys()
        return said + [m.Rack(kind="warned", origin="plugin", text=text) for text in done.warned]

    def news(self, news: News) -> list[m.Message]:
        """What happened without an order."""
        book, said = self._book, list[m.Message]()
        for one in news.changed:
            found = book.slot(one.uid)
            if found is not None:
                book.change(one.uid, one.param, one.value)
                said.append(m.PluginParam(found[1].name, one.uid, one.param, one.value, "", "plugin"))
        said += [self._load(load) for load in news.loads]
        for uid, what in news.died.items():
            said += self._chain_died(uid, what)
        for uid in news.back:
            said.append(m.PluginFault("", self._chain(uid), uid, "back"))
        if news.latency_samples >= 0:
            book.latency_samples = news.latency_samples
        return said

    def meanings(
        self, asked: list[tuple[int, str, str]], answers: list[float | str], is_aloud: bool
    ) -> list[m.Message]:
        """What texts of parameters mean; those that mean nothing are said, if `is_aloud`."""
        said = list[m.Message]()
        for (uid, param, text), answer in zip(asked, answers, strict=False):
            self._book.meanings[uid, param, text] = answer
            found = self._book.slot(uid)
            if isinstance(answer, str) and is_aloud and found is not None:
                why = f"{found[1].name}: {param} = {text!r}: {answer.removeprefix('!')}"
                said.append(m.Rack(kind="warned", origin="preset", plugin=found[1].name, uid=uid, text=why))
        return said

    def died(self, uid: int, why: str, is_enough: bool) -> list[m.Message]:
        """A plugin took the engine along; if that `is_enough`, it is left out from now on."""
        found = self._book.slot(uid)
        if found is None:
            return []
        chain, slot = found
        said: list[m.Message] = [m.PluginFault(slot.name, chain.name, uid, "died", why)]
        self.fallen.add(uid)
        if is_enough:
            self._book.quarantined[uid] = why
            remedy = f"{why}; it is left out: `jamd ctl revive {slot.name}` tries it again"
            said.append(m.PluginFault(slot.name, chain.name, uid, "quarantined", remedy))
        return said

    def _load(self, load: Load) -> m.PluginLoad:
        found = self._book.slot(load.uid)
        if found is not None:
            self._book.loads[load.uid] = load
        plugin, chain = (found[1].name, found[0].name) if found else ("", self._chain(-load.uid))
        return m.PluginLoad(
            plugin=plugin, chain=chain, **{name: getattr(load, name) for name in load.__struct_fields__}
        )

    def _chain_died(self, uid: int, what: str) -> list[m.Message]:
        """An isolated chain's process; which of its plugins did it, nobody can say for sure."""
        chain = next((chain for chain in self._book.document.chains if chain.uid == uid), None)
        if chain is None:
            return []
        said: list[m.Message] = [m.PluginFault("", chain.name, uid, "died", what)]
        if what.endswith(FOR_GOOD):
            for slot in chain.plugins:
                self._book.quarantined[slot.uid] = what
            said.append(m.PluginFault("", chain.name, uid, "quarantined", f"{what}: `jamd ctl revive`"))
        return said

    def _chain(self, uid: int) -> str:
        return next((chain.name for chain in self._book.document.chains if chain.uid == uid), "")
