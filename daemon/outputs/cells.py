"""What the views in a terminal are drawn of: rows, bars, boxes, and colours.

Nothing is told by colour alone; the colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008), which
colour-blind eyes tell apart. `plain` is for terminals without UTF-8.
"""

import math

from rich.console import Group
from rich.panel import Panel
from rich.text import Text

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, RED, PINK = "#0072B2", "#D55E00", "#CC79A7"
DIM = "dim"

Part = str | Text | tuple[str, str]


def bar(part: float, width: int, colour: str, plain: bool) -> Text:
    """A horizontal bar that fills `part` (0..1) of `width` cells."""
    eighths = round(8 * width * min(1.0, max(0.0, part)))
    if plain:
        return Text("#" * (eighths // 8), colour).append("." * (width - eighths // 8), DIM)
    rest = " ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else ""
    return Text(("█" * (eighths // 8) + rest).ljust(width, "·"), colour)


def column(part: float, at: int, rows: int, plain: bool) -> str:
    """The cell in row `at` (0 = bottom) of a vertical bar that fills `part` of `rows` cells."""
    eighths = min(8, max(0, round(8 * rows * part) - 8 * at))
    return " ...:::##"[eighths] if plain else " ▁▂▃▄▅▆▇█"[eighths]


def row(*parts: Part) -> Text:
    """One line of texts, some with a style."""
    return Text.assemble(*parts)


def cropped(line: Text) -> Text:
    """The same line, cut where the terminal ends."""
    line.no_wrap, line.overflow = True, "crop"
    return line


def box(title: str, rows: list[Text], width: int | None = None) -> Panel:
    """Rows in a frame."""
    content = Group(*(cropped(one) for one in rows))
    return Panel(content, title=Text(title), title_align="left", border_style=DIM, width=width)


def db(value: float) -> float:
    """A linear level in dB of full scale, -99.9 at least."""
    return max(-99.9, 20 * math.log10(max(value, 1e-9)))


def clock(seconds: float) -> str:
    """1:05.3"""
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
