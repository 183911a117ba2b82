"""The past as arrays: its index, and that what is learned as it happens is as if it had always been there."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.collaborative.history import NONE, History
from tests.recommend import past_stage as past


def same(a: History, b: History) -> None:
    assert (a.n_sessions, a.n_plays) == (b.n_sessions, b.n_plays)
    for name, n in (("offsets", a.n_sessions + 1), ("starts", a.n_sessions), ("djs", a.n_sessions)):
        np.testing.assert_array_equal(getattr(a, name)[:n], getattr(b, name)[:n], name)
    for name in ("rows", "session_of", "before"):
        np.testing.assert_array_equal(getattr(a, name)[: a.n_plays], getattr(b, name)[: b.n_plays], name)
    for name in ("latest", "sets", "plays"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), name)


@settings(deadline=None, max_examples=60)
@given(past.PASTS)
def test_an_items_plays_are_chained_newest_first(sessions):
    h = past.history(sessions)
    flat = [(row, s) for s, played in enumerate(sessions) for row in played]
    for item in range(past.N_ITEMS):
        chain, p = [], h.latest[item]
        while p != NONE:
            chain.append((int(p), int(h.session_of[p])))
            p = h.before[p]
        assert chain == [(p, s) for p, (row, s) in enumerate(flat) if row == item][::-1]
        assert h.plays[item] == len(chain)
        assert h.sets[item] == len({s for _, s in chain})


@settings(deadline=None, max_examples=60)
@given(past.PASTS, past.PASTS, st.integers(1, 3))
def test_learned_play_by_play_it_is_as_if_built_at_once(old, new, at_once):
    h = past.history(old)
    for number, played in enumerate(new, len(old)):
        for n in [*range(1, len(played), at_once), len(played)]:
            h.learn(past.running(played[:n], number))
            assert h.running(past.running(played[:n], number)) == number
            h.learn(past.running(played[:n], number))  # what is known already is not entered twice
    same(h, past.history([*old, *new]))


def test_sessions_are_put_in_order_of_their_starts_with_their_djs():
    h = History(4, np.array([0, 2, 3, 5]), np.array([0, 1, 2, 3, 0]), np.array([30.0, 10.0, 20.0]), ["x", "y", "x"])
    same(
        h, History(4, np.array([0, 1, 3, 5]), np.array([2, 3, 0, 0, 1]), np.array([10.0, 20.0, 30.0]), ["y", "x", "x"])
    )
    assert h.dj("x") != h.dj("y")
    assert h.dj("nobody") == h.dj("") == NONE


def test_another_dj_or_hour_is_another_session():
    h = past.history([[0, 1]])
    for session in (past.running([2], 5, "a"), past.running([2], 5, "b"), past.running([2, 3], 6, "b")):
        assert h.running(session) == NONE
        h.learn(session)
    assert h.n_sessions == 4
    assert h.rows[: h.n_plays].tolist() == [0, 1, 2, 2, 2, 3]


def test_an_empty_session_teaches_nothing():
    h = History(3)
    h.learn(past.running([]))
    assert (h.n_sessions, h.n_plays) == (0, 0)


@pytest.mark.parametrize("rows", [[0, 3], [0, -1], [0]])
def test_a_history_of_other_items_is_refused(rows):
    with pytest.raises(ValueError, match="does not agree with 3 items"):
        History(3, np.array([0, 2]), np.array(rows))
