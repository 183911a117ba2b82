"""`jamd doctor`: what this machine has for jamd, what it lacks, and the line that mends it."""

import contextlib
import json
import os
import platform
import resource
import socket
from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from typing import NamedTuple

import click

from daemon import __version__
from daemon.errors import UserError
from daemon.midi import api as midi_api

OK, WARNING, MISSING = "ok", "warning", "missing"
LIBRARIES = {
    **{
        name: name
        for name in ("click", "minihost", "msgspec", "numba", "numpy", "onnxruntime", "rich", "soundfile", "soxr")
    },
    **{"aubio": "aubio-ledfx", "rtmidi": "python-rtmidi", "zmq": "pyzmq"},
}
"""Import name -> distribution, of what jamd cannot do without."""

PRIORITY = 70
LIMITS = "/etc/security/limits.d/audio.conf"
PORT = 5550
PAGE_PORT = 5580
PAGE_LIBRARIES = ("starlette", "uvicorn", "websockets")


class Check(NamedTuple):
    """One line of the report; `remedy` is what to do, "" where nothing is to be done."""

    what: str
    state: str
    says: str
    remedy: str = ""


def run(as_json: bool) -> int:
    """Print the report; 1 if jamd cannot run at all."""
    from daemon.native_cache import COMPILING

    if not as_json and not _compiled():
        click.echo(f"jamd: {COMPILING}", err=True)
    system = f"{platform.system()} {platform.release()}"
    if not as_json:
        click.echo(f"jamd {__version__}, Python {platform.python_version()}, {system}\n")
    found: list[Check] = []
    for look in CHECKS:
        seen = _looked(look)
        found += seen
        if not as_json:
            click.echo("\n".join(map(_line, seen)))
    if as_json:
        click.echo(json.dumps([check._asdict() for check in found]))
    else:
        click.echo("\n" + _works(found))
    return 0 if _can_run(found) else 1


def lacking() -> list[Check]:
    """What playing live needs and this machine lacks: somewhere for sound to come from and go to, and MIDI."""
    jack, card, midi = ([check for check in _looked(look) if check.state != OK] for look in (_jack, _sound_card, _midi))
    return [*(jack + card if jack and card else []), *midi]


def _looked(look: Callable[[], Iterator[Check]]) -> list[Check]:
    """A look's checks; one that says why where it needs a library that is missing."""
    try:
        return list(look())
    except (ImportError, OSError) as error:
        return [Check(look.__name__.strip("_").replace("_", " "), MISSING, f"cannot be looked at: {error}")]


def _can_run(found: list[Check]) -> bool:
    return not any(check.state == MISSING and check.what in LIBRARIES.values() for check in found)


def _line(check: Check) -> str:
    mark = {OK: click.style("ok ", fg="green"), WARNING: click.style("!  ", fg="yellow")}
    text = f"{mark.get(check.state, click.style('-  ', fg='red'))} {check.what:20} {check.says}"
    return text + (f"\n{'':24} -> {check.remedy}" if check.remedy else "")


def _works(found: list[Check]) -> str:
    if not _can_run(found):
        return "jamd cannot run before the libraries above are mended."
    ok = {check.what for check in found if check.state == OK}
    ways = [name for name in ("JACK", "sound card", "MIDI") if name in ok]
    return f"Works here: sound files, the built-in performance{''.join(f', {way}' for way in ways)}."


def _libraries() -> Iterator[Check]:
    for module, name in LIBRARIES.items():
        try:
            import_module(module)
        except (ImportError, OSError) as error:
            yield Check(name, MISSING, f"cannot be imported: {error}", f"pip install {name}")
            continue
        try:
            yield Check(name, OK, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Check(name, OK, "another distribution's")


def _tried(what: str, look: Callable[[], str]) -> Iterator[Check]:
    """ok with what `look` says; missing, split into fact and remedy, where it raises UserError."""
    try:
        yield Check(what, OK, look())
    except UserError as error:
        fact, _, remedy = str(error).rpartition(": ")
        yield Check(what, MISSING, fact, remedy)


def _jack() -> Iterator[Check]:
    from daemon import devices

    def look() -> str:
        found = devices.jack()
        return f"a server runs at {found['rate']} Hz with blocks of {found['block_size']}"

    yield from _tried("JACK", look)


def _sound_card() -> Iterator[Check]:
    from daemon import devices

    def look() -> str:
        found = devices.sound_cards()["devices"]
        if not found:
            raise UserError("PortAudio sees no sound card: plug one in, or see `jamd devices` for JACK")
        return ", ".join(card["name"] for card in found if card["default"]) or found[0]["name"]

    yield from _tried("sound card", look)


def _midi() -> Iterator[Check]:
    from daemon import devices

    def look() -> str:
        found = devices.midi()
        way = {"native": "the system's own", "jack": "JACK's"}[midi_api.resolve("auto")]
        return f"{way}: {len(found['inputs'])} to hear, {len(found['outputs'])} to play to"

    yield from _tried("MIDI", look)


def _plugins() -> Iterator[Check]:
    from daemon.plugins import lilv, verdicts

    def lv2() -> str:
        lilv.world()
        return "can be hosted"

    def scanned() -> str:
        known = verdicts.load()
        plugins, blocked = list(known.plugins()), list(known.blocked())
        if not plugins:
            raise UserError("none is known yet: jamd plugins scan")
        formats = sorted({info.format for info in plugins})
        each = ", ".join(f"{sum(info.format == one for info in plugins)} {one.upper()}" for one in formats)
        return f"{each}{f'; {len(blocked)} blocked, see `jamd plugins list`' if blocked else ''}"

    yield from _tried("LV2", lv2)
    yield from _tried("plugins", scanned)


def _priority() -> Iterator[Check]:
    """Whether an audio thread may have real-time priority and lock its memory."""
    remedy = (
        f'"@audio - rtprio 95" and "@audio - memlock unlimited" in {LIMITS}, sudo usermod -aG audio $USER, log in again'
    )
    may = False
    if hasattr(os, "sched_setscheduler"):
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
            os.sched_setscheduler(0, *before)
            may = True
    yield Check(
        "real-time priority", OK if may else WARNING, "granted" if may else "not allowed", "" if may else remedy
    )
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    enough = locked == resource.RLIM_INFINITY or locked >= 256 << 20 or os.geteuid() == 0
    says = "unlimited" if locked == resource.RLIM_INFINITY else f"{locked >> 20} MiB may be locked"
    yield Check("memory lock", OK if enough else WARNING, says, "" if enough else remedy)


def _processor() -> Iterator[Check]:
    cores = os.cpu_count() or 1
    yield Check(
        "cores",
        OK if cores > 1 else WARNING,
        str(cores),
        "" if cores > 1 else "one core must do all; use blocks of 512",
    )
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    with contextlib.suppress(OSError):
        mode = governor.read_text().strip()
        remedy = "" if mode == "performance" else "sudo cpupower frequency-set -g performance"
        yield Check("frequency governor", OK if not remedy else WARNING, mode, remedy)


def _environment() -> Iterator[Check]:
    """PyPI's python-daemon installs a package of the same name as jamd's own."""
    others = [name for name in metadata.packages_distributions().get("daemon", []) if name != "jamd"]
    for name in sorted(set(others)):
        remedy = "give jamd an environment of its own: pipx install jamd"
        yield Check("environment", WARNING, f"{name} also installs a package called daemon", remedy)
    yield _port("ZeroMQ", PORT, '[zmq] address = "tcp://127.0.0.1:5560"')


def _page() -> Iterator[Check]:
    """Without its libraries all but the page, and the services over HTTP, goes."""
    for name in PAGE_LIBRARIES:
        try:
            import_module(name)
        except (ImportError, OSError) as error:
            yield Check("page", WARNING, f"{name} cannot be imported: {error}", f"pip install {name}")
    yield _port("page", PAGE_PORT, '[page] address = "127.0.0.1:5581"')


def _port(what: str, port: int, other: str) -> Check:
    with socket.socket() as probe:
        busy = probe.connect_ex(("127.0.0.1", port)) == 0
    says = f"something listens on port {port} already" if busy else f"port {port} is free"
    return Check(what, WARNING if busy else OK, says, f"another jamd? else set {other}" if busy else "")


def _compiled() -> bool:
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", "/nowhere"))
    return next(folder.rglob("*.nbc"), None) is not None


def _block_size() -> Iterator[Check]:
    from daemon.bench.budget import HALF, RATE, keepable

    size, p999_us = keepable()
    half_us = HALF * 1e6 * size / RATE
    says = f"all analysis took {p999_us:.0f} us at p99.9, of {half_us:.0f} us (half a block); on this machine, now"
    if p999_us < half_us:
        yield Check("block size", OK, f"{size} samples at 48 kHz: {says}")
    else:
        remedy = 'leave analysers out ([analysis] chord = "off"), or close other programs'
        yield Check("block size", WARNING, f"not even {size} samples can be kept at 48 kHz: {says}", remedy)


def _networks() -> Iterator[Check]:
    """Whether the networks that hear keep up, all of them together."""
    from daemon.hearing import pace
    from daemon.models.opening import open_model
    from daemon.registry import HEARS

    found: list[pace.Cost] = []

    def look() -> str:
        found.append(pace.measured(HEARS, open_model("hearing").graphs))
        return f"all that hear take {found[0]}; on this machine, now"

    for check in _tried("networks", look):
        if not found or found[0].fits:
            yield check
        else:
            remedy = "none is needed: the engine's own analysis goes on where they are too slow"
            yield Check("networks", WARNING, check.says, remedy)


CHECKS = (
    _libraries,
    _jack,
    _sound_card,
    _midi,
    _plugins,
    _priority,
    _processor,
    _environment,
    _page,
    _block_size,
    _networks,
)
