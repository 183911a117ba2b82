"""Which chain runs when, and how late everything must be so that what meets is equally late (plugin delay compensation)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from daemon.rack.records import LONGEST


class Feed(NamedTuple):
    """A feed by whom it joins, chains and plugins by uid. A `source` of 0 is an input, a `target` of 0 the output."""

    source: int
    target: int
    side: int = 0  # the plugin of `target` whose side-chain it is
    kind: str = ""  # tells two feeds between the same two apart


def loops(feeds: Sequence[Feed], chains: Sequence[int]) -> bool:
    """Whether there is no order in which each chain comes after what feeds it."""
    return len(order(feeds, chains)) < len(chains)


def order(feeds: Sequence[Feed], chains: Sequence[int]) -> list[int]:
    """The chains, each after what feeds it; those in a loop are left out."""
    needs = {uid: {feed.source for feed in feeds if feed.target == uid and feed.source in chains} for uid in chains}
    found: list[int] = []
    while ready := [uid for uid in chains if uid not in found and needs[uid] <= set(found)]:
        found += ready
    return found


class Delays(NamedTuple):
    """In samples."""

    feeds: dict[Feed, int]
    chains: dict[int, int]  # of a chain's dry sound
    output: int  # the whole rack's latency


def delays(feeds: Sequence[Feed], chains: Sequence[int], plugins: Mapping[int, Sequence[tuple[int, int]]]) -> Delays:
    """How late each feed must be. `plugins`: chain -> (uid, latency) of its plugins in order; `chains` are in order."""
    begins, ends = {}, {0: 0}
    before: dict[int, int] = {}  # a plugin's lateness within its chain
    for uid in chains:
        late = 0
        for plugin, latency in plugins[uid]:
            before[plugin] = late
            late += latency
        arrives = [ends.get(feed.source, 0) - before.get(feed.side, 0) for feed in feeds if feed.target == uid]
        begins[uid] = max([0, *arrives])
        ends[uid] = begins[uid] + late
    output = max([0, *(ends.get(feed.source, 0) for feed in feeds if feed.target == 0)])
    found = {}
    for feed in feeds:
        meets = begins[feed.target] + before.get(feed.side, 0) if feed.target else output
        found[feed] = min(LONGEST, max(0, meets - ends.get(feed.source, 0)))
    return Delays(found, {uid: min(LONGEST, ends[uid] - begins[uid]) for uid in chains}, output)
