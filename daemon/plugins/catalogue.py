"""From what people call a plugin to the plugin: full names open as they are, parts of a title by what a scan found."""

import contextlib
import difflib
import mmap
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from daemon.plugins import builtin, folders, verdicts
from daemon.plugins.plugin import Info, Plugin, PluginError

FORMATS = ("clap", "vst3", "lv2", "au", "jamd")
"""In the order that is preferred, where one title is there in several."""

KERNELS = {"jamd": "daemon.plugins.builtin_process", "clap": "daemon.plugins.clap"}  # else minihost's
NEAR = 5  # names told where one is not found or not clear


def open_plugin(name: str, rate: float, max_block: int, side: int = 0) -> Plugin:
    """Open a plugin by its name, see `resolve`; a full one needs no scan. `side`: side-chain channels wanted, 0 to 2.

    Raises PluginError. [main]
    """
    full, path = find(name)
    check_blocked(full, path)
    return open_named(full, path, rate, max_block, side)


def find(name: str) -> tuple[str, str]:
    """The full name and the file of a plugin, see `resolve`; a full name needs no scan. Raises PluginError."""
    path = _path(*split(name))
    if path:
        return name, path
    info = resolve(name)
    return info.name, info.path


def open_named(name: str, path: str, rate: float, max_block: int, side: int = 0) -> Plugin:
    """Open the plugin of this full name that lies in this file, blocked or not. Raises PluginError. [main]"""
    kind, where = split(name)
    if kind == "jamd":
        return builtin.open_builtin(where, rate)
    if kind == "clap":
        from daemon.plugins.clap import open_clap

        return open_clap(path, where, rate, max_block)
    from daemon.plugins.minihost import open_minihost

    return open_minihost(kind, where, rate, max_block, side)


def load(name: str) -> None:
    """Load, and the first time compile, what plugins of a full name's format need, so that no plugin is blamed for it."""
    kind = split(name)[0]
    if kind:
        with contextlib.suppress(ImportError):  # which is said when one is opened
            import_module(KERNELS.get(kind, "daemon.plugins.minihost"))


def plugins() -> Iterator[Info]:
    """What is built in, and what a scan found."""
    yield from builtin.PLUGINS
    yield from verdicts.load().plugins()


def resolve(name: str) -> Info:
    """The plugin of a name: `lv2:URI`, `clap:ID`, `vst3:PATH#NAME`, `jamd:NAME`, or a part of its title.

    A part (or an id's part) may follow a format: `clap:ZamComp`. A whole title goes before a part; of one title in
    several formats, CLAP goes first, then VST3, then LV2. Raises PluginError with what is near.
    """
    kind, where = split(name)
    there = [info for info in plugins() if kind in ("", info.format)]
    exact = [info for info in there if name in (info.name, f"vst3:{info.path}")]
    if exact:
        return exact[0]
    wanted = where.casefold()
    found = [info for info in there if info.title.casefold() == wanted]
    found = found or [info for info in there if wanted in info.title.casefold()]
    if kind:
        found = found or [info for info in there if wanted in info.name.casefold()]
    if not wanted or not found:
        raise PluginError(_unknown(name, verdicts.load()))
    best = [info for info in found if FORMATS.index(info.format) == min(FORMATS.index(one.format) for one in found)]
    titles = {info.title for info in found}
    if len(titles) > 1 or len(best) > 1:
        names = sorted(titles) if len(titles) > 1 else sorted(info.name for info in best)
        more = f" and {len(names) - NEAR} more" if len(names) > NEAR else ""
        raise PluginError(f"{name!r} could be {', '.join(map(repr, names[:NEAR]))}{more}; give more of its name")
    return best[0]


def check_blocked(name: str, path: str) -> None:
    """Raise PluginError for a plugin that crashed or hung when it was probed, and has not changed since."""
    verdict = verdicts.load().files.get(path)
    if verdict is None:
        return
    why = verdict.blocked.get(name) or verdict.blocked.get(f"{split(name)[0]}:{path}")
    if why and why.startswith((verdicts.CRASHES, verdicts.HANGS)) and verdict.stamp == verdicts.stamp(path):
        raise PluginError(_blocked(name, why))


def _blocked(name: str, why: str) -> str:
    return f"{name} is blocked, for it {why}; once it is mended: jamd plugins scan --again"


def split(name: str) -> tuple[str, str]:
    """The format and the rest; ("", name) for a part of a title."""
    kind, colon, where = name.partition(":")
    return (kind, where.strip()) if colon and kind in FORMATS else ("", name.strip())


def _path(kind: str, where: str) -> str:
    """The file of a plugin whose name is full; "" where it is not, or lies nowhere that is known."""
    if kind == "lv2" and ":" in where:
        from daemon.plugins.lilv import world

        return world().bundle(where)
    if kind == "vst3":
        path = where if where.lower().endswith(".vst3") else where.rpartition("#")[0]
        return path if os.path.exists(path) else ""
    if kind == "clap" and where:
        return _clap_with(where)
    if kind == "jamd":
        return builtin.PATH
    return where if kind == "au" else ""


def _clap_with(plugin_id: str) -> str:
    """The .clap file that holds an id: as a scan found it, or one that has it among its bytes; none is loaded for it."""
    for info in verdicts.load().plugins():
        if info.name == f"clap:{plugin_id}" and os.path.exists(info.path):
            return info.path
    for path in folders.files("clap", folders.folders("clap")):
        if any(_contains(file, plugin_id.encode() + b"\0") for file in _libraries(path)):
            return str(path)
    return ""


def _libraries(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted((path / "Contents" / "MacOS").glob("*"))


def _contains(path: Path, word: bytes) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"\0" + word) >= 0


def _unknown(name: str, known: verdicts.Verdicts) -> str:
    """That there is no such plugin, and what is to be done."""
    if not known.files:
        return f"no plugin {name!r} is known yet: jamd plugins scan"
    for blocked, why in known.blocked():
        if split(name)[1].casefold() in blocked.casefold():
            return _blocked(blocked, why) if why.startswith((verdicts.CRASHES, verdicts.HANGS)) else f"{blocked}: {why}"
    titles = {info.title.casefold(): info.title for info in known.plugins()}
    near = difflib.get_close_matches(split(name)[1].casefold(), titles, NEAR, 0.5)
    hint = f"did you mean {', '.join(repr(titles[one]) for one in near)}?" if near else "see `jamd plugins list`"
    return f"there is no plugin {name!r}; {hint} (after an installation: jamd plugins scan)"
