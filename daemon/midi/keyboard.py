"""What the hands play on MIDI: the notes that sound under the pedals, their chord, and the key they make.

The pedals follow the MIDI 1.0 Detailed Specification (controllers 64 and 66; 120-127 end notes). The key is C. Krumhansl's
method (*Cognitive Foundations of Musical Pitch*, 1990): how long each pitch class sounded, against `dsp.harmony`'s profiles.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from daemon import messages as m
from daemon.midi import message as midi
from dsp.harmony import CHORD_QUALITIES, chord_name, key_name, key_profiles

ALL_SOUND_OFF, RESET_CONTROLLERS, ALL_NOTES_OFF = 120, 121, 123
DRUMS = 9
"""General MIDI's channel of percussion (10 to players): its notes are published, but have no pitch."""

MEMORY_S = 60.0  # of music, over which what was played fades in the key
FIRST_S = 2.5  # of music before a key is named
MARGIN = 0.03  # in correlation, by which another key must lead

_INTERVALS = {
    "maj": ((0, 4, 7),),
    "min": ((0, 3, 7),),
    "7": ((0, 4, 7, 10), (0, 4, 10)),
    "maj7": ((0, 4, 7, 11), (0, 4, 11)),
    "min7": ((0, 3, 7, 10), (0, 3, 10)),
    "dim": ((0, 3, 6),),
    "aug": ((0, 4, 8),),
    "sus4": ((0, 5, 7),),
}
"""Semitones above the root; a seventh chord may leave out its fifth."""

_CHORDS: dict[frozenset[int], list[tuple[int, int]]] = {}  # pitch classes -> (root, quality), more than one for aug
for _quality, _kinds in _INTERVALS.items():
    for _kind in _kinds:
        for _root in range(12):
            _classes = frozenset((_root + interval) % 12 for interval in _kind)
            _CHORDS.setdefault(_classes, []).append((_root, CHORD_QUALITIES.index(_quality)))


def chord_of(notes: Iterable[int]) -> str:
    """Harte's name of the chord of exactly these notes in any inversion, `N` for none; of equals, the bass is the root."""
    notes = sorted(notes)
    found = _CHORDS.get(frozenset(note % 12 for note in notes), [])
    if not found:
        return "N"
    return chord_name(*min(found, key=lambda chord: chord[0] != notes[0] % 12))


class KeySense:
    """The key of what was played, with hysteresis; rests neither count nor fade. [main]"""

    def __init__(self) -> None:
        self.name, self.confidence = "", 0.0  # "" until the first is known
        self._heard = np.zeros(12)  # seconds of each pitch class, fading
        self._music_s = 0.0
        self._decided = -1
        self._profiles = np.array([np.roll(profile, tonic) for profile in key_profiles() for tonic in range(12)])

    def add(self, notes: Iterable[int], seconds: float) -> None:
        """These notes sounded for so long."""
        classes = [note % 12 for note in notes]
        if not classes or seconds <= 0.0:
            return
        kept = np.exp(-seconds / MEMORY_S)
        self._heard *= kept
        np.add.at(self._heard, classes, MEMORY_S * (1.0 - kept))
        self._music_s += seconds
        if self._music_s >= FIRST_S:
            self._decide()

    def _decide(self) -> None:
        centred = self._heard - self._heard.mean()
        fit = self._profiles @ centred / max(float(np.linalg.norm(centred)), 1e-9)
        best = int(np.argmax(fit))
        if best != self._decided:
            if self._decided >= 0 and fit[best] < fit[self._decided] + MARGIN:
                return
            self._decided, self.name = best, key_name(best % 12, best // 12)
        second = np.partition(fit, -2)[-2]
        self.confidence = float(np.clip(5.0 * (fit[best] - second), 0.0, 1.0))


class Hand:
    """One channel of one port: keys and pedals, and the notes they let sound."""

    def __init__(self) -> None:
        self.sounding: set[int] = set()
        self.keys: set[int] = set()  # pressed now
        self._caught: set[int] = set()  # by the sostenuto pedal: what was pressed when it went down
        self._sustain = self._sostenuto = False

    def press(self, note: int) -> None:
        self.keys.add(note)
        self.sounding.add(note)

    def release(self, note: int) -> None:
        self.keys.discard(note)
        self._damp()

    def control(self, control: int, value: int) -> None:
        """A controller that holds or ends notes; others change nothing."""
        down = value >= 64
        if control == midi.SUSTAIN:
            self._sustain = down
        elif control == midi.SOSTENUTO:
            if down != self._sostenuto:
                self._caught = set(self.keys) if down else set()
            self._sostenuto = down
        elif control == RESET_CONTROLLERS:
            self._sustain = self._sostenuto = False
            self._caught = set()
        elif control == ALL_SOUND_OFF:
            self.keys, self._caught, self.sounding = set(), set(), set()
        elif control >= ALL_NOTES_OFF:
            self.keys = set()
        self._damp()

    def _damp(self) -> None:
        """The dampers fall on every note that neither key nor pedal holds."""
        if not self._sustain:
            self.sounding = self.sounding & (self.keys | self._caught)


class Harmony(NamedTuple):
    """What a MidiHarmony says."""

    notes: list[int]
    chord: str
    key: str


class Keyboard:
    """All MIDI inputs as one player: fed message by message, answers with what to publish. Pure. [main]"""

    def __init__(self, rate: int) -> None:
        """`rate` in Hz is that of the sample times."""
        self._rate = rate
        self._at: int | None = None  # sample time of the newest message
        self._hands: dict[tuple[str, int], Hand] = {}
        self._key = KeySense()
        self._said = Harmony([], "N", "")

    def begin(self, rate: int) -> None:
        """A new stream: sample times begin anew at `rate`; what sounds goes on."""
        self._rate, self._at = rate, None

    def feed(self, message: midi.MidiMessage, sample_time: int) -> list[m.Message]:
        """The note or control itself, and the harmony where it changed; nothing for any other message."""
        if message.status not in (midi.NOTE_ON, midi.NOTE_OFF, midi.CONTROL):
            return []
        self._pass(sample_time)
        port, channel = message.port, message.channel
        hand = self._hands.setdefault((port, channel), Hand())
        if message.status == midi.CONTROL:
            hand.control(message.data1, message.data2)
            control = m.MidiControl(
                **self._when(sample_time), port=port, channel=channel, control=message.data1, value=message.data2
            )
            return [control, *self._harmony(sample_time)]
        pressed = message.status == midi.NOTE_ON
        (hand.press if pressed else hand.release)(message.data1)
        note = self._note(sample_time, port, channel, message.data1, message.data2, pressed)
        return [note, *self._harmony(sample_time)]

    def lose(self, port: str, sample_time: int) -> list[m.Message]:
        """The port has gone: its note-offs, and the harmony without it."""
        self._pass(sample_time)
        ended: list[m.Message] = []
        for own, channel in [key for key in self._hands if key[0] == port]:
            hand = self._hands.pop((own, channel))
            ended += [self._note(sample_time, port, channel, note, 0, False) for note in sorted(hand.keys)]
        return ended + self._harmony(sample_time)

    def _pass(self, sample_time: int) -> None:
        """What sounded since the last message goes into the key."""
        if self._at is not None:
            self._key.add(self.notes(), (sample_time - self._at) / self._rate)
        self._at = sample_time if self._at is None else max(self._at, sample_time)

    def notes(self) -> list[int]:
        """The notes that sound, from the bass up; on several channels at once, once."""
        return sorted(
            {note for (_, channel), hand in self._hands.items() if channel != DRUMS for note in hand.sounding}
        )

    def _harmony(self, sample_time: int) -> list[m.Message]:
        notes = self.notes()
        now = Harmony(notes, chord_of(notes), self._key.name)
        if now == self._said:
            return []
        self._said = now
        bass = notes[0] % 12 if now.chord != "N" else -1
        confidence = self._key.confidence
        when = self._when(sample_time)
        return [m.MidiHarmony(**when, **now._asdict(), bass=bass, key_confidence=confidence)]

    def _note(self, sample_time: int, port: str, channel: int, note: int, velocity: int, on: bool) -> m.MidiNote:
        when = self._when(sample_time)
        return m.MidiNote(**when, port=port, channel=channel, midi=note, velocity=velocity, on=on)

    def _when(self, sample_time: int) -> dict[str, Any]:
        return {"rate": self._rate, "sample_time": sample_time, "known_at": sample_time}
