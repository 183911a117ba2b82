"""The config: TOML to typed values, checked; every error names the file, the key and what would be right.

Only `app.py` sees a Config; what lies below takes plain constructor arguments.
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from daemon.errors import UserError
from daemon.registry import ANALYSERS, BY_NETWORK, HEARS, NEURAL

Rate = Annotated[int, Meta(ge=0, le=96000, description="Hz, 44100 to 96000; 0 takes the driver's own")]
BlockSize = Annotated[int, Meta(ge=0, le=4096, description="samples, 16 to 4096; 0 takes the driver's own")]
Gain = Annotated[float, Meta(ge=0.0, le=4.0, description="a linear gain, 0.0 to 4.0")]


class ConfigError(UserError, ValueError):
    """A config that cannot be used; the text is one line for the user."""


class Engine(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where sound comes from and goes to."""

    driver: Literal["auto", "jack", "portaudio", "timer"] = "auto"
    input: str = "device"  # "device", "performance" (built in), "call" (it, with room for answers), or a sound file
    loop: bool = False  # play a sound file again when it ends
    device: str | int = ""  # PortAudio: name or index; JACK: the port names' beginning to connect; "" = default
    rate: Rate = 0
    block_size: BlockSize = 0
    channels: Literal[1, 2] = 2
    dry: Gain = 0.0  # of the input in the output; 0 keeps a microphone out of the speakers
    wet: Gain = 1.0  # of the plugins in the output
    ceiling: Annotated[float, Meta(gt=0.0, le=1.0, description="linear, above 0.0 to 1.0")] = 0.9


class Zmq(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where events are published."""

    address: str = "tcp://127.0.0.1:5550"
    latest: str = "tcp://127.0.0.1:5552"  # single frames, safe for CONFLATE; "off"
    encoding: Literal["msgpack", "json"] = "msgpack"
    announce: bool = False  # by multicast DNS; an address of this machine alone on this machine only
    curve: bool = False  # of all three sockets: here, too, only who has a key that `jamd keys` allows


class Midi(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which MIDI ports are opened, by name or a part of it; what is missing is tried again."""

    api: Literal["auto", "jack", "alsa", "off"] = "auto"
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    virtual: bool = True  # also offer ports of jamd's own to connect to


class Rack(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is played through."""

    preset: str = ""  # loaded at the start: a preset's name or the path of its file


class Generate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Whether jamd plays along."""

    jam: Literal["preset", "on", "off"] = "preset"  # as the preset's [jam] table says; or without one, too; or never


class Recommend(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What could be played next, and who says what plays."""

    library: str = ""  # a file that `jamd library` made; empty: JAMD_LIBRARY or the usual one; "off": no suggestions
    recognise: bool = True  # what plays, by its sound
    now_playing: tuple[str, ...] = ()  # DJ programs that say so: "mixxx", "file:PATH", "osc:PORT"
    families: tuple[Literal["content", "collaborative", "deep"], ...] = ("content", "collaborative", "deep")
    n: Annotated[int, Meta(ge=1, le=50, description="1 to 50")] = 5  # suggestions
    dj: str = ""  # whose session it is
    wishes: dict[str, Any] = {}  # as `jamd ctl next wish` gives them


class Control(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where commands are taken."""

    address: str = "tcp://127.0.0.1:5551"


Latency = Annotated[
    float,
    Meta(ge=-1000.0, le=1000.0, description="ms by which it is sent earlier than its music sounds, -1000 to 1000"),
]


class Clock(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who says where the beat is, and who is told."""

    sources: tuple[Literal["link", "midi_clock", "tap", "beats", "fixed"], ...] = ("link", "midi_clock", "tap", "beats")
    tempo_bpm: Annotated[float, Meta(ge=20.0, le=400.0, description="beats a minute, 20 to 400")] = 120.0  # of "fixed"
    beats_per_bar: Annotated[int, Meta(ge=1, le=16, description="1 to 16")] = 4
    midi_in: str = ""  # the MIDI input whose clock is followed; empty: any
    midi_out: tuple[str, ...] = ()  # MIDI outputs that get clock, start, stop and song position: "jack" or by name
    mmc: bool = False  # MIDI outputs other than "jack" are also sent MMC play and stop, which some DAWs need to roll
    link: bool = False  # be a peer of Ableton Link
    midi_latency_ms: Latency = 0.0
    link_latency_ms: Latency = 0.0


class Osc(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Open Sound Control, in and out."""

    input: str = ""  # HOST:PORT where control is taken, 127.0.0.1:9000; empty: nowhere
    outputs: tuple[str, ...] = ()  # HOST:PORT that are sent events; HOST:PORT/ahead gets beats early, with their time
    latency_ms: Latency = 0.0


class Lights(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where light goes; what it does stands in the preset's [lights]."""

    sacn: tuple[str, ...] = ()  # hosts that get sACN (E1.31) by unicast, or "multicast"
    artnet: tuple[str, ...] = ()  # hosts that get Art-Net
    os2l: str = ""  # HOST:PORT of a program that takes OS2L beats, such as QLC+ at 127.0.0.1:9996
    priority: Annotated[int, Meta(ge=0, le=200, description="0 to 200")] = 100  # of sACN
    latency_ms: Latency = 0.0
    os2l_latency_ms: Latency = 0.0


class Page(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the page is served, and the services over HTTP."""

    address: str = "127.0.0.1:5580"  # HOST:PORT, or "off"; beyond this machine whoever controls needs a token


class Services(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Music models on request: analyse, generate, recommend."""

    workers: Annotated[int, Meta(ge=0, le=64, description="0 to 64; 0: none are answered")] = 1  # processes
    waiting: Annotated[int, Meta(ge=1, le=1024, description="1 to 1024")] = 64  # requests; more are refused


class Record(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The flight recorder."""

    folder: str = ""  # empty: nothing is recorded
    minutes: Annotated[float, Meta(gt=0.0, le=1440.0, description="above 0, up to 1440")] = 10.0  # that are kept


class Config(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All of it; each part has defaults, so an empty file is a config."""

    engine: Engine = Engine()
    analysis: dict[str, str] = {}
    zmq: Zmq = Zmq()
    midi: Midi = Midi()
    rack: Rack = Rack()
    control: Control = Control()
    generate: Generate = Generate()
    recommend: Recommend = Recommend()
    clock: Clock = Clock()
    osc: Osc = Osc()
    lights: Lights = Lights()
    page: Page = Page()
    services: Services = Services()
    record: Record = Record()
    # task (phrase, harmony, next, hearing) -> a name of `jamd models list`, or kserve+grpc://HOST:PORT/NAME
    models: dict[str, str] = {}

    def analysers(self) -> list[tuple[str, str]]:
        """(analysis, implementation) in the order they run; `off` leaves one out."""
        first = {kind: next(iter(names)) for kind, names in ANALYSERS.items()}
        chosen = [(kind, self.analysis.get(kind, name)) for kind, name in first.items()]
        return [(kind, first[kind] if name == NEURAL else name) for kind, name in chosen if name != "off"]

    def neural(self) -> dict[str, bool]:
        """The analyses that the networks are to do, beside the engine's; whether even where this machine is too slow."""
        named = {kind: True for kind in HEARS if self.analysis.get(kind) == NEURAL}
        return named | {kind: False for kind in BY_NETWORK if kind not in self.analysis}


def load(path: Path) -> Config:
    """Read and check a config file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give the path of a TOML config (see configs/)") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not a text file; a config is TOML in UTF-8") from None
    try:
        return parse(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def parse(values: dict) -> Config:
    """Check a table of values. Raises ConfigError that begins with the key."""
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(_explain(str(error), values)) from None
    for kind, name in config.analysis.items():
        if kind not in ANALYSERS:
            raise ConfigError(f"analysis.{kind}: there is no such analysis{_nearest(kind, list(ANALYSERS))}")
        _check_analyser(kind, name)
    for task, model in config.models.items():
        _check_model(task, model)
    if 0 < config.engine.rate < 44100:
        raise ConfigError(f"engine.rate: {config.engine.rate} is too low; give 44100 to 96000, or 0")
    if 0 < config.engine.block_size < 16:
        raise ConfigError(f"engine.block_size: {config.engine.block_size} is too small; give 16 to 4096, or 0")
    return config


def _check_analyser(kind: str, name: str) -> None:
    from daemon.registry import check

    if name == "off":
        return
    try:
        check(kind, name)
    except LookupError as error:
        raise ConfigError(f"analysis.{kind}: {error.args[0]}") from None


def _check_model(task: str, model: str) -> None:
    from daemon.models import remote_address
    from daemon.models.card import ModelError
    from daemon.models.contract import TASKS

    if task not in TASKS:
        raise ConfigError(f"models.{task}: there is no such task{_nearest(task, list(TASKS))}")
    if "://" in model or model.startswith("kserve"):
        try:
            remote_address.parse(model)
        except ModelError as error:
            raise ConfigError(f"models.{task}: {error}") from None


def _explain(problem: str, values: dict) -> str:
    """msgspec's message with the key first and the remedy last."""
    text, _, where = problem.partition(" - at `$")
    key = where.rstrip("`").lstrip(".")
    unknown = re.search(r"unknown field `(\w+)`", text)
    if unknown:
        known = _fields(key)
        name = f"{key}.{unknown[1]}" if key else unknown[1]
        return f"{name}: there is no such key{_nearest(unknown[1], known)}"
    inside = "[...]" in key  # one of a list's or a table's values; all of those are strings here
    key = key.replace("[...]", "")
    given: Any = values
    for part in key.split("."):
        given = given.get(part, given) if isinstance(given, dict) else given
    meaning = _meaning(key)
    if inside:
        items = given.items() if isinstance(given, dict) else enumerate(given)
        name, given = next(item for item in items if not isinstance(item[1], str))
        key = f"{key}.{name}" if isinstance(name, str) else f"{key}[{name}]"
    text = text.replace("`object`", "a table").replace("`array`", "a list").replace("`str`", "a string")
    return f"{key}: {text[0].lower() + text[1:]}, but is {given!r}{meaning}"


def _table(key: str) -> Any:
    tables = {field.name: field.type for field in msgspec.structs.fields(Config)}
    table = tables.get(key.split(".", maxsplit=1)[0], Config)
    return table if isinstance(table, type) and issubclass(table, msgspec.Struct) else Config


def _fields(key: str) -> list[str]:
    return list(_table(key).__struct_fields__)


def _meaning(key: str) -> str:
    parts = key.split(".")
    for field in msgspec.inspect.type_info(_table(key)).fields:  # type: ignore[attr-defined]
        if field.name == parts[-1]:
            if isinstance(field.type, msgspec.inspect.LiteralType):
                return f"; choose one of {', '.join(map(str, field.type.values))}"
            extra = getattr(field.type, "extra_json_schema", None) or {}
            return f" ({extra['description']})" if "description" in extra else ""
    return ""


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; choose one of {', '.join(known)}"
