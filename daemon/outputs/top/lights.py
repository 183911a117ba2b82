"""The lights: the show's state, where it is sent, and each universe as blocks, a channel a cell."""

from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, ORANGE, RED, YELLOW, bar, column, row
from daemon.outputs.top.facts import Facts

IN_A_ROW = 64  # channels, in groups of eight
LOOKS = {"on": GREEN, "blackout": RED, "safe": ORANGE}


def rows(facts: Facts, width: int, height: int, plain: bool) -> list[Text]:
    """What is said of the lights, then universes as there is room."""
    lines = [state(facts, plain)]
    show = facts.newest(m.Lights)
    if show is not None and show.fixtures:
        lines.append(row(f" fixtures {', '.join(show.fixtures)}"))
    sent = [
        one for one in facts.each(m.Output) if one.name.partition(":")[0] in ("sacn", "artnet", "os2l", "ola", "usb")
    ]
    lines += [row(f" {one.name} ", (one.state, GREEN if one.state == "open" else RED), f" {one.error}") for one in sent]
    each = 8 if width >= IN_A_ROW + IN_A_ROW // 8 + 6 else 4
    for universe in sorted(facts.each(m.Dmx), key=lambda one: one.universe):
        lines += [row(), row((f" universe {universe.universe}", "bold"), f"  {_lit(universe)}")]
        for first in range(0, len(universe.levels), 8 * each):
            lines.append(_channels(universe.levels[first : first + 8 * each], first + 1, plain))
    return lines[:height]


def state(facts: Facts, plain: bool) -> Text:
    """One row: on or dark, and how bright."""
    show = facts.newest(m.Lights)
    if show is None or show.state == "off":
        return row((f" no lights: {show.error}" if show is not None and show.error else " no lights", DIM))
    text = row(" ", (show.state, f"bold {LOOKS.get(show.state, '')}".strip()), "  master ")
    text.append_text(bar(show.master, 10, YELLOW, plain)).append(f" {show.master:.0%}  {len(show.fixtures)} fixtures")
    return text.append(f"  {show.error}" if show.error else "", RED)


def strip(facts: Facts, cells: int, plain: bool) -> Text:
    """The first channels of each universe in one row."""
    text = Text()
    for universe in sorted(facts.each(m.Dmx), key=lambda one: one.universe):
        text.append(f"  {universe.universe}:").append_text(_cells(universe.levels[:cells], plain))
    return text


def _lit(universe: m.Dmx) -> str:
    lit = sum(level > 0 for level in universe.levels)
    return f"{lit} of {len(universe.levels)} channels lit"


def _channels(levels: list[int], first: int, plain: bool) -> Text:
    text = Text(f"{first:4} ", DIM)
    for at in range(0, len(levels), 8):
        text.append_text(_cells(levels[at : at + 8], plain)).append(" ")
    return text


def _cells(levels: list[int], plain: bool) -> Text:
    text = Text()
    for level in levels:
        off = "." if plain else "·"
        text.append(*((column(max(level / 255, 0.125), 0, 1, plain), YELLOW) if level else (off, DIM)))
    return text
