"""The band in each of its modes, against a simulated player and the real listener; time is simulated too."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from daemon import messages as m
from tests.generate.stage import RATE, Stage, phrase

BAR = 96


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(bpm: float = 120.0, **jam: Any) -> Stage:
        made.append(Stage(bpm, **{"answer": {"generator": "motif"}, "harmony": {"generator": "rules"}} | jam))
        assert not made[-1].problems
        return made[-1]

    yield make
    for one in made:
        one.close()
        one.out.check()


@pytest.mark.parametrize("bpm", [60.0, 120.0, 174.0])
def test_an_answer_begins_on_the_downbeat_after_so_many_bars(stage, bpm: float) -> None:
    one = stage(bpm, mode="answer", bars=2)
    one.plays(phrase(0, 2))
    one.until(5 * BAR)
    (answer,) = one.heard(m.Answer)
    assert (answer.tick, answer.ticks) == (2 * BAR, 2 * BAR)
    assert answer.sample_time == one.at(2 * BAR)
    assert answer.known_at < answer.sample_time
    starts = one.out.ons(0)
    assert len(starts) == len(answer.notes) > 2
    assert starts[0][0] == pytest.approx(one.at(answer.notes[0].tick), abs=RATE // 1000)
    assert one.at(2 * BAR) <= starts[0][0] < starts[-1][0] < one.at(4 * BAR)
    assert one.band.schedule.is_idle
