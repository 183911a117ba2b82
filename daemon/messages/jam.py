"""What the band says: phrases heard, answers, chords ahead, its state, and what became of its generators."""

from typing import ClassVar

import msgspec

from daemon.messages.message import Message


class PhraseNote(msgspec.Struct):
    """A note in musical time (1/24 quarter, from where the pulse began) and in samples; `until` is where it ends."""

    tick: int
    duration: int
    midi: int
    velocity: int
    part: str  # melody, chords, bass, drums, counter
    sample_time: int
    until: int


class Phrase(Message, tag="phrase"):
    """A phrase that the player has ended: from `sample_time` on. `why`: rest, bar, pedal, cue or full."""

    tick: int
    ticks: int
    why: str
    tempo_bpm: float
    key: str
    notes: list[PhraseNote]


class Answer(Message, tag="answer"):
    """What jamd answers, said before it sounds: it begins at `sample_time`, and its notes are decided.

    `generator` made it; `wanted` should have. Where the two differ, `late` says that the other was too late, else it is not
    there at all. `spare_ms`: how long before the decision it was ready.
    """

    mode: str  # answer, continue, trade or loop
    part: str
    generator: str
    wanted: str
    late: bool
    seed: int
    tick: int
    ticks: int
    tempo_bpm: float
    notes: list[PhraseNote]
    spare_ms: float = 0.0


class ChordAhead(Message, tag="chord_ahead"):
    """The chord that jamd will play from `sample_time` on, as Chord names it; `position` of that beat in the bar, from 1."""

    name: str
    root: int
    bass: int
    tick: int
    position: int
    generator: str
    wanted: str
    late: bool


class Accompaniment(Message, tag="accompaniment"):
    """What jamd's parts play in the beat that begins at `sample_time`, with its chord: said before it sounds."""

    chord: str
    tick: int
    ticks: int
    position: int
    tempo_bpm: float
    generators: dict[str, str]  # part -> who made it
    late: list[str]  # parts whose wanted generator was too late
    notes: list[PhraseNote]


class JamNote(Message, tag="jam_note"):
    """A note that jamd plays, on or off at `sample_time`, said a moment before. `midi` 0-127, `channel` 0-15."""

    part: str
    port: str
    channel: int
    midi: int
    velocity: int
    on: bool


class JamPart(msgspec.Struct):
    """A part of the band. `generator` is wanted, `plays` is heard; they differ where the wanted one is not there."""

    name: str
    on: bool
    generator: str
    plays: str
    channel: int  # 1-16
    ports: list[str]


class Jam(Message, tag="jam"):
    """The band's state, each time it has changed. `phase`: off, waiting, listening, answering."""

    on: bool
    mode: str
    phase: str
    bars: int
    style: str
    tempo_bpm: float
    meter: str
    key: str
    parts: list[JamPart]

    keep_last: ClassVar[bool] = True


class Generator(Message, tag="generator"):
    """What became of a generator (`part:name`), of the whole `band`, or with an empty name of the slow ones' process.

    `state`: running, missing, failed, late; of the process running, died, hung. `error`: what happens, and what to do.
    """

    name: str
    state: str
    error: str = ""

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("name",)


class Deadlines(Message, tag="deadlines"):
    """How often each generator (`part:name`) was ready when its notes had to be decided, and how often too late."""

    ready: dict[str, int]
    late: dict[str, int]

    keep_last: ClassVar[bool] = True
