"""The view of a whole daemon, a panel at a time: what is heard, played and suggested, and how it fares.

NO_COLOR and terminals without UTF-8 are respected.
"""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import DIM, GREEN, RED, clock, cropped, row
from daemon.outputs.jam_view import JamView
from daemon.outputs.next_view import NextView
from daemon.outputs.sound_panel import SoundPanel
from daemon.outputs.top import health, lights, overview, rack, wires
from daemon.outputs.top.facts import Facts

PANELS = ("all", "sound", "band", "rack", "next", "lights", "wires", "engine")
FRAMES_PER_S = 10
WIDEST = 110
QUIET_S = 3.0  # without a word before that is said
TOLD_S = 8.0  # a line of news stays
ROLL = 28  # rows of the terminal from which on the overview has a piano roll, too


class TopView:
    """A context manager, fed with messages. Times passed in are of any one clock, in seconds. [main]"""

    def __init__(self, address: str, keys: str, console: Console | None = None) -> None:
        """`address` and `keys`, a line of help, are shown as they are."""
        self.address, self.keys = address, keys
        self.console = console or Console()
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self.panel = 0
        self.facts = Facts()
        self._plain = not self.console.encoding.startswith("utf")
        self._live: Live | None = None
        self._heard_at: float | None = None
        self._told: tuple[str, str, float] = ("", "", 0.0)  # words, style, until
        self._next_frame = 0.0
        self.lost()

    def __enter__(self) -> "TopView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def lost(self) -> None:
        """The daemon went away, and with it all that is known of it."""
        self.facts, self._heard_at = Facts(), None
        self._sound = SoundPanel(self.facts.rate, self._plain)
        self._jam, self._next = JamView("band", "", self.console), NextView("what could be next", "", self.console)
        self._jam.is_live = True  # nor does it print a line a message

    def take(self, message: m.Message, at: float) -> None:
        """A message, and when it came."""
        self._heard_at = at
        self.facts.take(message, at)
        self._sound.take(message)
        self._jam.take(message)
        self._next.take(message)
        match message:
            case m.Transport():
                self._jam.place(message)
            case m.Engine() | m.PluginFault() | m.Panic() | m.Rack(kind="warned") if not message.replay:
                text = getattr(message, "error", "") or getattr(message, "text", "")
                if text:
                    self.tell(text, at, is_wrong=True)
            case m.Take() if not message.replay and message.state in ("saved", "lost", "failed"):
                text = f"saved {message.path}" if message.state == "saved" else f"the recorder: {message.error}"
                self.tell(text, at, is_wrong=message.state != "saved")

    def plain(self, at: float) -> dict[str, Any]:
        """The facts as one JSON-ready object; `heard`: whether there is a daemon that says them."""
        is_heard = self._heard_at is not None and at - self._heard_at <= QUIET_S
        return {"address": self.address, "heard": is_heard, "beat_now": self.facts.beat(at), **self.facts.plain()}

    def tell(self, text: str, at: float, is_wrong: bool = False) -> None:
        """Show a line for a while."""
        self._told = text, RED if is_wrong else "bold", at + TOLD_S

    def show(self, panel: int) -> None:
        """Another panel, the first after the last."""
        self.panel = panel % len(PANELS)

    def render(self, at: float) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second."""
        if not self.is_live or at < self._next_frame:
            return
        self._next_frame = at + 1 / FRAMES_PER_S
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, screen=True, vertical_overflow="crop")
            self._live.start()
        self._live.update(self.frame(*self.console.size, at), refresh=True)

    def frame(self, width: int, height: int, at: float) -> RenderableType:
        """The view for a terminal of `width` by `height` cells."""
        width = min(width, WIDEST)
        hop = self.facts.hop(at)
        if hop is not None:
            self._sound.hop(hop)
        self._jam.now = self.facts.sample(at)
        head = [self._header(width, at), self._tabs(width)]
        foot = [self._news(at), *([Text(f" {self.keys}", DIM)] if self.keys else [])]
        room = max(1, height - len(head) - len(foot))
        body = self._panel(width, room, at)
        return Group(*(_cut(one, width) for one in [*head, *body, *foot]))

    def _panel(self, width: int, room: int, at: float) -> list[RenderableType]:
        """Exactly `room` rows."""
        facts, plain = self.facts, self._plain
        rows: list[Text] = []
        match PANELS[self.panel]:
            case "all":
                rows = overview.rows(facts, self._sound, at, width, plain)
                if room - len(rows) >= ROLL - 24:
                    rows += [Text(), *self._jam.roll(width, room - len(rows) - 5)]
            case "sound":
                tall = self._sound.grid(width // 2 * 2) if width >= 80 and room >= 18 else None
                if tall is not None:
                    return [tall, *([Text()] * (room - 18))]
                rows = self._sound.short()
            case "band":
                rows = self._jam.lines(width, room)
            case "rack":
                rows = rack.rows(facts, width, room, plain)
            case "next":
                rows = self._next.lines(width, room)
            case "lights":
                rows = lights.rows(facts, width, room, plain)
            case "wires":
                rows = wires.rows(facts, width, room)
            case "engine":
                rows = health.rows(facts, width, room, plain)
        return [*rows[:room], *([Text()] * (room - len(rows)))]

    def _header(self, width: int, at: float) -> Text:
        engine, time = self.facts.newest(m.Engine), clock(self.facts.sample(at) / self.facts.rate)
        left = row((" jamd", "bold"), "  ")
        if self._heard_at is None:
            left.append("not heard", f"bold {RED}")
        elif engine is not None:
            left.append(engine.state, f"bold {GREEN if engine.state == 'running' else RED}")
            left.append(f"  {engine.block_size} at {self.facts.rate} Hz" if engine.block_size else "")
            left.append(f"  {': '.join(filter(None, (engine.driver, engine.device)))}")
        left.append(f"  {self.address}", DIM)
        left.truncate(width - len(time) - 2, pad=True)
        return left.append(f" {time} ")

    def _tabs(self, width: int) -> Text:
        text = Text()
        for place, name in enumerate(PANELS):
            is_shown = place == self.panel
            text.append(
                f"[{place + 1} {name}]" if is_shown else f" {place + 1} {name} ", "bold reverse" if is_shown else ""
            )
        return text

    def _news(self, at: float) -> Text:
        """What is to be known now: first that nothing is heard, then what was just done, then a panic that holds."""
        if self._heard_at is None:
            return Text(f" nothing heard on {self.address}; is `jamd run` running? give its address by --address", RED)
        if at - self._heard_at > QUIET_S:
            return Text(f" it has said nothing for {at - self._heard_at:.0f} s; it may hang: `jamd ctl list`", RED)
        text, look, until = self._told
        if text and at < until:
            return Text(f" {text}", look)
        if self.facts.panic is not None:
            return Text(" panic: lights stay safe until g (go on)", RED)
        return Text()


def _cut(one: RenderableType, width: int) -> RenderableType:
    if isinstance(one, Text):
        cropped(one).truncate(width)
    return one
