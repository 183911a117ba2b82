"""The rack's own sound: what meets is equally late, nothing clicks, and what is no longer used is let go of."""

import numpy as np
import pytest

from daemon.engine import offline
from daemon.plugins import catalogue
from daemon.plugins.plugin import PluginError
from daemon.rack.model import Chain, Document, Send, Slot
from daemon.rack.protocol import Order, Set
from daemon.rack.rack import Rack
from tests.rack.native_plugin import NativePlugin

RATE, BLOCK = 48000, 64


class Bench:
    """A rack in an engine of the test's own, fed by hand."""

    def __init__(self) -> None:
        self.engine = offline.Engine(RATE, 2, [])
        self.rack = Rack(RATE)
        self.engine.state["rack"] = self.rack.native
        self.engine.state["ceiling"] = 1.0
        self.engine.state["wet"] = 1.0
        self.numbers = iter(range(1, 1 << 30))

    def show(self, *chains: Chain, **more):
        return self.rack.carry_out(Order(next(self.numbers), Document(list(chains)), **more))

    def play(self, sound: np.ndarray, block: int = BLOCK) -> np.ndarray:
        """(2, n) in, (2, n) out; the main thread has its turn after each block."""
        out = []
        for start in range(0, sound.shape[1], block):
            part = sound[:, start : start + block]
            self.engine.process(part)
            out.append(self.engine.state["output"][0, :, : part.shape[1]].copy())
            self.rack.turn()
        return np.concatenate(out, axis=1)


@pytest.fixture
def bench(monkeypatch):
    made = []

    def open_plugin(name, rate, max_block, side=0):
        if not name.startswith("native:"):
            raise PluginError(f"there is no plugin {name!r}")
        made.append(NativePlugin(name))
        return made[-1]

    monkeypatch.setattr(catalogue, "open_plugin", open_plugin)
    one = Bench()
    one.opened = made
    yield one
    one.rack.close()
    assert all(plugin.closed for plugin in made), "a plugin was not closed"


def impulse(n: int = 1024, level: float = 0.25) -> np.ndarray:
    sound = np.zeros((2, n), np.float32)
    sound[:, 0] = level
    return sound


def sine(seconds: float, level: float = 0.2, hz: float = 110.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return np.tile((level * np.sin(2 * np.pi * hz * t)).astype(np.float32), (2, 1))


def plugin(uid: int, gain: float = 1.0, latency: int = 0, **more) -> Slot:
    return Slot(f"native:{gain}:{latency}", uid=uid, **more)


def test_an_empty_rack_is_silent_and_one_plugin_is_exact(bench) -> None:
    assert not bench.play(impulse()).any()
    bench.rack.close()
    other = Bench()
    other.show(Chain("a", plugins=[plugin(1, 0.5)], uid=10))
    sound = sine(0.5)
    np.testing.assert_array_equal(other.play(sound), sound * np.float32(0.5))
    other.rack.close()


def test_parallel_chains_and_dry_sounds_are_equally_late(bench) -> None:
    bench.show(
        Chain("late", plugins=[plugin(1, 1.0, 100, mix=0.5), plugin(2, 1.0, 37)], mix=0.5, uid=10),
        Chain("dry", uid=11),
        Chain("sent", plugins=[plugin(3, 1.0, 10)], sends=[Send("hall", -6.0)], uid=12),
        Chain("hall", input="none", plugins=[plugin(4, 1.0, 5, side="late")], uid=13),
    )
    out = bench.play(impulse())
    assert bench.rack.latency == 142
    assert np.flatnonzero(out[0]).tolist() == [142]
    assert out[0, 142] == pytest.approx(0.25 * (3 + 10 ** (-6 / 20)), rel=1e-6)


def test_block_sizes_change_nothing(bench) -> None:
    chains = (
        Chain("a", plugins=[plugin(1, 1.0, 100, mix=0.3)], gain_db=-3.0, pan=0.2, uid=10),
        Chain("b", mix=0.5, uid=11),
    )
    rng = np.random.default_rng(1)
    sound = (0.1 * rng.standard_normal((2, 9000))).astype(np.float32)
    found = []
    for block in (16, 64, 441, 3000):
        one = Bench()
        one.show(*chains)
        one.rack.carry_out(Order(9, sets=[Set(1, "gain", 1.0)], morph_s=0.05))
        found.append(one.play(sound, block))
        one.rack.close()
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)


def test_a_missing_plugin_passes_dry_and_says_so(bench) -> None:
    done = bench.show(Chain("a", plugins=[Slot("lv2:urn:none", uid=1), plugin(2, 0.5)], uid=10))
    assert "urn:none" in done.failed[1]
    assert bench.play(impulse())[0, 0] == 0.125


def test_unknown_parameters_and_broken_states_are_said_and_the_rest_is_done(bench, tmp_path) -> None:
    broken = tmp_path / "broken.state"
    broken.write_bytes(b"nonsense")
    slot = plugin(1, params={"gian": 0.5, "gain": "0.25"}, state=str(broken))
    done = bench.show(Chain("a", plugins=[slot], uid=10))
    assert any("did you mean 'gain'" in text for text in done.warned)
    assert any("no state of mine" in text for text in done.warned)
    assert bench.play(impulse())[0, 0] == 0.0625


def test_a_chain_rings_out_while_the_next_plays(bench) -> None:
    bench.show(Chain("a", plugins=[plugin(1, 1.0, 3000)], uid=10))
    bench.play(sine(0.5))
    bench.show(Chain("b", plugins=[plugin(2, 0.5)], uid=11))
    out = bench.play(np.zeros((2, 2400), np.float32))
    assert np.abs(out[0, 1200:]).max() > 0.1, "what was on its way in the old chain is heard"
    bench.play(np.zeros((2, 2 * RATE), np.float32))
    assert bench.opened[0].closed, "and then it is let go of"
    assert not bench.opened[1].closed


def test_parameters_of_one_order_take_effect_in_one_block(bench) -> None:
    bench.show(Chain("a", plugins=[plugin(1)], uid=10), Chain("b", plugins=[plugin(2)], uid=11))
    bench.play(impulse())
    bench.rack.carry_out(Order(2, sets=[Set(1, "gain", 0.25), Set(2, "gain", 0.25)]))
    out = bench.play(np.full((2, 2 * BLOCK), 0.1, np.float32))
    np.testing.assert_allclose(out, 0.1, rtol=1e-6)


def random_document(rng: np.random.Generator, uids: list[int]) -> list[Chain]:
    """One to four chains that send to later ones, with some of these plugins in any order."""
    chosen = [int(uid) for uid in rng.permutation(uids)[: rng.integers(0, len(uids) + 1)]]
    n = int(rng.integers(1, 5))
    chains = []
    for k in range(n):
        part, chosen = chosen[: len(chosen) // (n - k)], chosen[len(chosen) // (n - k) :]
        later = [f"c{j}" for j in range(k + 1, n)]
        chains.append(
            Chain(
                f"c{k}",
                input=str(rng.choice(["input", "input:1", "none"])),
                to=str(rng.choice(["main", *later])),
                gain_db=float(rng.uniform(-30, 0)),
                pan=float(rng.uniform(-1, 1)),
                mix=float(rng.uniform(0, 1)),
                mute=bool(rng.random() < 0.1),
                sends=[Send(later[0], -6.0)] if later and rng.random() < 0.3 else [],
                plugins=[
                    plugin(uid, 0.7, 17 * (uid % 5), bypass=bool(rng.random() < 0.2), mix=float(rng.uniform(0, 1)))
                    for uid in part
                ],
                uid=100 + int(rng.integers(0, 12)) * 4 + k,
            )
        )
    return chains


def test_a_thousand_edits_make_no_click_and_leave_nothing_behind(bench) -> None:
    """The output's steps stay as small as a sum of faded sines can make them."""
    rng = np.random.default_rng(3)
    fresh = iter(range(10, 1 << 30))
    uids = [next(fresh) for _ in range(8)]
    sound, at, steps, loudest = sine(1.0), 0, 0.0, 0.0
    last = None
    for _ in range(1000):
        if rng.random() < 0.5:
            uids[rng.integers(0, len(uids))] = next(fresh)
        bench.show(*random_document(rng, uids))
        n = BLOCK * int(rng.integers(1, 24))
        out = bench.play(np.take(sound, np.arange(at, at + n), axis=1, mode="wrap"))
        at += n
        if last is not None:
            out = np.concatenate([last, out], axis=1)
        last = out[:, -1:]
        assert np.isfinite(out).all(), "a closed plugin was played"
        steps, loudest = max(steps, np.abs(np.diff(out)).max()), max(loudest, np.abs(out).max())
    assert loudest > 0.2
    assert steps < 0.05, steps
    bench.show()
    bench.play(np.zeros((2, 12 * RATE), np.float32))
    bench.play(np.zeros((2, BLOCK), np.float32))
    assert all(one.closed for one in bench.opened)
    assert not bench.rack._arrangement.chains and not bench.rack._arrangement._feeds
