"""The view of what to play next: large enough for a dark booth, and why. Without a terminal, the same as plain lines.

Nothing is told by colour alone; the colours are those of daemon.outputs.cells.
"""

import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, ORANGE, RED, SKY, YELLOW

FRAMES_PER_S = 5
WIDEST = 110
SHOWN = 5
ENDS_S = 30.0  # what remains is shown as urgent from here on
FAMILIES = ("content", "collaborative", "deep")
SOURCES = {
    "heard": "recognised",
    "told": "by hand",
    "mixxx": "Mixxx says",
    "file": "a file says",
    "osc": "OSC says",
}


class NextView:
    """A context manager; fed with messages. [main]"""

    def __init__(self, title: str, keys: str, console: Console | None = None) -> None:
        """`title` and `keys`, a line of help, are shown as they are."""
        self.title, self.keys = title, keys
        self.console = console or Console()
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self.news = self.done = ""  # what is to be mended, and what was just done
        self.chosen = 0  # which suggestion keys are for
        self.playing: m.Playing | None = None
        self.suggestions: m.Suggestions | None = None
        self.session: m.Session | None = None
        self._plain = not self.console.encoding.startswith("utf")
        self._playing_at = 0.0
        self._fares: m.Recommender | None = None
        self._live: Live | None = None
        self._next_frame = 0.0

    def __enter__(self) -> "NextView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.update(self.frame(*self.console.size), refresh=True)
            self._live.stop()

    @property
    def items(self) -> list[m.NextItem]:
        """Those that are shown."""
        return self.suggestions.items[:SHOWN] if self.suggestions is not None else []

    @property
    def families(self) -> tuple[str, ...]:
        """Who suggests."""
        return tuple(self.suggestions.families) if self.suggestions is not None else FAMILIES

    def take(self, message: m.Message) -> None:
        """A message of the recommender's."""
        match message:
            case m.Playing():
                self.playing, self._playing_at = message, time.monotonic()
            case m.Suggestions():
                before = self.items[self.chosen].id if self.chosen < len(self.items) else 0
                self.suggestions = message
                self.chosen = next((k for k, item in enumerate(self.items) if item.id == before), 0)
            case m.Session():
                self.session = message
            case m.Recommender():
                self._fares = message
                self.news = message.error

    def choose(self, step: int) -> None:
        """The next suggestion, or the one before."""
        self.chosen = min(max(0, self.chosen + step), max(0, len(self.items) - 1))

    def render(self) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second."""
        now = time.monotonic()
        if not self.is_live or now < self._next_frame:
            return
        self._next_frame = now + 1 / FRAMES_PER_S
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, screen=True, vertical_overflow="crop")
            self._live.start()
        self._live.update(self.frame(*self.console.size), refresh=True)

    def frame(self, width: int, height: int) -> RenderableType:
        """The view for a terminal of `width` by `height` cells."""
        width = min(width, WIDEST)
        foot = [Text(f" {text}", look) for text, look in ((self.done, "bold"), (self.news, RED)) if text]
        foot += [Text(self.keys, DIM)] if self.keys else []
        return Group(*(_cropped(line, width) for line in [*self.lines(width, height - len(foot) - 1), *foot]))

    def lines(self, width: int, height: int) -> list[Text]:
        """What plays and what could be next, in `height` rows where that is enough for three of the list."""
        head = [*self._now(width), self._wished(), Text()]
        return [*head, *self._list(width, max(3, height - len(head)))]

    def _now(self, width: int) -> list[Text]:
        """What plays, its facts, and a bar of what remains."""
        playing = self.playing
        if playing is None or not (playing.title or playing.artist):
            return [Text(f" {self.title}", "bold"), Text(" nothing known plays", DIM), Text()]
        name = Text(f" {_name(playing.artist, playing.title)}", f"bold {YELLOW}")
        facts = [SOURCES.get(playing.source, playing.source)] if playing.source else []
        facts += [f"{100 * playing.confidence:.0f} %"] if playing.source == "heard" else []
        if not playing.item_id:
            return [name, Text(f" {' '.join(facts)}; it is not in the library", RED), Text()]
        facts += [playing.key] if playing.key else []
        if playing.tempo_bpm:
            fader = 100 * (playing.speed - 1)
            facts.append(
                f"{playing.tempo_bpm * playing.speed:.1f} BPM" + (f" ({fader:+.1f} %)" if abs(fader) > 0.05 else "")
            )
        return [name, Text(f" {'   '.join(facts)}"), self._bar(playing, width) if playing.source else Text()]

    def _bar(self, playing: m.Playing, width: int) -> Text:
        at = playing.position_s + (time.monotonic() - self._playing_at) * playing.speed
        if not playing.duration_s:
            return Text(f" {_clock(at)}")
        at = min(at, playing.duration_s)
        left = (playing.duration_s - at) / (playing.speed or 1.0)
        said = f" {_clock(at)} / {_clock(playing.duration_s)}  -{_clock(left)}"
        cells = max(4, width - len(said) - 2)
        full = round(cells * at / playing.duration_s)
        on, off = "#." if self._plain else "█·"
        look = f"bold {RED}" if left < ENDS_S else GREEN
        return Text.assemble(
            " ", (on * full, look), (off * (cells - full), DIM), (said, look if left < ENDS_S else "bold")
        )

    def _wished(self) -> Text:
        """What is wished for, who suggests, and whether the list is late."""
        found = self.suggestions
        text = Text(" energy ").append(found.energy if found else "-", f"bold {ORANGE}").append("  ")
        for family in FAMILIES:
            is_on = family in self.families
            text.append(f" {family}" if is_on else f" ({family} off)", SKY if is_on else DIM)
        wishes = dict(self.session.wishes) if self.session is not None else {}
        for name in ("energy", "families", "seed"):
            wishes.pop(name, None)
        text.append("".join(f"   {_wish(name, value)}" for name, value in wishes.items()), ORANGE)
        if found is not None and found.stale:
            text.append(f"   the next list is late ({found.late}); this is the last", RED)
        return text

    def _list(self, width: int, room: int) -> list[Text]:
        """The suggestions, each with its reasons in as many of one or two lines as there is room for."""
        items = self.items
        if not items:
            note = self.suggestions.note if self.suggestions is not None else "no list yet"
            return [Text(f" {note}", DIM)]
        each = 2 if room >= 4 * len(items) else 1
        lines: list[Text] = []
        for place, item in enumerate(items):
            lines.append(self._head(place, item, width))
            lines += _wrapped(_reasons(item), width - 6, each)
            lines += [Text()] if room >= (each + 2) * len(items) else []
        if self.suggestions is not None and self.suggestions.note:
            lines.append(Text(f" {self.suggestions.note}", DIM))
        return lines[:room]

    def _head(self, place: int, item: m.NextItem, width: int) -> Text:
        is_chosen = place == self.chosen and bool(self.keys)
        mark = {True: ("+", GREEN), False: ("-", RED)}.get(item.verdict > 0, ("", "")) if item.verdict else ("", "")
        bar = round(8 * item.score)
        on, off = "#." if self._plain else "█·"
        tempo = f"{item.tempo_bpm:.1f}" if item.tempo_bpm else "-"
        tail = f"{tempo:>6} {item.key or '-':>3}  {on * bar}{off * (8 - bar)} {item.score:.2f}"
        room = width - len(tail) - 9
        arrow = (">" if self._plain else "▸") if is_chosen else " "
        name = _name(item.artist, item.title)
        name = name if len(name) <= room else f"{name[: room - 3]}..."
        return Text.assemble(
            (f" {arrow}{place + 1} ", f"bold {ORANGE}"),
            (f"{mark[0]:1} ", f"bold {mark[1]}".strip()),
            (name.ljust(room), "bold reverse" if is_chosen else "bold"),
            f"  {tail}",
        )


def _reasons(item: m.NextItem) -> list[str]:
    parts = [part.text for part in item.parts if part.text]
    return [*parts, *([item.transition] if item.transition else [])]


def _wrapped(parts: list[str], width: int, most: int) -> list[Text]:
    """Reasons in at most `most` lines; one that does not fit is left out."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" | {part}"
        elif len(lines) < most:
            lines.append(part[:width])
    return [Text(f"      {line}", SKY) for line in lines]


def _wish(name: str, value: object) -> str:
    if name == "tempo_bpm" and isinstance(value, list):
        return f"{value[0]:g} to {value[1]:g} BPM"
    if isinstance(value, list):
        return f"{name} {' '.join(map(str, value))}"
    if isinstance(value, dict):
        return f"{len(value)} must be played in time"
    return name.replace("_", " ") if value is True else f"{name.replace('_', ' ')} {value}"


def _name(artist: str, title: str) -> str:
    return " - ".join(filter(None, (artist, title)))


def _clock(seconds: float) -> str:
    return f"{int(max(0.0, seconds)) // 60}:{int(max(0.0, seconds)) % 60:02d}"


def _cropped(line: Text, width: int) -> Text:
    line.no_wrap, line.overflow = True, "crop"
    line.truncate(width)
    return line
