"""Commands on snapshots: recall, take, remove."""

from typing import Any

from daemon.desk.book import LEVELS, spoken_of
from daemon.desk.commands.command import Command
from daemon.desk.draft import SAME, Draft, near
from daemon.desk.snapshot import MAX_SNAPSHOTS, ChainLevels, Morph, Snapshot
from daemon.errors import Refused
from daemon.rack.model import Chain, Slot


class Recall(Command, tag="snapshot"):
    """Recall a snapshot by name, or by number from 1; in `morph_s`, or in the snapshot's own time."""

    snapshot: int | str
    morph_s: Morph | None = None


class Take(Command, tag="snapshot_take"):
    """Keep how the rack sounds now under a name; the one that had the name is replaced."""

    name: str
    morph_s: Morph = 0.0


class Remove(Command, tag="snapshot_remove"):
    """A snapshot goes."""

    snapshot: int | str


def recall(draft: Draft, c: Recall) -> dict[str, Any]:
    """Give its name, and how many values changed."""
    snapshot = _find(draft, c.snapshot)
    slots = {slot.name: slot for _, slot in draft.document.slots()}
    chains = {chain.name: chain for chain in draft.document.chains}
    count = len(draft.sets)
    for kind, name, what in sorted(spoken_of(draft.snapshots)):
        if kind == "param" and name in slots:
            _recall_param(draft, slots[name], what, snapshot)
        elif kind == "slot" and name in slots:
            _recall_slot(draft, slots[name], what, snapshot)
        elif kind == "chain" and name in chains:
            _recall_chain(draft, chains[name], what, snapshot)
    draft.morph_s = max(draft.morph_s, snapshot.morph_s if c.morph_s is None else c.morph_s)
    draft.snapshot = snapshot.name
    draft.tell("snapshot", snapshot=snapshot.name, morph_s=draft.morph_s)
    return {"snapshot": snapshot.name, "params": len(draft.sets) - count, "morph_s": draft.morph_s}


def take(draft: Draft, c: Take) -> dict[str, Any]:
    """Give its number from 1."""
    if not c.name or c.name.isdigit():
        raise Refused(422, f"a snapshot cannot be called {c.name!r}; give a name with a letter in it")
    snapshot = _now(draft, c.name, c.morph_s)
    names = [one.name for one in draft.snapshots]
    if c.name in names:
        draft.snapshots[names.index(c.name)] = snapshot
    elif len(names) >= MAX_SNAPSHOTS:
        raise Refused(409, f"{MAX_SNAPSHOTS} snapshots are the most; remove one")
    else:
        draft.snapshots.append(snapshot)
    draft.snapshot = c.name
    number = [one.name for one in draft.snapshots].index(c.name) + 1
    draft.tell("snapshot_taken", snapshot=c.name, number=number)
    return {"snapshot": c.name, "number": number}


def remove(draft: Draft, c: Remove) -> dict[str, Any]:
    """Give its name."""
    snapshot = _find(draft, c.snapshot)
    draft.snapshots.remove(snapshot)
    draft.snapshot = "" if draft.snapshot == snapshot.name else draft.snapshot
    draft.tell("snapshot_removed", snapshot=snapshot.name)
    return {"snapshot": snapshot.name}


def _find(draft: Draft, named: int | str) -> Snapshot:
    names = [snapshot.name for snapshot in draft.snapshots]
    if isinstance(named, str) and named in names:
        return draft.snapshots[names.index(named)]
    number = int(named) if isinstance(named, int) or named.isdigit() else 0
    if not 1 <= number <= len(names):
        raise Refused(404, f"there is no snapshot {named!r}{near(str(named), names)}")
    return draft.snapshots[number - 1]


def _recall_param(draft: Draft, slot: Slot, param: str, snapshot: Snapshot) -> None:
    draft.is_new(slot)  # raises Wait where it is about to be opened
    if param not in draft.book.values.get(slot.uid, {}):
        return  # a plugin that is not open, or has no such parameter; it was said when it was loaded
    said = snapshot.params.get(slot.name, {}).get(param, draft.book.home.get(slot.uid, {}).get(param))
    try:
        value = draft.value_of(slot, param, said) if isinstance(said, str) else said
    except Refused as error:  # one line of it that means nothing; the rest of the snapshot does
        draft.tell("warned", slot=slot, text=f"snapshot {snapshot.name!r}: {error}")
        return
    if value is not None and abs(value - draft.value(slot, param)) > SAME:
        draft.put(slot, param, value, said if isinstance(said, str) else "")


def _recall_slot(draft: Draft, slot: Slot, what: str, snapshot: Snapshot) -> None:
    home = dict(zip(("bypass", "mix"), draft.book.home_slots.get(slot.uid, (slot.bypass, slot.mix)), strict=True))
    value = getattr(snapshot, what).get(slot.name, home[what])
    if value != getattr(slot, what):
        setattr(slot, what, value)
        chain, _ = draft.slot(slot.name)
        draft.tell(what, chain, slot, **{"on" if what == "bypass" else what: value})


def _recall_chain(draft: Draft, chain: Chain, what: str, snapshot: Snapshot) -> None:
    value = getattr(snapshot.chains.get(chain.name, ChainLevels()), what)
    if value is None:
        value = getattr(draft.book.home_chains.get(chain.uid, chain), what)
    if value != getattr(chain, what):
        setattr(chain, what, value)
        draft.tell("chain", chain, **{what: value})


def _now(draft: Draft, name: str, morph_s: float) -> Snapshot:
    """How it sounds now, as what differs from the preset."""
    book, snapshot = draft.book, Snapshot(name, morph_s)
    for _, slot in draft.document.slots():
        home = book.home.get(slot.uid, {})
        now = {param: draft.value(slot, param) for param in home}
        changed = {param: value for param, value in now.items() if abs(value - home[param]) > SAME}
        if changed:
            snapshot.params[slot.name] = dict(changed)
        bypass, mix = book.home_slots.get(slot.uid, (slot.bypass, slot.mix))
        if slot.bypass != bypass:
            snapshot.bypass[slot.name] = slot.bypass
        if slot.mix != mix:
            snapshot.mix[slot.name] = slot.mix
    for chain in draft.document.chains:
        before = book.home_chains.get(chain.uid, chain)
        changes = {what: getattr(chain, what) for what in LEVELS if getattr(chain, what) != getattr(before, what)}
        if changes:
            snapshot.chains[chain.name] = ChainLevels(**changes)
    return snapshot
