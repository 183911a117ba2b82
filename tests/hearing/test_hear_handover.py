"""The handover: who is in charge of an analysis is heard alone, nothing is said twice, and no note is left sounding."""

from typing import Any

import pytest

from daemon import messages as m
from daemon.hearing.handover import Handover

RATE = 48000
MS = RATE // 1000


@pytest.fixture
def over() -> Handover:
    made = Handover(["onset", "beat", "notes", "f0", "chord", "key"])
    made.begin(RATE)
    return made


def onset(ms: int, known_ms: int) -> m.Onset:
    return m.Onset(sample_time=ms * MS, known_at=known_ms * MS, strength=0.5, band="full")


def note(ms: int, midi: int = 60, on: bool = True) -> m.Message:
    when: dict[str, Any] = {"sample_time": ms * MS, "known_at": (ms + 20) * MS}
    if on:
        return m.NoteOn(**when, midi=midi, name="C4", cents=0.0, velocity=80, f0_hz=261.6)
    return m.NoteOff(**when, midi=midi, name="C4")


def chord(ms: int, name: str) -> m.Chord:
    return m.Chord(sample_time=ms * MS, known_at=(ms + 20) * MS, name=name, root=0, bass=0, confidence=0.5)


def engine(over: Handover, *messages: m.Message) -> list[m.Message]:
    return list(over.passed(messages, False))


def network(over: Handover, *messages: m.Message) -> list[m.Message]:
    return list(over.passed(messages, True))


def test_at_first_the_engine_alone_is_heard(over: Handover) -> None:
    one = [onset(100, 120), note(100), note(300, on=False), chord(400, "C:maj")]
    assert engine(over, *one) == one
    assert network(over, onset(100, 140), note(100), chord(400, "A:min")) == []


def test_what_no_network_may_do_passes_as_it_is() -> None:
    over = Handover([])
    one = [onset(100, 120), note(200, on=False), note(300), note(301)]
    assert engine(over, *one) == one
    assert [(end.midi, end.known_at) for end in over.silence(9)] == [(60, 9)]  # type: ignore[attr-defined]
    assert over.silence(9) == []


def test_each_is_alone_in_what_it_is_in_charge_of(over: Handover) -> None:
    over.change("onset", True, 1000 * MS, 1000 * MS)
    assert engine(over, onset(1100, 1120), chord(1100, "C:maj")) == [chord(1100, "C:maj")]
    assert network(over, onset(1100, 1140), chord(1100, "A:min")) == [onset(1100, 1140)]


def test_back_from_a_network_nothing_since_is_lost_and_nothing_said_twice(over: Handover) -> None:
    over.change("onset", True, 0, 0)
    network(over, onset(1000, 1040))
    late = [onset(500, 520), onset(1010, 1030), onset(1200, 1220), onset(1400, 1420)]
    assert engine(over, *late) == []
    assert over.change("onset", False, 1100 * MS, 1500 * MS) == [onset(1200, 1220), onset(1400, 1420)]
    assert engine(over, onset(1600, 1620)) == [onset(1600, 1620)]


def test_an_onset_that_one_had_not_said_yet_is_said_by_the_other(over: Handover) -> None:
    """It fell before the moment up to which the network had heard, but within what it still waited for."""
    over.change("onset", True, 0, 0)
    engine(over, onset(980, 995))
    assert over.change("onset", False, 1000 * MS, 1300 * MS) == [onset(980, 995)]


def test_to_a_network_nothing_is_lost_and_nothing_said_twice(over: Handover) -> None:
    engine(over, onset(880, 900), onset(1000, 1010))
    network(over, onset(885, 925), onset(940, 980))
    assert over.change("onset", True, 1020 * MS, 1020 * MS) == [onset(940, 980)]
    assert network(over, onset(1004, 1044), onset(1100, 1140)) == [onset(1100, 1140)]


def test_two_that_one_says_at_once_are_two(over: Handover) -> None:
    assert len(engine(over, onset(100, 120), onset(110, 130))) == 2


def test_a_note_ends_with_the_handover_and_not_again(over: Handover) -> None:
    over.change("notes", True, 0, 0)
    network(over, note(100, 60), note(100, 64), note(300, 64, on=False))
    ended = over.change("notes", False, 400 * MS, 700 * MS)
    assert [(type(one), one.midi, one.known_at) for one in ended] == [(m.NoteOff, 60, 700 * MS)]  # type: ignore[attr-defined]
    assert network(over, note(800, 60, on=False)) == []
    assert engine(over, note(800, 60, on=False)) == []  # of a note that was never said
    assert engine(over, note(900, 60), note(950, 60, on=False)) == [note(900, 60), note(950, 60, on=False)]
    assert over.silence(0) == []


def test_of_chord_and_key_the_newest_is_said_when_it_is_another(over: Handover) -> None:
    engine(over, chord(100, "C:maj"))
    over.change("chord", True, 200 * MS, 200 * MS)
    network(over, chord(300, "A:min"))
    said = over.change("chord", False, 9000 * MS, 9100 * MS)
    assert [(one.name, one.sample_time) for one in said] == [("C:maj", 9100 * MS)]  # type: ignore[attr-defined]
    assert [one.name for one in over.change("chord", True, 9200 * MS, 9200 * MS)] == ["A:min"]  # type: ignore[attr-defined]
    over.begin(RATE)
    assert over.change("chord", False, 0, 0) == []


def test_a_stream_that_begins_anew_knows_nothing_of_the_last(over: Handover) -> None:
    over.change("onset", True, 0, 0)
    engine(over, onset(5000, 5020))
    network(over, onset(100, 140))
    over.begin(RATE)
    assert engine(over, onset(110, 130)) == []
    assert over.change("onset", False, 0, 200 * MS) == [onset(110, 130)]
