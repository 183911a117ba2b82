import msgspec
import numpy as np
import pytest

from daemon.engine import histogram
from daemon.engine import state as st
from dsp.kernel import zeros


def counted(times_ns, bin_ns=st.WORK_BIN_NS):
    return np.bincount(np.minimum(st.N_BINS - 1, np.asarray(times_ns) // bin_ns), minlength=st.N_BINS)


@pytest.mark.parametrize("q", [1.0, 50.0, 99.0, 99.99])
def test_a_percentile_is_never_below_the_true_one_nor_more_than_a_bin_above(q):
    times = np.random.default_rng(1).gamma(2.0, 30_000, 20_000).astype(np.int64)
    true = np.percentile(times, q, method="inverted_cdf") / 1000
    found = histogram.percentile(counted(times), st.WORK_BIN_NS, int(times.max()), q)
    assert true <= found <= true + st.WORK_BIN_NS / 1000


def test_one_slow_block_in_a_hundred_shows_at_p9999_but_not_at_p50():
    times = [3_000] * 99 + [700_000]
    found = histogram.spread(counted(times), st.WORK_BIN_NS, max(times))
    assert found == {"p50": 4.0, "p99": 4.0, "p9999": 700.0, "max": 700.0}


def test_the_open_last_bin_reads_the_maximum():
    assert histogram.percentile(counted([5_000_000] * 3), st.WORK_BIN_NS, 5_000_000, 50.0) == 5_000.0


def test_nothing_counted_is_zero_and_no_rows():
    none = np.zeros(st.N_BINS, np.int64)
    assert histogram.percentile(none, st.WORK_BIN_NS, 0, 99.0) == 0.0
    assert histogram.doubling(none, st.WORK_BIN_NS) == []


def test_doubling_rows_hold_every_count_in_its_place():
    rows = histogram.doubling(counted([1_000, 3_000, 5_000, 7_999, 600_000, 9_000_000]), st.WORK_BIN_NS)
    assert rows[:3] == [(0.0, 2.0, 1), (2.0, 4.0, 1), (4.0, 8.0, 2)]
    assert rows[-1] == (512.0, float("inf"), 2)
    assert sum(count for *_, count in rows) == 6


def test_stats_of_a_record():
    state = zeros(st.STATE)
    st.prepare(state, 48000.0, 2, 64)
    state["blocks"], state["xruns"], state["sample_time"] = 10, 1, 640
    state["work_bins"], state["work_max_ns"] = counted([1_500] * 10), 1_500
    found = histogram.stats(state)
    assert found["blocks"] == 10
    assert found["xruns"] == 1
    assert found["work_us"] == {"p50": 1.5, "p99": 1.5, "p9999": 1.5, "max": 1.5}
    assert found["gap_us"]["max"] == 0.0
    assert found["budget_us"] == pytest.approx(1333.33, abs=0.01)


def test_the_budget_of_varying_blocks_is_the_mean_blocks():
    state = zeros(st.STATE)
    st.prepare(state, 48000.0, 2, 0)
    state["blocks"], state["sample_time"] = 4, 400
    assert histogram.stats(state)["budget_us"] == pytest.approx(100 / 0.048)


def test_rows_can_be_published_and_hold_every_block():
    state = np.zeros(1, st.STATE)
    state["work_bins"][0, [0, 3, 511]] = 5, 2, 1
    rows = msgspec.msgpack.decode(msgspec.msgpack.encode(histogram.rows(state)))
    assert [count for _, count in rows] == [5, 0, 2, *[0] * (len(rows) - 4), 1]
    assert (rows[0][0], rows[-1][0]) == (2.0, -1.0)
