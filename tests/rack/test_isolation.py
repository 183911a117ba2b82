"""A chain in a process of its own sounds as it does here, answers as it does here, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from isolated_stage import GAIN, LATENCY, PATIENT, RATE, N, Stage, check_sound, effect, noise, sine, synth
from paced import Paced

from daemon.plugins.plugin import PluginError
from daemon.rack.isolation import chains as isolation
from daemon.rack.model import Chain, Send, Slot
from daemon.rack.protocol import Order, Set

pytestmark = [
    pytest.mark.skipif(not isolation.AVAILABLE, reason="isolation is there on Linux only"),
    pytest.mark.usefixtures("clap_path"),
]

ZAM = "lv2:urn:zamaudio:"


def both(chains: list[Chain], sound: np.ndarray, order: Order | None = None, notes=()) -> tuple[np.ndarray, np.ndarray]:
    """The same in this process and isolated, where time is no matter."""
    found = []
    for isolate in (False, True):
        one = Stage(
            *(Chain(**{name: getattr(c, name) for name in c.__struct_fields__} | {"isolate": isolate}) for c in chains)
        )
        play = Paced(one.rack.native, sound, N, PATIENT)
        play.notes(*notes)
        if order is not None:
            one.rack.carry_out(order)
        found.append(play.free())
        if isolate:
            assert one.one().misses == 0
        one.rack.close()
    return found[0], found[1]


def test_the_built_in_synth_is_the_same_to_the_sample() -> None:
    params: dict[str, float | str] = {"sound": "bass", "cutoff": "1 oct"}
    chain = Chain("keys", input="none", midi=["jack"], plugins=[Slot("jamd:synth", uid=1, params=params)], uid=7)
    notes = [(1000, 0x90, 40, 100), (9000, 0x80, 40, 0), (9001, 0x90, 47, 80)]
    here, there = both([chain], noise(0.5), notes=notes)
    assert np.abs(here).max() > 0.01
    np.testing.assert_array_equal(here, there)


def test_isolated_is_the_same_to_the_sample() -> None:
    names = ("ZamGateX2", "ZamCompX2", "ZamEQ2", "ZaMaximX2")
    try:
        from daemon.plugins.catalogue import open_plugin

        open_plugin(ZAM + names[0], RATE, 1024).close()
    except PluginError as error:
        pytest.skip(f"{error} (sudo apt install zam-plugins)")
    chain = Chain(
        "guitar", plugins=[Slot(ZAM + name, uid=k + 1, mix=0.7) for k, name in enumerate(names)], mix=0.8, uid=7
    )
    here, there = both([chain], noise(1.0))
    assert np.abs(here).max() > 0.01
    np.testing.assert_array_equal(here, there)


def test_latency_and_glides_are_the_same_to_the_sample() -> None:
    plugins = [effect(1, params={LATENCY: 0.3}, mix=0.5), effect(2, params={LATENCY: 0.1})]
    chains = [Chain("late", plugins=plugins, uid=7), Chain("dry", uid=8)]
    here, there = both(chains, noise(1.0), Order(9, sets=[Set(1, GAIN, 0.1), Set(2, GAIN, 1.0)], morph_s=0.3))
    np.testing.assert_array_equal(here, there)


def test_the_side_chain_gets_there() -> None:
    try:
        from daemon.plugins.catalogue import open_plugin

        open_plugin(ZAM + "ZamCompX2", RATE, 1024, 1).close()
    except PluginError as error:
        pytest.skip(f"{error} (sudo apt install zam-plugins)")
    squeezed = Chain(
        "pad", plugins=[Slot(ZAM + "ZamCompX2", uid=1, side="kick", params={"thr": 0.2, "sidechain": 1.0})], uid=7
    )
    kick = Chain("kick", plugins=[effect(2, params={LATENCY: 0.05})], gain_db=12.0, uid=8)
    here, there = both([squeezed, kick], noise(1.0))
    np.testing.assert_array_equal(here, there)
    without, _ = both(
        [Chain("pad", plugins=[Slot(ZAM + "ZamCompX2", uid=1, params={"thr": 0.2})], uid=7), kick], noise(1.0)
    )
    assert np.abs(without - here).max() > 1e-3, "the side-chain changes nothing"


def test_a_note_sounds_on_its_sample_and_leaves_on_it() -> None:
    notes = [(6417, 0x90, 69, 100), (12345, 0x80, 69, 0)]
    here, there = both([Chain("keys", input="none", midi=["all"], plugins=[synth()], uid=7)], noise(0.5), notes=notes)
    assert np.flatnonzero(there[0])[[0, -1]].tolist() == [6417, 12344]
    np.testing.assert_array_equal(here, there)
    one = Stage(Chain("thru", midi=["all"], midi_out=True, isolate=True, plugins=[effect()], uid=7))
    play = Paced(one.rack.native, noise(0.5), N, PATIENT)
    play.notes(*notes)
    play.free()
    assert [(at, status & 0xF0, key) for at, status, key, _ in play.heard()] == [(6417, 0x90, 69), (12345, 0x80, 69)]
    one.rack.close()


def test_what_is_asked_is_answered_by_the_process(stage, tmp_path: Path) -> None:
    one = stage(Chain("a", plugins=[effect(1)], uid=6), Chain("g", isolate=True, plugins=[effect(2), effect(3)], uid=7))
    texts = [(3, GAIN, 0.25), (1, GAIN, 0.5), (2, GAIN, 1.0), (2, "nonsense", 1.0)]
    done = one.tell(texts=texts, values=[(2, GAIN, "1.5"), (1, GAIN, "0.5")], save=str(tmp_path))
    assert [float(text) for text in done.texts[:3]] == [0.5, 1.0, 2.0] and done.texts[3].startswith("!")
    assert done.values == [0.75, 0.25]
    assert {uid: Path(path).exists() for uid, path in done.saved.items()} == {1: True, 2: True, 3: True}


def test_a_change_of_latency_comes_through(stage) -> None:
    one = stage(Chain("g", isolate=True, plugins=[effect()], uid=7))
    play = Paced(one.rack.native, noise(30.0))
    play.start()
    one.set(LATENCY, 0.25)
    one.wait(lambda: one.rack.latency == 250)
    play.stop()


def test_a_chain_moves_into_a_process_and_out_of_it_without_a_click(stage) -> None:
    one = stage(Chain("g", plugins=[effect()], uid=7), Chain("hall", input="none", uid=8))
    play = Paced(one.rack.native, sine(60.0))
    play.start()
    for k in range(6):
        play.until(play.now + 9600, one.turn)
        plugins = [effect(), effect(2)] if k % 3 else [effect()]
        sends = [Send("hall", -20.0)] if k % 2 else []
        one.show(
            Chain("g", isolate=k % 2 == 0, plugins=plugins, sends=sends, uid=7), Chain("hall", input="none", uid=8)
        )
    play.until(play.now + 9600, one.turn)
    check_sound(play.stop())


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def children() -> set[str]:
    me = os.getpid()
    return set(Path(f"/proc/{me}/task/{me}/children").read_text().split())


def test_nothing_is_left_behind() -> None:
    before, running = descriptors(), children()
    for _ in range(3):
        one = Stage(Chain("g", isolate=True, plugins=[effect()], uid=7))
        os.kill(one.pid(), signal.SIGKILL)
        one.wait(lambda one=one: one.back())
        one.show()
        one.rack.close()
        del one
    assert children() == running
    assert descriptors() == before


def test_no_process_outlives_its_parent() -> None:
    script = """
import os, time
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack
rack = Rack(48000.0)
rack.carry_out(Order(1, Document([Chain("g", isolate=True, plugins=[Slot("clap:org.jamd.test.faulty", uid=1)], uid=7)])))
rack.turn()
me = os.getpid()
print(open(f"/proc/{me}/task/{me}/children").read(), flush=True)
os.kill(rack._isolation._chains[7].pid, 19)  # one that hangs ends all the same
os.kill(me, 9)
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stdout
    pids = said.split()
    assert len(pids) == 2, said  # the chain's, and the spare
    ends_at = time.monotonic() + 10.0
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
        assert time.monotonic() < ends_at
        time.sleep(0.05)
