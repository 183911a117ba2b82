"""What the rack is measured on: four of Debian's zam-plugins, which are there in all three formats, and their peers."""

from typing import Any, Protocol

import numpy as np

from daemon.bench.server import RATE
from daemon.errors import UserError
from daemon.plugins import folders
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack

FOUR = ("ZamGateX2", "ZamCompX2", "ZaMultiCompX2", "ZaMaximX2")
LIGHT = FOUR[:3]
"""Without the limiter, which costs more than all the others: what is around the plugins shows better."""

FORMATS = {"lv2": "LV2", "clap": "CLAP", "vst3": "VST3"}
INSTALL = "sudo apt install zam-plugins"


class PeerError(UserError):
    """A row that cannot be measured here; the text says why."""


class Peer(Protocol):
    """Whatever plays the chain. [main]"""

    heard: np.ndarray
    """float32 (2, samples): what the last `play` gave."""

    def play(self, sound: np.ndarray) -> np.ndarray:
        """us of each block of `sound`, float32 (2, samples), in turn."""


def vst3_path(title: str) -> str:
    """The bundle of a plugin. Raises PeerError. [main]"""
    for path in folders.files("vst3", folders.folders("vst3")):
        if path.stem == title:
            return str(path)
    raise PeerError(f"{title}.vst3 is not installed: {INSTALL}")


def full_name(format: str, title: str) -> str:
    """What opens a plugin in a format. Raises PeerError. [main]"""
    if format == "vst3":
        return f"vst3:{vst3_path(title)}#{title}"
    return f"lv2:urn:zamaudio:{title}" if format == "lv2" else f"clap:com.zamaudio.{title}"


def racked(titles: tuple[str, ...], format: str, isolate: bool = False, block: np.void | None = None) -> Rack:
    """A rack of one chain, as the engine has it; `block` is the engine's BLOCK record. Raises PeerError. [main]"""
    rack = Rack(RATE, block)
    slots = [Slot(full_name(format, title), uid=uid) for uid, title in enumerate(titles, 1)]
    done = rack.carry_out(Order(1, Document([Chain("bench", plugins=slots, isolate=isolate, uid=100)])))
    if done.failed:
        rack.close()
        raise PeerError(f"{next(iter(done.failed.values()))} ({INSTALL})")
    return rack


def row(us: np.ndarray) -> dict[str, Any]:
    """Median and p99 of blocks' times."""
    return {"median_us": float(np.median(us)), "p99_us": float(np.percentile(us, 99))}
