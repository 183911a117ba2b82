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

from daemon import __version__, devices
from daemon.errors import UserError
from daemon.midi import api as midi_api

OK, WARNING, MISSING = "ok", "warning", "missing"
LIBRARIES = {"numpy": "numpy", "numba": "numba", "zmq": "pyzmq", "msgspec": "msgspec", "soundfile": "soundfile"} | {
    "soxr": "soxr", "onnxruntime": "onnxruntime", "rtmidi": "python-rtmidi", "aubio": "aubio-ledfx"
}  # fmt: skip
PRIORITY = 70
LIMITS = "/etc/security/limits.d/audio.conf"
PORT = 5550


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
    found = [check for look in CHECKS for check in look()]
    if as_json:
        click.echo(json.dumps([check._asdict() for check in found]))
    else:
        click.echo(
            f"jamd {__version__}, Python {platform.python_version()}, {platform.system()} {platform.release()}\n"
        )
        for check in found:
            click.echo(_line(check))
        click.echo("\n" + _works(found))
    return 1 if any(check.state == MISSING and check.what in LIBRARIES.values() for check in found) else 0


def _line(check: Check) -> str:
    mark = {OK: click.style("ok ", fg="green"), WARNING: click.style("!  ", fg="yellow")}
    text = f"{mark.get(check.state, click.style('-  ', fg='red'))} {check.what:20} {check.says}"
    return text + (f"\n{'':24} -> {check.remedy}" if check.remedy else "")


def _works(found: list[Check]) -> str:
    ok = {check.what for check in found if check.state == OK}
    ways = [name for name in ("JACK", "sound card", "MIDI") if name in ok]
    return f"Works here: sound files, the built-in performance{''.join(f', {way}' for way in ways)}."


def _libraries() -> Iterator[Check]:
    for module, name in LIBRARIES.items():
        try:
            import_module(module)
            yield Check(name, OK, metadata.version(name))
        except (ImportError, metadata.PackageNotFoundError) as error:
            yield Check(name, MISSING, f"cannot be imported: {error}", f"pip install {name}")


def _tried(what: str, look: Callable[[], str]) -> Iterator[Check]:
    """ok with what `look` says; missing, split into fact and remedy, where it raises UserError."""
    try:
        yield Check(what, OK, look())
    except UserError as error:
        fact, _, remedy = str(error).rpartition(": ")
        yield Check(what, MISSING, fact, remedy)


def _jack() -> Iterator[Check]:
    def look() -> str:
        found = devices.jack()
        return f"a server runs at {found['rate']} Hz with blocks of {found['block_size']}"

    yield from _tried("JACK", look)


def _sound_card() -> Iterator[Check]:
    def look() -> str:
        found = devices.sound_cards()["devices"]
        if not found:
            raise UserError("PortAudio sees no sound card: plug one in, or see `jamd devices` for JACK")
        return ", ".join(card["name"] for card in found if card["default"]) or found[0]["name"]

    yield from _tried("sound card", look)


def _midi() -> Iterator[Check]:
    def look() -> str:
        found = devices.midi()
        way = {"native": "the system's own", "jack": "JACK's"}[midi_api.resolve("auto")]
        return f"{way}: {len(found['inputs'])} to hear, {len(found['outputs'])} to play to"

    yield from _tried("MIDI", look)


def _priority() -> Iterator[Check]:
    """Whether an audio thread may have real-time priority and lock its memory."""
    soft = resource.getrlimit(resource.RLIMIT_RTPRIO)[0] if hasattr(resource, "RLIMIT_RTPRIO") else 0
    may = os.geteuid() == 0 or soft >= PRIORITY or soft == resource.RLIM_INFINITY
    remedy = (
        f'"@audio - rtprio 95" and "@audio - memlock unlimited" in {LIMITS}, sudo usermod -aG audio $USER, log in again'
    )
    if may and hasattr(os, "sched_setscheduler"):
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
            os.sched_setscheduler(0, *before)
        except OSError:
            may = False
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
    with socket.socket() as probe:
        busy = probe.connect_ex(("127.0.0.1", PORT)) == 0
    says = f"something listens on port {PORT} already" if busy else f"port {PORT} is free"
    remedy = 'another jamd? else set [zmq] address = "tcp://127.0.0.1:5560"' if busy else ""
    yield Check("ZeroMQ", WARNING if busy else OK, says, remedy)


def _compiled() -> bool:
    folder = Path(os.environ.get("NUMBA_CACHE_DIR", "/nowhere"))
    return next(folder.rglob("*.nbc"), None) is not None


def _block_size() -> Iterator[Check]:
    from daemon.bench.budget import HALF, keepable

    size, p999_us = keepable()
    says = (
        f"{size} samples at 48 kHz: all analysis took {p999_us:.0f} us at p99.9, of {HALF * 1e6 * size / 48000:.0f} us"
    )
    yield Check("block size", OK, f"{says} (half a block); on this machine, now")


CHECKS = (_libraries, _jack, _sound_card, _midi, _priority, _processor, _environment, _block_size)
