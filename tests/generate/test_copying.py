"""What copying puts forward, against searches that are plain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.generate.deep import alphabet, copying
from daemon.generate.deep.alphabet import LAGS, NO_INTERVAL, NOTHING, VALUES

BAR = 96
Line = list[tuple[int, int, int]]


def told(line: Line) -> np.ndarray:
    h = np.zeros(1, copying.HISTORY)
    for time, pitch, duration in line:
        copying.append(h[0], time, pitch, duration)
    return h[0]


def longest(line: Line, same) -> tuple[int, int]:
    """(index of the note after the longest, newest earlier match of the line's end; its length), by plain search."""
    best, length = -1, 0
    for j in range(len(line) - 1, 0, -1):
        run = 0
        while j - 1 - run >= 0 and same(j - 1 - run, len(line) - 1 - run):
            run += 1
        if run > length:
            best, length = j, run
    return best, length


def interval(line: Line, k: int) -> int:
    return copying.near(line[k][1] - line[k - 1][1]) if k else NO_INTERVAL


notes = st.tuples(st.sampled_from([6, 12, 24]), st.sampled_from([60, 62, 64]), st.sampled_from([6, 12]))


@settings(deadline=None)
@given(st.lists(notes, min_size=1, max_size=40))
def test_the_longest_match_is_found(line: Line) -> None:
    h, out = told(line), np.zeros(6 + len(LAGS), np.int16)
    copying.for_time(h, BAR, out)

    def same(a: int, b: int) -> bool:
        return line[a][0] == line[b][0] and line[a][2] == line[b][2] and interval(line, a) == interval(line, b)

    best, length = longest(line, same)
    assert out[0] == copying.bucket(length)
    assert out[1] == (line[best][0] if best > 0 else NOTHING)
    assert out[3] == (line[best][2] if best > 0 else NOTHING)
    rhythm, _ = longest(line, lambda a, b: line[a][0] == line[b][0] and line[a][2] == line[b][2])
    assert out[5] == (line[rhythm][0] if rhythm > 0 else NOTHING)


def test_what_was_a_bar_ago_is_put_forward() -> None:
    bar = [(0, 60, 24), (24, 64, 24), (24, 67, 12), (12, 65, 12)]
    line = [*bar, (36, 60, 24), (24, 64, 24)]
    h, out = told(line), np.zeros(6 + len(LAGS), np.int16)
    copying.for_time(h, BAR, out)
    assert out[6] == 24  # a bar ago the next came after a quarter
    copying.for_pitch(h, BAR, 24, out)
    assert out[4] == copying.near(67 - 64)
    copying.for_duration(h, BAR, 24, 67, out)
    assert out[4] == 12
    assert out[5] == NOTHING  # two bars ago there was nothing


def test_a_full_history_forgets_its_older_half() -> None:
    h = np.zeros(1, copying.HISTORY)[0]
    for k in range(copying.MEMORY + 1):
        copying.append(h, 12, 60 + k % 7, 12)
    assert h["n"] == copying.MEMORY // 2 + 1
    out = np.zeros(6 + len(LAGS), np.int16)
    copying.for_time(h, BAR, out)
    assert out[0] == 8  # the figure of seven goes on matching
    assert out[2] == copying.near(1 if (copying.MEMORY + 1) % 7 else -6)


@pytest.mark.parametrize(("tick", "place"), [(0, 0), (1, 0), (2, 3), (5, 4), (23, 24), (35, 36), (95, 96)])
def test_ticks_go_to_the_nearest_place(tick: int, place: int) -> None:
    assert alphabet.on_grid(tick) == place


def test_steps_count_from_the_bar_and_lose_whole_bars_of_rest() -> None:
    dtype = [("tick", "i4"), ("duration", "i4"), ("pitch", "i2")]
    found = alphabet.steps(np.array([(BAR + 72, 24, 60), (2 * BAR, 13, 62), (20 * BAR + 12, 24, 64)], dtype), BAR)
    onsets = np.cumsum(VALUES[found[:, 0]])
    assert onsets[0] == 72
    assert onsets[1] == BAR
    assert onsets[2] - BAR <= VALUES[-1]
    assert abs(onsets[2] % BAR - 12) <= 12  # so long a time is told in steps of a quarter
    assert found[:, 1].tolist() == [60, 62, 64]
    assert VALUES[found[1, 2]] in (12, 13)
