"""Bursts of noise in JACK, and when light changes after them: both in CLOCK_MONOTONIC, packets as the kernel stamps them."""

import socket
import struct
import time
from typing import NamedTuple

import numpy as np

from daemon.bench.jack_source import Source
from daemon.bench.server import BLOCK, RATE
from daemon.clock import offsets

EVERY_S, LONG_S = 0.5, 0.06
SPREAD_S = 0.1  # each comes up to so much later, or they would fall on one phase of whoever sends at a rate
COUNT = 40  # before they come again
SACN_PORT = 5568
SO_TIMESTAMPNS = 35  # Linux's; Python has no name for it
LEVELS = 126  # where an E1.31 packet's levels begin
UNIVERSE = slice(113, 115)


class Change(NamedTuple):
    """A packet whose levels are others than the one's before."""

    at_s: float  # when it arrived
    levels: bytes


def source(every_s: float = EVERY_S, spread_s: float = SPREAD_S, long_s: float = LONG_S) -> Source:
    """A JACK client that plays bursts, and marks where each begins. [main]"""
    rng = np.random.default_rng(1)
    samples = round(COUNT * every_s * RATE) // BLOCK * BLOCK
    starts = ((np.arange(COUNT) * every_s + rng.uniform(0, spread_s, COUNT)) * RATE).astype(np.int64)
    sound = np.zeros((2, samples), np.float32)
    noise = rng.uniform(-0.5, 0.5, round(long_s * RATE))
    for start in starts:
        sound[:, start : start + len(noise)] = noise[: samples - start]
    return Source(sound, starts)


def changes(universe: int, seconds: float) -> tuple[list[Change], int]:
    """What changes in a universe's sACN on loopback, and how many packets came. [main]"""
    found: list[Change] = []
    packets, last = 0, b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        receiver.bind(("127.0.0.1", SACN_PORT))
        receiver.settimeout(0.1)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            try:
                packet, ancillary, _, _ = receiver.recvmsg(2048, 64)
            except TimeoutError:
                continue
            if len(packet) < LEVELS or int.from_bytes(packet[UNIVERSE], "big") != universe:
                continue
            packets += 1
            if packet[LEVELS:] != last:
                last = packet[LEVELS:]
                whole_s, rest_ns = struct.unpack("qq", ancillary[0][2][:16])
                found.append(Change(whole_s + rest_ns * 1e-9 - offsets().realtime_offset_ns * 1e-9, last))
    return found, packets


def delays_ms(began: np.ndarray, found: list[Change]) -> np.ndarray:
    """From each burst's first sample to the first packet that is brighter than the one before it; NaN: none in time."""
    lit, delays = _brighter(found), np.full(len(began), np.nan)
    for k, begin in enumerate(began):
        after = lit[(lit >= begin) & (lit < begin + EVERY_S - SPREAD_S)]
        if after.size:
            delays[k] = 1000 * (after[0] - begin)
    return delays


def nearest_ms(began: np.ndarray, found: list[Change], early_ms: float) -> np.ndarray:
    """From each click to the packet that is brighter, the nearest to `early_ms` before it; NaN: none within 0.2 s."""
    lit, delays = _brighter(found), np.full(len(began), np.nan)
    for k, begin in enumerate(began):
        away = 1000 * (lit - begin)
        near = np.argmin(np.abs(away + early_ms)) if away.size else 0
        if away.size and abs(away[near] + early_ms) < 200:
            delays[k] = away[near]
    return delays


def _brighter(found: list[Change]) -> np.ndarray:
    """When the packets arrived that are brighter than the one before them."""
    pairs = zip(found[1:], found, strict=False)
    return np.array([now.at_s for now, before in pairs if sum(now.levels) > sum(before.levels)])
