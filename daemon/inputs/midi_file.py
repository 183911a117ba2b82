"""A standard MIDI file as messages on their samples, and its tempo. Read by mido; type 0 and 1, in ticks per quarter.

Times are counted in whole ticks times whole microseconds, so nothing drifts (*Standard MIDI Files 1.0*, 1996).
"""

import bisect
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from daemon.errors import UserError

NOTE_OFF, NOTE_ON, CONTROL, SUSTAIN = 0x80, 0x90, 0xB0, 64


class MidiFileError(UserError, ValueError):
    """A file that cannot be played; the text is one line for the user."""


class Event(NamedTuple):
    """A channel-voice message and its sample."""

    at: int
    status: int
    data1: int
    data2: int


class _Pace(NamedTuple):
    """From this tick on a quarter lasts so long; `until` counts ticks times microseconds before it."""

    tick: int
    until: int
    us: int


class MidiFile:
    """A readable file. [main]"""

    def __init__(self, path: str | Path) -> None:
        """Raises MidiFileError for what is missing, is no MIDI file, or is of a kind that is not played."""
        self.path = Path(path)
        midi = _opened(self.path)
        if midi.type == 2:
            raise MidiFileError(
                f"{self.path}: a MIDI file of type 2, whose tracks have no common time; export type 0 or 1"
            )
        if not 0 < midi.ticks_per_beat < 0x8000:
            raise MidiFileError(f"{self.path}: its time is in film frames (SMPTE); export it in ticks per quarter")
        self._ticks_per_beat = int(midi.ticks_per_beat)
        self._paces = [_Pace(0, 0, 500_000)]
        self._messages: list[tuple[int, list[int]]] = []
        self.meters: list[tuple[float, int, int]] = []
        """(quarters since the beginning, beats, unit) where a time signature stands."""
        tick = 0
        for message in _merged(midi):
            tick += message.time
            if message.type == "set_tempo":
                self._paces.append(_Pace(tick, self._passed(tick), message.tempo))
            elif message.type == "time_signature":
                self.meters.append((tick / self._ticks_per_beat, message.numerator, message.denominator))
            elif not message.is_meta and len(packed := message.bytes()) in (2, 3) and 0x80 <= packed[0] < 0xF0:
                self._messages.append((tick, packed))
        self._end = tick
        if not self._messages:
            raise MidiFileError(f"{self.path}: holds no notes; record or export it again")

    def length(self, rate: float) -> int:
        """Samples to the end of its last track. [any]"""
        return self._sample(self._end, rate)

    def events(self, rate: float) -> list[Event]:
        """All of it in order, and at the end a note-off for each note that still sounds, and the pedals up. [any]"""
        found = [Event(self._sample(tick, rate), *packed, *[0] * (3 - len(packed))) for tick, packed in self._messages]
        held: dict[tuple[int, int, int], None] = {}
        for _, status, data1, data2 in found:
            kind, channel = status & 0xF0, status & 0x0F
            if kind == NOTE_ON and data2 > 0:
                held[NOTE_OFF, channel, data1] = None
            elif kind in (NOTE_OFF, NOTE_ON):
                held.pop((NOTE_OFF, channel, data1), None)
            elif kind == CONTROL and data1 == SUSTAIN:
                held |= {(CONTROL, channel, SUSTAIN): None}
        return found + [Event(self.length(rate), kind | channel, data1, 0) for kind, channel, data1 in held]

    @property
    def tempos(self) -> list[tuple[float, float]]:
        """(quarters since the beginning, quarters a minute) where the tempo changes; one at the beginning. [any]"""
        found = {pace.tick / self._ticks_per_beat: 6e7 / pace.us for pace in self._paces}
        return sorted(found.items())

    def tempo(self, rate: float) -> Callable[[int], tuple[float, float]]:
        """(beats a minute, quarters since its beginning) at a sample. [any]"""
        starts = [self._sample(pace.tick, rate) for pace in self._paces]

        def at(sample: int) -> tuple[float, float]:
            k = bisect.bisect_right(starts, sample) - 1
            pace = self._paces[k]
            beats = pace.tick / self._ticks_per_beat + (sample - starts[k]) / rate * 1e6 / pace.us
            return 6e7 / pace.us, beats

        return at

    def _passed(self, tick: int) -> int:
        """Ticks times microseconds a quarter from the beginning to a tick."""
        pace = next(pace for pace in reversed(self._paces) if pace.tick <= tick)
        return pace.until + (tick - pace.tick) * pace.us

    def _sample(self, tick: int, rate: float) -> int:
        scale = self._ticks_per_beat * 1_000_000
        return (2 * self._passed(tick) * round(rate) + scale) // (2 * scale)


def _opened(path: Path):
    import mido
    from mido.midifiles.meta import KeySignatureError

    if not path.exists():
        raise MidiFileError(f"{path}: there is no such file; check the path")
    try:
        return mido.MidiFile(path, clip=True)
    except OSError as error:
        why = error.strerror or str(error)
    except (EOFError, ValueError, LookupError, TypeError, AttributeError, struct.error, KeySignatureError) as error:
        why = str(error) or "it breaks off"
    raise MidiFileError(f"{path}: is no MIDI file that can be read ({why}); export it again")


def _merged(midi):
    import mido

    return mido.merge_tracks(midi.tracks)
