"""A take's MIDI: what hands played, a track for each port and channel, and what jamd played, a track for each part."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import msgspec

from daemon import messages as m
from daemon.flight.link import Begin, End, Heard, Said
from daemon.flight.piece import Piece
from daemon.flight.reading import Recording
from daemon.inputs.caller import PORT as CALLER
from daemon.midi.message import CONTROL, NOTE_OFF, NOTE_ON
from daemon.outputs.midi_out_file import Sounded, Track
from daemon.outputs.midi_out_file import write as write_file

DEFAULT_BPM = 120.0
OTHER = 0.01  # of a tempo, by which another is written

_said = msgspec.msgpack.Decoder(m.JamNote | m.MidiNote | m.Beat | m.Transport).decode


class Place:
    """Samples of streams as seconds of the take."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces: dict[int, list[tuple[int, int, float]]] = {}  # epoch -> (begin, end, seconds at its begin)
        self._rates = {piece.segment.label.epoch: piece.segment.label.rate for piece in pieces}
        before, file_s, last = 0.0, 0.0, None
        for piece in pieces:
            rate = piece.segment.label.rate
            if last is not None and rate != last.segment.label.rate:
                before, file_s = before + file_s, 0.0
            self._pieces.setdefault(piece.segment.label.epoch, []).append(
                (piece.begin, piece.end, before + piece.at / rate)
            )
            file_s, last = (piece.at + piece.end - piece.begin) / rate, piece
        self.end_s = before + file_s

    def seconds(self, epoch: int, sample: int) -> float | None:
        """None: it is not in the take."""
        pieces = self._pieces.get(epoch, [])
        k = bisect_right(pieces, (sample, 1 << 62, 0.0)) - 1
        if k < 0 or sample >= pieces[k][1] + self._rates[epoch]:
            return None
        return pieces[k][2] + (sample - pieces[k][0]) / self._rates[epoch]


class Notes:
    """Notes and controls of a track as they come."""

    def __init__(self) -> None:
        self.notes: list[tuple[float, float, int, int]] = []  # start s, end s, pitch, velocity
        self.controls: list[tuple[float, int, int]] = []
        self._held: dict[int, tuple[float, int]] = {}

    def on(self, at_s: float, pitch: int, velocity: int) -> None:
        self.off(at_s, pitch)
        self._held[pitch] = at_s, velocity

    def off(self, at_s: float, pitch: int) -> None:
        if pitch in self._held:
            since, velocity = self._held.pop(pitch)
            self.notes.append((since, max(at_s, since), pitch, velocity))

    def end(self, at_s: float) -> None:
        for pitch in list(self._held):
            self.off(at_s, pitch)


class Tempo:
    """Seconds as quarters, by what was known of the beat. [any]"""

    def __init__(self, known: Sequence[tuple[float, float]]) -> None:
        """`known`: (seconds, beats a minute), in order of time."""
        self.changes = [(0.0, 0.0, known[0][1] if known else DEFAULT_BPM)]  # seconds, quarters, bpm
        for at_s, bpm in known:
            if abs(bpm / self.changes[-1][2] - 1.0) > OTHER:
                self.changes.append((at_s, self.quarters(at_s), bpm))

    def quarters(self, at_s: float) -> float:
        since, before, bpm = self.changes[max(0, bisect_right(self.changes, (at_s, 1e18, 0.0)) - 1)]
        return before + (at_s - since) * bpm / 60.0


def write(path: Path, recording: Recording, pieces: Sequence[Piece]) -> None:
    """Write what was played while `pieces` sounded. Raises OSError, MidiOutError."""
    place = Place(pieces)
    tracks: dict[tuple[str, int], Notes] = {}
    beats: list[tuple[float, float]] = []
    led: list[tuple[float, float]] = []  # by a transport, which knows better
    for session in dict.fromkeys(piece.segment.label.about.began_ns for piece in pieces):
        epoch = -1
        for _, item in recording.items(session):
            if isinstance(item, Begin):
                epoch = item.epoch
            elif isinstance(item, End):
                epoch = -1
            elif isinstance(item, Heard):
                at_s = place.seconds(epoch, item.at)
                if at_s is not None:
                    notes = tracks.setdefault((f"{item.port or 'midi'} {item.channel + 1}", item.channel), Notes())
                    _take(notes, at_s, item.status, item.data1, item.data2)
            elif isinstance(item, Said):
                message = _known(item.message)
                at_s = place.seconds(epoch, message.sample_time) if message is not None else None
                if message is None or at_s is None:
                    continue
                if isinstance(message, m.JamNote):
                    notes = tracks.setdefault((f"jamd {message.part}", message.channel), Notes())
                    status = NOTE_ON if message.on else NOTE_OFF
                    _take(notes, at_s, status, message.midi, message.velocity)
                elif isinstance(message, m.MidiNote):
                    if message.port == CALLER:  # which is heard nowhere else
                        notes = tracks.setdefault((CALLER, message.channel), Notes())
                        _take(notes, at_s, NOTE_ON if message.on else NOTE_OFF, message.midi, message.velocity)
                elif message.tempo_bpm > 0:
                    (beats if isinstance(message, m.Beat) else led).append((at_s, message.tempo_bpm))
    tempo = Tempo(sorted(led or beats))
    for notes in tracks.values():
        notes.end(place.end_s)
    written = [
        Track(
            name,
            channel,
            0,
            [Sounded(tempo.quarters(a), tempo.quarters(b), pitch, velocity) for a, b, pitch, velocity in notes.notes],
            [(tempo.quarters(at_s), control, value) for at_s, control, value in notes.controls],
        )
        for (name, channel), notes in tracks.items()
    ]
    write_file(path, written, [(quarters, bpm) for _, quarters, bpm in tempo.changes], [])


def _take(notes: Notes, at_s: float, status: int, data1: int, data2: int) -> None:
    if status == NOTE_ON and data2 > 0:
        notes.on(at_s, data1, data2)
    elif status in (NOTE_ON, NOTE_OFF):
        notes.off(at_s, data1)
    elif status == CONTROL:
        notes.controls.append((at_s, data1, data2))


def _known(packed: msgspec.Raw) -> m.JamNote | m.MidiNote | m.Beat | m.Transport | None:
    try:
        return _said(packed)
    except msgspec.MsgspecError:
        return None
