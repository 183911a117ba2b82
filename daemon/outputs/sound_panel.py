"""What is heard now as rows of text: level, bands and onsets, pitch, beat, harmony."""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.console import Group
from rich.table import Table
from rich.text import Text

from daemon import messages as m
from daemon.outputs.cells import BLUE, GREEN, ORANGE, PINK, RED, SKY, YELLOW, bar, box, column, db, row
from dsp.harmony import PITCH_CLASSES, chord_symbol, note_name

FLASH_S = 0.12
STRIP_S = 0.1  # one cell of the strip of onsets
BANDS = {"low": RED, "mid": YELLOW, "high": SKY, "full": PINK}
SECTIONS = {
    "build-up": ("◢", "/", YELLOW),
    "drop": ("▼", "v", ORANGE),
    "break": ("○", "o", SKY),
    "boundary": ("▮", "|", PINK),
}
"""What a section is -> its sign, the same without UTF-8, and its colour."""


class SoundPanel:
    """Fed with messages, and with each hop's features. [main]"""

    def __init__(self, rate: float, plain: bool = False) -> None:
        """`rate` is the engine's in Hz, until the messages tell it; `plain` is for terminals without UTF-8."""
        self.rate, self.now_s = rate, 0.0
        self._plain = plain
        self._hop: np.void | Mapping[str, Any] | None = None
        self._peak = 0.0  # falls slowly
        self._chord: m.Chord | None = None
        self._key: m.Key | None = None
        self._onsets: deque[m.Onset] = deque(maxlen=200)
        self._beats: deque[m.Beat] = deque(maxlen=4)
        self._notes: deque[str] = deque(maxlen=12)
        self._sounding: dict[int, str] = {}  # MIDI -> name
        self._section: m.Section | None = None
        self._chords: deque[str] = deque(maxlen=6)

    @property
    def is_heard(self) -> bool:
        """Whether there was a hop."""
        return self._hop is not None

    def hop(self, features: np.void | Mapping[str, Any]) -> None:
        """Take a hop's record (dsp.hop.FEATURES, or a map with its names; times in engine samples). [main]"""
        self._hop = features
        step_s = float(features["sample_time"]) / self.rate - self.now_s
        if step_s < 0:  # the engine began anew, and its time with it
            self._onsets.clear()
            self._beats.clear()
            self._sounding.clear()
            self._section = None
            self._peak = step_s = 0.0
            self.now_s = float(features["sample_time"]) / self.rate
        self.now_s += step_s
        self._peak = max(float(features["peak"]), self._peak * 10 ** (-step_s))  # 20 dB a second

    def take(self, message: m.Message) -> None:
        """Take a message as it is published. [main]"""
        self.rate = message.rate or self.rate
        match message:
            case m.Onset():
                self._onsets.append(message)
            case m.NoteOn():
                self._notes.append(message.name)
                self._sounding[message.midi] = message.name
            case m.NoteOff():
                self._sounding.pop(message.midi, None)
            case m.Section():
                self._section = message
            case m.Beat():
                self._beats.append(message)
            case m.Chord():
                self._chord = message
                self._chords.append(chord_symbol(message.name))
            case m.Key():
                self._key = message

    def grid(self, width: int, is_tight: bool = False) -> Group:
        """All of it in boxes, 18 rows for `width` cells (even); 16 where it is tight."""
        inner = width // 2 - 4
        grid = Table.grid()
        grid.add_row(box("Level", self.level(inner)), box("Bands and onsets", self.bands(inner)))
        grid.add_row(box("Pitch", self.pitch(inner)), box("Beat", self.beat(inner)))
        for one in grid.columns:
            one.width = width // 2
        chroma = self.chroma(1 if is_tight else 3)
        harmony = [row(bins, "  ", words) for bins, words in zip(chroma, self.harmony(), strict=False)]
        return Group(grid, box("Harmony", harmony, width))

    def short(self) -> list[Text]:
        """The most of it without boxes, a line a subject: for small terminals."""
        level, beat = self.level(36), self.beat(36)
        tempo = row(beat[0], *self.section())
        rows = [level[0], level[2], *self.bands(36)[:3], self.pitch(36)[0], tempo, beat[1]]
        return [*rows, *self.chroma(1), *self.harmony()[:2]]

    def level(self, width: int) -> list[Text]:
        """Peak, RMS, loudness, and the sound's colour."""
        n = width - 17
        rows = []
        for name, value in (("peak", db(self._peak)), ("rms", db(self._value("rms")))):
            filled = bar(1 + value / 60, n, RED if value > -1 else GREEN, self._plain)
            rows.append(row(f"{name:5}", filled, f" {value:6.1f} dB"))
        momentary, short = (self._value(name, -70.0) for name in ("momentary_lufs", "short_term_lufs"))
        rows.append(row("loud ", bar(1 + momentary / 60, n, BLUE, self._plain), f" {momentary:6.1f} LUFS"))
        centroid, flatness = self._value("centroid_hz"), self._value("flatness")
        rows.append(row(f"3 s {short:6.1f} LUFS {centroid:6.0f} Hz flat {flatness:.2f}"))
        return rows

    def bands(self, width: int) -> list[Text]:
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
            level = " " * 10 if band == "full" else bar(self._value(band), 10, colour, self._plain)
            strip = "".join(column(cell, 0, 1, self._plain) for cell in cells)
            rows.append(row(name, " ", level, " |", (strip, colour)))
        return rows

    def pitch(self, width: int) -> list[Text]:
        """The pitch now against its note, or all notes where more sound; how sure it is, and the last notes."""
        f0, confidence = self._value("f0_hz"), self._value("f0_confidence")
        first, needle = row(("-", "dim")), -1
        if self._value("voiced") > 0 and f0 > 0:
            midi = 69 + 12 * math.log2(f0 / 440)
            nearest = round(midi)
            cents = 100 * (midi - nearest)
            first = row((f"{note_name(nearest):4}", f"bold {YELLOW}"), f" {cents:+4.0f} cents {f0:8.1f} Hz")
            needle = round(10 + cents / 5)
        if len(self._sounding) > 1:
            first = row((self._chord_of_notes(width), f"bold {YELLOW}"))
        scale = "".join("^" if k == needle else "|" if k == 10 else "-" for k in range(21))
        return [
            first,
            row(f"flat {scale} sharp"),
            row("sure ", bar(confidence, width - 10, YELLOW, self._plain), f" {confidence:.2f}"),
            row("notes " + " ".join(list(self._notes)[-(width - 6) // 4 :])),
        ]

    def _chord_of_notes(self, width: int) -> str:
        """The notes that sound, from the lowest up, and how many more there are than have room."""
        names = [name for _, name in sorted(self._sounding.items())]
        n = len(names)
        while len(text := " ".join([*names[:n], *([f"+{len(names) - n}"] if n < len(names) else [])])) > width and n:
            n -= 1
        return text

    def section(self) -> list[tuple[str, str]]:
        """The section that it is, with its sign and since when; nothing before the first."""
        if self._section is None:
            return []
        sign, letter, colour = SECTIONS.get(self._section.what, ("▮", "|", PINK))
        ago = max(0.0, self.now_s - self._section.sample_time / self.rate)
        said = f"   {letter if self._plain else sign} {self._section.what}"
        return [(said, f"bold {colour}"), (f" {ago:.0f} s", "dim")]

    def beat(self, width: int) -> list[Text]:
        """Tempo, four lamps, phase, and the place in the bar."""
        tempo, phase, confidence = (self._value(name) for name in ("tempo_bpm", "beat_phase", "beat_confidence"))
        beats = [(beat.sample_time / self.rate, beat.position) for beat in self._beats]
        fallen = [beat for beat in beats if beat[0] <= self.now_s]
        coming = [beat for beat in beats if beat[0] > self.now_s]
        lit = bool(fallen) and self.now_s - fallen[-1][0] < FLASH_S
        place = fallen[-1][1] if fallen else 0  # 1 = downbeat, 0 = not known
        on, off = "#." if self._plain else "■□"
        lamps = (on if k == place or (place == 0 and lit) else off for k in range(1, 5))
        wait = ""
        if coming or tempo > 0:
            wait = f"   next beat in {coming[0][0] - self.now_s if coming else (1 - phase) * 60 / tempo:.2f} s"
        return [
            row((f"{tempo:5.1f} BPM" if tempo > 0 else "-", "bold"), f"   confidence {confidence:.2f}"),
            row((" ".join(lamps), f"bold {ORANGE}" if lit else ""), wait),
            row("phase ", bar(phase, width - 11, ORANGE, self._plain), f" {phase:.2f}"),
            row("bar   ", f"beat {place}" if place else ("not known", "dim"), *self.section()),
        ]

    def chroma(self, height: int) -> list[Text]:
        """Twelve vertical bars of `height` rows, and their names."""
        bins = [0.0] * 12 if self._hop is None else [float(one) for one in self._hop["chroma"]]
        rows = []
        for at in range(height):
            cells = (f" {column(part, height - 1 - at, height, self._plain) * 2} " for part in bins)
            rows.append(row(("".join(cells), SKY)))
        return [*rows, row("".join(f" {name:3}" for name in PITCH_CLASSES))]

    def harmony(self) -> list[Text]:
        """Chord, key, tuning, and the last chords."""
        chord, key = self._chord, self._key
        return [
            row("chord  ", (chord_symbol(chord.name), f"bold {ORANGE}"), f"  {chord.confidence:.2f}")
            if chord
            else row("chord  -"),
            row("key    ", (key.name, f"bold {SKY}"), f"  {key.confidence:.2f}") if key else row("key    -"),
            row(f"tuning {self._value('tuning_cents'):+.0f} cents"),
            row(" ".join(self._chords)),
        ]

    def _value(self, field: str, default: float = 0.0) -> float:
        return default if self._hop is None else float(self._hop[field])
