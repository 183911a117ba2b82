"""What sounds, on its way to what is wanted: chains, the plugins in them, what feeds what.

`arrange` may be called as often as one likes. Each time it compares what is there with what is wanted, lets the audio
thread move towards it, and where the order of things changes builds a new program beside the old one. What is no longer
wanted fades out first, a chain rings out; it is let go of when the audio thread has carried out the swap that left it out.
"""

from collections.abc import Sequence

import numpy as np

from daemon.rack import records as rec
from daemon.rack.live import LiveChain, LiveFeed, LiveSlot, arranged, wet
from daemon.rack.model import INPUTS, MAIN, MAX_CHAINS, MAX_FEEDS, SIDE, Chain, Document, order
from daemon.rack.program import Shape, Turn, build, heard
from daemon.rack.ring import CommandRing
from daemon.rack.routing import Feed, delays, loops
from daemon.rack.routing import order as running_order
from dsp.kernel import offset_of

RING_OUT_S = 10.0  # at the longest
QUIET = 1e-4  # -80 dB,
QUIET_S = 0.3  # for so long: it has rung out


class Arrangement:
    """All methods: [main]."""

    def __init__(self, record: np.ndarray, ring: CommandRing, rate: float) -> None:
        """`record` is the RACK record, shape (1,); `ring` writes its commands, and the caller commits."""
        self._rate = rate
        self.latency = 0  # samples, of the whole
        self.is_moving = False  # `arrange` must be called again
        self.chains: dict[int, LiveChain] = {}
        self._feeds: dict[Feed, LiveFeed] = {}
        self._record, self._ring = record, ring
        self._shape = Shape((), ())
        self._program = build(self._shape)
        self._retired: list[tuple[int, LiveSlot | LiveChain | LiveFeed | np.ndarray]] = []

    @property
    def sounds(self) -> bool:
        """Whether the kernel has ever run; before, everything is at once as it is to be."""
        return int(self._record["thread"][0]) != 0

    def arrange(self, document: Document, slots: dict[int, LiveSlot], ports: list[str], glide: int = 0) -> None:
        """Move towards `document` with the opened `slots`; levels take `glide` samples."""
        wanted = {chain.uid: chain for chain in order(document)}
        self.is_moving = False
        self._leave(wanted)
        for uid, chain in wanted.items():
            if uid not in self.chains and len(self.chains) < MAX_CHAINS:
                self.chains[uid] = LiveChain(chain)
        self.is_moving |= any(uid not in self.chains for uid in wanted)
        gone: list[LiveSlot | LiveChain | LiveFeed] = [*self._place(wanted, slots)]
        for uid, chain in wanted.items():
            if uid in self.chains:
                self._level(self.chains[uid], chain, slots, ports, glide)
        gone += self._feed(wanted, slots)
        gone += self._end(slots)
        uids = running_order(list(self._feeds), list(self.chains))
        self._align(uids)
        self._swap(uids)
        for one in gone:
            self._retire(one)

    def be(self, slot: LiveSlot, presence: float) -> None:
        """A plugin is to be there (1.0) or as if it were not (0.0), until `arrange` says it again."""
        self._move(slot, "presence", presence)

    def drop(self, slot: LiveSlot) -> None:
        """A plugin is no longer wanted: if no chain holds it, let go of it now."""
        if slot not in self.everything():
            self._retire(slot)

    def _retire(self, one: LiveSlot | LiveChain | LiveFeed) -> None:
        """Free it once the audio thread has read all that it was told of it."""
        self._ring.forget(one.record)
        self._retired.append((self._ring.written, one))

    def free(self) -> list[LiveSlot]:
        """Let go of what the audio thread no longer uses; the plugins among it, for the caller to close."""
        waiting, done = [], []
        for written, one in self._retired:
            if self._ring.is_read(written):
                done.append(one)
            else:
                waiting.append((written, one))
        self._retired = waiting
        return [one for one in done if isinstance(one, LiveSlot)]

    def everything(self) -> set[LiveSlot]:
        """Every plugin the audio thread may still use."""
        retired = {one for _, one in self._retired if isinstance(one, LiveSlot)}
        return retired | {slot for live in self.chains.values() for slot in live.slots}

    def _move(self, live: LiveSlot | LiveChain | LiveFeed, name: str, value: float, glide: int = 0) -> None:
        """A value that the kernel moves is to become `value`; what comes new fades in by presence, or its feeds' gain."""
        before = live.told.get(name, float(live.record[name + "_to"][0]))
        is_fresh = name not in live.told and name not in ("presence", "gain" if isinstance(live, LiveFeed) else "")
        if not self.sounds or is_fresh:
            live.record[name] = live.record[name + "_to"] = value
        elif before != value:
            self._ring.move(live.where(name + "_to"), value, before, glide)
        live.told[name] = value

    def _set(self, live: LiveSlot | LiveChain | LiveFeed, name: str, where: int, word: int) -> None:
        """A whole number of a record is to be `word`."""
        if live.told.get(name, 0) != word:
            live.told[name] = word
            self._ring.word(where, word)

    def _leave(self, wanted: dict[int, Chain]) -> None:
        """Chains no longer wanted hear nothing more and ring out; those that did already are ended by the next to leave."""
        now = 1.0 + float(self._record["samples"][0]) / self._rate
        leaving = [live for uid, live in self.chains.items() if uid not in wanted]
        fresh = [live for live in leaving if not live.leaves_at]
        for live in leaving:
            self.is_moving = True
            if not live.leaves_at:
                live.leaves_at = now
                self._set(live, "closed", live.where("closed"), 1)
            elif fresh:
                live.is_over = True
            loud = float(live.record["peak"][0]) > QUIET
            live.quiet_since = 0.0 if loud else live.quiet_since or now
            quiet = live.quiet_since > 0.0 and now - live.quiet_since > QUIET_S
            live.is_over |= quiet or now - live.leaves_at > RING_OUT_S or not self.sounds

    def _place(self, wanted: dict[int, Chain], slots: dict[int, LiveSlot]) -> set[LiveSlot]:
        """Every plugin in its chain's order; what has faded out of its old place goes to its new one. Gives what went."""
        before = {slot for live in self.chains.values() for slot in live.slots}
        for uid, live in self.chains.items():
            if uid in wanted:
                chosen = [slots[slot.uid] for slot in wanted[uid].plugins if slot.uid in slots]
            else:
                chosen = [slot for slot in live.slots if slot not in slots.values()]  # the others are wanted elsewhere
            elsewhere = {slot for other in self.chains.values() if other is not live for slot in other.slots}
            live.slots, fading = arranged(live.slots, [slot for slot in chosen if slot not in elsewhere])
            for slot in live.slots:
                self._move(slot, "presence", 0.0 if slot in fading else 1.0)
            self.is_moving |= live.slots != chosen
        after = {slot for live in self.chains.values() for slot in live.slots}
        return before - after - set(slots.values())

    def _level(self, live: LiveChain, chain: Chain, slots: dict[int, LiveSlot], ports: list[str], glide: int) -> None:
        """Gain, balance, dry and wet of a chain and its plugins, and what MIDI it hears."""
        gain = 0.0 if chain.mute or chain.gain_db <= -90.0 else 10.0 ** (chain.gain_db / 20.0)
        self._move(live, "gain", gain, glide)
        self._move(live, "pan", chain.pan, glide)
        self._move(live, "mix", chain.mix, glide)
        for slot in chain.plugins:
            if slot.uid in slots:
                self._move(slots[slot.uid], "wet", wet(slot), glide)
        for name, word in (
            ("ports", heard(chain.midi, ports)),
            ("channel", chain.channel - 1),
            ("midi_out", int(chain.midi_out)),
        ):
            self._set(live, name, live.where(name), word)

    def _wanted_feeds(self, wanted: dict[int, Chain], slots: dict[int, LiveSlot]) -> dict[Feed, float]:
        """Feed -> its gain; what a chain that rings out still feeds is among them."""
        found: dict[Feed, float] = {}
        uids = {chain.name: uid for uid, chain in wanted.items()}
        for uid, chain in wanted.items():
            if chain.input != "none":
                found[Feed(0, uid, 0, chain.input)] = 1.0
            found[Feed(uid, 0 if chain.to == MAIN else uids[chain.to])] = 1.0
            for send in chain.sends:
                found[Feed(uid, uids[send.to], 0, "send")] = 10.0 ** (send.gain_db / 20.0)
            for slot in chain.plugins:
                if slot.side not in ("", "none") and slot.uid in slots and slots[slot.uid] in self._in(uid):
                    source = 0 if slot.side in (*INPUTS, SIDE) else uids[slot.side]
                    found[Feed(source, uid, slot.uid, "" if source else slot.side)] = 1.0
        for key, feed in self._feeds.items():
            source_chain = self.chains.get(key.source)
            if source_chain is not None and source_chain.leaves_at and not source_chain.is_over and not key.side:
                found[key] = feed.told["gain"]
        return found

    def _in(self, uid: int) -> Sequence[LiveSlot]:
        return self.chains[uid].slots if uid in self.chains else ()

    def _feed(self, wanted: dict[int, Chain], slots: dict[int, LiveSlot]) -> list[LiveFeed]:
        """Open the feeds there should be and close the others; one that would make a loop waits. Gives what went."""
        gains, gone = self._wanted_feeds(wanted, slots), []
        for key in self._feeds.keys() - gains.keys():
            feed = self._feeds[key]
            self._move(feed, "gain", 0.0)
            if feed.is_silent:
                gone.append(self._feeds.pop(key))
            else:
                self.is_moving = True
        for key, gain in gains.items():
            if key not in self._feeds:
                full = sum(other.target == key.target for other in self._feeds) > (MAX_FEEDS if key.target else 60)
                missing = any(uid and uid not in self.chains for uid in (key.source, key.target))
                if full or missing or loops([*self._feeds, key], list(self.chains)):
                    self.is_moving = True
                    continue
                self._feeds[key] = LiveFeed(*self._source(key))
            self._move(self._feeds[key], "gain", gain)
        return gone

    def _source(self, key: Feed) -> tuple[int, int]:
        """Addresses of the two channels that a feed takes."""
        if key.source:
            return self.chains[key.source].output()
        left = int(self._record.ctypes.data) + offset_of(rec.RACK, "side" if key.kind == SIDE else "input")
        right = left + 4 * rec.PART
        return {"input:1": (left, left), "input:2": (right, right)}.get(key.kind, (left, right))

    def _end(self, slots: dict[int, LiveSlot]) -> list[LiveChain | LiveSlot]:
        """Let go of chains that have rung out and are heard nowhere any more; gives what went."""
        gone: list[LiveChain | LiveSlot] = []
        for uid, live in list(self.chains.items()):
            if live.is_over and not any(uid in (key.source, key.target) for key in self._feeds):
                del self.chains[uid]
                gone += [live, *(slot for slot in live.slots if slot not in slots.values())]
        return gone

    def _align(self, uids: list[int]) -> None:
        """Delay what meets so that it is equally late."""
        there = {
            uid: [(slot.uid, slot.latency) for slot in self.chains[uid].slots if slot.told["presence"] > 0.0]
            for uid in uids
        }
        late = delays(list(self._feeds), uids, there)
        self.latency = late.output
        for key, feed in self._feeds.items():
            self._delay(feed, late.feeds.get(key, 0))
        for uid in uids:
            self._delay(self.chains[uid], late.chains[uid])
            for slot in self.chains[uid].slots:
                self._delay(slot, min(slot.latency, rec.LONGEST))

    def _delay(self, live: LiveSlot | LiveChain | LiveFeed, samples: int) -> None:
        """A record's delay is to be so long; one that has not sounded yet is at once."""
        where = live.where("delay") + offset_of(rec.DELAY, "wanted")
        if "delay" not in live.told:
            live.record["delay"]["now"] = live.record["delay"]["wanted"] = samples
            live.record["delay"]["filled"] = 0 if self.sounds else rec.MAX_DELAY
            live.told["delay"] = samples
        self._set(live, "delay", where, samples)

    def _swap(self, uids: list[int]) -> None:
        """Let a program of what is there run, if it is another one than before."""
        turns = []
        for uid in uids:
            live = self.chains[uid]
            sides = {
                slot: [feed.address for key, feed in self._feeds.items() if key.side == slot.uid] for slot in live.slots
            }
            feeds = tuple(feed.address for key, feed in self._feeds.items() if key.target == uid and not key.side)
            turns.append(
                Turn(live.address, feeds, tuple((slot.address, tuple(sides[slot][:2])) for slot in live.slots))
            )
        shape = Shape(tuple(turns), tuple(feed.address for key, feed in self._feeds.items() if key.target == 0))
        if shape == self._shape:
            return
        self._shape, old = shape, self._program
        self._program = build(shape)
        self._ring.swap(int(self._program.ctypes.data))
        self._retired.append((self._ring.written, old))
