"""A thousand random edits of a rack of real plugins, while a real audio thread plays it: no click, no late work, no leak."""

import gc
import os
import time
from pathlib import Path

import numpy as np
import pytest
from numba import cfunc, types

from daemon.engine import state as st
from daemon.engine.offline import load
from daemon.engine.timer import Timer
from daemon.plugins.plugin import PluginError
from daemon.rack.kernel import BLOCK_POINTER
from daemon.rack.model import Chain, Document, Send, Slot
from daemon.rack.protocol import Order, Set
from daemon.rack.rack import Rack
from dsp.kernel import record_at, zeros
from dsp.native import address_of, call2, floats_at, pointer_to

RATE, BLOCK, SECONDS = 48000, 128, 100
EDITS = 1000
HZ, LEVEL = 110.0, 0.2

TAPE = np.dtype(
    [
        ("rack", np.uint64, (2,)),
        ("at", np.int64),
        ("wave", np.float32, (RATE,)),
        ("sound", np.float32, (2, RATE * SECONDS)),
    ],
    align=True,
)
tape_at = pointer_to(TAPE)


@cfunc(types.void(BLOCK_POINTER, types.uintp), cache=True)
def play_and_record(pointer, own):
    """In the engine's plugin slot: hand the rack a sine, and keep what it makes of it. [audio]"""
    block, tape = record_at(pointer, 1)[0], record_at(tape_at(own), 1)[0]
    n, at = block.n, tape.at
    for c in range(2):
        given = record_at(floats_at(block.inputs[c]), n)
        for i in range(n):
            given[i] = tape.wave[(at + i) % RATE]
    call2(tape.rack[0], address_of(pointer), tape.rack[1])
    if at + n <= tape.sound.shape[1]:
        for c in range(2):
            made = record_at(floats_at(block.outputs[c]), n)
            for i in range(n):
                tape.sound[c, at + i] = made[i]
        tape.at = at + n


NAMES = (
    "lv2:urn:zamaudio:ZamEQ2",
    "clap:com.zamaudio.ZamEQ2",
    "lv2:urn:zamaudio:ZaMaximX2",  # 480 samples late
    "lv2:http://lv2plug.in/plugins/eg-amp",
    "lv2:http://gareus.org/oss/lv2/fil4#stereo",
    "lv2:http://gareus.org/oss/lv2/balance",
)
"""Plugins that make a sine of a sine: whatever else comes out, the rack made."""


class Studio:
    """An audio thread that plays a rack, and the tape of it."""

    def __init__(self) -> None:
        self.state = zeros(st.STATE)
        st.prepare(self.state, RATE, 2, BLOCK)
        self.kept = load(self.state, [])
        self.rack = Rack(RATE, self.state["block"][0])
        self.tape = zeros(TAPE)
        self.tape["rack"] = self.rack.native
        self.tape["wave"] = LEVEL * np.sin(2 * np.pi * HZ * np.arange(RATE) / RATE)
        self.state["rack"] = play_and_record.address, self.tape.ctypes.data
        self.timer = Timer(self.state, RATE, BLOCK)
        self.numbers = iter(range(1, 1 << 30))

    def show(self, chains: list[Chain], **more) -> None:
        done = self.rack.carry_out(Order(next(self.numbers), Document(chains), **more))
        assert not done.failed and not done.warned, (done.failed, done.warned)

    def turn(self, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            self.rack.turn()
            time.sleep(0.005)


@pytest.fixture
def studio():
    from daemon.plugins.catalogue import open_plugin

    try:
        for name in NAMES:
            open_plugin(name, RATE, 1024).close()
    except PluginError as error:
        pytest.skip(f"{error} (sudo apt install zam-plugins x42-plugins lv2-examples)")
    one = Studio()
    yield one
    one.timer.close()
    one.rack.close()


def edited(rng: np.random.Generator, before: list[Chain], fresh) -> list[Chain]:
    """The rack after one more edit: a plugin or a chain more or less, moved, or turned; at times all anew."""
    chains = [Chain(**{name: getattr(chain, name) for name in chain.__struct_fields__}) for chain in before]
    for chain in chains:
        chain.plugins = list(chain.plugins)
    what = rng.random()
    chain = chains[rng.integers(0, len(chains))] if chains else None
    if chain is None or what < 0.05:
        names = ["a", "b", "c"][: rng.integers(1, 4)]
        return [
            Chain(name, to="main" if k == 0 or rng.random() < 0.6 else names[0], gain_db=-9.0, uid=next(fresh))
            for k, name in enumerate(names)
        ]
    if what < 0.35 and len(chain.plugins) < 4:
        slot = Slot(
            str(rng.choice(NAMES)), bypass=bool(rng.random() < 0.2), mix=float(rng.choice([1.0, 0.5])), uid=next(fresh)
        )
        chain.plugins.insert(int(rng.integers(0, len(chain.plugins) + 1)), slot)
    elif what < 0.55 and chain.plugins:
        slot = chain.plugins.pop(rng.integers(0, len(chain.plugins)))
        if rng.random() < 0.5:
            other = chains[rng.integers(0, len(chains))]
            if len(other.plugins) < 4:
                other.plugins.insert(int(rng.integers(0, len(other.plugins) + 1)), slot)
    elif what < 0.7 and chain.plugins:
        slot = chain.plugins[rng.integers(0, len(chain.plugins))]
        k = chain.plugins.index(slot)
        chain.plugins[k] = Slot(slot.plugin, bypass=not slot.bypass, mix=float(rng.choice([1.0, 0.3])), uid=slot.uid)
    elif what < 0.8:
        chain.gain_db, chain.pan, chain.mix = (
            -9.0 - 20.0 * rng.random(),
            float(rng.uniform(-1, 1)),
            float(rng.uniform(0, 1)),
        )
    elif what < 0.9 and chain is not chains[0]:
        chain.to, chain.sends = "main", [Send(chains[0].name, -12.0)] if rng.random() < 0.5 else []
        chain.input = str(rng.choice(["input", "input:1", "none"]))
    else:
        chain.mute = not chain.mute
    return chains


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def resident_kib() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def test_a_thousand_edits_while_it_plays(studio: Studio) -> None:
    rng = np.random.default_rng(11)
    fresh = iter(range(1, 1 << 30))
    chains = edited(rng, [], fresh)
    studio.show(chains)
    studio.timer.start()
    memory: list[int] = []
    files: list[int] = []
    for k in range(EDITS):
        chains = edited(rng, chains, fresh)
        slots = [slot for chain in chains for slot in chain.plugins if "fil4" in slot.plugin]
        sets = [Set(slot.uid, "gain", float(rng.uniform(0.3, 0.5))) for slot in slots]
        studio.show(chains, sets=sets, morph_s=0.05)
        studio.turn(float(rng.uniform(0.0, 0.04)))
        if k in (EDITS // 4, EDITS - 1):
            gc.collect()
            memory.append(resident_kib())
            files.append(open_files())
    s = studio.state[0]
    late, blocks, xruns = int(s["late_blocks"]), int(s["blocks"]), int(s["xruns"])
    studio.show([])
    studio.turn(1.5)
    sound = studio.tape["sound"][0, :, : int(studio.tape["at"][0])]
    steps = np.abs(np.diff(sound)).max(axis=0)
    print(f"{blocks} blocks, {late} late, {xruns} xruns, largest step {steps.max():.4f}, memory {memory} KiB")
    assert np.abs(sound).max() > 0.1
    assert np.isfinite(sound).all()
    assert steps.max() < 0.04, f"a click at {np.argmax(steps) / RATE:.3f} s"
    assert late < blocks // 50, "the rack's own work, not a busy machine's moments, was late"
    assert files[1] <= files[0] + 2
    assert memory[1] - memory[0] < 64 * 1024
    assert not studio.rack._arrangement.chains and not studio.rack._arrangement.everything()
