"""What lives in the engine of a document: opened plugins, chains and feeds, each with its record."""

import numpy as np

from daemon.plugins.plugin import Param, Plugin
from daemon.rack import records as rec
from daemon.rack.model import Chain, Slot
from dsp.kernel import offset_of, zeros


class _Live:
    """A record the audio thread uses, and what it was told to move there."""

    record: np.ndarray

    def __init__(self) -> None:
        self.told: dict[str, float] = {}

    @property
    def address(self) -> int:
        return int(self.record.ctypes.data)

    def where(self, name: str) -> int:
        """The address of a field."""
        return self.address + offset_of(self.record.dtype, name)


class LiveSlot(_Live):
    """An opened plugin (or a whole isolated chain) in its place. [main]"""

    def __init__(self, uid: int, plugin: Plugin) -> None:
        super().__init__()
        self.uid, self.plugin = uid, plugin
        self.latency = 0
        self.params: dict[str, Param] = {param.id: param for param in plugin.info.params}
        self.values: dict[str, float] = {}
        self.record = zeros(rec.SLOT)
        self._bins = np.zeros(rec.N_LOAD_BINS, np.int64)
        self._calls = self._sum_ns = 0
        info, s = plugin.info, self.record
        s["id"], s["process"], s["own"] = uid, plugin.process, plugin.own
        s["n_in"], s["n_out"], s["n_side"] = info.inputs, info.outputs, info.side_inputs
        s["midi_in"], s["midi_out"] = info.midi_in, info.midi_out
        s["wet"] = s["wet_to"] = 1.0

    @property
    def is_silent(self) -> bool:
        """Whether the kernel has faded it out."""
        return float(self.record["presence"][0]) == 0.0

    def work_us(self) -> tuple[float, float, float, float]:
        """(min, mean, p99, max) since the last call; zeros where it did not run."""
        s = self.record[0]
        bins, calls, total = s["bins"].copy(), int(s["calls"]), int(s["sum_ns"])
        new, n, spent = bins - self._bins, calls - self._calls, total - self._sum_ns
        self._bins, self._calls, self._sum_ns = bins, calls, total
        if n <= 0:
            return 0.0, 0.0, 0.0, 0.0
        rank = int(np.searchsorted(np.cumsum(new), 0.99 * new.sum()))
        most = float(s["max_ns"])
        p99 = min(most, (rank + 1) * rec.LOAD_BIN_NS) if rank < new.size - 1 else most
        return float(s["min_ns"]) / 1000, spent / n / 1000, p99 / 1000, most / 1000


class LiveFeed(_Live):
    """One source on its way into one sum. [main]"""

    def __init__(self, left: int, right: int) -> None:
        super().__init__()
        self.record = zeros(rec.FEED)
        self.record["left"], self.record["right"] = left, right

    @property
    def is_silent(self) -> bool:
        return float(self.record["gain"][0]) == 0.0


class LiveChain(_Live):
    """A chain that sounds, or rings out. [main]"""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self.uid, self.chain = chain.uid, chain
        self.slots: list[LiveSlot] = []  # as the program runs them
        self.record = zeros(rec.CHAIN)
        self.record["channel"] = self.told["channel"] = -1
        self.leaves_at = 0.0  # s of the rack's own time, when it was no longer wanted; 0: it is
        self.quiet_since = 0.0
        self.is_over = False  # rung out: fade what is left

    def output(self) -> tuple[int, int]:
        """Addresses of its two output channels."""
        first = self.where("out")
        return first, first + 4 * rec.PART


def arranged(current: list[LiveSlot], wanted: list[LiveSlot]) -> tuple[list[LiveSlot], set[LiveSlot]]:
    """The order to run now, and which of it must fade out first, because it goes or changes its place.

    What is to stay keeps its place (a longest common subsequence), so the fewest fade.
    """
    kept = _common(current, wanted)
    fading = {slot for slot in current if slot not in kept}
    now = [slot for slot in current if slot in kept or not slot.is_silent]
    for k, slot in enumerate(wanted):
        if slot not in now:
            before = [now.index(other) for other in wanted[:k] if other in kept]
            place = max(before) + 1 if before else 0
            now.insert(place, slot)
            kept.add(slot)
    return now, fading - kept


def _common(a: list[LiveSlot], b: list[LiveSlot]) -> set[LiveSlot]:
    """A longest common subsequence."""
    best = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            best[i][j] = best[i + 1][j + 1] + 1 if a[i] is b[j] else max(best[i + 1][j], best[i][j + 1])
    found, i, j = set(), 0, 0
    while i < len(a) and j < len(b):
        if a[i] is b[j]:
            found.add(a[i])
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def wet(slot: Slot) -> float:
    """How much of a plugin is heard."""
    return 0.0 if slot.bypass else slot.mix
