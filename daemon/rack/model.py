"""The rack as a document: chains, their plugins, what feeds what. Typed, checked, and the same in the daemon and the engine.

Values are as a person says them (dB, parts of one); a plugin's parameters are normalised, by the plugin's own stable ids.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.errors import UserError

MAIN = "main"
"""Where a chain goes unless it says otherwise: the output."""

INPUTS = ("input", "input:1", "input:2", "none")
"""What a chain hears beside what other chains send it: both channels, one of them on both sides, or nothing."""

SIDE = "side/"
"""What a side-chain hears in a rack that plays one chain for another: its second input. No chain can be called that."""

MAX_CHAINS, MAX_PLUGINS, MAX_FEEDS = 32, 16, 16
"""Chains at once (those that ring out among them), plugins in a chain, and what one chain, or the output, is fed by."""

Gain = Annotated[float, Meta(ge=-90.0, le=24.0, description="dB, -90 (silence) to 24")]
Part = Annotated[float, Meta(ge=0.0, le=1.0, description="0.0 (dry) to 1.0 (wet)")]
Pan = Annotated[float, Meta(ge=-1.0, le=1.0, description="-1.0 (left) to 1.0 (right)")]
Value = Annotated[float, Meta(ge=0.0, le=1.0, description="a normalised value, 0.0 to 1.0")]


class RackError(UserError):
    """A rack that cannot be; the text is one line with the remedy."""


class Send(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a chain's output for another chain's input, after the chain's gain."""

    to: str
    gain_db: Gain = 0.0


class Slot(msgspec.Struct, forbid_unknown_fields=True):
    """One plugin in a chain."""

    plugin: str  # lv2:URI, clap:ID, vst3:PATH#NAME
    name: str = ""  # what people and mappings call it; unique in the rack
    params: dict[str, Value | str] = {}  # by the plugin's own id; a text ("-20 dB") is read by the plugin when it opens
    state: str = ""  # path of what the plugin itself saved; taken before `params`
    program: int = -1  # factory program, taken before `state`
    bypass: bool = False
    mix: Part = 1.0
    side: str = ""  # the side-chain: a chain's name, or one of INPUTS
    uid: int = 0  # of this very instance, given by the desk


class Chain(msgspec.Struct, forbid_unknown_fields=True):
    """Input, plugins, output."""

    name: str
    input: str = "input"
    to: str = MAIN  # or another chain's name
    gain_db: Gain = 0.0
    pan: Pan = 0.0  # balance: the other side is turned down
    mix: Part = 1.0  # of all its plugins
    mute: bool = False
    midi: list[str] = []  # MIDI inputs by name; "jack" the engine's own, "generator" jamd's, "all" every one
    channel: int = 0  # MIDI channel 1-16 that it listens to; 0 = all
    midi_out: bool = False  # what its plugins play in MIDI leaves by the engine's own MIDI output
    isolate: bool = False  # its plugins run in a process of their own
    sends: list[Send] = []
    plugins: list[Slot] = []
    uid: int = 0


class Document(msgspec.Struct, forbid_unknown_fields=True):
    """A whole rack."""

    chains: list[Chain] = []

    def slots(self) -> Iterator[tuple[Chain, Slot]]:
        """Every plugin with its chain."""
        for chain in self.chains:
            for slot in chain.plugins:
                yield chain, slot


def check(document: Document) -> None:
    """Raise RackError for names that are missing or double, for a loop of chains, and for more than there is room for."""
    names = [chain.name for chain in document.chains]
    _unique(names, "chain")
    _unique([slot.name for _, slot in document.slots() if slot.name], "plugin")
    if len(names) > MAX_CHAINS // 2:
        raise RackError(f"{len(names)} chains are more than {MAX_CHAINS // 2}; join some")
    for chain in document.chains:
        if chain.input not in INPUTS:
            raise RackError(f"chain {chain.name!r}: input = {chain.input!r}; choose one of {', '.join(INPUTS)}")
        if not 0 <= chain.channel <= 16:
            raise RackError(f"chain {chain.name!r}: channel = {chain.channel}; give 1 to 16, or 0 for all")
        if len(chain.plugins) > MAX_PLUGINS:
            raise RackError(f"chain {chain.name!r}: {len(chain.plugins)} plugins are more than {MAX_PLUGINS}")
        for target in (*([] if chain.to == MAIN else [chain.to]), *(send.to for send in chain.sends)):
            if target not in names:
                raise RackError(f"chain {chain.name!r}: there is no chain {target!r} to send to{_near(target, names)}")
        for slot in chain.plugins:
            if slot.side and slot.side not in (*names, *INPUTS):
                raise RackError(f"{slot.name or slot.plugin}: there is no chain {slot.side!r} for its side-chain")
    fed: dict[str, int] = {}
    for chain in document.chains:
        for target in (chain.to, *(send.to for send in chain.sends)):
            fed[target] = fed.get(target, 0) + 1
    for target, count in fed.items():
        if target != MAIN and count >= MAX_FEEDS:
            raise RackError(f"chain {target!r} is fed by {count} chains; {MAX_FEEDS - 1} is the most")
    order(document)


def sources(chain: Chain, document: Document) -> list[str]:
    """The names of the chains that `chain` needs before it can run."""
    feeding = [
        other.name
        for other in document.chains
        if chain.name in (other.to, *(send.to for send in other.sends)) and other is not chain
    ]
    return feeding + [slot.side for slot in chain.plugins if slot.side not in ("", SIDE, *INPUTS)]


def order(document: Document) -> list[Chain]:
    """The chains, each after what it needs. Raises RackError for a loop."""
    left, done, found = list(document.chains), set[str](), list[Chain]()
    needs = {chain.name: set(sources(chain, document)) for chain in left}
    for chain in left:
        if chain.name in (chain.to, *(send.to for send in chain.sends), *(slot.side for slot in chain.plugins)):
            raise RackError(f"chain {chain.name!r} sends to itself; a loop cannot be played")
    while left:
        ready = [chain for chain in left if needs[chain.name] <= done]
        if not ready:
            loop = ", ".join(repr(chain.name) for chain in left)
            raise RackError(f"the chains {loop} send to each other in a loop; take one send away")
        found += ready
        done |= {chain.name for chain in ready}
        left = [chain for chain in left if chain.name not in done]
    return found


def _unique(names: list[str], kind: str) -> None:
    for name in names:
        if not name or name == MAIN or name in INPUTS or "/" in name:
            raise RackError(f"a {kind} cannot be called {name!r}; give it another name, without a slash")
        if names.count(name) > 1:
            raise RackError(f"two {kind}s are called {name!r}; names must differ")


def _near(name: str, names: list[str]) -> str:
    import difflib

    found = difflib.get_close_matches(name, names, 1)
    return f"; did you mean {found[0]!r}?" if found else f"; there is {', '.join(names)}"
