"""Which universes leave, how often, what is said of them; and how shows follow one another."""

import itertools
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as some

from daemon import messages as m
from daemon.lights.pace import Pace
from daemon.lights.patch import DARK, Patch
from tests.reach import dmx

FULL = bytes([255]) * 512


@given(some.lists(some.tuples(some.floats(0.0, 0.01), some.just(True), some.booleans()), min_size=200, max_size=400))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_no_second_has_more_than_44_packets(turns: list[tuple[float, bool, bool]]) -> None:
    pace, now_s, sent = Pace(), 0.0, []
    for passed_s, is_change, is_urgent in turns:
        now_s += passed_s
        if pace.may(now_s, is_change, is_urgent):
            sent.append(now_s)
    assert all(later - at >= 1.0 for at, later in zip(sent, sent[44:], strict=False))


def test_what_changes_after_a_rest_goes_at_once_and_what_rests_is_said_again() -> None:
    pace = Pace()
    assert pace.may(0.0, True, False)
    times = [k / 1000 for k in range(1, 5000) if pace.may(k / 1000, False, False)]
    assert len([at for at in times if at < 0.1]) == 3  # E1.31 6.6.1
    assert all(0.8 < b - a <= 1.0 for a, b in itertools.pairwise(times[3:]))
    assert pace.may(5.0, True, False)
    assert not pace.may(5.001, True, False)
    assert pace.may(5.002, True, True)  # an attack does not wait
    assert not pace.may(5.003, True, False)


def test_a_universe_that_the_next_show_has_not_ends_dark() -> None:
    with dmx.rig(4) as rig, closing(Patch((rig.host,), (), 100)) as patch:
        patch.use([1, 2])
        patch.send(1, FULL, 0.0, False)
        patch.send(2, FULL, 0.0, False)
        opened = list(patch.news(0.0))
        patch.use([2, 3])
        patch.send(2, FULL, 0.01, False)  # goes on: nothing changes there
        changed = list(patch.news(0.01))
        found = [one.packet for one in rig.wait(lambda found: len(found) == 5)]
    assert [(one.universe, one.option_StreamTerminated) for one in found] == [(1, False), (2, False), *[(1, True)] * 3]
    assert bytes(found[-1].dmxData) == DARK
    outputs = [(one.name, one.state) for one in opened + changed if isinstance(one, m.Output)]
    assert outputs == [("sacn:1", "open"), ("sacn:2", "open"), ("sacn:3", "open"), ("sacn:1", "lost")]


def test_levels_are_said_at_most_ten_times_a_second_and_the_last_of_them_is() -> None:
    with closing(Patch((dmx.address(4),), (dmx.address(4),), 100)) as patch:
        patch.use([1])
        said = []
        for k in range(100):
            patch.send(1, bytes([k, 0]) + bytes(510), k * 0.026, False)
            said += [(k, one.levels) for one in patch.news(k * 0.026) if isinstance(one, m.Dmx)]
        assert 20 <= len(said) <= 26
        said += [(100, one.levels) for one in patch.news(2.7) if isinstance(one, m.Dmx)]
    assert said[-1][1] == [99]
    assert all(levels == [k] for k, levels in said[:-1])
