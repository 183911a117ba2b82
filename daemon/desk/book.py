"""What the desk knows of the rack: what is wanted, what was heard of it from the engine, and what the preset says."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from daemon import messages as m
from daemon.desk.learn import Mapping
from daemon.desk.snapshot import ChainLevels, Snapshot
from daemon.plugins.plugin import Info
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Done, Load

if TYPE_CHECKING:
    from daemon.desk.draft import Draft

LEVELS = tuple(ChainLevels.__struct_fields__)
"""What a snapshot may say of a chain."""


class Book:
    """Plain data, by uid where it is of a plugin or a chain. [main]"""

    def __init__(self) -> None:
        self.name, self.about, self.needs, self.path = "", "", "", ""  # of the preset; no path: it is in no file
        self.document = Document()
        self.snapshots: list[Snapshot] = []
        self.mappings: list[Mapping] = []
        self.jam: dict[str, Any] = {}  # what the band is told; another dict each time that it is told something
        self.lights: dict[str, Any] = {}  # what the light show is; another dict each time that another is loaded
        self.signs: list[str] = []  # that the band has yet to be given: cue, panic
        self.learning: Mapping | None = None  # what the next control that moves is to do
        self.snapshot = ""  # the one recalled last
        self.values: dict[int, dict[str, float]] = {}  # of every parameter, normalised
        self.infos: dict[int, Info] = {}
        self.failed: dict[int, str] = {}  # could not be opened, and why
        self.quarantined: dict[int, str] = {}  # is left out of what the engine is told, and why
        self.home: dict[int, dict[str, float]] = {}  # the values that the preset gives
        self.home_slots: dict[int, tuple[bool, float]] = {}  # bypass and mix
        self.home_chains: dict[int, ChainLevels] = {}
        self.states: dict[int, str] = {}  # the newest saved, by path
        self.unsaved: dict[int, set[str]] = {}  # parameters that were changed since
        self.loads: dict[int, Load] = {}
        self.meanings: dict[
            tuple[int, str, str], float | str
        ] = {}  # (uid, parameter, text) -> value, or !why it has none
        self.latency_samples = 0

    def change(self, uid: int, param: str, value: float) -> None:
        """A parameter has another value."""
        self.values.setdefault(uid, {})[param] = value
        self.unsaved.setdefault(uid, set()).add(param)

    def hear(self, done: Done) -> None:
        """The engine has opened plugins, or could not, or has saved their states."""
        there = {slot.uid for _, slot in self.document.slots()}
        self.failed = {uid: why for uid, why in self.failed.items() if uid not in done.opened}
        for uid in there & done.opened.keys():
            self.infos[uid] = done.opened[uid]
        for uid in there & done.failed.keys():
            self.failed[uid] = done.failed[uid]
            self.infos.pop(uid, None)
        for uid in there & done.params.keys():
            self.values[uid] = dict(done.params[uid])
            self.home.setdefault(uid, dict(done.params[uid]))
        for uid in there & done.saved.keys():
            self.states[uid] = done.saved[uid]
            self.unsaved[uid] = set()

    def take(self, draft: "Draft") -> None:
        """A batch is done: what is new is at home as it is, what is gone is forgotten."""
        self.document = document = draft.document
        self.snapshots, self.mappings, self.snapshot = draft.snapshots, draft.mappings, draft.snapshot
        self.jam = draft.jam if draft.jam != self.jam else self.jam
        self.lights = draft.lights if draft.lights != self.lights else self.lights
        self.signs += draft.signs
        if draft.learning is not None:
            self.learning = draft.learning or None
        if draft.preset is not None:
            self.name, self.about, self.needs, self.path = draft.preset
        inherited: tuple[dict, ...] = (self.values, self.home, self.home_slots, self.states, self.unsaved)
        for known in inherited:
            known.update({new: known[old] for new, old in draft.heirs.items() if old in known})
        for chain in document.chains:
            self.home_chains.setdefault(chain.uid, levels(chain))
        for _, slot in document.slots():
            self.home_slots.setdefault(slot.uid, (slot.bypass, slot.mix))
        slots, chains = {slot.uid for _, slot in document.slots()}, {chain.uid for chain in document.chains}
        of_slots: tuple[dict, ...] = (self.values, self.infos, self.failed, self.quarantined, self.home)
        for known in (*of_slots, self.home_slots, self.states, self.unsaved, self.loads):
            for uid in [uid for uid in known if uid not in slots]:
                del known[uid]
        for uid in [uid for uid in self.home_chains if uid not in chains]:
            del self.home_chains[uid]
        self.meanings = {key: value for key, value in self.meanings.items() if key[0] in slots}

    def unknown_texts(self) -> list[tuple[int, str, str]]:
        """What the snapshots say in texts whose values are not known yet, of plugins that are open."""
        uids = {slot.name: slot.uid for _, slot in self.document.slots() if slot.uid in self.infos}
        keys = [
            (uids[name], param, value)
            for snapshot in self.snapshots
            for name, params in snapshot.params.items()
            for param, value in params.items()
            if isinstance(value, str) and name in uids
        ]
        return [key for key in dict.fromkeys(keys) if key not in self.meanings]

    def settle(self) -> None:
        """What is now is what the preset says, but for what its snapshots change."""
        spoken = spoken_of(self.snapshots)
        for _, slot in self.document.slots():
            for param, value in self.values.get(slot.uid, {}).items():
                if ("param", slot.name, param) not in spoken:
                    self.home.setdefault(slot.uid, {})[param] = value
            bypass, mix = self.home_slots[slot.uid]
            self.home_slots[slot.uid] = (
                bypass if ("slot", slot.name, "bypass") in spoken else slot.bypass,
                mix if ("slot", slot.name, "mix") in spoken else slot.mix,
            )
        for chain in self.document.chains:
            for name in LEVELS:
                if ("chain", chain.name, name) not in spoken:
                    setattr(self.home_chains[chain.uid], name, getattr(chain, name))

    def said(self, document: Document, afresh: bool = False) -> Document:
        """A document for the engine, without the quarantined; `afresh`: for one that has opened nothing yet."""
        chains = []
        for chain in document.chains:
            kept = [slot for slot in chain.plugins if slot.uid not in self.quarantined]
            kept = [self._as_it_is(slot) if afresh or slot.uid not in self.infos else _bare(slot) for slot in kept]
            chains.append(msgspec.structs.replace(chain, plugins=kept))
        return Document(chains)

    def _as_it_is(self, slot: Slot) -> Slot:
        """A slot whose plugin, opened anew, is as it is now."""
        values = self.values.get(slot.uid)
        if values is None:
            return slot
        state = self.states.get(slot.uid)
        if state is None:
            return msgspec.structs.replace(slot, params=dict(values))
        changed = {param: values[param] for param in self.unsaved.get(slot.uid, ()) if param in values}
        return msgspec.structs.replace(slot, params=changed, state=state, program=-1)

    def as_it_is(self, slot: Slot, uid: int) -> Slot:
        """The same plugin to be opened again beside the one that runs."""
        return msgspec.structs.replace(self._as_it_is(slot), uid=uid)

    def slot(self, uid: int) -> tuple[Chain, Slot] | None:
        """A plugin by its uid, with its chain."""
        return next(((chain, slot) for chain, slot in self.document.slots() if slot.uid == uid), None)

    def state_of(self, uid: int) -> str:
        """on, opening, failed or quarantined."""
        if uid in self.quarantined:
            return "quarantined"
        if uid in self.failed:
            return "failed"
        return "on" if uid in self.infos else "opening"

    def state(self) -> m.RackState:
        """The whole rack in short."""
        chains = []
        for chain in self.document.chains:
            plugins = [self.short(slot) for slot in chain.plugins]
            rest = {name: getattr(chain, name) for name in m.RackChain.__struct_fields__ if name != "plugins"}
            chains.append(m.RackChain(**rest, plugins=plugins))
        names = [snapshot.name for snapshot in self.snapshots]
        return m.RackState(
            preset=self.name,
            path=self.path,
            chains=chains,
            snapshots=names,
            snapshot=self.snapshot,
            mappings=len(self.mappings),
        )

    def short(self, slot: Slot) -> m.RackPlugin:
        """A plugin in short."""
        info, load = self.infos.get(slot.uid), self.loads.get(slot.uid)
        return m.RackPlugin(
            name=slot.name,
            uid=slot.uid,
            plugin=slot.plugin,
            title=info.title if info else "",
            bypass=slot.bypass,
            mix=slot.mix,
            state=self.state_of(slot.uid),
            error=self.quarantined.get(slot.uid) or self.failed.get(slot.uid, ""),
            latency_samples=load.latency_samples if load else info.latency_samples if info else 0,
        )


def _bare(slot: Slot) -> Slot:
    """A slot that is open already: what opens it is not said again."""
    return msgspec.structs.replace(slot, params={}, state="", program=-1)


def levels(chain: Chain) -> ChainLevels:
    """A chain's levels, all of them."""
    return ChainLevels(**{name: getattr(chain, name) for name in LEVELS})


def spoken_of(snapshots: Iterable[Snapshot]) -> set[tuple[str, str, str]]:
    """(kind, name, what) of everything that any of the snapshots says.

    `kind` is param (`what` its id), slot (`what` bypass or mix), or chain (`what` one of LEVELS).
    """
    found = set()
    for snapshot in snapshots:
        found |= {("param", plugin, param) for plugin, params in snapshot.params.items() for param in params}
        found |= {("slot", plugin, what) for what in ("bypass", "mix") for plugin in getattr(snapshot, what)}
        for chain, said in snapshot.chains.items():
            found |= {("chain", chain, name) for name in LEVELS if getattr(said, name) is not None}
    return found


def free_name(title: str, taken: Iterable[str]) -> str:
    """A plugin's name from its title: `ZamComp` is zamcomp, the next zamcomp-2."""
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "plugin"
    taken, name, number = set(taken), words, 1
    while name in taken:
        number += 1
        name = f"{words}-{number}"
    return name


def bare_title(plugin: str) -> str:
    """What may stand for a title that is not known: the end of a plugin's URI, id or path."""
    kind, _, where = plugin.partition(":")
    if kind == "vst3":
        return where.rpartition("#")[2] if "#" in where else Path(where).stem
    return re.split(r"[/:#.]", where.rstrip("/"))[-1]
