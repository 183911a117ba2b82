"""Whatever becomes of the plugins of a chain in a process of its own, the sound goes on, and they are back."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from isolated_stage import (
    FAULT,
    GAIN,
    HANG,
    LATENCY,
    NAN,
    RATE,
    SEGFAULT,
    SLEEP,
    N,
    check_sound,
    effect,
    sine,
    synth,
)
from paced import Paced

from daemon.rack.isolation import chains as isolation
from daemon.rack.isolation import stall
from daemon.rack.model import Chain, Document
from daemon.rack.protocol import Order, Set
from tests.plugins.build import build

pytestmark = [
    pytest.mark.skipif(not isolation.AVAILABLE, reason="isolation is there on Linux only"),
    pytest.mark.usefixtures("clap_path"),
]


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
    # it may die once more, of the very order that it had not answered yet: that is told the next one, too
    assert len(one.died()) <= 2 and "'g', Faulty" in why and ("Segmentation" in why or "hangs" in why), one.died()
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


def test_a_plugin_that_kills_its_process_when_it_opens_is_said_to(stage, tmp_path: Path, monkeypatch) -> None:
    crashing = build(tmp_path, "crashing", "CRASH").parent
    monkeypatch.setenv("CLAP_PATH", str(crashing))
    one = stage()
    done = one.rack.carry_out(Order(5, Document([Chain("g", isolate=True, plugins=[effect()], uid=7)])))
    one.turn()
    assert done.failed == {1: "chain 'g' is quarantined"}
    assert "a plugin that was being opened" in one.died()[-1][1]
