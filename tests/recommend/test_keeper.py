"""The session by itself: what counts as played, when, and what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.recommend.live.keeper import AGAIN_S, BY_HAND, DOMINATES_S, UNHEARD_S, Keeper, Play, Sighting

T0 = 1e9


def loud(*shares: tuple[int, float]) -> list[Sighting]:
    return [Sighting(number, 0.9, 500.0, 1.0, share) for number, share in shares]


def listen(keeper: Keeper, at: float, seconds: float, *shares: tuple[int, float]) -> list[Play]:
    """A look a second."""
    found = [keeper.heard(at + k, loud(*shares)) for k in range(int(seconds))]
    return [play for play in found if play is not None]


def test_a_track_counts_once_it_dominates_and_from_when_it_was_first_heard() -> None:
    keeper = Keeper()
    assert not listen(keeper, T0, DOMINATES_S, (1, 1.0))
    assert listen(keeper, T0 + DOMINATES_S, 3, (1, 1.0)) == [Play(1, T0, "heard")]
    assert not listen(keeper, T0 + DOMINATES_S + 3, 300, (1, 1.0)), "it is not played twice"


def test_a_track_that_was_played_from_its_beginning_began_there() -> None:
    keeper = Keeper()
    found = [keeper.heard(T0 + k, [Sighting(1, 0.9, 5.0 + k * 1.05, 1.05)]) for k in range(12)]
    assert [play for play in found if play] == [Play(1, pytest.approx(T0 - 5.0 / 1.05), "heard")]


def test_in_a_crossfade_the_new_track_counts_when_it_is_the_louder_one_and_the_old_one_not_again() -> None:
    keeper = Keeper()
    listen(keeper, T0, 60, (1, 1.0))
    assert not listen(keeper, T0 + 60, 16, (1, 0.6), (2, 0.4)), "the old one is louder"
    assert listen(keeper, T0 + 76, 20, (2, 0.6), (1, 0.4)) == [Play(2, T0 + 60, "heard")]
    assert not listen(keeper, T0 + 96, 60, (1, 0.7), (2, 0.3)), "the old one comes back for a while"
    assert keeper.now.id == 2


def test_a_wrong_guess_now_and_then_is_nothing() -> None:
    keeper = Keeper()
    listen(keeper, T0, 20, (1, 1.0))
    for k in range(200):
        wrong = loud((50 + k % 3, 1.0)) if k % 10 < 3 else loud((1, 1.0))
        assert keeper.heard(T0 + 20 + k, wrong) is None


def test_a_track_that_was_long_gone_may_be_played_again() -> None:
    keeper = Keeper()
    listen(keeper, T0, 60, (1, 1.0))
    listen(keeper, T0 + 60, 60, (2, 1.0))
    again = T0 + 60 + AGAIN_S + 60
    assert [play.id for play in listen(keeper, again, 20, (1, 1.0))] == [1]


def test_a_program_is_believed_at_once_but_not_about_what_was_just_played() -> None:
    keeper = Keeper()
    assert keeper.told(T0, 1, "mixxx", T0 - 5) == Play(1, T0 - 5, "mixxx")
    assert keeper.position_s(T0 + 10) == 15.0
    assert keeper.told(T0 + 60, 2, "mixxx") == Play(2, T0 + 60, "mixxx")
    assert keeper.told(T0 + 70, 1, "mixxx") is None
    assert keeper.now.id == 2
    assert keeper.told(T0 + 80, 1, BY_HAND) == Play(1, T0 + 80, BY_HAND), "a hand always is"
    assert not listen(keeper, T0 + 81, 30, (2, 1.0)), "what is heard of an older one does not count"


def test_told_and_heard_is_one_play() -> None:
    keeper = Keeper()
    listen(keeper, T0, 4, (1, 1.0))
    assert keeper.told(T0 + 4, 1, "file") == Play(1, T0, "file"), "it began when it was first heard"
    assert not listen(keeper, T0 + 4, 60, (1, 1.0))
    assert keeper.now.position_s == 500.0


def test_what_is_heard_no_more_does_not_play() -> None:
    keeper = Keeper()
    listen(keeper, T0, 20, (1, 1.0))
    assert not keeper.is_unheard(T0 + 20 + UNHEARD_S / 2)
    assert keeper.is_unheard(T0 + 21 + UNHEARD_S)


def test_a_session_goes_on() -> None:
    keeper = Keeper([Play(1, T0 - 300, "heard"), Play(2, T0 - 60, "heard")])
    assert keeper.now.id == 2
    assert not listen(keeper, T0, 60, (2, 1.0)), "it plays on"
    assert [play.id for play in listen(keeper, T0 + 60, 20, (3, 1.0))] == [3]


@given(st.lists(st.lists(st.tuples(st.integers(1, 4), st.floats(0.0, 1.0)), max_size=3), max_size=300))
@pytest.mark.filterwarnings("default")
def test_whatever_is_heard_nothing_is_played_twice_in_a_row_or_out_of_order(looks) -> None:
    keeper, plays = Keeper(), list[Play]()
    for k, shares in enumerate(looks):
        play = keeper.heard(T0 + k, loud(*shares))
        plays += [play] if play else []
    assert len({play.id for play in plays}) == len(plays), "300 s are less than AGAIN_S"
    assert all(play.at <= T0 + len(looks) for play in plays)
