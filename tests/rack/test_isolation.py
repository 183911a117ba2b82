"""A chain in a process of its own: it sounds the same, and whatever becomes of its plugins, the sound goes on."""

import multiprocessing.connection
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from paced import Paced

from daemon.plugins.plugin import PluginError
from daemon.rack import isolation, stall
from daemon.rack.isolated import Isolated
from daemon.rack.model import Chain, Document, Send, Slot
from daemon.rack.protocol import Done, News, Order, Set
from daemon.rack.rack import Rack
from tests.plugins.build import FAULTY, SYNTH, build

pytestmark = pytest.mark.skipif(not isolation.AVAILABLE, reason="isolation is there on Linux only")

RATE, N = 48000.0, 64
PATIENT = 48.0  # Hz: at this rate a block's time is so long that none is missed
GAIN, FAULT, LATENCY = "10", "11", "12"
SEGFAULT, HANG, NAN, SLEEP = 0.2, 0.4, 0.6, 0.8
ZAM = "lv2:urn:zamaudio:"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("clap")).parent


@pytest.fixture(autouse=True)
def _plugins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_PATH", str(folder))


def effect(uid: int = 1, **more) -> Slot:
    return Slot(f"clap:{FAULTY}", uid=uid, **more)


def synth(uid: int = 1) -> Slot:
    return Slot(f"clap:{SYNTH}", uid=uid)


def noise(seconds: float, seed: int = 1) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE / N) * N)).astype(np.float32)


def sine(seconds: float) -> np.ndarray:
    return (0.2 * np.sin(2 * np.pi * 110 * np.arange(round(seconds * RATE / N) * N) / RATE)).astype(np.float32)


class Stage:
    """A rack, and all that it said."""

    def __init__(self, *chains: Chain) -> None:
        self.rack = Rack(RATE)
        self.numbers = iter(range(1, 1 << 30))
        self.news: list[tuple[float, News]] = []
        self.show(*chains)

    def show(self, *chains: Chain, **more) -> Done:
        self.chains = chains
        return self.tell(document=Document(list(chains)), **more)

    def tell(self, **order) -> Done:
        done = self.rack.carry_out(Order(next(self.numbers), **order))
        assert not done.failed, done.failed
        return done

    def set(self, param: str, value: float, uid: int = 1) -> None:
        self.tell(sets=[Set(uid, param, value)], morph_s=0.1)

    def turn(self) -> None:
        news = self.rack.turn()
        if news is not None:
            self.news.append((time.monotonic(), news))

    def died(self) -> list[tuple[float, str]]:
        return [(at, text) for at, news in self.news for text in news.died.values()]

    def back(self) -> list[float]:
        return [at for at, news in self.news for _ in news.back]

    def one(self, uid: int = 7) -> Isolated:
        return self.rack._isolation._chains[uid]

    def pid(self, uid: int = 7) -> int:
        return self.one(uid).pid

    def has_spare(self) -> bool:
        """Whether a process stands loaded."""
        spare = self.rack._isolation._spare._child
        return spare is not None and bool(multiprocessing.connection.wait([spare.way.fd], 0))

    def wait(self, what, seconds: float = 20.0) -> None:
        """Have turns until this is so."""
        ends_at = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < ends_at, (self.died(), self.back())
            self.turn()
            time.sleep(0.01)


@pytest.fixture
def stage():
    made = []

    def make(*chains: Chain) -> Stage:
        made.append(Stage(*chains))
        return made[-1]

    yield make
    for one in made:
        one.rack.close()


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


def check_sound(out: np.ndarray) -> None:
    """No click, and nothing that is no sound: a 110 Hz sine of 0.2 has steps of 0.003."""
    assert np.isfinite(out).all()
    assert np.abs(np.diff(out)).max() < 0.02


@pytest.mark.parametrize("fault", [SEGFAULT, HANG], ids=["segfault", "hang"])
def test_a_plugin_that_dies_is_back_with_its_parameters(stage, fault: float, capfd) -> None:
    one = stage(Chain("g", isolate=True, plugins=[effect(params={LATENCY: 0.1}), effect(2)], uid=7))
    play = Paced(one.rack.native, sine(60.0))
    play.start()
    one.set(GAIN, 0.25)
    one.wait(one.has_spare)
    play.until(play.now + round(0.5 * RATE), one.turn)
    own, program = one.one().own, int(one.rack.record["program"][0])
    one.set(FAULT, fault)
    one.wait(one.died)
    dead = play.now
    one.wait(one.back)
    back = play.now
    play.until(back + round(0.5 * RATE), one.turn)
    out = play.stop()
    (died_at, why), back_at = one.died()[0], one.back()[0]
    assert len(one.died()) == 1 and "'g', Faulty" in why and ("Segmentation" in why or "hangs" in why), one.died()
    assert back_at - died_at < 10.0
    assert (one.one().own, int(one.rack.record["program"][0])) == (own, program), "the program need not change"
    misses, vain = one.one().misses, int(one.one()._near["vain"][0])
    assert misses > 5 and vain < misses, (misses, vain)
    check_sound(out)
    dry = np.roll(play.sound, 100)
    where = slice(dead + 960, back - 2400)
    np.testing.assert_allclose(out[0, where], dry[where], atol=1e-6)  # it passed dry, as late as before
    tail = slice(back + 9600, back + 14400)
    np.testing.assert_allclose(out[0, tail], 0.5 * dry[tail], atol=1e-6)  # gain 0.25 of 2
    with capfd.disabled():
        print(f"\n{why}: dry for {misses * N / RATE:.3f} s, back after {back_at - died_at:.3f} s, {vain} waits in vain")


def test_a_plugin_that_sleeps_passes_dry_and_is_not_waited_for(stage) -> None:
    one = stage(Chain("g", isolate=True, plugins=[effect()], uid=7))
    play = Paced(one.rack.native, sine(60.0))
    play.start()
    one.set(GAIN, 0.25)
    play.until(round(0.5 * RATE), one.turn)
    one.set(FAULT, SLEEP)
    play.until(play.now + round(0.3 * RATE), one.turn)
    begins, vain = play.now, int(one.one()._near["vain"][0])
    play.until(begins + round(RATE), one.turn)
    ends = play.now
    assert int(one.one()._near["vain"][0]) == vain, "it was waited for all the same"
    one.set(FAULT, 0.0)
    play.until(ends + round(0.5 * RATE), one.turn)
    out = play.stop()
    assert not one.died(), "it is slow, not dead"
    check_sound(out)
    np.testing.assert_allclose(out[0, begins:ends], play.sound[begins:ends], atol=1e-6)
    tail = slice(play.now - 4800, play.now)
    np.testing.assert_allclose(out[0, tail], 0.5 * play.sound[tail], atol=1e-6)


def test_a_plugin_that_gives_no_numbers_is_silenced_and_counted(stage) -> None:
    one = stage(Chain("g", isolate=True, plugins=[effect()], uid=7))
    play = Paced(one.rack.native, sine(60.0))
    play.start()
    one.set(FAULT, NAN)
    one.wait(lambda: any(load.bad_samples > 0 for _, news in one.news for load in news.loads))
    assert np.isfinite(play.stop()).all() and not one.died()


def test_three_deaths_in_a_minute_are_enough_until_the_chain_is_changed(stage) -> None:
    chain = Chain("g", isolate=True, plugins=[effect(params={GAIN: 0.25})], uid=7)
    one = stage(chain)
    play = Paced(one.rack.native, sine(120.0))
    play.start()
    for k in range(3):
        os.kill(one.pid(), signal.SIGKILL)
        one.wait(lambda k=k: len(one.back()) > k or one.one().is_quarantined)
    assert len(one.died()) == 3 and len(one.back()) == 2
    assert "changed or revived" in one.died()[-1][1]
    failed = one.rack.carry_out(Order(99, sets=[Set(1, GAIN, 0.5)], texts=[(1, GAIN, 0.5)]))
    assert failed.failed == {1: "chain 'g' is quarantined"} and failed.texts[0].startswith("!")
    begins = play.now
    play.until(begins + round(0.3 * RATE), one.turn)
    one.show(chain, Chain("other", gain_db=-90.0, uid=8))
    assert one.one().is_quarantined, "another chain's change does not start it"
    ends = play.now
    one.show(Chain("g", isolate=True, plugins=[effect(params={GAIN: 0.25}, mix=0.5)], uid=7))
    one.wait(lambda: one.one().is_open)
    play.until(play.now + round(0.3 * RATE), one.turn)
    out = play.stop()
    check_sound(out)
    np.testing.assert_allclose(out[0, begins:ends], play.sound[begins:ends], atol=1e-6)


def test_a_note_off_that_comes_while_the_process_stands_still_is_not_lost(stage, monkeypatch) -> None:
    monkeypatch.setattr(stall, "STALL_S", 30.0)
    one = stage(Chain("keys", input="none", midi=["all"], isolate=True, plugins=[synth()], uid=7))
    play = Paced(one.rack.native, sine(20.0))
    at = round(0.5 * RATE)
    play.notes((at, 0x90, 60, 100), (at + 24000, 0x80, 60, 0), (at + 24100, 0x90, 72, 100))
    play.start()
    play.until(at + 9600, one.turn)
    os.kill(one.pid(), signal.SIGSTOP)
    play.until(at + 36000, one.turn)
    os.kill(one.pid(), signal.SIGCONT)
    play.until(at + 60000, one.turn)
    out = play.stop()
    assert np.abs(out[0, at + 4800 : at + 9600]).max() > 0.1
    assert np.abs(out[0, -4800:]).max() == 0.0, "a note hangs, or one began long after its time"


def test_notes_that_a_dead_process_played_are_ended(stage) -> None:
    one = stage(Chain("thru", midi=["all"], midi_out=True, isolate=True, plugins=[effect()], uid=7))
    play = Paced(one.rack.native, sine(60.0))
    play.notes((4800, 0x91, 60, 100), (4800, 0x91, 64, 100), (9600, 0x81, 64, 0))
    play.start()
    play.until(24000, one.turn)
    os.kill(one.pid(), signal.SIGKILL)
    one.wait(one.back)
    play.stop()
    assert [(status, key) for _, status, key, _ in play.heard()] == [(0x91, 60), (0x91, 64), (0x81, 64), (0x81, 60)]


def test_a_plugin_that_kills_its_process_when_it_opens_is_said_to(
    stage, folder: Path, tmp_path: Path, monkeypatch
) -> None:
    crashing = build(tmp_path, "crashing", "CRASH").parent
    monkeypatch.setenv("CLAP_PATH", str(crashing))
    one = Stage()
    done = one.rack.carry_out(Order(5, Document([Chain("g", isolate=True, plugins=[effect()], uid=7)])))
    one.turn()
    assert done.failed == {1: "chain 'g' is quarantined"}
    assert "a plugin that was being opened" in one.died()[-1][1]
    one.rack.close()


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


def test_no_process_outlives_its_parent(folder: Path) -> None:
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
