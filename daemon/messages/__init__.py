"""The wire's vocabulary, version 1: every message jamd publishes is a struct in this folder, and `MESSAGES` the one table.

Conventions: `sample_time` and `known_at` are samples of the engine's stream since it opened (`epoch`: which opening); a
time ahead of `known_at` is a prediction. `t_ns` is CLOCK_MONOTONIC of `sample_time`, 0 while the clock is not yet locked.
`seq` counts the messages of a topic from 0, so a reader sees what it lost. Fields are only ever added.
"""

from typing import Any, ClassVar

import msgspec

from daemon.messages.jam import (
    Accompaniment,
    Answer,
    ChordAhead,
    Deadlines,
    Generator,
    Jam,
    JamNote,
    Phrase,
)
from daemon.messages.jam import JamPart as JamPart
from daemon.messages.jam import PhraseNote as PhraseNote
from daemon.messages.message import Message
from daemon.messages.next import NextItem as NextItem
from daemon.messages.next import NextPart as NextPart
from daemon.messages.next import Playing, Recommender, Session, Suggestions
from daemon.messages.next import SessionPlay as SessionPlay
from daemon.messages.reach import Dmx, Lights, Osc, Output, Panic, Transport
from daemon.messages.services import Hears, Model, Service, Take

VERSION = 1

BANDS = ("low", "mid", "high", "full")
SECTIONS = ("build-up", "drop", "break", "boundary")


class Array(msgspec.Struct):
    """Where a field's values lie instead: raw and little-endian, in this frame of the multipart message."""

    frame: int
    dtype: str
    shape: list[int]


class Onset(Message, tag="onset"):
    """An attack. `strength` 0..1; `band` is what struck: low (kick), mid (snare, clap), high (hat alone), full (no drum)."""

    strength: float
    band: str


class NoteOn(Message, tag="note_on"):
    """A note heard in the sound. `midi` 0-127, `cents` off it, `velocity` 1-127, `f0_hz` at its start."""

    midi: int
    name: str
    cents: float
    velocity: int
    f0_hz: float


class NoteOff(Message, tag="note_off"):
    """The end of a note heard in the sound."""

    midi: int
    name: str


class Beat(Message, tag="beat"):
    """A beat, announced before it falls. `position` in the bar from 1, 0 = not known."""

    tempo_bpm: float
    confidence: float
    position: int = 0

    keep_last: ClassVar[bool] = True


class Chord(Message, tag="chord"):
    """The chord from `sample_time` on. `name` in Harte's syntax (`A:min`, `N` = none); `root` pitch class or -1."""

    name: str
    root: int
    bass: int
    confidence: float

    keep_last: ClassVar[bool] = True


class Key(Message, tag="key"):
    """The key. `tonic` pitch class from C, `mode` major or minor."""

    name: str
    tonic: int
    mode: str
    confidence: float

    keep_last: ClassVar[bool] = True


class Section(Message, tag="section"):
    """A section that began: `what` is build-up, drop, break or boundary (the texture has changed for good).

    `energy` 0..1: how much of the set so far was quieter than this.
    """

    what: str
    confidence: float
    energy: float

    keep_last: ClassVar[bool] = True


class Level(Message, tag="level"):
    """Once per hop: peak and RMS (1.0 = full scale), loudness by ITU-R BS.1770 (LUFS)."""

    peak: float
    rms: float
    momentary_lufs: float
    short_term_lufs: float


class Bands(Message, tag="bands"):
    """Once per hop, for lights: energy in low, mid and high (0..1), centroid (Hz), flatness (0 tone .. 1 noise)."""

    low: float
    mid: float
    high: float
    centroid_hz: float
    flatness: float
    onset_strength: float


class F0(Message, tag="f0"):
    """Once per hop, or 100 times a second: the best pitch (Hz, 0 = none), its confidence 0..1, and whether it is voiced."""

    f0_hz: float
    confidence: float
    voiced: bool


class Chroma(Message, tag="chroma"):
    """Once per hop: 12 bins from C, largest 1 (on the msgpack wire as a raw array); the music's A off 440 Hz in cents."""

    tuning_cents: float
    chroma: list[float] | Array


class MidiNote(Message, tag="midi_note"):
    """A note of a MIDI input. `on` with `velocity` 1-127, or off."""

    port: str
    channel: int
    midi: int
    velocity: int
    on: bool


class MidiControl(Message, tag="midi_control"):
    """A controller of a MIDI input (64 = sustain pedal)."""

    port: str
    channel: int
    control: int
    value: int


class MidiHarmony(Message, tag="midi_harmony"):
    """Notes, chord and key of what is played on MIDI, when one changes; `notes` sound now, held by hand or by pedal.

    `chord` as in Chord and `bass` its lowest pitch class, or -1; `key` as in Key, empty until it is known.
    """

    notes: list[int]
    chord: str
    key: str
    key_confidence: float
    bass: int = -1

    keep_last: ClassVar[bool] = True


class MidiPort(Message, tag="midi_port"):
    """What became of a MIDI port: open, lost, or missing. `direction` in or out; an empty `port` is MIDI as a whole."""

    port: str
    direction: str
    state: str
    error: str = ""  # what to do

    keep_last: ClassVar[bool] = True
    keep_by: ClassVar[tuple[str, ...]] = ("port", "direction")


class Engine(Message, tag="engine"):
    """The engine's state: running, silent (no output device), lost, died, hung, failed, ended. `error` says what to do."""

    state: str
    error: str = ""
    driver: str = ""
    device: str = ""
    block_size: int = 0

    keep_last: ClassVar[bool] = True


class RackPlugin(msgspec.Struct):
    """A plugin of the rack, in short. `state`: on, opening, failed or quarantined; `error` says why."""

    name: str
    uid: int
    plugin: str  # what opens it: lv2:URI, clap:ID, vst3:PATH#NAME
    title: str
    bypass: bool
    mix: float
    state: str
    error: str = ""
    latency_samples: int = 0


class RackChain(msgspec.Struct):
    """A chain of the rack, in short."""

    name: str
    uid: int
    input: str
    to: str
    gain_db: float
    pan: float
    mix: float
    mute: bool
    isolate: bool
    midi: list[str]
    plugins: list[RackPlugin]


class RackState(Message, tag="rack_state"):
    """The whole rack in short, each time it has changed. `snapshot` is the one recalled last, empty if none was."""

    preset: str
    path: str
    chains: list[RackChain]
    snapshots: list[str]
    snapshot: str
    mappings: int

    keep_last: ClassVar[bool] = True


class Rack(Message, tag="rack"):
    """The rack has changed, or said something: one for each change, whoever made it.

    `kind`: loaded, saved, chain_added, chain_removed, chain, plugin_added, plugin_removed, plugin_moved, plugin_replaced,
    bypass, mix, side, program, snapshot, snapshot_taken, snapshot_removed, learning, mapped, unmapped, revived, warned.
    `values` is what is new. `origin`: ctl, midi, plugin or preset.
    """

    kind: str
    origin: str
    chain: str = ""
    plugin: str = ""
    uid: int = 0
    values: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it
    text: str = ""  # for a person, where there is something to mend


class PluginParam(Message, tag="plugin_param"):
    """A parameter's value changed: normalised, and as the plugin writes it where that is known."""

    plugin: str
    uid: int
    param: str
    value: float
    text: str
    origin: str


class PluginLoad(Message, tag="plugin_load"):
    """Once a second for each plugin: its work in a block, its latency, and what was wrong since it was opened.

    Of a chain in a process of its own also one for the whole of it, with no plugin's name.
    """

    plugin: str
    chain: str
    uid: int
    min_us: float
    mean_us: float
    p99_us: float
    max_us: float
    latency_samples: int
    misses: int  # blocks that its process did not do in time, which passed dry
    bad_samples: int  # NaN, infinite or beyond any sense; silenced
    denormals: int  # flushed to zero


class PluginFault(Message, tag="plugin_fault"):
    """What befell a plugin, or a whole isolated chain: failed, died, quarantined, back. `error`: what to do."""

    plugin: str
    chain: str
    uid: int
    state: str
    error: str = ""


class Heartbeat(Message, tag="heartbeat"):
    """Once a second: the callback's own statistics and the daemon's."""

    blocks: int
    xruns: int
    late_blocks: int
    starved_samples: int
    lost_events: int
    work_us: dict[str, float]  # p50, p99, p9999, max
    gap_us: dict[str, float]
    budget_us: float
    lost_hops: int = 0
    lost_midi: int = 0
    realtime_offset_ns: int = 0  # CLOCK_REALTIME minus CLOCK_MONOTONIC
    raw_offset_ns: int = 0  # CLOCK_MONOTONIC_RAW minus CLOCK_MONOTONIC
    late_midi: int = 0  # messages that came after their sample
    rack_latency_samples: int = 0
    # By class of reader: how often one of stream or latest began to lose messages; packets that osc or lights lost.
    drops: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it
    latencies_ms: dict[str, float] = {}  # noqa: RUF012 - how much earlier than its music each output is sent
    # The callback's work since it began: below so many us (-1: no end), how many blocks; each row twice as wide.
    work_histogram: list[list[float]] = []  # noqa: RUF012 - msgspec copies it

    keep_last: ClassVar[bool] = True


MESSAGES: dict[str, type[Message]] = {
    kind.__struct_config__.tag: kind  # type: ignore[misc]
    for kind in (
        *(Onset, NoteOn, NoteOff, Beat, Chord, Key, Section),
        *(Level, Bands, F0, Chroma),
        *(MidiNote, MidiControl, MidiHarmony, MidiPort),
        *(RackState, Rack, PluginParam, PluginLoad, PluginFault),
        *(Phrase, Answer, ChordAhead, Accompaniment, JamNote, Jam, Generator, Deadlines),
        *(Playing, Suggestions, Session, Recommender),
        *(Transport, Lights, Dmx, Output, Osc, Panic),
        *(Service, Model, Hears, Take),
        *(Engine, Heartbeat),
    )
}
"""type -> struct. The topic of a type is `jamd/1/TYPE/`."""

DENSE = ("level", "bands", "f0", "chroma")
"""The types that come once per hop."""


def topic(kind: str) -> bytes:
    """`jamd/1/onset/` for `onset`: it ends in a slash, so that no prefix matches a longer name."""
    return f"jamd/{VERSION}/{kind}/".encode()


def plain(message: Message) -> dict[str, Any]:
    """A message as one JSON-ready object with its times in seconds: what `jamd analyze --json` prints."""
    fields = msgspec.to_builtins(message)
    kind, rate = fields.pop("type"), message.rate
    for name in ("seq", "epoch", "rate", "t_ns"):
        del fields[name]
    return {"type": kind, "time_s": message.sample_time / rate, "known_s": message.known_at / rate, **fields}
