"""A client of jamd in one file. Copy it beside your program: pip install pyzmq msgspec

    from jamd_client import Jamd

    with Jamd(topics=("beat", "chord")) as jamd:
        for message in jamd:
            print(message)

Conventions: `sample_time` is when something sounds and `known_at` when it was known, in samples at `rate` Hz of the stream
number `epoch`; `t_ns` is CLOCK_MONOTONIC of `sample_time`, as `time.monotonic_ns` counts it on jamd's machine. All that a
Jamd offers is for one thread.
"""

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import zmq

SILENCE_S = 3.0  # jamd says something each second
BACKLOG = 100_000  # messages that `newest` passes over at most
RECENT = 256  # messages of a type that are remembered, to know a replay again
FORMATS = {"<f4": "f", "<f8": "d", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I", "<i8": "q"}
KEYS = re.compile(r"""^\s*(public|secret|server)-key\s*=\s*["']?([^"'\s]{40})["']?\s*$""", re.M)


class JamdError(Exception):
    """A request that was refused or not answered. `code`: as in HTTP, 0 without an answer; `at`: which of the commands."""

    def __init__(self, text: str, code: int = 0, at: int = -1) -> None:
        super().__init__(text)
        self.code, self.at = code, at


class Array(msgspec.Struct):
    """Where a field's values lie on the wire; a message that you are given has the values."""

    frame: int
    dtype: str
    shape: list[int]


class Message(msgspec.Struct, tag_field="type", kw_only=True):
    """What every message carries."""

    seq: int = 0
    epoch: int = 0
    rate: int = 0
    sample_time: int = 0
    known_at: int = 0
    t_ns: int = 0
    replay: bool = False  # it is the last known state, said again for you who have just come

    @property
    def type(self) -> str:
        return str(self.__struct_config__.tag)

    def due_s(self) -> float | None:
        """Seconds from now until it sounds, negative if it has; None where jamd's clock is not locked yet."""
        return (self.t_ns - time.monotonic_ns()) / 1e9 if self.t_ns else None


class Onset(Message, tag="onset"):
    strength: float = 0.0  # 0..1
    band: str = "full"  # low (kick), mid (snare, clap), high (hat), full (no drum)


class NoteOn(Message, tag="note_on"):
    """A note heard in the sound."""

    midi: int = 0
    name: str = ""
    cents: float = 0.0
    velocity: int = 0
    f0_hz: float = 0.0


class NoteOff(Message, tag="note_off"):
    midi: int = 0
    name: str = ""


class Beat(Message, tag="beat"):
    """Comes before it falls."""

    tempo_bpm: float = 0.0
    confidence: float = 0.0
    position: int = 0  # in the bar from 1; 0: not known


class Chord(Message, tag="chord"):
    name: str = "N"  # in Harte's syntax, such as A:min; N: none
    root: int = -1  # pitch class from C
    bass: int = -1
    confidence: float = 0.0


class Key(Message, tag="key"):
    name: str = ""
    tonic: int = -1
    mode: str = ""
    confidence: float = 0.0


class Section(Message, tag="section"):
    """A section that began, known a while after."""

    what: str = ""  # build-up, drop, break or boundary
    confidence: float = 0.0
    energy: float = 0.0  # 0..1: how much of the set so far was quieter


class Level(Message, tag="level"):
    """Once per hop. 1.0 = full scale."""

    peak: float = 0.0
    rms: float = 0.0
    momentary_lufs: float = 0.0
    short_term_lufs: float = 0.0


class Bands(Message, tag="bands"):
    """Once per hop, for lights: energies 0..1."""

    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0
    centroid_hz: float = 0.0
    flatness: float = 0.0
    onset_strength: float = 0.0


class Chroma(Message, tag="chroma"):
    tuning_cents: float = 0.0
    chroma: list[float] | Array = []  # 12 values from C


class JamNote(Message, tag="jam_note"):
    """A note that jamd plays, said a moment before; channel 0-15."""

    part: str = ""
    port: str = ""
    channel: int = 0
    midi: int = 0
    velocity: int = 0
    on: bool = False


class Transport(Message, tag="transport"):
    """At `sample_time` the music is on `beat`, and goes on at `tempo_bpm`."""

    beat: float = 0.0
    tempo_bpm: float = 0.0
    playing: bool = False
    source: str = ""  # who leads: fixed, tap, beats, midi_clock, link
    confidence: float = 0.0
    beats_per_bar: int = 4

    def beat_now(self) -> float:
        """The beat at this moment, on jamd's machine."""
        due_s = self.due_s()
        return self.beat - due_s * self.tempo_bpm / 60.0 if self.playing and due_s is not None else self.beat


class Other(Message, tag="other"):
    """A message of a type that is not declared here; its own fields are in `fields`, and `message.field` gives one."""

    topic: str = ""
    fields: dict[str, Any] = {}

    @property
    def type(self) -> str:
        return self.topic

    def __getattr__(self, field: str) -> Any:
        try:
            return self.fields[field]
        except KeyError:
            raise AttributeError(f"{self.topic} has no {field!r}, but {', '.join(self.fields)}") from None


class Silence(Message, tag="silence"):
    """Not of jamd, but of this client: nothing has been heard for SILENCE_S. It goes on by itself when jamd is back."""

    text: str = ""


TYPES: dict[str, type[Message]] = {
    str(kind.__struct_config__.tag): kind for kind in Message.__subclasses__() if kind not in (Other, Silence)
}
_typed = {name: (msgspec.msgpack.Decoder(kind), msgspec.json.Decoder(kind)) for name, kind in TYPES.items()}
_plain = msgspec.msgpack.Decoder(dict), msgspec.json.Decoder(dict)


def decode(frames: Sequence[bytes]) -> Message:
    """One multipart message. Raises ValueError or LookupError for what is none of jamd's."""
    wire, version, name, _ = frames[0].decode().split("/")
    if (wire, version) != ("jamd", "1"):
        raise ValueError("no message of jamd's")
    body = frames[1]
    as_json = body[:1] == b"{"
    if name in _typed:
        message: Message = _typed[name][as_json].decode(body)
        if isinstance(message, Chroma) and isinstance(message.chroma, Array):
            message.chroma = _values(message.chroma, frames)
        return message
    fields = _plain[as_json].decode(body)
    fields.pop("type", None)
    common = {key: fields.pop(key) for key in Message.__struct_fields__ if key in fields}
    for key, value in fields.items():
        if isinstance(value, dict) and value.keys() == {"frame", "dtype", "shape"}:
            fields[key] = _values(msgspec.convert(value, Array), frames)
    return msgspec.convert(common | {"type": "other", "topic": name, "fields": fields}, Other)


def _values(where: Array, frames: Sequence[bytes]) -> Any:
    """An array of a frame of its own, as lists in lists."""
    packed = memoryview(frames[where.frame]).cast("B")
    return packed.cast(FORMATS[where.dtype], where.shape).tolist()  # type: ignore[call-overload]


def _keys(path: str | Path) -> dict[str, str]:
    """Those of a file that `jamd keys new` has made. Raises JamdError."""
    try:
        keys = dict(KEYS.findall(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise JamdError(f"{path}: {error}; `jamd keys new NAME` on jamd's machine makes one") from None
    if len(keys) < 3:
        raise JamdError(f"{path}: no client's key of jamd's; `jamd keys new NAME` on jamd's machine makes one")
    return keys


class Jamd:
    """A running jamd. Iterate over it, or ask `read` or `newest`; `ask` gives commands.

    `alive`: when you last read, it had been heard within SILENCE_S. `epoch`: the number of its stream, and `restarts` how
    often that, or jamd itself, has begun anew. `lost`: messages that did not reach you, because you read too slowly; `bad`:
    what could not be read.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:5550",
        control: str = "tcp://127.0.0.1:5551",
        topics: Sequence[str] | None = ("beat", "chord"),
        key: str | Path | None = None,
    ) -> None:
        """`topics`: types of messages, None for all. `key`: the file that `jamd keys new` made, for another machine's jamd.

        jamd need not be there yet. Raises JamdError for an address or a file that cannot be used.
        """
        self._keys = None if key is None else _keys(key)
        self.address, self.control, self.topics = address, control, topics
        self.alive, self.epoch, self.restarts, self.lost, self.bad = False, 0, 0, 0, 0
        self._seq: dict[str, int] = {}  # the newest of each type
        self._recent: dict[str, deque[tuple[int, int, int]]] = {}
        self._silent_at = time.monotonic() + SILENCE_S
        self._is_silent = False
        self._asked = 0
        self._asking: zmq.Socket | None = None
        self._context = zmq.Context()
        try:
            self._socket = self._subscribe()
        except JamdError:
            self.close()
            raise

    def __enter__(self) -> "Jamd":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._context.destroy(0)

    def __iter__(self) -> Iterator[Message]:
        """Messages for ever, in order; among them a Silence where jamd has gone silent."""
        while True:
            message = self.read()
            if message is not None:
                yield message

    def read(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None when there was none for `timeout_s`."""
        ends_at = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        while True:
            wait_s = min(ends_at, self._silent_at) - time.monotonic()
            if self._socket.poll(max(0, int(1000 * wait_s + 0.999))):
                message = self._take(self._socket.recv_multipart())
                if message is not None:
                    return message
            elif time.monotonic() >= self._silent_at:
                self._socket.close()  # who was refused once is not let in by ZeroMQ, though the key be allowed meanwhile
                self._socket = self._subscribe()
                self._silent_at = time.monotonic() + SILENCE_S
                if not self._is_silent:
                    self.alive, self._is_silent = False, True
                    allowed = " Is your key allowed (`jamd keys list`)?" if self._keys else ""
                    return Silence(text=f"nothing heard on {self.address}; is `jamd run` running?{allowed}")
            elif time.monotonic() >= ends_at:
                return None

    def newest(self, timeout_s: float = 0.0) -> dict[str, Message]:
        """Read all that has come, and give the newest of each type by its name. Waits up to `timeout_s` for the first."""
        found: dict[str, Message] = {}
        message = self.read(timeout_s)
        for _ in range(BACKLOG):
            if message is None:
                break
            found[message.type] = message
            message = self.read(0.0)
        return found

    def ask(
        self, commands: dict[str, Any] | Sequence[dict[str, Any]], timeout_s: float = 5.0, check: bool = False
    ) -> list[Any]:
        """Have one command or a batch done, all or none; gives each one's result. `check`: only say whether it could be.

        `jamd.ask({"cmd": "list"})`. Raises JamdError.
        """
        batch = [commands] if isinstance(commands, dict) else list(commands)
        self._asked += 1
        ends_at = time.monotonic() + timeout_s
        if self._asking is None:
            self._asking = self._connect(zmq.DEALER, self.control)
        try:
            if not self._asking.poll(int(1000 * timeout_s), zmq.POLLOUT):
                raise JamdError(f"no jamd answers at {self.control}; is `jamd run` running?")
            self._asking.send(msgspec.msgpack.encode({"id": self._asked, "do": batch, "check": check}))
            if not self._asking.poll(max(0, int(1000 * (ends_at - time.monotonic())))):
                raise JamdError(f"jamd at {self.control} has not answered within {timeout_s} s")
            answer = msgspec.msgpack.decode(self._asking.recv(), type=dict)
        except (JamdError, msgspec.MsgspecError) as error:
            self._asking.close(0)  # or what comes too late would be taken for the next answer
            self._asking = None
            raise JamdError(str(error)) from None
        if refused := answer.get("error"):
            raise JamdError(refused["text"], refused["code"], refused.get("at", -1))
        return list(answer["results"])

    def _subscribe(self) -> zmq.Socket:
        socket = self._connect(zmq.SUB, self.address)
        for topic in ("",) if self.topics is None else {f"{name}/" for name in (*self.topics, "heartbeat")}:
            socket.subscribe(f"jamd/1/{topic}".encode())
        return socket

    def _connect(self, kind: int, address: str) -> zmq.Socket:
        socket: zmq.Socket = self._context.socket(kind)
        for option, value in (
            (zmq.LINGER, 0),
            (zmq.IMMEDIATE, int(kind == zmq.DEALER)),  # a request waits for somebody who is there
            (zmq.HEARTBEAT_IVL, 1000),  # a peer that has vanished is noticed
            (zmq.HEARTBEAT_TIMEOUT, 5000),
            (zmq.RECONNECT_IVL_MAX, 1000),
        ):
            socket.setsockopt(option, value)
        if self._keys is not None:
            socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = (
                self._keys[whose].encode() for whose in ("public", "secret", "server")
            )
        try:
            socket.connect(address)
        except zmq.ZMQError as error:
            socket.close()
            raise JamdError(f"{address}: {error.strerror}; give one such as tcp://127.0.0.1:5550") from None
        return socket

    def _take(self, frames: list[bytes]) -> Message | None:
        """A message that is new and was asked for."""
        try:
            message = decode(frames)
        except (ValueError, LookupError, TypeError):
            self.bad += 1
            return None
        self._silent_at = time.monotonic() + SILENCE_S
        self.alive, self._is_silent = True, False
        if not self._is_new(message) or (self.topics is not None and message.type not in self.topics):
            return None
        return message

    def _is_new(self, message: Message) -> bool:
        """Count what is missing before a message, and know a replay that was heard already."""
        recent = self._recent.setdefault(message.type, deque(maxlen=RECENT))
        mark = (message.epoch, message.seq, message.known_at)
        if not message.replay:
            if message.epoch != self.epoch or message.seq <= self._seq.get(message.type, -1):
                self.restarts += self.epoch > 0
                self.epoch = message.epoch
                self._seq.clear()
            self.lost += message.seq - self._seq.get(message.type, message.seq - 1) - 1
            self._seq[message.type] = message.seq
        elif mark in recent:
            return False
        recent.append(mark)
        return True
