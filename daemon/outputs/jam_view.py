"""The live view of playing along: a piano roll of what is heard and answered, the beat, the chords, and who answers.

It knows the beat from what the band says: each phrase, answer and chord names its tick and its sample.
"""

import time
from collections import deque
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from daemon import messages as m
from daemon.lines import line
from daemon.outputs import piano_roll
from daemon.outputs.cells import DIM, RED
from daemon.outputs.piano_roll import ANSWERED, BAND, COLOURS, DRUM, HEARD, Page, Rolled
from dsp.harmony import chord_symbol

FRAMES_PER_S = 15
TICKS = 24  # of a quarter
WIDEST = 110
LEAST_ROWS, MOST_ROWS = 4, 16  # of the roll
DRUMS = 9
"""General MIDI's channel of percussion."""
BARS_AHEAD = 1
PRINTED = (m.Phrase, m.Answer, m.ChordAhead, m.Generator, m.Engine, m.MidiPort, m.PluginFault)
"""What is said, a line each, where there is no terminal."""


class JamView:
    """A context manager and a subscriber of the bus. [main]"""

    def __init__(self, title: str, keys: str, console: Console | None = None) -> None:
        """`title` and `keys`, a line of help, are shown as they are."""
        self.title, self.keys = title, keys
        self.console = console or Console()
        self.is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self.news = ""  # what is to be mended
        self.done = ""  # what was just done at the performer's wish
        self._plain = not self.console.encoding.startswith("utf")
        self._live: Live | None = None
        self._next_frame = 0.0
        self._rate = 48000
        self.now = 0  # sample
        self._jam: m.Jam | None = None
        self._key = ""
        self._anchor = (0, 0.0, 120.0)  # sample, tick, beats a minute
        self._is_anchored = False
        self._held: dict[tuple[str, int, int], tuple[int, int]] = {}  # -> sample, velocity
        self._played: deque[tuple[int, int, int, int]] = deque(maxlen=512)  # sample on, off, pitch, velocity
        self._notes: deque[Rolled] = deque(maxlen=2048)
        self._chords: deque[tuple[int, str]] = deque(maxlen=64)
        self._answer: m.Answer | None = None
        self._deadlines: m.Deadlines | None = None
        self._health: m.Heartbeat | None = None

    def __enter__(self) -> "JamView":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.update(self.frame(*self.console.size), refresh=True)
            self._live.stop()

    def take(self, message: m.Message) -> None:
        """Take a message as it is published. [main]"""
        self._rate = message.rate or self._rate
        if not self.is_live and isinstance(message, PRINTED) and not message.replay:
            self.console.print(line(message), markup=False, highlight=False, soft_wrap=True)
        match message:
            case m.Engine(state="running"):
                self._begin()
            case m.MidiNote(channel=channel) if channel != DRUMS:
                self._strike((message.port, channel, message.midi), message.sample_time, message.velocity, message.on)
            case m.NoteOn():
                self._strike(("", -1, message.midi), message.sample_time, message.velocity, True)
            case m.NoteOff():
                self._strike(("", -1, message.midi), message.sample_time, 0, False)
            case m.Jam():
                self._jam, self._key = message, message.key or self._key
                self._tempo(message.tempo_bpm)
            case m.Key():
                self._key = self._key or message.name
            case m.Phrase():
                self._fix(message.sample_time, message.tick, message.tempo_bpm)
                self._key = message.key or self._key
            case m.Answer():
                self._fix(message.sample_time, message.tick, message.tempo_bpm)
                self._answer = message
                self._take(message.notes)
            case m.ChordAhead():
                self._fix(message.sample_time, message.tick, self._anchor[2])
                if not self._chords or self._chords[-1][1] != chord_symbol(message.name):
                    self._chords.append((message.tick, chord_symbol(message.name)))
            case m.Accompaniment():
                self._fix(message.sample_time, message.tick, message.tempo_bpm)
                self._take(message.notes)
            case m.Deadlines():
                self._deadlines = message
            case m.Heartbeat():
                self._health = message
            case m.Engine() | m.MidiPort() | m.Generator() | m.PluginFault() if message.error:
                self.news = message.error

    def place(self, where: m.Transport) -> None:
        """Where the music is by the clock: what the grid goes by while no band says so. [main]"""
        if self._jam is None or not self._jam.on:
            self._fix(where.sample_time, where.beat * self._meter[1], where.tempo_bpm)

    def render(self) -> None:
        """Draw what there is, at most FRAMES_PER_S times a second. [main]"""
        now = time.monotonic()
        if not self.is_live or now < self._next_frame or not self.now:
            return
        self._next_frame = now + 1 / FRAMES_PER_S
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._live.update(self.frame(*self.console.size), refresh=True)

    def frame(self, width: int, height: int) -> RenderableType:
        """The view for a terminal of `width` by `height` cells. [main]"""
        width = min(width, WIDEST)
        foot = [Text(f" {text}", look) for text, look in ((self.done, "bold"), (self.news, RED)) if text]
        foot += [Text(self.keys, DIM)] if self.keys else []
        lines = [*self.lines(width, max(1, height - 1 - len(foot))), *foot]
        for one in lines:
            one.no_wrap, one.overflow = True, "crop"
            one.truncate(width)
        return Group(*lines[: max(1, height - 1)])

    def lines(self, width: int, height: int) -> list[Text]:
        """What is heard and answered, and who answers, in at most `height` rows."""
        head, foot = [self._header(), self._band()], self._figures()
        room = height - len(head) - len(foot) - 4  # ruler, chords, drums, legend
        return [*head, *self.roll(width, max(LEAST_ROWS, min(MOST_ROWS, room))), *foot][:height]

    def _begin(self) -> None:
        """Another stream: its samples begin anew."""
        self._held, self._is_anchored = {}, False
        self._played.clear()
        self._notes.clear()
        self._chords.clear()

    @property
    def _meter(self) -> tuple[int, int]:
        """Ticks of a bar, and of a beat."""
        beats, _, unit = (self._jam.meter if self._jam else "4/4").partition("/")
        each = 4 * TICKS // int(unit)
        return int(beats) * each, each * (3 if unit == "8" and int(beats) % 3 == 0 else 1)

    def _tempo(self, bpm: float) -> None:
        if bpm > 0 and not self._is_anchored:
            self._anchor = (self._anchor[0], self._anchor[1], bpm)

    def _fix(self, sample: int, tick: float, bpm: float) -> None:
        """This sample is that tick; what was played before keeps the place it had."""
        if not self._is_anchored:
            self._anchor, self._is_anchored = (sample, float(tick), bpm), True
        self._settle(self.now - self._rate)
        self._anchor = (sample, float(tick), bpm)

    def _tick(self, sample: float) -> float:
        at, tick, bpm = self._anchor
        return tick + (sample - at) / self._rate * bpm / 60.0 * self._meter[1]

    def _strike(self, key: tuple[str, int, int], sample: int, velocity: int, on: bool) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._played.append((held[0], sample, key[2], held[1]))
        if on and velocity:
            if not self._is_anchored and not self._played and not self._held:
                self._anchor = (sample, 0.0, self._anchor[2])
            self._held[key] = sample, velocity

    def _settle(self, before: int) -> None:
        """Notes that ended before a sample get their ticks for good."""
        while self._played and self._played[0][1] < before:
            on, off, pitch, velocity = self._played.popleft()
            self._notes.append(Rolled(self._tick(on), self._tick(off), pitch, HEARD, velocity))

    def _take(self, notes: list[m.PhraseNote]) -> None:
        who = {"melody": ANSWERED, "drums": DRUM}
        self._notes += [
            Rolled(note.tick, note.tick + note.duration, note.midi, who.get(note.part, BAND), note.velocity)
            for note in notes
        ]

    def _sounding(self) -> Iterator[Rolled]:
        for on, off, pitch, velocity in self._played:
            yield Rolled(self._tick(on), self._tick(off), pitch, HEARD, velocity)
        for (_, _, pitch), (on, velocity) in self._held.items():
            yield Rolled(self._tick(on), self._tick(self.now), pitch, HEARD, velocity)

    def roll(self, width: int, rows: int) -> list[Text]:
        """`rows` of pitches, and three or four more around them: bars, chords, drums, the legend."""
        bar, beat = self._meter
        now = self._tick(self.now)
        bars = max(1, min(8, (width - piano_roll.LABEL - 1) // (bar // 6 + 1)))
        last = (int(max(0.0, now) // bar) + 1 + min(BARS_AHEAD, bars - 1)) * bar
        first = max(0, last - bars * bar)
        page = Page(first, first + bars * bar, bar, beat, tuple(self._chords) or ((0, ""),), now, number=1)
        notes = [note for note in self._notes if note.end > first]
        return [
            *piano_roll.rows([*notes, *self._sounding()], page, width, rows, self._plain),
            piano_roll.legend(self._plain),
        ]

    def _header(self) -> Text:
        jam = self._jam
        text = Text(f" {self.title}", "bold")
        if jam is None or not jam.on:
            return text.append("  nobody plays along", DIM)
        bar, beat = self._meter
        text.append(f"  {jam.mode}", f"bold {COLOURS[ANSWERED]}").append(f" {jam.bars} bars  {jam.phase}")
        if jam.phase == "waiting":
            return text.append("  play something", DIM)
        now = max(0.0, self._tick(self.now))
        place = int(now % bar // beat)
        on, off = "#." if self._plain else "■□"
        lamps = " ".join(on if k == place else off for k in range(max(1, bar // beat)))
        return text.append(f"  {jam.tempo_bpm:.0f} BPM {jam.meter}  bar {int(now // bar) + 1} ").append(lamps, "bold")

    def _band(self) -> Text:
        """The key, the chord now and the one ahead; who answered last."""
        text = Text(f" key {self._key or '-'}")
        now = self._tick(self.now)
        if self._chords:
            here = next((name for tick, name in reversed(self._chords) if tick <= now), "-")
            text.append("  chord ").append(here, "bold")
            ahead = next(((tick, name) for tick, name in self._chords if tick > now), None)
            if ahead is not None:
                text.append(f" then {ahead[1]}")
        answer = self._answer
        if answer is not None:
            text.append("  answered by ").append(answer.generator, f"bold {COLOURS[ANSWERED]}")
            if answer.late:
                text.append(f", for {answer.wanted} was late", RED)
            elif answer.generator != answer.wanted:
                text.append(f", for {answer.wanted} is not there", RED)
            elif answer.spare_ms > 0:
                text.append(f", {answer.spare_ms:.0f} ms before it had to be decided", DIM)
        return text

    def _figures(self) -> list[Text]:
        """How deadlines were kept, and how the engine fares."""
        counts = self._deadlines
        text = Text(" in time")
        names = [*counts.ready, *(name for name in counts.late if name not in counts.ready)] if counts else []
        for name in names:
            ready, late = counts.ready.get(name, 0), counts.late.get(name, 0)  # type: ignore[union-attr]
            part = 100.0 * ready / max(1, ready + late)
            text.append(f"  {name} {ready}/{ready + late}").append(f" {part:.0f} %", RED if late else DIM)
        if not names:
            text.append("  nothing had to be decided yet", DIM)
        if self._health is not None:
            text.append(f"   xruns {self._health.xruns}", RED if self._health.xruns else DIM)
        return [text]
