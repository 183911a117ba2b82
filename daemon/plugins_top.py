"""`jamd plugins top`: what each plugin of a running daemon costs, from what the daemon publishes each second."""

import sys
import time

import click
import msgspec
import zmq

from daemon import messages as m
from daemon.ctl.client import CtlError
from daemon.keyring import Key
from daemon.listen import decode, subscribe

PATIENCE_S = 5.0
GATHER_S = 0.3  # all that one second says comes at once


def run(address: str, once: bool, as_json: bool, key: Key | None = None) -> int:
    """Show it anew each second until Ctrl-C, or `once`. Raises CtlError where no daemon is heard."""
    socket = subscribe(address, [m.topic("plugin_load"), m.topic("heartbeat")], key)
    try:
        while True:
            beat, loads = _gather(socket, address)
            if as_json:
                plain = {"heartbeat": msgspec.to_builtins(beat), "plugins": [msgspec.to_builtins(one) for one in loads]}
                sys.stdout.write(msgspec.json.encode(plain).decode() + "\n")
                sys.stdout.flush()
            else:
                if not once and sys.stdout.isatty():
                    click.clear()
                click.echo("\n".join(table(beat, loads)))
            if once:
                return 0
    except KeyboardInterrupt:
        return 0
    finally:
        socket.close(0)


def _gather(socket: zmq.Socket, address: str) -> tuple[m.Heartbeat, list[m.PluginLoad]]:
    """One second's heartbeat and every plugin's load."""
    beat: m.Heartbeat | None = None
    loads: dict[int, m.PluginLoad] = {}
    ends_at = time.monotonic() + PATIENCE_S
    settled_at = ends_at
    while (left := min(ends_at, settled_at) - time.monotonic()) > 0:
        if not socket.poll(max(1, int(1000 * left))):
            continue
        message = decode(socket.recv_multipart())
        if isinstance(message, m.Heartbeat) and not message.replay:
            beat = message
        elif isinstance(message, m.PluginLoad):
            loads[message.uid] = message
        if beat is not None and settled_at == ends_at:
            settled_at = time.monotonic() + 1.0 + GATHER_S
    if beat is None:
        raise CtlError(f"nothing is heard on {address}; is `jamd run` running? give its address by --address")
    return beat, list(loads.values())


def table(beat: m.Heartbeat, loads: list[m.PluginLoad]) -> list[str]:
    """Lines for a person, the dearest plugin first."""
    budget = beat.budget_us or 1.0
    lines = [
        f"block {budget:.0f} us, all work p50 {beat.work_us['p50']:.0f} p99 {beat.work_us['p99']:.0f} "
        f"max {beat.work_us['max']:.0f} us, late blocks {beat.late_blocks}, xruns {beat.xruns}, "
        f"rack latency {beat.rack_latency_samples} samples",
        f"{'chain':14} {'plugin':16} {'share':>6} {'min':>7} {'mean':>7} {'p99':>7} {'max':>7} "
        f"{'latency':>8} {'misses':>7} {'bad':>6}",
    ]
    for load in sorted(loads, key=lambda one: -one.mean_us):
        lines.append(
            f"{load.chain[:14]:14} {(load.plugin or '(isolated)')[:16]:16} {load.mean_us / budget:6.1%} "
            f"{load.min_us:7.1f} {load.mean_us:7.1f} {load.p99_us:7.1f} {load.max_us:7.1f} "
            f"{load.latency_samples:8} {load.misses:7} {load.bad_samples:6}"
        )
    return lines if loads else [lines[0], "no plugins play"]
