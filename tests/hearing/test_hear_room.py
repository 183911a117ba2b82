"""The room: who is in charge when a network is early, late, dead, back, or new; its worker and the time are the test's."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon import messages as m
from daemon.engine.offline import Found
from daemon.hearing import room
from daemon.hearing.link import Began, Chosen, Heard
from daemon.hearing.room import BACK_S, LATE_S, PATIENCE_S, Hearing
from dsp.hop import EVENT, FEATURES, ONSET

RATE, EPOCH = 48000, 5
FRAME = RATE // 100
BOTH = ["onset", "notes"]


class Worker:
    """Says what it is told to."""

    def __init__(self) -> None:
        self.packets: list[Any] = []
        self.chosen: Chosen | None = None
        self.ended = ""
        self.is_started = False

    def start(self) -> None:
        self.is_started = True

    def turn(self) -> list[Any]:
        packets, self.packets = self.packets, []
        return packets

    def said(self) -> list[m.Message]:
        return []


class Played:
    """A room, its time in s, and what it has published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, neural: dict[str, bool]) -> None:
        self.worker, self.time_s, self.now, self.got = Worker(), 100.0, 0, list[m.Message]()
        monkeypatch.setattr(room.time, "monotonic", lambda: self.time_s)
        memory: Any = SimpleNamespace(state={"epoch": np.array([EPOCH])}, fd=-1)
        monkeypatch.setattr("daemon.hearing.worker.Worker", lambda *_: self.worker)
        monkeypatch.setattr("daemon.hearing.worker._place", lambda _: None)
        self.hearing = Hearing(neural, [("onset", "superflux"), ("notes", "f0")], memory, {})
        self.hearing.begin(RATE)

    def ready(self, *analyses: str, **left: str) -> None:
        self.worker.chosen = Chosen(list(analyses), "it takes 1 ms", left)

    def play(self, seconds: float, behind: int = 1) -> None:
        """Frame by frame, with a network so many frames behind."""
        for _ in range(round(seconds * RATE / FRAME)):
            self.now += FRAME
            self.time_s += FRAME / RATE
            if behind < 100:
                self.hear(self.now - behind * FRAME)
            self.got += self.hearing.turn(self.now)

    def hear(self, until: int, *onsets: int, epoch: int = EPOCH) -> None:
        self.worker.packets.append(Heard(epoch, until, found(*onsets).tobytes()))

    def engine(self, *onsets: int) -> None:
        self.got += self.hearing.passed(Found(found(*onsets), np.empty(0, FEATURES)), RATE)

    def by(self, analysis: str = "onset") -> str:
        return self.said(analysis)[-1].by

    def said(self, analysis: str = "onset") -> list[m.Hears]:
        return [one for one in self.got if isinstance(one, m.Hears) and one.analysis == analysis]

    def onsets(self) -> list[int]:
        return [one.sample_time for one in self.got if isinstance(one, m.Onset)]


def found(*onsets: int) -> np.ndarray:
    events = np.zeros(len(onsets), EVENT)
    events["kind"], events["sample_time"], events["known_at"] = ONSET, onsets, np.array(onsets, int) + 2 * FRAME
    return events


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    return Played(monkeypatch, dict.fromkeys(BOTH, False))


def test_it_is_the_engines_until_a_network_is_ready(played: Played) -> None:
    assert played.worker.is_started
    played.play(1.0, behind=100)
    assert [(one.by, one.reason) for one in played.said()] == [("superflux", "the network is made ready")]
    played.ready(*BOTH)
    played.play(0.1, behind=50)
    assert played.by() == "superflux"
    played.play(0.1)
    assert (played.by(), played.by("notes")) == ("neural", "neural")
    assert played.said()[-1].reason == "it takes 1 ms"
    assert len(played.said()) == 2


def test_it_does_what_it_keeps_up_with_and_says_why_not_the_rest(played: Played) -> None:
    played.ready("onset", notes="too slow here: 9 ms")
    played.play(0.1)
    assert played.by() == "neural"
    assert (played.by("notes"), played.said("notes")[-1].reason) == ("f0", "too slow here: 9 ms")


def test_a_network_that_is_late_for_a_moment_stays(played: Played) -> None:
    played.ready(*BOTH)
    played.play(1.0)
    played.play(PATIENCE_S - 0.05, behind=50)
    played.play(0.5)
    assert len(played.said()) == 1


def test_one_that_is_late_for_longer_goes_and_comes_back_later_each_time(played: Played) -> None:
    played.ready(*BOTH)
    played.play(1.0)
    waits = []
    for _ in range(3):
        played.play(PATIENCE_S + 0.1, behind=round(LATE_S * 100) + 2)
        assert played.by() == "superflux"
        assert "ms behind" in played.said()[-1].reason
        begun = played.now
        while played.by() != "neural":
            played.play(0.01)
        waits.append((played.now - begun) / RATE)
    assert waits == pytest.approx([BACK_S, 2 * BACK_S, 4 * BACK_S], abs=0.1)


def test_one_that_was_good_for_long_is_back_as_soon_as_at_first(played: Played) -> None:
    played.ready(*BOTH)
    for _ in range(2):
        played.play(room.SETTLED_S + 1)
        played.play(PATIENCE_S + 0.1, behind=50)
        assert played.by() == "superflux"
        played.play(BACK_S + 0.1)
        assert played.by() == "neural"


def test_what_the_engine_heard_since_it_was_late_is_said_when_it_goes(played: Played) -> None:
    played.ready(*BOTH)
    played.play(1.0)
    heard = played.now - FRAME
    played.engine(heard - 20 * FRAME, heard + 5 * FRAME, heard + 10 * FRAME)
    assert played.onsets() == []
    played.play(PATIENCE_S + 0.1, behind=100)
    assert played.onsets() == [heard + 5 * FRAME, heard + 10 * FRAME]


def test_one_that_dies_goes_at_once(played: Played) -> None:
    played.ready(*BOTH)
    played.play(1.0)
    played.worker.chosen, played.worker.ended = None, "its process was ended by signal 9"
    played.play(0.01)
    assert (played.by(), played.said()[-1].reason) == ("superflux", "its process was ended by signal 9")
    played.ready(*BOTH)
    played.play(BACK_S - 0.5)
    assert played.by() == "superflux"
    played.play(1.0)
    assert played.by() == "neural"


def test_another_engine_is_heard_from_its_first_sample(played: Played) -> None:
    """Also what came before it has said that it runs; and of the last one nothing more."""
    played.ready(*BOTH)
    played.play(1.0)
    played.got += played.hearing.end(played.now)
    played.hear(2 * FRAME, 100, epoch=EPOCH)
    played.hear(2 * FRAME, 200, epoch=EPOCH + 1)
    played.got += played.hearing.turn(played.now)
    assert played.onsets() == []
    played.hearing._memory.state["epoch"][0] = EPOCH + 1
    played.hearing.begin(RATE)
    played.now = 3 * FRAME
    played.hear(3 * FRAME, 300, epoch=EPOCH)
    played.hear(3 * FRAME, 3000, epoch=EPOCH + 1)
    played.got += played.hearing.turn(played.now)
    assert played.onsets() == [200, 3000]
    assert len(played.said()) == 1


def test_where_it_begins_anew_is_said(played: Played) -> None:
    played.ready(*BOTH)
    played.play(1.0)
    assert played.said()[-1].since == 0
    played.worker.packets.append(Began(EPOCH, 48480))
    played.play(0.05)
    assert [(one.by, one.since) for one in played.said()] == [("neural", 0), ("neural", 48480)]


def test_what_the_config_says_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(monkeypatch, {"onset": True, "notes": False})
    played.ready(*BOTH)
    played.play(0.1)
    assert played.said()[-1].reason == "as the config says" and played.said("notes")[-1].reason == "it takes 1 ms"
