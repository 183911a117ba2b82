"""The figures for what came next, beside the slow and obvious way to count them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.recommend.session import Session
from daemon.scoring.next_item import score
from daemon.train.recommender.moments import history, moment, prefixes
from daemon.train.recommender.sets import Sitting
from tests.recommend import blend_stage as stage

N = 40


def sittings(played: list[list[int]]) -> list[Sitting]:
    return [Sitting(str(k), "", 86400.0 * k, np.array(rows, np.int64)) for k, rows in enumerate(played)]


def recommend(session: Session, allowed: np.ndarray) -> np.ndarray:
    """By row, from the last one on; three in a set of three are not found at all."""
    order = (np.arange(N) * 7 + session.rows[-1] * 3) % N
    return order[allowed[order] != 0][: 25 if len(session.rows) != 3 else 2]


def slow(played: list[list[int]], seen: set[int]) -> dict[str, float]:
    places, cold, given_ = [], [], set()
    for rows in played:
        for n in range(1, len(rows)):
            if rows[n] in rows[:n]:
                continue
            order = [(k * 7 + rows[n - 1] * 3) % N for k in range(N)]
            list_ = [row for row in order if row not in rows[:n]][: 25 if n != 3 else 2][:20]
            given_ |= set(list_)
            place = list_.index(rows[n]) + 1 if rows[n] in list_ else None
            places.append(place)
            if rows[n] not in seen:
                cold.append(place)

    def share(some, most):
        return sum(place is not None and place <= most for place in some) / len(some) if some else 0.0

    def mrr(some):
        return sum(1 / place for place in some if place) / len(some) if some else 0.0

    return {
        "n": len(places),
        "hr10": share(places, 10),
        "hr20": share(places, 20),
        "mrr20": mrr(places),
        "coverage": len(given_) / N,
        "n_cold": len(cold),
        "cold_hr20": share(cold, 20),
        "cold_mrr20": mrr(cold),
    }


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(st.integers(0, N - 1), max_size=9), max_size=6), st.sets(st.integers(0, N - 1)))
def test_figures_are_those_of_the_slow_way(played: list[list[int]], known: set[int]) -> None:
    seen = np.isin(np.arange(N), list(known))
    found = score(recommend, sittings(played), N, seen)
    assert found._asdict() == pytest.approx(slow(played, known))


def test_beginnings_are_in_order_and_repeats_are_not_asked_for() -> None:
    (one,) = sittings([[4, 5, 4, 6]])
    found = [(session.rows.tolist(), len(session.at), target) for session, target in prefixes(one)]
    assert found == [([4], 1, 5), ([4, 5, 4], 3, 6)]
    assert all(session.now > session.at[-1] for session, _ in prefixes(one))


def test_a_moment_is_what_all_families_see() -> None:
    blend = stage.recommender()
    at = moment(stage.session(3, 10), 17, blend.families, stage.N)
    assert at.target in at.rows and {3, 10}.isdisjoint(at.rows.tolist())
    assert at.fields.shape == (len(at.rows), sum(len(family.fields) for family in blend.families))
    assert (at.fields >= 0).all() and (at.fields <= 1).all()


def test_a_past_of_no_parts_is_empty() -> None:
    from daemon.recommend.catalogue import Catalogue
    from daemon.train.recommender.sets import Sets

    one = Sets("x", Catalogue(stage.items(6)), {"train": sittings([[0, 1], [2, 3, 4]]), "dev": [], "test": []})
    assert history(one, ("dev",)).n_plays == 0
    past = history(one, ("train", "dev"))
    assert (past.n_sessions, past.rows.tolist()) == (2, [0, 1, 2, 3, 4])
