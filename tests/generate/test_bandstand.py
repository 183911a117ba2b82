"""The bandstand: a defect of the band's costs the band, not the daemon."""

from types import SimpleNamespace
from typing import Any

import pytest

from daemon import messages as m
from daemon.bandstand import Bandstand
from daemon.config import Generate
from daemon.generate.live.band import Band
from tests.generate.stage import RATE, TURN, Receiver, phrase

TABLE = {"pulse": "fixed", "tempo_bpm": 120.0, "bars": 1, "answer": {"generator": "motif"}}
BAR = 96 * 1000  # samples


class Told:
    """A bandstand and what it publishes; the table is what a preset would say."""

    def __init__(self) -> None:
        self.out, self.now, self.said = Receiver(), 0, list[m.Message]()
        self.book = SimpleNamespace(jam=dict[str, Any](TABLE), signs=[])
        desk: Any = SimpleNamespace(book=self.book)
        midi: Any = self.out
        self.stand = Bandstand(Generate(), midi, desk)
        self.stand.begin(RATE)

    def until(self, bars: float) -> None:
        while self.now < bars * BAR:
            self.said += self.stand.turn(self.now)
            self.now += TURN

    def plays(self) -> None:
        start = -(-self.now // BAR) * BAR
        for tick, duration, pitch in phrase(0, 1):
            for at, on in ((tick, True), (tick + duration, False)):
                when = start + round(at * 1000)
                self.until(when / BAR)
                note = m.MidiNote(sample_time=when, known_at=when, port="k", channel=0, midi=pitch, velocity=90, on=on)
                self.stand.feed(note)

    def failures(self) -> list[str]:
        return [one.error for one in self.said if isinstance(one, m.Generator) and one.name == "band"]


@pytest.fixture
def told():
    one = Told()
    yield one
    one.stand.close()
    one.out.check()


@pytest.mark.parametrize("where", ["turn", "feed"])
def test_a_defect_silences_the_band_until_it_is_told_anew(told: Told, monkeypatch, where: str) -> None:
    told.plays()
    told.until(1.3)
    assert told.out.events

    def fails(*_: object) -> None:
        raise ZeroDivisionError("of a test's")

    with monkeypatch.context() as patch:
        patch.setattr(Band, "_play" if where == "turn" else "feed", fails)
        told.plays()
        told.until(4)
    (error,) = told.failures()
    assert "of a test's" in error and "\n" not in error
    told.out.check()
    count = len(told.out.events)
    told.book.jam = {**TABLE, "seed": 1}
    told.plays()
    told.until(told.now / BAR + 2)
    assert len(told.out.events) > count
    assert len(told.failures()) == 1
