"""The live view in a terminal: what is heard now, and how the engine fares. Without a terminal, one line an event.

Nothing is told by colour alone; the colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which
colour-blind eyes tell apart. NO_COLOR and terminals without UTF-8 are respected.
"""

import io
import math
import os
import time
from collections import deque
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dsp.harmony import PITCH_CLASSES, chord_symbol

FRAMES_PER_S = 20
WIDTH, HEIGHT = 80, 23  # the smallest terminal for the full view; below it, one line a subject
WIDEST = 110
FLASH_S = 0.12
STRIP_S = 0.1  # one cell of the strip of onsets

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, RED, PINK = "#0072B2", "#D55E00", "#CC79A7"
BANDS = {"low": RED, "mid": YELLOW, "high": SKY, "full": PINK}

Event = dict[str, Any]


class TerminalView:
    """What `jamd demo` shows. A context manager; feed it, and call `render` as often as convenient. [main]"""

    def __init__(
        self, source: str, address: str, rate: float, duration_s: float | None = None, console: Console | None = None
    ) -> None:
        """`source` and `address` are shown as they are; `rate` is the engine's, in Hz."""
        self.source, self.address, self.rate, self.duration_s = source, address, rate, duration_s
        self.console = console or Console()
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self._ascii = not self.console.encoding.startswith("utf")
        self._live: Live | None = None
        self._next_frame = 0.0
        self.now_s = 0.0
        self._hop: np.void | None = None
        self._peak = 0.0  # falls slowly
        self._stats: dict[str, Any] = {}
        self._newest: dict[str, Event] = {}  # by type
        self._onsets: deque[Event] = deque(maxlen=200)
        self._notes: deque[str] = deque(maxlen=12)
        self._chords: deque[str] = deque(maxlen=12)
        self._beats: deque[Event] = deque(maxlen=4)

    def __enter__(self) -> "TerminalView":
        if self.is_live:
            self._live = Live(self.frame(), console=self.console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.update(self.frame(), refresh=True)
            self._live.stop()

    def hop(self, features: np.void) -> None:
        """Take a hop's record (dsp.hop.FEATURES, times in engine samples). [main]"""
        self._hop = features
        step_s = float(features["sample_time"]) / self.rate - self.now_s
        if step_s < 0:  # the engine began anew, and its time with it
            self._onsets.clear()
            self._beats.clear()
            self._peak = step_s = 0.0
            self.now_s = float(features["sample_time"]) / self.rate
        self.now_s += step_s
        self._peak = max(float(features["peak"]), self._peak * 10 ** (-step_s))  # 20 dB a second

    def event(self, event: Event) -> None:
        """Take an event as it is published: `type`, `time_s`, `known_s` and the fields of its kind. [main]"""
        if not self.is_live:
            self.console.print(event_line(event), markup=False, highlight=False, soft_wrap=True)
            return
        kind = event["type"]
        self._newest[kind] = event
        if kind == "onset":
            self._onsets.append(event)
        elif kind == "note_on":
            self._notes.append(event["name"])
        elif kind == "beat":
            self._beats.append(event)
        elif kind == "chord":
            self._chords.append(chord_symbol(event["name"]))

    def engine(self, stats: dict[str, Any]) -> None:
        """Take the engine's statistics (daemon.engine.histogram.stats). [main]"""
        self._stats = stats

    def render(self) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second. [main]"""
        now = time.monotonic()
        if self._live is not None and now >= self._next_frame:
            self._next_frame = now + 1 / FRAMES_PER_S
            self._live.update(self.frame(), refresh=True)

    def export_svg(self, path: str | os.PathLike[str]) -> None:
        """Write a picture of the view as it would be drawn now. [main]"""
        console = Console(record=True, width=88, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        console.print(self.frame())
        console.save_svg(str(path), title="jamd demo")

    def frame(self) -> RenderableType:
        """The view, for the console's size. [main]"""
        width, height = self.console.size
        if width < WIDTH or height < HEIGHT:
            level, beat = self._level(36), self._beat(36)
            rows = [level[0], level[2], *self._bands(36)[:3], self._pitch(36)[0], *beat[:2]]
            rows += [*self._chroma(1), *self._harmony()[:2], *self._engine()]
            return Group(*(_cropped(row) for row in [self._header(width), *rows]))
        width = min(width, WIDEST) // 2 * 2
        inner = width // 2 - 4
        grid = Table.grid()
        grid.add_row(_panel("Level", self._level(inner)), _panel("Bands and onsets", self._bands(inner)))
        grid.add_row(_panel("Pitch", self._pitch(inner)), _panel("Beat", self._beat(inner)))
        for column in grid.columns:
            column.width = width // 2
        harmony = [bins + "  " + words for bins, words in zip(self._chroma(3), self._harmony(), strict=True)]
        news = self._newest.get("engine")
        return Group(
            self._header(width),
            grid,
            _panel("Harmony", harmony, width),
            _panel("Engine" + (f": {event_line(news).strip()}" if news else ""), self._engine(), width),
        )

    def _header(self, width: int) -> Text:
        of = f" / {_clock(self.duration_s)[:-2]}" if self.duration_s else ""
        right = f"{_clock(self.now_s)}{of}  {self.address} "
        room = max(1, width - len(right) - 1)
        return Text.assemble((f" jamd  {self.source}"[:room].ljust(room + 1), "bold"), right)

    def _value(self, field: str, default: float = 0.0) -> float:
        return default if self._hop is None else float(self._hop[field])

    def _bar(self, part: float, width: int, colour: str) -> Text:
        """A horizontal bar that fills `part` (0..1) of `width` cells."""
        eighths = round(8 * width * min(1.0, max(0.0, part)))
        if self._ascii:
            return Text("#" * (eighths // 8), colour).append("." * (width - eighths // 8), "dim")
        rest = " ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else ""
        return Text(("█" * (eighths // 8) + rest).ljust(width, "·"), colour)

    def _column(self, part: float, row: int, rows: int) -> str:
        """The cell in `row` (0 = bottom) of a vertical bar that fills `part` of `rows` cells."""
        eighths = min(8, max(0, round(8 * rows * part) - 8 * row))
        return " ...:::##"[eighths] if self._ascii else " ▁▂▃▄▅▆▇█"[eighths]

    def _level(self, width: int) -> list[Text]:
        n = width - 17
        rows = []
        for name, value in (("peak", _db(self._peak)), ("rms", _db(self._value("rms")))):
            rows.append(Text(f"{name:5}") + self._bar(1 + value / 60, n, RED if value > -1 else GREEN))
            rows[-1].append(f" {value:6.1f} dB")
        momentary, short = (self._value(name, -70.0) for name in ("momentary_lufs", "short_term_lufs"))
        rows.append(Text("loud ") + self._bar(1 + momentary / 60, n, BLUE) + f" {momentary:6.1f} LUFS")
        centroid, flatness = self._value("centroid_hz"), self._value("flatness")
        rows.append(Text(f"3 s {short:6.1f} LUFS {centroid:6.0f} Hz flat {flatness:.2f}"))
        return rows

    def _bands(self, width: int) -> list[Text]:
        """Each band's level, and a strip of its onsets, the newest at the right."""
        n = width - 17
        newest = int(self.now_s / STRIP_S)
        strongest = max((onset["strength"] for onset in self._onsets), default=0.0) or 1.0
        rows = []
        for band, colour in BANDS.items():
            cells, flash = [0.0] * n, False
            for onset in self._onsets:
                age = newest - int(onset["time_s"] / STRIP_S)
                if onset["band"] == band and 0 <= age < n:
                    cells[n - 1 - age] = max(0.15, onset["strength"] / strongest)
                    flash = flash or self.now_s - onset["known_s"] < FLASH_S
            row = Text(f"{band:4}", f"bold reverse {colour}" if flash else "") + " "
            row += Text(" " * 10) if band == "full" else self._bar(self._value(band), 10, colour)
            rows.append(row + " |" + Text("".join(self._column(cell, 0, 1) for cell in cells), colour))
        return rows

    def _pitch(self, width: int) -> list[Text]:
        f0, confidence = self._value("f0_hz"), self._value("f0_confidence")
        first, needle = Text("-", "dim"), -1
        if self._value("voiced") > 0 and f0 > 0:
            midi = 69 + 12 * math.log2(f0 / 440)
            nearest = round(midi)
            cents = 100 * (midi - nearest)
            first = Text(f"{PITCH_CLASSES[nearest % 12]}{nearest // 12 - 1:<3}", f"bold {YELLOW}")
            first.append(f" {cents:+4.0f} cents {f0:8.1f} Hz")
            needle = round(10 + cents / 5)
        scale = "".join("^" if k == needle else "|" if k == 10 else "-" for k in range(21))
        return [
            first,
            Text(f"flat {scale} sharp"),
            Text("sure ") + self._bar(confidence, width - 10, YELLOW) + f" {confidence:.2f}",
            Text("notes " + " ".join(list(self._notes)[-(width - 6) // 4 :])),
        ]

    def _beat(self, width: int) -> list[Text]:
        tempo, phase, confidence = (self._value(name) for name in ("tempo_bpm", "beat_phase", "beat_confidence"))
        fallen = [beat for beat in self._beats if beat["time_s"] <= self.now_s]
        coming = [beat["time_s"] for beat in self._beats if beat["time_s"] > self.now_s]
        lit = bool(fallen) and self.now_s - fallen[-1]["time_s"] < FLASH_S
        place = (fallen[-1].get("position") or 0) if fallen else 0  # 1 = downbeat, 0 = not known
        on, off = "#." if self._ascii else "■□"
        lamps = Text()
        for k in range(1, 5):
            here = k == place or (place == 0 and lit)
            lamps.append(f"{on if here else off} ", f"bold {ORANGE}" if lit else "")
        wait = ""
        if coming or tempo > 0:
            wait = f"  next beat in {coming[0] - self.now_s if coming else (1 - phase) * 60 / tempo:.2f} s"
        return [
            Text(f"{tempo:5.1f} BPM" if tempo > 0 else "-", "bold") + f"   confidence {confidence:.2f}",
            lamps + wait,
            Text("phase ") + self._bar(phase, width - 11, ORANGE) + f" {phase:.2f}",
            Text(f"bar   beat {place}" if place else "bar   not known", "" if place else "dim"),
        ]

    def _chroma(self, height: int) -> list[Text]:
        """Twelve vertical bars of `height` rows, and their names."""
        bins = [0.0] * 12 if self._hop is None else self._hop["chroma"].tolist()
        rows = [
            Text("".join(f" {self._column(part, height - 1 - row, height) * 2} " for part in bins), SKY)
            for row in range(height)
        ]
        return [*rows, Text("".join(f" {name:3}" for name in PITCH_CLASSES))]

    def _harmony(self) -> list[Text]:
        rows = []
        for kind, colour, name in (("chord", ORANGE, chord_symbol), ("key", SKY, str)):
            event = self._newest.get(kind)
            row = Text(f"{kind:6} ") + Text(name(event["name"]) if event else "-", f"bold {colour}")
            rows.append(row + (f"  {event['confidence']:.2f}" if event else ""))
        tuning = Text(f"tuning {self._value('tuning_cents'):+.0f} cents")
        return [*rows, tuning, Text(" ".join(list(self._chords)[-6:]))]

    def _engine(self) -> list[Text]:
        s = self._stats
        if not s:
            return [Text("not heard of yet", "dim"), Text("")]
        row = Text(f"blocks {s['blocks']:,}")
        for name in ("xruns", "late_blocks", "starved_samples", "lost_events"):
            row.append(f"  {name.partition('_')[0]} {s[name]:,}", f"bold {RED}" if s[name] else GREEN)
        work, budget = s["work_us"], s["budget_us"]
        part = f" ({100 * work['p9999'] / budget:.0f} %)" if budget else ""
        tail = f"p99.99 {work['p9999']:.0f}{part}  max {work['max']:.0f} of {budget:.0f} us"
        gap = f"gap max {s['gap_us']['max'] / 1000:.1f} ms"
        return [row, Text(f"work p50 {work['p50']:.0f}  p99 {work['p99']:.0f}  {tail}  {gap}")]


def event_line(event: Event) -> str:
    """An event as one line of text. [any]"""
    late_ms = 1000 * (event["known_s"] - event["time_s"])
    rest = {name: value for name, value in event.items() if name not in ("type", "time_s", "known_s")}
    words = [f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}" for name, value in rest.items()]
    return f"{event['time_s']:9.3f} s  {event['type']:8} {'  '.join(words)}  (known {late_ms:+.0f} ms)"


def _cropped(row: Text) -> Text:
    row.no_wrap, row.overflow = True, "crop"
    return row


def _panel(title: str, rows: list[Text], width: int | None = None) -> Panel:
    content = Group(*(_cropped(row) for row in rows))
    return Panel(content, title=Text(title), title_align="left", border_style="dim", width=width)


def _db(value: float) -> float:
    return max(-99.9, 20 * math.log10(max(value, 1e-9)))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
