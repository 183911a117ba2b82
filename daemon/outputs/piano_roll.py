"""A piano roll for a terminal: what was heard and what was answered on the grid of beats, two pitches to a row.

What was heard is dotted, what was answered solid, the band's parts are thin lines, so nothing is told by colour alone; the
colours are those of M. Okabe and K. Ito, "Color Universal Design" (2008).
"""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from rich.text import Text

from dsp.harmony import note_name

BAND, HEARD, ANSWERED, DRUM = 1, 2, 3, 4
"""Who plays; where two meet in a cell the higher number is seen."""
COLOURS = {BAND: "#009E73", HEARD: "#56B4E9", ANSWERED: "#E69F00"}
LEGEND = ((HEARD, "heard"), (ANSWERED, "answered"), (BAND, "band"))

LABEL = 4  # cells of a row's name, and one between
FEWEST = 12  # semitones shown
STEPS = (1, 2, 3, 6, 12, 24, 48, 96, 192, 384)  # ticks a cell may be
KICKS, SNARES = (35, 36), (37, 38, 39, 40)

_GLYPHS = {HEARD: "⠛⣤⣿", ANSWERED: "▀▄█", BAND: "⠉⣀⣉"}  # upper half, lower half, both
_PLAIN = {HEARD: "o", ANSWERED: "#", BAND: "-"}


class Rolled(NamedTuple):
    """A note from tick `start` to `end`; `who` of BAND, HEARD, ANSWERED, DRUM."""

    start: float
    end: float
    pitch: int
    who: int
    velocity: int = 80


class Page(NamedTuple):
    """A stretch of music: its first tick (a bar line) and the one after its last, the ticks of a bar and of a beat."""

    first: int
    last: int
    bar: int
    beat: int
    chords: tuple[tuple[int, str], ...] = ()  # (tick, symbol)
    now: float | None = None  # where the music is
    number: int = 0  # of the bar at tick 0


def systems(notes: Sequence[Rolled], page: Page, width: int, height: int, plain: bool = False) -> list[Text]:
    """The page line by line, in as many systems of whole bars as `width` cells need; `height` rows each at most. [any]

    `plain` is for terminals without UTF-8.
    """
    cells = max(1, width - LABEL - 1)
    step = 6 if page.bar % 6 == 0 else 1
    bars = max(1, cells // (page.bar // step + 1))
    lines: list[Text] = []
    for first in range(page.first, page.last, bars * page.bar):
        part = page._replace(first=first, last=min(page.last, first + bars * page.bar))
        lines += [*([Text()] if lines else []), *rows(notes, part, width, height, plain)]
    return lines


def rows(notes: Sequence[Rolled], page: Page, width: int, height: int, plain: bool = False) -> list[Text]:
    """One system: bar numbers, chords where there are any, pitches from the top down, drums. [any]"""
    seen = [note for note in notes if note.end > page.first and note.start < page.last]
    step, n = _scale(page, width - LABEL - 1)
    pitched = [note.pitch for note in seen if note.who != DRUM]
    low, each, count = _range(pitched, height)
    halves = [[0] * n for _ in range(2 * count)]  # from the bottom up
    for note in sorted(seen, key=lambda note: note.who):
        if note.who != DRUM:
            half = halves[(note.pitch - low) // each]
            start = max(0, int((note.start - page.first) // step))
            for cell in range(start, min(n, max(start + 1, round((note.end - page.first) / step)))):
                half[cell] = note.who
    lines = [_ruler(page, step, n)]
    if page.chords:
        lines.append(_over(page, step, n, page.chords, "bold"))
    for row in reversed(range(count)):
        name = _name(low + 2 * row * each, each, row in (0, count - 1))
        lines.append(_row(name, halves[2 * row + 1], halves[2 * row], page, step, plain))
    if any(note.who == DRUM for note in seen):
        lines.append(_drums(seen, page, step, n, plain))
    return lines


def legend(plain: bool = False) -> Text:
    """What the glyphs mean."""
    text = Text(" " * (LABEL + 1))
    for who, word in LEGEND:
        text.append((_PLAIN[who] if plain else _GLYPHS[who][2]) * 2, COLOURS[who]).append(f" {word}   ")
    return text


def _scale(page: Page, cells: int) -> tuple[int, int]:
    """Ticks a cell, and how many cells that makes, bar lines not counted."""
    length = page.last - page.first
    lines = -(-length // page.bar)
    step = next((s for s in STEPS if (s <= 6 or page.bar % s == 0) and length / s + lines <= cells), page.bar)
    return step, -(-length // step)


def _range(pitches: list[int], height: int) -> tuple[int, int, int]:
    """The lowest pitch shown, semitones half a row, and how many rows: at most `height` where that is any."""
    low, high = (min(pitches), max(pitches)) if pitches else (60, 71)
    low -= max(0, (FEWEST - 1 - (high - low)) // 2)
    high = max(high, low + FEWEST - 1)
    each = 1
    while True:
        base = low - low % (2 * each)
        count = (high - base) // (2 * each) + 1
        if count <= max(1, height) or each > 64:
            return base, each, count
        each += 1


def _name(low: int, each: int, is_edge: bool) -> str:
    """A row's name: its C, or at the edges its lowest pitch."""
    pitches = range(low, low + 2 * each)
    c = next((pitch for pitch in pitches if pitch % 12 == 0), None)
    return note_name(c) if c is not None else note_name(low) if is_edge else ""


def _row(name: str, upper: list[int], lower: list[int], page: Page, step: int, plain: bool) -> Text:
    cells: list[tuple[str, str]] = []
    for cell, (top, bottom) in enumerate(zip(upper, lower, strict=True)):
        tick = page.first + cell * step
        if (cell * step) % page.bar < step:
            is_now = page.now is not None and tick <= page.now < tick + page.bar
            cells.append(("|" if plain else "│", "bold" if is_now else "dim"))
        is_here = page.now is not None and tick <= page.now < tick + step
        who = max(top, bottom)
        if not who:
            mark = "." if plain else "·"
            cells.append((mark if tick % page.beat < step else " ", "reverse" if is_here else "dim"))
        elif plain:
            cells.append((_PLAIN[who], COLOURS[who]))
        elif top and bottom and top != bottom:
            cells.append(("▀", f"{COLOURS[top]} on {COLOURS[bottom]}"))
        else:
            cells.append((_GLYPHS[who][2 if top == bottom else 0 if top else 1], COLOURS[who]))
    text = Text().append(f"{name:>{LABEL}} ", "dim")
    for style, alike in groupby(cells, key=lambda one: one[1]):  # as one: each change is some twenty bytes more to draw
        text.append("".join(mark for mark, _ in alike), style)
    return text


def _over(page: Page, step: int, n: int, words: Sequence[tuple[int, str]], style: str) -> Text:
    """Words above their ticks; one that has no room is left out."""
    line = [" "] * (n + -(-(page.last - page.first) // page.bar) + LABEL + 1)
    free = 0
    for tick, word in words:
        offset = tick - page.first
        if not 0 <= offset < page.last - page.first:
            continue
        at = LABEL + 1 + offset // step + offset // page.bar + 1
        if at >= free:
            line[at : at + len(word)] = word
            free = at + len(word) + 1
    return Text("".join(line[: LABEL + 2 + n + (page.last - page.first) // page.bar]), style)


def _ruler(page: Page, step: int, n: int) -> Text:
    bars = range(page.first, page.last, page.bar)
    return _over(page, step, n, [(tick, str(page.number + tick // page.bar)) for tick in bars], "dim")


def _drums(seen: Sequence[Rolled], page: Page, step: int, n: int, plain: bool) -> Text:
    """One row: the lowest drum struck in each cell."""
    struck: dict[int, int] = {}
    for note in seen:
        if note.who == DRUM and page.first <= note.start < page.last:
            cell = int((note.start - page.first) // step)
            struck[cell] = min(struck.get(cell, 127), note.pitch)
    text = Text().append(f"{'drum':>{LABEL}} ", "dim")
    for cell in range(n):
        if (cell * step) % page.bar < step:
            text.append("|" if plain else "│", "dim")
        pitch = struck.get(cell)
        mark = " " if pitch is None else "o" if pitch in KICKS else "x" if pitch in SNARES else "."
        text.append(mark, COLOURS[BAND])
    return text


def gaps(chords: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Chords without those that only say again what sounds."""
    return tuple(two for one, two in pairwise(((0, ""), *chords)) if one[1] != two[1])
