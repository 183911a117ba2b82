"""Each kernel against the slow, obvious way."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.collaborative.cooccurrence import Cooccurrence
from daemon.recommend.collaborative.method import best
from daemon.recommend.collaborative.neighbours import Neighbours
from daemon.recommend.collaborative.popularity import Popularity
from daemon.recommend.collaborative.rules import Rules
from daemon.recommend.collaborative.transitions import Next, Previous
from tests.recommend import past_stage as past

ROWS = np.arange(past.N_ITEMS)
AGES = st.sampled_from([0.0, 0.5, 2.0])
quick = settings(deadline=None, max_examples=60)


def check(method, session, expected) -> None:
    """Its scores are the expected ones, its candidates those of them above 0 in their order."""
    scores = method.scores(session, ROWS)
    np.testing.assert_allclose(scores, past.column(expected), rtol=1e-4, atol=1e-7)
    assert ((scores >= 0) & (scores <= 1)).all()
    allowed = past.EVERYTHING.copy()
    allowed[session.rows] = 0
    found = method.candidates(session, allowed, 4)
    right = sorted((row for row in ROWS if scores[row] > 0 and allowed[row]), key=lambda row: (-scores[row], row))
    assert found.dtype == np.int64
    assert found.tolist() == right[:4]


@quick
@given(past.PASTS, past.PLAYED)
def test_next_and_previous(sessions, played):
    h, session = past.history(sessions), past.running(played)
    check(Next(h), session, past.next_share(sessions, played))
    check(Previous(h), session, past.next_share(sessions, played, -1))


@quick
@given(past.PASTS, past.PLAYED, st.integers(1, 4), st.integers(1, 5), AGES, st.sampled_from([1.0, 2.0]))
def test_rules(sessions, played, last, steps, age, longer):
    method = Rules(past.history(sessions), last, steps, 0.4, 0.6, longer, age)
    check(method, past.running(played), past.rules(sessions, played, last, steps, 0.4, 0.6, longer, age))


@quick
@given(past.PASTS, past.PLAYED, st.integers(1, 12), AGES)
def test_item_item(sessions, played, last, age):
    method = Cooccurrence(past.history(sessions), last, newer=0.7, age=age)
    check(method, past.running(played), past.cosine(sessions, played, last, 0.7, age))


@quick
@given(past.PASTS, past.PLAYED, st.integers(1, 12), st.integers(1, 12), AGES, AGES)
def test_neighbours(sessions, played, k, last, age, rare):
    method = Neighbours(past.history(sessions), k, last, 1000, 2.0, age, 1.5, 4.0, rare)
    session = past.running(played)
    near, sims = method.nearest(session)
    expected = past.nearest(sessions, played, k, last, 2.0, age, rare)
    np.testing.assert_allclose(sims, [sim for sim, _ in expected], rtol=1e-4)
    if near.tolist() != [s for _, s in expected]:
        return  # two as near to each other as rounding is: which of them is in is not settled
    check(method, session, past.neighbours(sessions, played, k, last, 2.0, age, 1.5, 4.0, rare))


@quick
@given(past.PASTS, st.sampled_from([0.01, 2.0, 1e6]))
def test_popularity(sessions, age):
    method = Popularity(past.history(sessions), age)
    np.testing.assert_allclose(
        method.scores(past.running([0]), ROWS), past.column(past.popularity(sessions, age)), 1e-5, 1e-30
    )


@quick
@given(st.lists(st.integers(0, 5), max_size=40), st.data())
def test_the_best_are_the_first_of_all_sorted(numbers, data):
    values = np.array(numbers, np.float32)
    allowed = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(values), max_size=len(values))), np.uint8)
    met = np.array(data.draw(st.permutations(range(len(values)))), np.int32)
    k = data.draw(st.integers(0, 45))
    right = sorted((i for i in range(len(values)) if values[i] > 0 and allowed[i]), key=lambda i: (-values[i], i))
    assert best(values, met, len(met), allowed, k).tolist() == right[:k]


@pytest.mark.parametrize("kind", [Rules, Next, Cooccurrence, Neighbours])
def test_only_the_newest_plays_are_walked(kind):
    """Item 0 was followed by 1 long ago and by 2 lately."""
    method = kind(past.history([[0, 1]] * 5 + [[0, 2]] * 3), sample=3)
    assert method.scores(past.running([0]), ROWS).nonzero()[0].tolist() == [2]


@quick
@given(past.PASTS, past.PASTS)
def test_what_was_learned_counts_at_once_as_if_built_anew(old, new):
    def kinds(h):
        return [Rules(h), Next(h), Previous(h), Cooccurrence(h), Neighbours(h, rare=1.0), Popularity(h, 3.0)]

    h = past.history(old)
    grown = kinds(h)
    for number, played in enumerate(new, len(old)):
        for n in range(1, len(played) + 1):
            session = past.running(played[:n], number)
            for method in grown:  # before and after, so that what is kept between calls is put to the test
                method.scores(session, ROWS)
            h.learn(session)
    done = [*old, *new]
    built = kinds(past.history(done))
    for session in (past.running([1, 2]), past.running(done[-1], len(done) - 1) if done else past.running([0])):
        for a, b in zip(grown, built, strict=True):
            np.testing.assert_allclose(a.scores(session, ROWS), b.scores(session, ROWS), rtol=1e-5, atol=1e-9)


@quick
@given(past.PASTS, past.PLAYED)
def test_a_session_is_no_neighbour_of_itself(sessions, played):
    h = past.history(sessions)
    session = past.running(played, len(sessions))
    kinds = [Neighbours(h, age=0.0), Cooccurrence(h, age=0.0)]
    unlearned = [method.scores(session, ROWS) for method in kinds]
    near = kinds[0].nearest(session)[0].tolist()
    h.learn(session)
    assert kinds[0].nearest(session)[0].tolist() == near
    np.testing.assert_allclose(kinds[0].scores(session, ROWS), unlearned[0], rtol=1e-5)


@quick
@given(past.PASTS, st.lists(st.integers(0, past.N_ITEMS - 1), min_size=1, max_size=8, unique=True))
def test_the_play_that_sounds_is_no_evidence_of_what_follows_it(sessions, played):
    h = past.history(sessions)
    session = past.running(played, len(sessions))
    kinds = [Rules(h, age=0.0), Next(h), Previous(h)]
    unlearned = [method.scores(session, ROWS) for method in kinds]
    h.learn(session)
    for method, scores in zip(kinds, unlearned, strict=True):
        np.testing.assert_allclose(method.scores(session, ROWS), scores, rtol=1e-5)
