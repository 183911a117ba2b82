"""The generator process: it answers, and whatever becomes of it the daemon learns in time and never waits."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from daemon.generate.constraints import Constraints
from daemon.generate.context import Context
from daemon.generate.live import worker as of_worker
from daemon.generate.live.link import Failed, Made
from daemon.generate.live.player import Player
from daemon.generate.live.worker import Worker
from daemon.generate.note import Played
from tests.generate.faulty import Well

CONTEXT = Context(tick=96, heard=(Played(0, 12, 60, 80, 0, 0.5, -1.0),))


class Watched:
    """A worker, all it says, and a wait that fails."""

    def __init__(self, *kinds: str) -> None:
        self.worker = Worker()
        self.said: list[tuple[str, str]] = []
        self.errors: list[str] = []
        for kind in kinds:
            self.worker.want(*of(kind))

    def until(self, done: Callable[[], object], seconds: float = 30.0) -> None:
        ends_at = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < ends_at, f"not in time; it said {self.said}"
            for one in self.worker.turn():
                self.said.append((one.name, one.state))
                self.errors.append(one.error)
            time.sleep(0.005)

    def is_ready(self, kind: str) -> bool:
        return self.worker.is_ready("answer", kind)

    def ask(self, kind: str, due_s: float = 5.0, **constraints: int) -> int:
        due_ns = time.monotonic_ns() + round(due_s * 1e9)
        return self.worker.ask("answer", kind, CONTEXT, Constraints(**constraints), 96, due_ns)

    def answer(self, number: int) -> Made | Failed:
        found: list[Made | Failed] = []
        self.until(lambda: found.append(one) if (one := self.worker.take(number)) else found)
        return found[0]


def of(kind: str) -> tuple[str, str, str]:
    return "answer", kind, f"tests.generate.faulty:{kind}"


@pytest.fixture
def watched() -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def make(*kinds: str) -> Watched:
        made.append(Watched(*kinds))
        return made[-1]

    yield make
    for one in made:
        one.worker.close()


def test_it_makes_what_the_generator_makes(watched) -> None:
    one = watched("Well")
    assert not one.ask("Well"), "nobody is there yet"
    one.until(lambda: one.is_ready("Well"))
    assert one.said == [("answer:Well", "running"), ("", "running")]
    made = one.answer(one.ask("Well", seed=7))
    assert isinstance(made, Made)
    assert made.notes == Well().play(CONTEXT, Constraints(seed=7), 96)
    one.worker.want("harmony", "Well", "tests.generate.faulty:Well")
    one.until(lambda: one.worker.is_ready("harmony", "Well"))
    due_ns = time.monotonic_ns() + 10**10
    chords = one.answer(one.worker.ask("harmony", "Well", CONTEXT, Constraints(), 2, due_ns))
    assert isinstance(chords, Made)
    assert chords.chords == Well().foresee(CONTEXT, 2)


def test_it_runs_below_everything_live(watched) -> None:
    one = watched("Well")
    one.until(lambda: one.is_ready("Well"))
    assert os.getpriority(os.PRIO_PROCESS, one.worker.pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_it_hears_what_is_played(watched) -> None:
    one = watched("Counts")
    one.until(lambda: one.is_ready("Counts"))
    one.worker.hear([CONTEXT.heard[0]] * 3, CONTEXT)
    made = one.answer(one.ask("Counts"))
    assert isinstance(made, Made)
    assert len(made.notes) == 3


def test_a_newer_ask_takes_the_place_of_one_that_waits_and_what_is_late_is_not_made(watched) -> None:
    one = watched("Slow")
    one.until(lambda: one.is_ready("Slow"))
    first = one.ask("Slow")
    time.sleep(0.2)
    second, third = one.ask("Slow"), one.ask("Slow")
    fourth = one.ask("Slow", due_s=0.0)
    assert isinstance(one.answer(first), Made)
    for dropped in (second, third, fourth):
        assert one.answer(dropped) == Failed(dropped)


def test_what_is_cancelled_is_not_made(watched) -> None:
    one = watched("Slow", "Well")
    one.until(lambda: one.is_ready("Slow") and one.is_ready("Well"))
    one.ask("Slow")
    time.sleep(0.2)
    number = one.ask("Well")
    one.worker.cancel(number)
    assert one.answer(number) == Failed(number)


def test_killed_in_the_middle_of_an_ask_it_is_back_and_says_so(watched) -> None:
    one = watched("Slow")
    one.until(lambda: one.is_ready("Slow"))
    number = one.ask("Slow")
    os.kill(one.worker.pid, signal.SIGKILL)
    assert one.answer(number) == Failed(number, "the process ended")
    assert not one.is_ready("Slow")
    assert ("", "died") in one.said
    assert "signal 9" in one.errors[one.said.index(("", "died"))]
    one.until(lambda: one.is_ready("Slow"))
    assert isinstance(one.answer(one.ask("Slow")), Made)


def test_stalled_it_is_ended_and_started_again(watched, monkeypatch) -> None:
    monkeypatch.setattr(of_worker, "HANG_S", 0.5)
    one = watched("Stalls", "Well")
    one.until(lambda: one.is_ready("Stalls") and one.is_ready("Well"))
    number = one.ask("Stalls", due_s=0.2)
    assert one.answer(number) == Failed(number, "the process ended")
    assert ("", "hung") in one.said
    one.until(lambda: one.is_ready("Well"))
    assert isinstance(one.answer(one.ask("Well")), Made)


def test_stopped_while_nothing_is_asked_it_is_ended_too(watched, monkeypatch) -> None:
    monkeypatch.setattr(of_worker, "SILENT_S", 1.0)
    one = watched("Well")
    one.until(lambda: one.is_ready("Well"))
    os.kill(one.worker.pid, signal.SIGSTOP)
    one.until(lambda: ("", "hung") in one.said)
    one.until(lambda: one.is_ready("Well"))


def test_a_model_that_cannot_be_read_is_said_once_and_the_others_play(watched) -> None:
    one = watched("Truncated", "Well")
    one.until(lambda: one.is_ready("Well"))
    assert one.said.count(("answer:Truncated", "missing")) == 1
    assert (
        "phrase.onnx: ends before its end; copy it again" in one.errors[one.said.index(("answer:Truncated", "missing"))]
    )
    assert one.worker.missing("answer", "Truncated")
    assert not one.ask("Truncated")
    os.kill(one.worker.pid, signal.SIGKILL)
    one.until(lambda: not one.is_ready("Well"))
    one.until(lambda: one.is_ready("Well"))
    assert one.said.count(("answer:Truncated", "missing")) == 1, "it is not tried again by itself"
    one.worker.want(*of("Truncated"))
    one.until(lambda: one.said.count(("answer:Truncated", "missing")) == 2)


def test_a_generator_that_takes_its_process_along_is_left_out(watched, monkeypatch) -> None:
    monkeypatch.setattr(of_worker, "AGAIN_S", 0.0)
    one = watched("Dies", "Well")
    one.until(lambda: one.is_ready("Well"), 60.0)
    assert one.said.count(("", "died")) == of_worker.DEATHS
    assert ("answer:Dies", "missing") in one.said


def test_a_defect_costs_one_answer(watched) -> None:
    one = watched("Errs", "Well")
    one.until(lambda: one.is_ready("Errs") and one.is_ready("Well"))
    failed = one.answer(one.ask("Errs"))
    assert isinstance(failed, Failed)
    assert "ZeroDivisionError" in failed.reason
    assert isinstance(one.answer(one.ask("Well")), Made)


def test_a_packet_larger_than_any_is_not_sent(watched) -> None:
    one = watched("Counts")
    one.until(lambda: one.is_ready("Counts"))
    pid = one.worker.pid
    one.worker.hear([CONTEXT.heard[0]] * 5000, CONTEXT)
    made = one.answer(one.ask("Counts"))
    assert isinstance(made, Made) and not made.notes
    assert one.worker.pid == pid


def test_asked_again_too_late_the_answer_before_is_played(watched) -> None:
    """A note at the last moment makes the player ask anew; what the network made a moment before still stands."""
    seen = watched()
    player = Player("answer", "neural", "pop", seen.worker)
    seen.until(lambda: player.plays == "neural")
    due_ns = time.monotonic_ns() + 10_000_000_000
    player.ask(CONTEXT, Constraints(), 96, due_ns)
    seen.until(player.look)
    player.ask(CONTEXT, Constraints(seed=1), 96, time.monotonic_ns() + 1_000_000)
    taken = player.take()
    assert taken is not None
    assert (taken.generator, taken.late) == ("neural", False)
    assert (player.ready, player.late) == (1, 0)
