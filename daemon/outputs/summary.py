"""What the demo says at its end: what was heard, and the callback's own account of its time."""

from collections import Counter, deque
from statistics import median
from typing import Any

from daemon import messages as m
from dsp.harmony import chord_symbol

BAR = 40  # characters of the histogram's longest bar
PLURALS = {"onset": "onsets", "note_on": "notes", "beat": "beats", "chord": "chords", "key": "keys"}


class Tally:
    """Counts messages as they are published; its size does not grow with time. [main]"""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # by type
        self.bands: Counter[str] = Counter()  # of onsets
        self.chords: Counter[str] = Counter()
        self.keys: list[str] = []  # each once, in the order found
        self.tempos_bpm: deque[float] = deque(maxlen=64)
        self.delays_ms: deque[float] = deque(maxlen=4096)  # from onset to decision

    def take(self, message: m.Message) -> None:
        """Count one message. [main]"""
        self.counts[str(message.__struct_config__.tag)] += 1
        match message:
            case m.Onset():
                self.bands[message.band] += 1
                self.delays_ms.append(1000 * (message.known_at - message.sample_time) / message.rate)
            case m.Beat():
                self.tempos_bpm.append(message.tempo_bpm)
            case m.Chord() if message.name != "N":
                self.chords[chord_symbol(message.name)] += 1
            case m.Key() if message.name not in self.keys:
                self.keys.append(message.name)


def summary(tally: Tally, stats: dict[str, Any], rows: list[tuple[float, float, int]]) -> str:
    """The text, without a last newline. [main]

    `stats` is daemon.engine.histogram.stats; `rows` are its `doubling` of the work times: (from us, below us, blocks).
    """
    said = [("events", ", ".join(f"{tally.counts[kind]} {name}" for kind, name in PLURALS.items()))]
    if tally.delays_ms:
        bands = ", ".join(f"{band} {n}" for band, n in sorted(tally.bands.items()))
        said.append(("onsets", f"{bands}; known {median(tally.delays_ms):.1f} ms after (median)"))
    if tally.tempos_bpm:
        said.append(("tempo", f"{median(tally.tempos_bpm):.1f} BPM"))
    if tally.keys:
        said.append(("key", ", ".join(tally.keys)))
    if tally.chords:
        said.append(("chords", ", ".join(f"{name} {n}" for name, n in tally.chords.most_common(8))))
    work, gap, budget = stats["work_us"], stats["gap_us"], stats["budget_us"]
    health = f"{stats['blocks']:,} blocks, {stats['xruns']} xruns, {stats['late_blocks']} late, "
    health += f"{stats['starved_samples']} samples starved, {stats['lost_events']} events lost"
    said += [
        ("engine", health),
        ("work", f"{_spread(work)} us of {budget:.0f} us a block"),
        ("gap", f"{_spread(gap)} us between blocks"),
    ]
    lines = [f"{name:8}{text}" for name, text in said]
    most = max((n for *_, n in rows), default=1)
    for start, end, n in rows:
        span = f"{start:.0f} us and more" if end == float("inf") else f"{start:.0f}-{end:.0f} us"
        lines.append(f"{span:>22}  {'#' * -(-BAR * n // most):{BAR}}  {n:,}")
    return "\n".join(lines)


def _spread(us: dict[str, float]) -> str:
    return f"p50 {us['p50']:.0f}, p99 {us['p99']:.0f}, p99.99 {us['p9999']:.0f}, max {us['max']:.0f}"
