"""Cost of a block: the rack beside a C loop over the same plugins and beside pedalboard, in turn, on the same sound.

Run as `python -m daemon.bench.rack_cost SECONDS`, it prints its tables as JSON; what plugins say on the standard error is
theirs.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from daemon.bench.board import Board
from daemon.bench.c_loop import CLoop
from daemon.bench.gain import Gain
from daemon.bench.loop import Loop, plugged
from daemon.bench.peer import FORMATS, FOUR, LIGHT, Peer, PeerError, full_name, racked, row
from daemon.bench.server import BLOCK, RATE
from daemon.errors import UserError
from daemon.inputs.performance import Performance
from daemon.plugins.call import CALL
from daemon.plugins.catalogue import open_plugin
from daemon.rack import kernel
from daemon.rack import records as rec
from daemon.rack.arrangement import Arrangement
from daemon.rack.live import LiveSlot
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.ring import CommandRing
from dsp.kernel import offset_of, zeros

ROUND_S = 0.25
SOUND_S = 16.0  # then it begins anew
WARM_UP = 16  # blocks of each round, in which the caches forget what played before
SINGLE = "ZamAutoSat"  # costs least itself: the way to it shows
GAINS = {0: "no plugin", 1: "one gain", 4: "four gains"}

Table = dict[str, dict[str, Any]]
Makers = dict[str, Callable[[], Peer]]


class CostError(UserError):
    """The measuring process died."""


def tables(seconds: float) -> dict[str, Table]:
    """`measure`, in a process of its own: plugins may say and do what they like. [main]"""
    command = [sys.executable, "-m", "daemon.bench.rack_cost", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CostError(f"the benchmark of cost ended with {done.returncode}: {done.stderr.strip()[-200:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(seconds: float) -> dict[str, Table]:
    """Table -> row -> median_us, p99_us and what else there is, over `seconds` of sound; or `why` it is not. [main]"""
    sound = np.concatenate(list(Performance(SOUND_S).blocks(RATE)), axis=1)
    return {
        "four": in_turn(_chain(FOUR), sound, seconds),
        "light": in_turn(_chain(LIGHT), sound, seconds),
        "single": in_turn(_single(SINGLE), sound, seconds),
        "rack": in_turn({label: partial(_gains, n) for n, label in GAINS.items()}, sound, seconds),
    }


def _chain(titles: tuple[str, ...]) -> Makers:
    ours = {f"jamd, {label}": partial(_racked, titles, format) for format, label in FORMATS.items()}
    return {"C loop, LV2": partial(_in_c, titles), **ours, "pedalboard, VST3": partial(Board, titles)}


def _single(title: str) -> Makers:
    ways = {f"called as {label}": partial(_called, title, format) for format, label in FORMATS.items()}
    return {"C loop, LV2": partial(_in_c, (title,)), **ways}


def _racked(titles: tuple[str, ...], format: str) -> Peer:
    rack = racked(titles, format)
    return plugged(rack.native, rack)


def _in_c(titles: tuple[str, ...]) -> Peer:
    loop = CLoop(titles)
    return plugged(loop.native, loop)


def _called(title: str, format: str) -> Peer:
    """A plugin's own `process`, without a rack."""
    try:
        plugin = open_plugin(full_name(format, title), RATE, rec.PART)
    except UserError as error:
        raise PeerError(str(error)) from None
    call = zeros(CALL)
    loop = Loop(plugin.process, (plugin, call))
    call["n"], call["rate"] = BLOCK, RATE
    call["inputs"][0, :2] = [row.ctypes.data for row in loop.input]
    call["outputs"][0, :2] = [row.ctypes.data for row in loop.output]
    loop.arguments(plugin.own, call.ctypes.data, call.ctypes.data + offset_of(CALL, "sample_time"))
    return loop


def _gains(n: int) -> Peer:
    """A chain of plugins that are none of any format: the rack's parts, as `Rack` puts them together."""
    record = zeros(rec.RACK)
    record["fade_step"] = 1.0 / (rec.FADE_S * RATE)
    ring = CommandRing(record)
    arrangement = Arrangement(record, ring, RATE)
    slots = [Slot("gain", uid=uid) for uid in range(1, n + 1)]
    lives = {slot.uid: LiveSlot(slot.uid, Gain()) for slot in slots}
    arrangement.arrange(Document([Chain("bench", plugins=slots, uid=100)]), lives, [])
    ring.commit()
    return plugged((int(kernel.process.address), int(record.ctypes.data)), (record, arrangement, lives))


def in_turn(makers: Makers, sound: np.ndarray, seconds: float) -> Table:
    """Rounds of ROUND_S in which each has its turn, with the first that could be had as what the others are held against.

    `ratio` is the median of the rounds' own ratios, for the machine's speed is another from round to round; `apart` is the
    largest difference in sound.
    """
    table: Table = {}
    peers: dict[str, Peer] = {}
    for name, make in makers.items():
        try:
            peers[name] = make()
        except PeerError as error:
            table[name] = {"why": str(error)}
    n = round(ROUND_S * RATE) // BLOCK * BLOCK
    times: dict[str, list[np.ndarray]] = {name: [] for name in peers}
    apart = dict.fromkeys(peers, 0.0)
    for k in range(max(2, round(seconds / ROUND_S))):
        part = np.take(sound, np.arange(k * n, (k + 1) * n), axis=1, mode="wrap")
        for name, peer in peers.items():
            times[name].append(peer.play(part)[WARM_UP:])
        first = next(iter(peers.values()), None)
        for name, peer in peers.items():
            apart[name] = max(apart[name], float(np.abs(peer.heard - first.heard).max()))  # type: ignore[union-attr]
    middles = {name: np.array([np.median(part) for part in parts]) for name, parts in times.items()}
    for name, parts in times.items():
        ratio = float(np.median(middles[name] / next(iter(middles.values()))))
        table[name] = row(np.concatenate(parts)) | {"ratio": ratio, "apart": apart[name]}
    return {name: table[name] for name in makers}


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]))))
