import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.generate.context import Meter
from daemon.generate.listening.grid import Grid
from daemon.generate.note import Played


def starts(grid, played):
    return [grid.start(tick) for tick in played]


BARS = {
    "binary": [0, 24, 36, 48, 54, 60, 66, 72, 90],
    "ternary": [0, 24, 32, 40, 48, 56, 64, 72],
    "both": [0, 12, 24, 32, 40, 48, 60, 72, 80, 88],
    "syncopated": [6, 18, 36, 60, 84],
    "fast": [0, 3, 6, 9, 12, 24, 48, 51, 54, 57, 60, 72],
}


@pytest.mark.parametrize("name", BARS)
@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_what_is_written_comes_back(name, jitter):
    chance = random.Random(5)
    written = [bar * 96 + tick for bar in range(8) for tick in BARS[name]]
    found = starts(Grid(Meter()), [tick + chance.gauss(0, jitter) for tick in written])
    same = [a == b for a, b in zip(written, found, strict=True)][
        len(BARS[name]) :
    ]  # the first bar tells how exact it is
    assert all(same) if jitter == 0 else sum(same) / len(same) > 0.93


def test_a_loose_player_is_still_written_as_meant():
    chance = random.Random(6)
    written = [bar * 96 + tick for bar in range(16) for tick in (0, 24, 36, 48, 60, 72, 84)]
    found = starts(Grid(Meter()), [tick + chance.gauss(0, 1.2) for tick in written])
    assert sum(a == b for a, b in zip(written, found, strict=True)) / len(written) > 0.9


@pytest.mark.parametrize("swing", [0.60, 0.64, 2 / 3])
def test_swing_is_told_and_written_straight(swing):
    grid, chance = Grid(Meter()), random.Random(7)
    assert grid.swing == 0.5
    for beat in range(24):
        grid.start(beat * 24 + chance.gauss(0, 0.3))
        last = grid.start((beat + swing) * 24 + chance.gauss(0, 0.3))
    assert grid.swing == pytest.approx(swing, abs=0.02)
    assert last == 23 * 24 + 12
    note = grid.note(last, (23 + swing) * 24, 24 * 24 - 0.4, 60, 80)
    assert note.duration == 12
    assert note.late == pytest.approx((swing - 0.5) * 24)


def test_straight_eighths_sixteenths_and_triplets_do_not_swing():
    for ticks in ((0, 12), (0, 18), (0, 8, 16), (0, 6, 12, 18)):
        grid = Grid(Meter())
        starts(grid, [beat * 24 + tick for beat in range(24) for tick in ticks])
        assert grid.swing == 0.5


def test_in_six_eight_the_eighths_are_places():
    written = [bar * 72 + tick for bar in range(8) for tick in (0, 24, 36, 48, 54, 60)]
    grid = Grid(Meter(6, 8))
    assert starts(grid, [tick + 0.4 for tick in written]) == written
    assert grid.swing == 0.5


def test_chords_stay_together_and_a_run_does_not():
    grid = Grid(Meter())
    assert starts(grid, [23.8, 24.1, 24.6]) == [24, 24, 24]
    ornament = starts(Grid(Meter()), [46.0, 48.0, 72.0])
    assert ornament == [48, 48, 72]


@pytest.mark.parametrize(
    ("start", "end", "duration"),
    [
        (0, 23, 24),
        (0, 20, 24),
        (0, 12, 12),
        (24, 70, 48),
        (0, 5, 6),
        (0, 0, 3),
        (12, 23.5, 12),
        (0, 94, 96),
        (24, 32, 8),
    ],
)
def test_an_end_is_written_where_it_is_meant(start, end, duration):
    note = Grid(Meter()).note(start, start + 0.5, end + 0.5, 60, 80)
    assert note == Played(start, duration, 60, 80, 0, 0.5, end - start - duration)


@settings(max_examples=200, deadline=None)
@given(
    meter=some.sampled_from([Meter(), Meter(3, 4), Meter(6, 8), Meter(7, 8), Meter(2, 2), Meter(5, 16)]),
    steps=some.lists(some.floats(-2, 100) | some.floats(0, 0.1), max_size=120),
    length=some.floats(0, 2000),
)
def test_any_onsets_get_a_place_nearby_in_order(meter, steps, length):
    grid, played, before = Grid(meter), -50.0, None
    for step in steps:
        played += step
        tick = grid.start(played)
        assert abs(tick - played) < 12
        if before is not None and played - before[0] > 1.5:
            assert tick >= before[1]
        before = played, tick
        note = grid.note(tick, played, played + length, 60, 80)
        assert note.duration >= 1
        assert note.tick + note.late == pytest.approx(played)
        assert note.duration + note.longer == pytest.approx(length, abs=1e-6)
    assert 0.5 <= grid.swing <= 0.72
