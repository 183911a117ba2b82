"""A preset: a rack with its snapshots and mappings as a TOML file that a person may write, and its plugins' states.

What a plugin itself saved lies beside the file, as NAME.state/PLUGIN.state. A preset is read as far as it can be read, and
is not saved over a file that says more than was read of it. Files are replaced whole or not at all.
"""

import os
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from daemon.desk import layout, table
from daemon.desk.learn import Mapping
from daemon.desk.snapshot import MAX_SNAPSHOTS, Snapshot
from daemon.errors import UserError
from daemon.rack.model import INPUTS, MAIN, Chain, Document, RackError, Slot, check

FOLDERS = (Path("presets"), Path(__file__).parents[2] / "presets")
"""Where a preset is looked for by its bare name."""


class PresetError(UserError):
    """A preset that cannot be read or saved; the text is one line with the remedy."""


class Preset(msgspec.Struct):
    """What a performer recalls."""

    name: str = ""
    about: str = ""
    needs: str = ""  # the line that installs its plugins
    document: Document = msgspec.field(default_factory=Document)  # states by absolute path
    snapshots: list[Snapshot] = []
    mappings: list[Mapping] = []
    jam: dict[str, Any] = {}  # what its band is told: daemon.generate.live.jam
    lights: dict[str, Any] = {}  # what its light show is: daemon.lights.show


class _File(msgspec.Struct):
    """The file's own shape: what stands at its top, then [jam], [lights], [[chain]], [[snapshot]] and [[map]]."""

    name: str = ""
    about: str = ""
    needs: str = ""
    jam: dict[str, Any] = {}
    lights: dict[str, Any] = {}
    chains: list[Chain] = []
    snapshots: list[Snapshot] = []
    maps: list[Mapping] = []


def find(name: str) -> Path:
    """The file of a preset given by path or by bare name. Raises PresetError with the names there are. [any]"""
    if name.endswith(".toml") or os.sep in name:
        return Path(name)
    for folder in FOLDERS:
        if (path := folder / f"{name}.toml").is_file():
            return path
    there = sorted({path.stem for folder in FOLDERS for path in folder.glob("*.toml")})
    raise PresetError(f"there is no preset {name!r}{table.near(name, there)}; or give the path of a .toml file")


def load(path: Path) -> tuple[Preset, list[str]]:
    """A preset, and one line for each thing in it that could not be read and was left out. [main]

    Raises PresetError where the file is missing or no TOML at all.
    """
    problems: list[str] = []
    file = table.read(_File, _toml(path), "", problems) or _File()
    preset = Preset(file.name or path.stem, file.about, file.needs, _join(file.chains, problems))
    preset.jam, preset.lights = file.jam, file.lights
    for chain, slot in preset.document.slots():
        if slot.state:
            slot.state = _state(slot.state, path, f"chain {chain.name!r}, plugin {slot.name!r}", problems)
    plugins = {slot.name for _, slot in preset.document.slots()}
    chains = {chain.name for chain in preset.document.chains}
    for snapshot in file.snapshots:
        if snapshot.name in [other.name for other in preset.snapshots]:
            problems.append(f"two snapshots are called {snapshot.name!r}; names must differ")
        elif len(preset.snapshots) == MAX_SNAPSHOTS:
            problems.append(f"snapshot {snapshot.name!r}: {MAX_SNAPSHOTS} are the most; take one away")
        else:
            _keep_known(snapshot, plugins, chains, problems)
            preset.snapshots.append(snapshot)
    for number, mapping in enumerate(file.maps, 1):
        if why := _amiss(mapping, plugins):
            problems.append(f"map {number}: {why}")
        else:
            preset.mappings.append(mapping)
    return preset, [f"{path}: {problem}" for problem in problems]


def save(path: Path, preset: Preset, force: bool = False) -> None:
    """Write a preset and its plugins' states; a file that is there keeps its comments. [main]

    Raises PresetError where the file there says what could not be read (unless `force`), and where nothing can be written.
    """
    old = ""
    if path.exists():
        try:
            _, problems = load(path)
            old = path.read_text(encoding="utf-8")
        except PresetError as error:
            problems = [str(error)]
        if problems and not force:
            raise PresetError(
                f"{path}: is not saved over, for not all of it was read; mend it, or save by another name: {problems[0]}"
            )
    folder, files = path.with_suffix(".state"), dict[Path, bytes]()
    file = _File(
        preset.name, preset.about, preset.needs, preset.jam, preset.lights, [], preset.snapshots, preset.mappings
    )
    for chain in preset.document.chains:
        plugins = []
        for number, slot in enumerate(chain.plugins, 1):
            state = ""
            if slot.state:
                state = f"{folder.name}/{quote(slot.name or f'{chain.name} {number}', safe=' ')}.state"
                files[path.parent / state] = _bytes(Path(slot.state), f"{path}: plugin {slot.name!r}")
            plugins.append(msgspec.structs.replace(slot, state=state))
        file.chains.append(msgspec.structs.replace(chain, plugins=plugins))
    files[path] = layout.text(file, old).encode()
    _write(files)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PresetError(f"{path}: {error.strerror}; give the path of a preset (see presets/)") from None
    except UnicodeDecodeError:
        raise PresetError(f"{path}: not a text file; a preset is TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"{path}: not valid TOML: {error}") from None


def _join(chains: list[Chain], problems: list[str]) -> Document:
    """The chains as a document, put together piece by piece; a piece that `check` refuses is left out and said."""
    document, kept, sides = Document(), list[tuple[Chain, Chain]](), list[tuple[Slot, str]]()

    def put(owner: Any, name: str, value: Any) -> bool:
        before = getattr(owner, name)
        setattr(owner, name, value)
        try:
            check(document)
        except RackError as error:
            setattr(owner, name, before)
            problems.append(str(error))
            return False
        return True

    for chain in chains:
        bare = msgspec.structs.replace(chain, input=INPUTS[0], channel=0, to=MAIN, sends=[], plugins=[])
        if not put(document, "chains", [*document.chains, bare]):
            continue
        kept.append((bare, chain))
        put(bare, "input", chain.input)
        put(bare, "channel", chain.channel)
        for slot in chain.plugins:
            name, side = slot.name, slot.side
            slot.name = slot.side = ""
            if put(bare, "plugins", [*bare.plugins, slot]):
                put(slot, "name", name)
                sides.append((slot, side))
    for slot, side in sides:
        put(slot, "side", side)
    for bare, chain in kept:
        put(bare, "to", chain.to)
        for send in chain.sends:
            put(bare, "sends", [*bare.sends, send])
    return document


def _state(given: str, path: Path, place: str, problems: list[str]) -> str:
    """A state's absolute path; empty, and said, where it cannot be read."""
    found = (path.parent / given).absolute()
    try:
        with found.open("rb"):
            return str(found)
    except OSError as error:
        problems.append(f"{place}: its state {given}: {error.strerror}; put the file there or take the line out")
    return ""


def _keep_known(snapshot: Snapshot, plugins: set[str], chains: set[str], problems: list[str]) -> None:
    """Take out of a snapshot what it says of plugins and chains that there are not."""
    for of, known in (("params", plugins), ("bypass", plugins), ("mix", plugins), ("chains", chains)):
        said = getattr(snapshot, of)
        for name in [name for name in said if name not in known]:
            del said[name]
            kind = "chain" if of == "chains" else "plugin"
            near = table.near(name, sorted(known))
            problems.append(f"snapshot {snapshot.name!r}, {of}: there is no {kind} {name!r}{near}")


def _amiss(mapping: Mapping, plugins: set[str]) -> str:
    """Why a mapping cannot be; empty where it can."""
    if mapping.number < 0 and mapping.kind != "program":
        return "has no number; give 0 to 127"
    if mapping.number > 31 and mapping.kind == "cc14":
        return f"number = {mapping.number}; give 0 to 31, the coarse one of the pair"
    if mapping.to == "jam":
        return "" if mapping.jam else "has no jam; give a mode, on, cue or panic"
    if mapping.to == "clock":
        return "" if mapping.clock else "has no clock; give tap, start, stop or continue"
    if mapping.to == "lights":
        return "" if mapping.lights else "has no lights; give go, blackout, safe or master"
    if mapping.to not in ("snapshot", "panic", "take") and mapping.plugin not in plugins:
        return f"there is no plugin {mapping.plugin!r}{table.near(mapping.plugin, sorted(plugins))}"
    return "has no param; give the id of one" if mapping.to == "param" and not mapping.param else ""


def _bytes(path: Path, place: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PresetError(f"{place}: its state {path}: {error.strerror}; nothing is saved") from None


def _write(files: dict[Path, bytes]) -> None:
    """Write all files under other names, then give them theirs, in this order."""
    files = {path.resolve(): content for path, content in files.items()}  # through a link to what it points to
    new = {path: path.with_name(f".{path.name}.{os.getpid()}.new") for path in files}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with new[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            os.replace(new[path], path)
    except OSError as error:
        raise PresetError(f"{path}: {error.strerror}; save where files may be written") from None
    finally:
        for made in new.values():
            made.unlink(missing_ok=True)
