"""What light follows by itself: levels and attacks, sample by sample; and how the bench reads its packets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.bench.bursts import Change, delays_ms, nearest_ms
from dsp import followers
from dsp.kernel import zeros

RATE = 48000


def follower(rate: float = RATE) -> np.ndarray:
    one = zeros(followers.FOLLOWERS)
    followers.prepare(one, rate)
    return one


def hear(one: np.ndarray, sound: np.ndarray, block: int = 64) -> list[int]:
    """Blocks after which another attack was found."""
    found, before = [], int(one["attacks"][0])
    for k in range(0, len(sound), block):
        piece = np.ascontiguousarray(sound[k : k + block], np.float32)
        followers.follow(one[0], piece, piece)
        if one["attacks"][0] > before:
            found.append(k // block)
            before = int(one["attacks"][0])
    return found


def noise(seconds: float, level: float, seed: int = 1) -> np.ndarray:
    return (level * np.random.default_rng(seed).uniform(-1, 1, round(seconds * RATE))).astype(np.float32)


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a_burst_is_an_attack_within_a_millisecond(rate: int) -> None:
    one = follower(rate)
    silence, burst = np.zeros(rate, np.float32), noise(0.1, 0.5)
    assert hear(one, silence, 16) == []
    found = hear(one, burst, 16)
    assert len(found) == 1 and (found[0] + 1) * 16 <= rate / 1000


def test_what_goes_on_is_no_attack_and_what_stands_out_of_it_is() -> None:
    one = follower()
    quiet, loud = noise(2.0, 0.02), noise(0.1, 0.4, 2)
    assert len(hear(one, quiet)) == 1  # its own beginning
    assert hear(one, quiet) == []
    assert len(hear(one, loud)) == 1
    assert hear(one, noise(1.0, 1e-4)) == []  # so quiet, nothing is


@pytest.mark.parametrize(("hz", "band"), [(60.0, 1), (700.0, 2), (9000.0, 3)])
def test_a_tone_is_loudest_in_its_band(hz: float, band: int) -> None:
    one = follower()
    tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    hear(one, tone.astype(np.float32))
    power = one["power"][0]
    assert int(np.argmax(power[1:])) + 1 == band
    assert power[0] == pytest.approx(0.3**2 / 2, rel=0.5)
    assert one["levels"][0][0] > 0.7


@given(some.lists(some.integers(1, 3000), min_size=1, max_size=8))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_the_size_of_blocks_changes_nothing(sizes: list[int]) -> None:
    sound = noise(0.5, 0.3)
    whole, parts = follower(), follower()
    followers.follow(whole[0], sound, sound)
    at = 0
    while at < len(sound):
        for size in sizes:
            piece = sound[at : at + size]
            followers.follow(parts[0], piece, piece)
            at += size
    for name in ("power", "peak", "slow", "attacks"):
        np.testing.assert_array_equal(whole[name], parts[name])


def light(*at_s: float) -> list[Change]:
    """A flash at each time, which goes out again."""
    flashes = [Change(at, level) for at in at_s for at, level in ((at, b"\xff"), (at + 0.05, b"\0"))]
    return [Change(0.0, b"\0"), *flashes]


def test_the_bench_takes_the_first_light_after_a_burst_and_the_nearest_to_a_beat() -> None:
    bursts = np.array([1.0, 2.0, 3.0])
    delays = delays_ms(bursts, light(1.003, 1.2, 3.01))
    assert delays[[0, 2]] == pytest.approx([3.0, 10.0]) and np.isnan(delays[1])
    early = nearest_ms(bursts, light(0.98, 1.3, 2.981, 9.0), 20.0)
    assert early[[0, 2]] == pytest.approx([-20.0, -19.0]) and np.isnan(early[1])
