"""What `jamd bench clock` makes of ticks."""

import numpy as np
import pytest

from daemon.bench.clock import TICK, figures


def test_even_ticks_are_off_by_nothing_and_a_missing_one_is_counted() -> None:
    ticks = np.arange(100) * TICK + 7
    assert figures(ticks) == {"ticks": 100, "lost": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}
    row = figures(np.delete(ticks, [10, 50]))
    assert (row["ticks"], row["lost"], row["max"]) == (98, 2, 0.0)
    ticks[60:] += 48
    assert figures(ticks)["max"] == pytest.approx(1.0), "one interval is a millisecond too long"
    assert figures(np.zeros(0)) == {"ticks": 0, "lost": 0}
