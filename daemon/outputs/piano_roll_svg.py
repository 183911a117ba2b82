"""The same piano roll as a picture: plain SVG, no fonts of its own, for a page or a README.

What was heard is an outline, what was answered is filled, so nothing is told by colour alone.
"""

from collections.abc import Sequence
from html import escape

from daemon.outputs.piano_roll import ANSWERED, BAND, DRUM, HEARD, Page, Rolled
from dsp.harmony import note_name

BLUE, ORANGE, GREEN, INK, PAPER = "#0072B2", "#E69F00", "#009E73", "#222222", "#FFFFFF"
SEMITONE, QUARTER = 7.0, 30.0  # pixels
LEFT, TOP, GAP = 44.0, 44.0, 12.0
DRUM_ROW = 9.0
BLACK = (1, 3, 6, 8, 10)  # keys
DRUM_NAMES = {
    36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "brush", 41: "tom 4", 42: "hat", 44: "foot", 45: "tom 3",
    46: "open", 47: "tom 2", 49: "crash", 50: "tom 1", 51: "ride", 53: "bell", 54: "tamb", 56: "cowbell", 62: "mute",
    63: "conga", 64: "low", 70: "shaker", 75: "claves", 81: "triangle",
}  # fmt: skip
"""General MIDI's percussion, in short."""

_LOOKS = {
    HEARD: f'fill="{BLUE}" fill-opacity="0.12" stroke="{BLUE}" stroke-width="1.4"',
    ANSWERED: f'fill="{ORANGE}" stroke="#8A5F00" stroke-width="0.6"',
    BAND: f'fill="{GREEN}" fill-opacity="0.45" stroke="none"',
}


def picture(notes: Sequence[Rolled], page: Page, title: str) -> str:
    """The SVG's text. [any]"""
    seen = [note for note in notes if note.end > page.first and note.start < page.last]
    pitched = [note for note in seen if note.who != DRUM]
    drums = sorted({note.pitch for note in seen if note.who == DRUM}, reverse=True)
    low = min((note.pitch for note in pitched), default=60) - 2
    high = max((note.pitch for note in pitched), default=72) + 2
    width = LEFT + (page.last - page.first) / 24 * QUARTER + 10
    foot = TOP + (high - low + 1) * SEMITONE
    height = foot + (GAP + len(drums) * DRUM_ROW if drums else 0) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="10" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        f'<text x="{LEFT}" y="13" font-size="12">{escape(title)}</text>',
        *_legend(width, seen),
        *_keys(low, high, width),
        *_lines(page, foot, height - 10),
    ]
    order = {BAND: 0, HEARD: 1, ANSWERED: 2}
    for note in sorted(pitched, key=lambda note: order[note.who]):
        parts.append(_note(note, page, high))
    for row, pitch in enumerate(drums):
        y = foot + GAP + row * DRUM_ROW
        name = DRUM_NAMES.get(pitch, str(pitch))
        parts.append(f'<text x="{LEFT - 4}" y="{y + 7:.1f}" text-anchor="end" font-size="8">{name}</text>')
        for note in seen:
            if note.who == DRUM and note.pitch == pitch and note.start >= page.first:
                size = 1.5 + 2.0 * note.velocity / 127
                parts.append(
                    f'<circle cx="{_x(note.start, page) + 2:.1f}" cy="{y + 4:.1f}" r="{size:.1f}" fill="{GREEN}"/>'
                )
    return "\n".join([*parts, "</svg>\n"])


def _x(tick: float, page: Page) -> float:
    return LEFT + (tick - page.first) / 24 * QUARTER


def _note(note: Rolled, page: Page, high: int) -> str:
    start, end = max(note.start, page.first), min(note.end, page.last)
    x, y = _x(start, page), TOP + (high - note.pitch) * SEMITONE
    width = max(1.5, (end - start) / 24 * QUARTER - 1.0)
    opacity = 0.5 + 0.5 * note.velocity / 127
    return (
        f'<rect x="{x:.1f}" y="{y + 0.5:.1f}" width="{width:.1f}" height="{SEMITONE - 1:.1f}" rx="1.5" '
        f'opacity="{opacity:.2f}" {_LOOKS[note.who]}><title>{note_name(note.pitch)}</title></rect>'
    )


def _keys(low: int, high: int, width: float) -> list[str]:
    """Rows of the black keys, names of the Cs."""
    parts = []
    for pitch in range(low, high + 1):
        y = TOP + (high - pitch) * SEMITONE
        if pitch % 12 in BLACK:
            parts.append(
                f'<rect x="{LEFT}" y="{y:.1f}" width="{width - LEFT - 10:.1f}" height="{SEMITONE}" fill="#F3F3F3"/>'
            )
        if pitch % 12 == 0:
            parts.append(f'<text x="{LEFT - 4}" y="{y + 6.5:.1f}" text-anchor="end">{note_name(pitch)}</text>')
    return parts


def _lines(page: Page, foot: float, bottom: float) -> list[str]:
    """Bar lines with their numbers, beats, and the chords."""
    parts = []
    for tick in range(page.first, page.last + 1, page.beat):
        is_bar = (tick - page.first) % page.bar == 0
        look = 'stroke="#777777"' if is_bar else 'stroke="#DDDDDD"'
        x = _x(tick, page)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom if is_bar else foot:.1f}" {look}/>')
        if is_bar and tick < page.last:
            number = page.number + tick // page.bar
            parts.append(f'<text x="{x + 3:.1f}" y="27" fill="#777777">{number}</text>')
    for tick, name in page.chords:
        if page.first <= tick < page.last:
            parts.append(f'<text x="{_x(tick, page) + 3:.1f}" y="{TOP - 5}" font-weight="bold">{escape(name)}</text>')
    return parts


def _legend(width: float, seen: Sequence[Rolled]) -> list[str]:
    parts, x = [], width - 10
    for who, word in ((BAND, "band"), (ANSWERED, "answered"), (HEARD, "heard")):
        if any(note.who == who for note in seen):
            x -= 16 + 6 * len(word)
            parts.append(f'<rect x="{x:.1f}" y="5" width="12" height="8" rx="1.5" {_LOOKS[who]}/>')
            parts.append(f'<text x="{x + 15:.1f}" y="13">{word}</text>')
            x -= 8
    return parts
