"""What the demo says at its end: what was heard and answered, and the callback's own account of its time."""

from collections import Counter, deque
from statistics import median
from typing import Any

from rich.text import Text

from daemon import messages as m
from daemon.outputs import piano_roll
from daemon.outputs.piano_roll import ANSWERED, HEARD, Page, Rolled
from dsp.harmony import chord_symbol

BAR = 40  # characters of the histogram's longest bar
BEAT_TICKS, BAR_TICKS = 24, 96  # of the performance's common time
ROWS = 12  # of the piano roll, at most
PLURALS = {"onset": "onsets", "note_on": "notes", "beat": "beats", "chord": "chords", "key": "keys"}


class Tally:
    """Counts messages as they are published; its size does not grow with time. [main]"""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # by type
        self.bands: Counter[str] = Counter()  # of onsets
        self.chords: Counter[str] = Counter()
        self.sections: Counter[str] = Counter()
        self.keys: list[str] = []  # each once, in the order found
        self.generators: Counter[str] = Counter()  # of answers that have begun
        self.answers: deque[m.Answer] = deque(maxlen=4)
        self.notes: deque[m.PhraseNote] = deque(maxlen=256)  # of phrases heard
        self._coming: m.Answer | None = None
        self.tempos_bpm: deque[float] = deque(maxlen=64)
        self.delays_ms: deque[float] = deque(maxlen=4096)  # from onset to decision

    def take(self, message: m.Message) -> None:
        """Count one message. [main]"""
        self.counts[str(message.__struct_config__.tag)] += 1
        if self._coming is not None and message.known_at >= self._coming.sample_time:
            self.generators[self._coming.generator] += 1
            self.answers.append(self._coming)
            self._coming = None
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
            case m.Section():
                self.sections[message.what] += 1
            case m.Phrase():
                self.notes += message.notes
            case m.Answer():
                self._coming = message


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
    if tally.sections:
        said.append(("section", ", ".join(f"{what} {n}" for what, n in tally.sections.most_common())))
    if tally.counts["phrase"] or tally.answers:
        by = ", ".join(f"{name} {n}" for name, n in tally.generators.most_common())
        phrases, answers = tally.counts["phrase"], tally.generators.total()
        said.append(("jam", f"phrases heard {phrases}, answered {answers}" + (f": {by}" if by else "")))
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


def exchange(tally: Tally, width: int, plain: bool = False) -> list[Text]:
    """The last answer as a piano roll, beside the phrase that it answers; nothing where there was none. [main]"""
    for answer in reversed(tally.answers):
        first = max(0, answer.tick - answer.ticks)
        heard = [note for note in tally.notes if first <= note.tick < answer.tick]
        if not heard:
            continue  # its phrase has not ended yet
        sides = [(HEARD, heard), (ANSWERED, answer.notes)]
        notes = [Rolled(n.tick, n.tick + n.duration, n.midi, who, n.velocity) for who, side in sides for n in side]
        page = Page(first, answer.tick + answer.ticks, BAR_TICKS, BEAT_TICKS, number=1)
        return [*piano_roll.systems(notes, page, width, ROWS, plain), piano_roll.legend(plain)]
    return []


def _spread(us: dict[str, float]) -> str:
    return f"p50 {us['p50']:.0f}, p99 {us['p99']:.0f}, p99.99 {us['p9999']:.0f}, max {us['max']:.0f}"
