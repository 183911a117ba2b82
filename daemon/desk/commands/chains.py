"""Commands on chains: add, remove, set."""

from typing import Any

import msgspec

from daemon.desk.commands.command import Channel, Command, Input, Place
from daemon.desk.draft import Draft
from daemon.errors import Refused
from daemon.rack.model import MAIN, Chain, Gain, Pan, Part, Send


class ChainAdd(Command, tag="chain_add"):
    """A new chain, at the end or at place `at`."""

    chain: str
    input: Input = "input"
    to: str = MAIN
    gain_db: Gain = 0.0
    pan: Pan = 0.0
    mix: Part = 1.0
    mute: bool = False
    midi: list[str] = []  # noqa: RUF012 - msgspec copies it
    channel: Channel = 0
    midi_out: bool = False
    isolate: bool = False
    sends: list[Send] = []  # noqa: RUF012
    at: Place = 0


class ChainSet(Command, tag="chain_set"):
    """What is given becomes so; the rest stays."""

    chain: str
    input: Input | None = None
    to: str | None = None
    gain_db: Gain | None = None
    pan: Pan | None = None
    mix: Part | None = None
    mute: bool | None = None
    midi: list[str] | None = None
    channel: Channel | None = None
    midi_out: bool | None = None
    isolate: bool | None = None
    sends: list[Send] | None = None


class ChainRemove(Command, tag="chain_remove"):
    """The chain goes with its plugins, and rings out."""

    chain: str


def add(draft: Draft, c: ChainAdd) -> dict[str, Any]:
    """Give the chain's uid."""
    names = [chain.name for chain in draft.document.chains]
    if c.chain in names:
        raise Refused(409, f"there is a chain {c.chain!r} already; give another name")
    rest = {name: getattr(c, name) for name in c.__struct_fields__ if name not in ("chain", "at")}
    chain = Chain(name=c.chain, uid=draft.uid(), **rest)
    draft.document.chains.insert(c.at - 1 if c.at else len(names), chain)
    draft.tell("chain_added", chain, **_values(chain))
    return {"chain": chain.name, "uid": chain.uid}


def change(draft: Draft, c: ChainSet) -> dict[str, Any]:
    """Give what is new."""
    chain = draft.chain(c.chain)
    new = {name: getattr(c, name) for name in c.__struct_fields__ if name != "chain" and getattr(c, name) is not None}
    if "isolate" in new and c.isolate != chain.isolate:
        for slot in chain.plugins:  # they are opened in another process
            draft.reopen(slot)
    for name, value in new.items():
        setattr(chain, name, value)
    if new:
        draft.tell("chain", chain, **{name: msgspec.to_builtins(value) for name, value in new.items()})
    return {"chain": chain.name, **new}


def remove(draft: Draft, c: ChainRemove) -> dict[str, Any]:
    """Refused where other chains need it."""
    chain = draft.chain(c.chain)
    draft.document.chains.remove(chain)
    for other in draft.document.chains:
        if chain.name in (other.to, *(send.to for send in other.sends)):
            raise Refused(409, f"chain {other.name!r} sends to {chain.name!r}; send it elsewhere first")
        for slot in other.plugins:
            if slot.side == chain.name:
                raise Refused(409, f"{slot.name} has {chain.name!r} for its side-chain; give it another first")
    draft.tell("chain_removed", chain)
    return {"chain": chain.name}


def _values(chain: Chain) -> dict[str, Any]:
    values = msgspec.to_builtins(chain)
    return {name: value for name, value in values.items() if name not in ("name", "uid", "plugins")}
