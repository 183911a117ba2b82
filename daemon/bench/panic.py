"""`jamd bench panic`: how long it takes until nothing sounds any more, whoever asks for it, and whoever dies.

All times are from just before it was asked for, or happened, to the frame at which a JACK client heard it.
"""

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import click
import numpy as np

from daemon.bench.ear import PORTS, VIRTUAL, Midi
from daemon.bench.machine import load, machine
from daemon.bench.panic_stage import CHANNEL, FULL, NOTE, SAFE, Stage, StageError, stage
from daemon.bench.server import BLOCK, RATE, NoServerError, jack_server
from daemon.ctl.client import ask
from daemon.pulse import STANDS_S

CONTROLLERS = 3 * 16
ENDS = 1 + CONTROLLERS
"""Messages that end a held note and all channels."""
SPARE_S = 6.0  # until an engine stands ready beside the one that runs
APART_S = 0.3  # between two panics of one daemon


def run(times: int, as_json: bool) -> int:
    """Measure each way `times` times and print the table. [main]"""
    rows = {name: way(times) for name, way in WAYS.items()} if _has_jack() else {}
    found = {"machine": f"{machine()}, {load()}", "block": BLOCK, "rate": RATE, "rows": rows}
    click.echo(json.dumps(found) if as_json else text(found))
    return 0 if rows else 1


def _has_jack() -> bool:
    try:
        import jack  # noqa: F401
    except OSError:
        click.echo("jamd: the JACK library is not installed: sudo apt install libjack-jackd2-0 jackd2", err=True)
        return False
    return True


def text(found: dict[str, Any]) -> str:
    """The table for a person."""
    lines = [f"ms until nothing sounds, blocks of {found['block']} at {found['rate']} Hz", found["machine"], ""]
    lines.append(f"{'':34}{'silence':>18}{'last end, JACK':>18}{'last end, port':>18}{'lights safe':>18}{'steps':>9}")
    lines.append(
        f"{'':34}{'median     max':>18}{'median     max':>18}{'median     max':>18}{'median     max':>18}{'largest':>9}"
    )
    for name, row in found["rows"].items():
        cells = "".join(_cell(row.get(what)) for what in ("silence_ms", "jack_ms", "port_ms", "lights_ms"))
        lines.append(f"{name:34}{cells}{row['step']:9.4f}" if "step" in row else f"{name:34}not measured: {row['why']}")
    lines += ["", "steps: the largest between two samples of the fade, of the level 1; the curve's own is 0.0031"]
    return "\n".join(lines)


def _cell(values: list[float] | None) -> str:
    if not values:
        return f"{'-':>18}"
    return f"{np.median(values):11.1f}{max(values):7.1f}"


def one(made: Stage, act: Callable[[], Any], patience_s: float = 5.0, is_cut: bool = False) -> dict[str, float]:
    """Do something that ends all, and when it had ended, in ms; `is_cut`: an engine is cut off, and may soon be back."""
    has_light = not is_cut
    ear, start = made.ear, made.ear.frame
    asked_ns = time.monotonic_ns()
    act()
    made.until(lambda: ear.silence(start) > 0, "its silence", patience_s)
    for port in PORTS:
        made.until(lambda port=port: _ended(made, start, port), f"the ends of notes at {port}", patience_s)  # type: ignore[misc]
    silent, row = ear.silence(start), {}
    row["silence_ms"] = (ear.ns(silent) - asked_ns) * 1e-6
    if not is_cut:
        row["step"] = ear.step(start, silent + 1)
    if has_light:
        made.until(lambda: made.eye.level == SAFE, "its safe look", patience_s)
        row["lights_ms"] = (made.eye.seen[-1][0] - asked_ns) * 1e-6
    for name, port in (("jack_ms", "jack"), ("port_ms", VIRTUAL)):
        row[name] = (ear.ns(_ends(made, start, port)[-1].frame) - asked_ns) * 1e-6
    return row


def _ends(made: Stage, start: int, port: str) -> list[Midi]:
    """The first messages that end notes at a port."""
    return [one for one in made.ear.midi(start, port) if one.data[0] & 0xF0 in (0x80, 0xB0)][:ENDS]


def _ended(made: Stage, start: int, port: str) -> bool:
    """Whether all is told; of an engine that has died, its own port is told the note's end alone, by the next one."""
    ends = _ends(made, start, port)
    return len(ends) >= CONTROLLERS or (0x80 | CHANNEL, NOTE, 0) in [one.data for one in ends]


def _gathered(rows: list[dict[str, float]]) -> dict[str, Any]:
    found: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0] if name != "step"}
    return found | {"step": max(row.get("step", 0.0) for row in rows)}


def _asked(times: int) -> dict[str, Any]:
    """One daemon, asked again and again; only the first time a note sounds, but all channels are told each time."""
    try:
        with jack_server(), stage() as made:
            rows = []
            for _ in range(times):
                rows.append(one(made, lambda: ask(made.control, [{"cmd": "panic"}])))
                ask(made.control, [{"cmd": "panic", "over": True}])
                made.until(lambda: made.ear.sounds() and made.eye.level == FULL, "its sound and light, again")
                time.sleep(APART_S)
            return _gathered(rows)
    except (StageError, NoServerError) as error:
        return {"why": str(error)}


def _each(act: Callable[[Stage], Any], is_cut: bool = False) -> Callable[[int], dict[str, Any]]:
    """A daemon of its own for each time; before an engine is cut off, there must be a spare one."""

    def way(times: int) -> dict[str, Any]:
        rows = []
        try:
            with jack_server():
                for _ in range(times):
                    with stage() as made:
                        time.sleep(SPARE_S if is_cut else 0.0)
                        rows.append(one(made, lambda made=made: act(made), STANDS_S + 8.0, is_cut))  # type: ignore[misc]
        except (StageError, NoServerError) as error:
            return {"why": str(error)}
        return _gathered(rows)

    return way


WAYS: dict[str, Callable[[int], dict[str, Any]]] = {
    "jamd panic": _asked,
    "SIGTERM": _each(lambda made: made.process.terminate()),
    "kill -9 of the daemon": _each(lambda made: made.process.kill()),
    f"the daemon hangs (seen after {STANDS_S:g} s)": _each(lambda made: os.kill(made.process.pid, signal.SIGSTOP)),
    "kill -9 of the engine (no fade)": _each(lambda made: os.kill(made.engine_pid, signal.SIGKILL), is_cut=True),
}
