"""The live view in a terminal: what is heard now, and how the engine fares. Without a terminal, one line a message.

Nothing is told by colour alone; the colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which
colour-blind eyes tell apart. NO_COLOR and terminals without UTF-8 are respected.
"""

import io
import math
import os
import time
from collections import deque

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from daemon import messages as m
from daemon.lines import line
from daemon.outputs.next_panel import NextPanel
from dsp.harmony import PITCH_CLASSES, chord_symbol, note_name

FRAMES_PER_S = 20
WIDTH, HEIGHT = 80, 23  # the smallest terminal for the full view; below it, one line a subject
TALL = 28  # from here on there is room for what comes next below the rest,
TALLEST = 31  # and for its reasons on rows of their own
WIDEST = 110
FLASH_S = 0.12
STRIP_S = 0.1  # one cell of the strip of onsets

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, RED, PINK = "#0072B2", "#D55E00", "#CC79A7"
BANDS = {"low": RED, "mid": YELLOW, "high": SKY, "full": PINK}


class TerminalView:
    """What `jamd demo` shows: a context manager and a subscriber of the bus. [main]"""

    def __init__(
        self,
        source: str,
        address: str,
        rate: float,
        duration_s: float | None = None,
        console: Console | None = None,
        next_panel: NextPanel | None = None,
    ) -> None:
        """`source` and `address` are shown as they are; `rate` is the engine's in Hz, until the messages tell it.

        `next_panel` has a place where it is given; feeding it is its owner's.
        """
        self.source, self.address, self.rate, self.duration_s = source, address, rate, duration_s
        self.console = console or Console()
        self._next = next_panel
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self._ascii = not self.console.encoding.startswith("utf")
        self._live: Live | None = None
        self._next_frame = 0.0
        self.now_s = 0.0
        self._hop: np.void | None = None
        self._peak = 0.0  # falls slowly
        self._health: m.Heartbeat | None = None
        self._news: m.Engine | None = None
        self._chord: m.Chord | None = None
        self._key: m.Key | None = None
        self._onsets: deque[m.Onset] = deque(maxlen=200)
        self._beats: deque[m.Beat] = deque(maxlen=4)
        self._notes: deque[str] = deque(maxlen=12)
        self._chords: deque[str] = deque(maxlen=6)

    def __enter__(self) -> "TerminalView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.update(self.frame(*self.console.size), refresh=True)
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

    def take(self, message: m.Message) -> None:
        """Take a message as it is published. [main]"""
        self.rate = message.rate or self.rate
        if not self.is_live and message.__struct_config__.tag not in m.DENSE:
            self.console.print(line(message), markup=False, highlight=False, soft_wrap=True)
        match message:
            case m.Onset():
                self._onsets.append(message)
            case m.NoteOn():
                self._notes.append(message.name)
            case m.Beat():
                self._beats.append(message)
            case m.Chord():
                self._chord = message
                self._chords.append(chord_symbol(message.name))
            case m.Key():
                self._key = message
            case m.Heartbeat():
                self._health = message
            case m.Engine():
                self._news = message

    def render(self) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second; nothing before the first hop. [main]"""
        now = time.monotonic()
        if not self.is_live or self._hop is None or now < self._next_frame:
            return
        self._next_frame = now + 1 / FRAMES_PER_S
        if self._live is None:  # until now, what goes wrong at the start has the terminal to itself
            self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._live.update(self.frame(*self.console.size), refresh=True)

    def export_svg(self, path: str | os.PathLike[str]) -> None:
        """Write a picture of the view as it would be drawn now. [main]"""
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        console.print(self.frame(WIDTH, HEIGHT))
        console.save_svg(str(path), title="jamd demo")

    def frame(self, width: int, height: int) -> RenderableType:
        """The view for a terminal of `width` by `height` cells. [main]"""
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
        is_tight = self._next is not None and height < TALL
        chroma = self._chroma(1 if is_tight else 3)
        harmony = [_row(bins, "  ", words) for bins, words in zip(chroma, self._harmony(), strict=False)]
        title = "Engine"
        if self._news is not None:
            title += f": {self._news.state} {self._news.error or self._news.device}".rstrip()
        engine = self._engine()
        return Group(
            self._header(width),
            grid,
            _panel("Harmony", harmony, width),
            *([_cropped(_row(" ", engine[0]))] if is_tight else [_panel(title, engine, width)]),
            *([] if self._next is None else [self._coming(self._next, width, 2 if height >= TALLEST else 1)]),
        )

    @staticmethod
    def _coming(panel: NextPanel, width: int, each: int) -> Panel:
        return _panel(panel.title, panel.rows(width - 4, each), width)

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
            bar = self._bar(1 + value / 60, n, RED if value > -1 else GREEN)
            rows.append(_row(f"{name:5}", bar, f" {value:6.1f} dB"))
        momentary, short = (self._value(name, -70.0) for name in ("momentary_lufs", "short_term_lufs"))
        rows.append(_row("loud ", self._bar(1 + momentary / 60, n, BLUE), f" {momentary:6.1f} LUFS"))
        centroid, flatness = self._value("centroid_hz"), self._value("flatness")
        rows.append(_row(f"3 s {short:6.1f} LUFS {centroid:6.0f} Hz flat {flatness:.2f}"))
        return rows

    def _bands(self, width: int) -> list[Text]:
        """Each band's level, and a strip of its onsets, the newest at the right."""
        n = width - 17
        newest = int(self.now_s / STRIP_S)
        strongest = max((onset.strength for onset in self._onsets), default=0.0) or 1.0
        rows = []
        for band, colour in BANDS.items():
            cells, flash = [0.0] * n, False
            for onset in self._onsets:
                age = newest - int(onset.sample_time / self.rate / STRIP_S)
                if onset.band == band and 0 <= age < n:
                    cells[n - 1 - age] = max(0.15, onset.strength / strongest)
                    flash = flash or self.now_s - onset.known_at / self.rate < FLASH_S
            name = (f"{band:4}", f"bold reverse {colour}" if flash else "")
            level = " " * 10 if band == "full" else self._bar(self._value(band), 10, colour)
            strip = "".join(self._column(cell, 0, 1) for cell in cells)
            rows.append(_row(name, " ", level, " |", (strip, colour)))
        return rows

    def _pitch(self, width: int) -> list[Text]:
        f0, confidence = self._value("f0_hz"), self._value("f0_confidence")
        first, needle = _row(("-", "dim")), -1
        if self._value("voiced") > 0 and f0 > 0:
            midi = 69 + 12 * math.log2(f0 / 440)
            nearest = round(midi)
            cents = 100 * (midi - nearest)
            first = _row((f"{note_name(nearest):4}", f"bold {YELLOW}"), f" {cents:+4.0f} cents {f0:8.1f} Hz")
            needle = round(10 + cents / 5)
        scale = "".join("^" if k == needle else "|" if k == 10 else "-" for k in range(21))
        return [
            first,
            _row(f"flat {scale} sharp"),
            _row("sure ", self._bar(confidence, width - 10, YELLOW), f" {confidence:.2f}"),
            _row("notes " + " ".join(list(self._notes)[-(width - 6) // 4 :])),
        ]

    def _beat(self, width: int) -> list[Text]:
        tempo, phase, confidence = (self._value(name) for name in ("tempo_bpm", "beat_phase", "beat_confidence"))
        beats = [(beat.sample_time / self.rate, beat.position) for beat in self._beats]
        fallen = [beat for beat in beats if beat[0] <= self.now_s]
        coming = [beat for beat in beats if beat[0] > self.now_s]
        lit = bool(fallen) and self.now_s - fallen[-1][0] < FLASH_S
        place = fallen[-1][1] if fallen else 0  # 1 = downbeat, 0 = not known
        on, off = "#." if self._ascii else "■□"
        lamps = (on if k == place or (place == 0 and lit) else off for k in range(1, 5))
        wait = ""
        if coming or tempo > 0:
            wait = f"   next beat in {coming[0][0] - self.now_s if coming else (1 - phase) * 60 / tempo:.2f} s"
        return [
            _row((f"{tempo:5.1f} BPM" if tempo > 0 else "-", "bold"), f"   confidence {confidence:.2f}"),
            _row((" ".join(lamps), f"bold {ORANGE}" if lit else ""), wait),
            _row("phase ", self._bar(phase, width - 11, ORANGE), f" {phase:.2f}"),
            _row("bar   ", f"beat {place}" if place else ("not known", "dim")),
        ]

    def _chroma(self, height: int) -> list[Text]:
        """Twelve vertical bars of `height` rows, and their names."""
        bins = [0.0] * 12 if self._hop is None else self._hop["chroma"].tolist()
        rows = []
        for row in range(height):
            cells = (f" {self._column(part, height - 1 - row, height) * 2} " for part in bins)
            rows.append(_row(("".join(cells), SKY)))
        return [*rows, _row("".join(f" {name:3}" for name in PITCH_CLASSES))]

    def _harmony(self) -> list[Text]:
        chord, key = self._chord, self._key
        return [
            _row("chord  ", (chord_symbol(chord.name), f"bold {ORANGE}"), f"  {chord.confidence:.2f}")
            if chord
            else _row("chord  -"),
            _row("key    ", (key.name, f"bold {SKY}"), f"  {key.confidence:.2f}") if key else _row("key    -"),
            _row(f"tuning {self._value('tuning_cents'):+.0f} cents"),
            _row(" ".join(self._chords)),
        ]

    def _engine(self) -> list[Text]:
        h = self._health
        if h is None:
            return [_row(("not heard of yet", "dim")), _row()]
        counts = {"xruns": h.xruns, "late": h.late_blocks, "starved": h.starved_samples, "lost": h.lost_events}
        marks = [(f"  {name} {n:,}", f"bold {RED}" if n else GREEN) for name, n in counts.items()]
        work = {name: f"{us:.0f}" for name, us in h.work_us.items()}
        part = f" ({100 * h.work_us['p9999'] / h.budget_us:.0f} %)" if h.budget_us else ""
        tail = f"p99.99 {work['p9999']}{part}  max {work['max']} of {h.budget_us:.0f} us"
        gap = f"gap max {h.gap_us['max'] / 1000:.1f} ms"
        return [
            _row(f"blocks {h.blocks:,}", *marks),
            _row(f"work p50 {work['p50']}  p99 {work['p99']}  {tail}  {gap}"),
        ]


def _row(*parts: str | Text | tuple[str, str]) -> Text:
    return Text.assemble(*parts)


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
