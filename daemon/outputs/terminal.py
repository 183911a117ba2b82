"""The live view in a terminal: what is heard now, and how the engine fares. Without a terminal, one line a message.

NO_COLOR and terminals without UTF-8 are respected.
"""

import io
import os
import time

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from daemon import messages as m
from daemon.lines import line
from daemon.outputs import engine_panel
from daemon.outputs.cells import box, clock, cropped, row
from daemon.outputs.next_panel import NextPanel
from daemon.outputs.sound_panel import SoundPanel

FRAMES_PER_S = 20
WIDTH, HEIGHT = 80, 23  # the smallest terminal for the full view; below it, one line a subject
TALL = 28  # from here on there is room for what comes next below the rest,
TALLEST = 31  # and for its reasons on rows of their own
WIDEST = 110


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
        self.source, self.address, self.duration_s = source, address, duration_s
        self.console = console or Console()
        self._next = next_panel
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self._sound = SoundPanel(rate, plain=not self.console.encoding.startswith("utf"))
        self._live: Live | None = None
        self._next_frame = 0.0
        self._health: m.Heartbeat | None = None
        self._news: m.Engine | None = None

    def __enter__(self) -> "TerminalView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.update(self.frame(*self.console.size), refresh=True)
            self._live.stop()

    @property
    def now_s(self) -> float:
        """The stream's time."""
        return self._sound.now_s

    def hop(self, features: np.void) -> None:
        """Take a hop's record (dsp.hop.FEATURES, times in engine samples). [main]"""
        self._sound.hop(features)

    def take(self, message: m.Message) -> None:
        """Take a message as it is published. [main]"""
        if not self.is_live and message.__struct_config__.tag not in m.DENSE:
            self.console.print(line(message), markup=False, highlight=False, soft_wrap=True)
        self._sound.take(message)
        match message:
            case m.Heartbeat():
                self._health = message
            case m.Engine():
                self._news = message

    def render(self) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second; nothing before the first hop. [main]"""
        now = time.monotonic()
        if not self.is_live or not self._sound.is_heard or now < self._next_frame:
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
        sound = self._sound
        if width < WIDTH or height < HEIGHT:
            rows = [self._header(width), *sound.short(), *engine_panel.rows(self._health)]
            return Group(*(cropped(one) for one in rows))
        width = min(width, WIDEST) // 2 * 2
        is_tight = self._next is not None and height < TALL
        title = "Engine"
        if self._news is not None:
            title += f": {self._news.state} {self._news.error or self._news.device}".rstrip()
        engine = engine_panel.rows(self._health)
        return Group(
            self._header(width),
            sound.grid(width, is_tight),
            *([cropped(row(" ", engine[0]))] if is_tight else [box(title, engine, width)]),
            *([] if self._next is None else [self._coming(self._next, width, 2 if height >= TALLEST else 1)]),
        )

    @staticmethod
    def _coming(panel: NextPanel, width: int, each: int) -> Panel:
        return box(panel.title, panel.rows(width - 4, each), width)

    def _header(self, width: int) -> Text:
        of = f" / {clock(self.duration_s)[:-2]}" if self.duration_s else ""
        right = f"{clock(self.now_s)}{of}  {self.address} "
        room = max(1, width - len(right) - 1)
        return Text.assemble((f" jamd  {self.source}"[:room].ljust(room + 1), "bold"), right)
