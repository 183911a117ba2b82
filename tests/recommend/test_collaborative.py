"""The collaborative family: true reasons, one list for one session, and no session that it cannot take."""

import re

import numpy as np
import pytest
from hypothesis import given, settings

from daemon.recommend.catalogue import Catalogue
from daemon.recommend.collaborative.collaborative import Collaborative
from daemon.recommend.collaborative.habits import Habits
from daemon.recommend.item import Item
from daemon.recommend.session import Session
from tests.recommend import past_stage as past

ROWS = np.arange(past.N_ITEMS)
CATALOGUE = Catalogue(Item(id=row + 1, title=f"T{row}") for row in ROWS)
quick = settings(deadline=None, max_examples=50)


def family(sessions, djs=None) -> Collaborative:
    return Collaborative(CATALOGUE, past.history(sessions, djs=djs))


def nexts(sessions, last: int, row: int) -> tuple[int, int]:
    """How often row came directly after last, and how often last was played."""
    pairs = [(a, b) for played in sessions for a, b in zip(played, [*played[1:], None], strict=True)]
    return pairs.count((last, row)), sum(a == last for a, _ in pairs)


@quick
@given(past.PASTS, past.PLAYED)
def test_each_shown_part_is_what_the_past_says(sessions, played):
    one, session = family(sessions), past.running(played)
    for row in ROWS:
        parts = {part.name: part for part in one.parts(session, row)}
        times = sum(old.count(row) for old in sessions)
        assert bool(parts) == bool(times)
        if not times:
            continue
        numbers = [int(n) for n in re.findall(r"\d+", parts["plays"].text.replace("once", "1"))]
        assert numbers == [times, sum(row in old for old in sessions)]
        count, of = nexts(sessions, played[-1], row)
        assert ("played_after" in parts) == bool(count)
        if count:
            often = "once" if count == 1 else f"{count} times"
            assert parts["played_after"].text == f"played next {often} of {of} after 'T{played[-1]}'"
            assert parts["played_after"].value == count / of
        if "together" in parts:
            said, *names = re.findall(r"\d+", parts["together"].text)
            shared = [old for old in sessions if all(int(name) in old for name in names)]
            assert int(said) == sum(row in old for old in shared)
            assert parts["together"].value == pytest.approx(int(said) / len(shared))
            assert names[0] == str(next(r for r in played[::-1] if r != row))
        assert all(0 <= part.value <= 1 for part in parts.values())


@quick
@given(past.PASTS, past.PLAYED)
def test_scores_are_bounded_and_candidates_are_allowed_and_told_apart(sessions, played):
    one, session = family(sessions), past.running(played, len(sessions))
    for _ in range(2):
        scores = one.scores(session, ROWS)
        assert scores.dtype == np.float32
        assert scores.shape == (past.N_ITEMS, len(one.fields))
        assert ((scores >= 0) & (scores <= 1)).all()
        allowed = past.EVERYTHING.copy()
        allowed[session.rows] = 0
        found = one.candidates(session, allowed, 5)
        assert found.dtype == np.int64
        assert len(found) == len(set(found.tolist())) <= 5
        assert allowed[found].all()
        again = family(sessions) if not one.history.n_sessions > len(sessions) else one
        assert again.candidates(session, allowed, 5).tolist() == found.tolist()
        one.learn(session)


def test_a_transition_just_played_counts_in_the_very_next_list():
    one = family([[0, 1], [3, 2], [4, 6], [7, 1]])
    rules = one.fields.index("rules")
    before = one.candidates(past.running([6]), past.EVERYTHING, 9).tolist()
    assert not one.scores(past.running([6]), ROWS)[2, rules]
    played = [6, 2, 5]
    for n in range(1, 4):
        one.learn(past.running(played[:n]))
    session = past.running([6, 2, 5, 6])
    one.learn(session)
    assert one.scores(session, ROWS)[:, rules].argmax() == 2
    assert one.candidates(session, past.EVERYTHING, 9).tolist().index(2) < before.index(2)
    assert one.parts(session, 2)[0].text == "played next once of 2 after 'T6'"


def test_no_past_no_session_and_an_unknown_item_say_nothing():
    one = family([])
    for session in (Session(), past.running([3])):
        assert not len(one.candidates(session, past.EVERYTHING, 5))
        assert not one.scores(session, ROWS).any()
        assert not one.parts(session, 3)
    one = family([[0, 1], [0, 2]])
    assert one.candidates(Session(), past.EVERYTHING, 2).tolist() == [0, 2]  # what is played most, and lately
    assert not one.scores(past.running([8]), np.array([8])).any()


def test_a_huge_session_is_taken():
    rng = np.random.default_rng(1)
    one = family([rng.integers(0, 8, 20_000).tolist()] * 2)
    session = past.running(rng.integers(0, 8, 20_000).tolist())
    one.learn(session)
    assert len(one.candidates(session, past.EVERYTHING, 5)) == 5
    assert np.isfinite(one.scores(session, ROWS)).all()


def test_how_long_ago_is_in_sessions_and_for_each_dj():
    one = family([[0, 1], [2], [1], [3]], ["x", "y", "y", "x"])
    columns = dict(zip(one.fields, one.scores(past.running([3], 4, "x"), ROWS).T, strict=True))
    np.testing.assert_allclose(columns["since"][:5], [1 / 5, 1 / 3, 1 / 4, 1 / 2, 0])
    np.testing.assert_allclose(columns["since_dj"][:5], [1 / 3, 1 / 3, 0, 1 / 2, 0])
    session = past.running([3], 4, "x")
    one.learn(session)
    columns = dict(zip(one.fields, one.scores(session, ROWS).T, strict=True))
    np.testing.assert_allclose(columns["since"][:5], [1 / 5, 1 / 3, 1 / 4, 1, 0])
    np.testing.assert_allclose(columns["since_dj"][:5], [1 / 3, 1 / 3, 0, 1, 0])


def test_what_comes_round_every_third_set_is_due_after_three():
    sessions = [[s % 3, 3 + s % 3] for s in range(90)]
    due = Habits(past.history(sessions)).scores(past.running([0], 90), ROWS)[:, 2]
    assert due[0] > 0.8
    assert max(due[1], due[2]) < 0.1


def test_an_opener_is_typical_of_the_opening():
    place = Habits(past.history([[0, 1, 2], [0, 2, 1], [0, 1, 2]])).scores(Session(), ROWS)[:, 3]
    assert place[0] > 0.5 > place[1]


@quick
@given(past.PASTS, past.PASTS)
def test_habits_learned_are_habits_built(old, new):
    h = past.history(old)
    grown = Habits(h)
    for number, played in enumerate(new, len(old)):
        for n in range(1, len(played) + 1):
            h.learn(past.running(played[:n], number, "x"))
            grown.scores(past.running(played[:n], number, "x"), ROWS)
    built = Habits(past.history([*old, *new], djs=[""] * len(old) + ["x"] * len(new)))
    session = past.running([1], 1000, "x")
    np.testing.assert_allclose(grown.scores(session, ROWS), built.scores(session, ROWS), rtol=1e-5)
