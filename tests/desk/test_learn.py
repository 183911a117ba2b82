"""MIDI mappings and learning: ends that are exact, pairs of 14 bits, switches that switch once."""

from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as some

from daemon.desk.learn import Action, Learn, Mapping

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0


class Message(NamedTuple):
    status: int
    data1: int
    data2: int = 0
    channel: int = 0
    port: str = "pedals"


def cc(number: int, *values: int, **where) -> list[Message]:
    return [Message(CONTROL, number, value, **where) for value in values]


def pair(number: int, *values: int) -> list[Message]:
    return [one for value in values for one in (*cc(number, value >> 7), *cc(number + 32, value & 127))]


def values(mapping: Mapping, messages: Iterable[Message]) -> list[float | None]:
    """What the target of one mapping is told."""
    learn = Learn([mapping])
    return [action.value for message in messages for action in learn.feed(message)[0]]


def learnt(messages: Iterable[Message], before: Iterable[Message] = ()) -> list[tuple[int, Mapping]]:
    """What is learnt, and after how many messages."""
    learn = Learn()
    for message in before:
        learn.feed(message)
    learn.learn(Mapping("cc", "param", plugin="Delay", param="7", hi=0.5))
    found = [(k, learn.feed(message)[1]) for k, message in enumerate(messages, 1)]
    return [(k, mapping) for k, mapping in found if mapping is not None]


def test_a_controller_reaches_both_ends_exactly() -> None:
    assert values(Mapping("cc", "param", 7), cc(7, 0, 127, 64)) == [0.0, 1.0, 64 / 127]
    assert values(Mapping("cc", "param", 7, lo=0.1, hi=0.7), cc(7, 0, 127)) == [0.1, 0.7]
    assert values(Mapping("cc", "param", 7, lo=0.9, hi=0.3), cc(7, 0, 127)) == [0.9, 0.3]


@given(some.lists(some.integers(0, 16383), min_size=1), some.integers(0, 31))
def test_a_pair_gives_one_value_for_both_its_messages(sent, number) -> None:
    assert values(Mapping("cc14", "param", number), pair(number, *sent)) == [value / 16383 for value in sent]


def test_a_pair_whose_fine_part_never_comes_follows_the_coarse_one() -> None:
    told = values(Mapping("cc14", "param", 1), cc(1, 10, 11, 12))
    assert told == [11 * 128 / 16383, 12 * 128 / 16383]


@given(some.integers(0, 15), some.integers(0, 16), some.sampled_from(["", "pedals", "keys"]), some.integers(0, 127))
def test_only_its_own_control_moves_a_target(channel, wanted, port, number) -> None:
    mapping = Mapping("cc", "param", 7, channel=wanted, port=port)
    told = values(mapping, cc(number, 100, channel=channel))
    assert bool(told) == (number == 7 and wanted in (0, channel + 1) and port in ("", "pedals"))


def test_a_note_plays_a_parameter_by_its_velocity_and_toggles_a_bypass() -> None:
    messages = [Message(NOTE_ON, 60, 127), Message(NOTE_OFF, 60, 90), Message(NOTE_ON, 60, 0), Message(CONTROL, 60, 5)]
    assert values(Mapping("note", "param", 60), messages) == [1.0]
    assert values(Mapping("note", "bypass", 60), messages) == [None]
    assert values(Mapping("note", "snapshot", 60, snapshot=3), messages) == [3]


def test_a_controller_switches_a_bypass_when_it_passes_the_middle() -> None:
    assert values(Mapping("cc", "bypass", 80), cc(80, 0, 20, 63, 64, 127, 100, 0)) == [0.0, 1.0, 0.0]
    assert values(Mapping("cc", "bypass", 80, lo=1.0, hi=0.0), cc(80, 127, 0)) == [0.0, 1.0]


def test_a_controller_recalls_a_snapshot_when_it_goes_down_not_up() -> None:
    assert values(Mapping("cc", "snapshot", 80, snapshot=2), cc(80, 127, 127, 0, 127, 0, 63, 64)) == [2, 2, 2]


@given(some.lists(some.integers(0, 16383)))
def test_a_pair_recalls_a_snapshot_once_per_way_up(sent) -> None:
    heights = [0, *sent]
    crossed = [b for a, b in zip(heights, sent, strict=False) if b / 16383 >= 0.5 > a / 16383]
    assert values(Mapping("cc14", "snapshot", 4, snapshot=1), pair(4, *sent)) == [1] * len(crossed)


def test_every_program_recalls_the_snapshot_of_its_number() -> None:
    programs = [Message(PROGRAM, number) for number in (0, 15, 16, 127, 3)]
    assert values(Mapping("program", "snapshot"), programs) == [0, 15, 3]
    assert values(Mapping("program", "snapshot", 127, snapshot=4), programs) == [4]


def test_one_control_may_have_several_targets() -> None:
    one, other = Mapping("cc", "snapshot", 80, snapshot=1), Mapping("cc", "bypass", 80, plugin="Delay")
    learn = Learn([one, other])
    assert learn.feed(cc(80, 127)[0]) == ([Action(one, 1), Action(other, 1.0)], None)


@pytest.mark.parametrize(
    ("messages", "kind", "number", "after"),
    [
        (cc(80, 127), "cc", 80, 1),
        (cc(7, 10, 11), "cc", 7, 2),
        (cc(40, 10, 11), "cc", 40, 2),
        (pair(1, 5000, 5001), "cc14", 1, 3),
        (pair(1, 5000, 5000 + 128), "cc14", 1, 3),  # the fine part stands still
        (cc(33, 3) + cc(1, 5) + cc(33, 4), "cc14", 1, 3),
        (cc(1, 5) + cc(33, 3, 4), "cc", 33, 3),  # no pair: one was touched, the other is turned
        (cc(1, 5) + cc(2, 3) + cc(1, 6, 7), "cc", 1, 4),
        ([*cc(0, 1), *cc(32, 2), Message(PROGRAM, 9)], "program", 9, 3),  # a bank is chosen first
        ([Message(NOTE_OFF, 60, 1), Message(NOTE_ON, 60, 0), Message(NOTE_ON, 61, 9)], "note", 61, 3),
        ([*cc(123, 0), *cc(120, 0), Message(0xE0, 1, 1), Message(0xD0, 5), *cc(64, 127)], "cc", 64, 5),
    ],
)
def test_the_control_that_moves_is_learnt(messages, kind, number, after) -> None:
    wanted = Mapping(kind, "param", number, 1, "pedals", "Delay", "7", hi=0.5)
    assert learnt(messages) == [(after, wanted)], "and only once"


def test_a_controller_that_says_again_where_it_stands_does_not_move() -> None:
    standing = cc(80, 127) + cc(7, 10)
    assert learnt(cc(80, 127, 127) + cc(7, 10, 10) + cc(81, 0), standing)[0][1].number == 81


def test_learning_can_be_given_up_and_what_is_mapped_works_meanwhile() -> None:
    mapping = Mapping("cc", "param", 80)
    learn = Learn([mapping])
    learn.learn(Mapping("cc", "bypass", plugin="Delay"))
    assert learn.learning
    assert learn.feed(cc(7, 1)[0]) == ([], None)
    learn.learn(None)
    assert not learn.learning
    assert learn.feed(cc(80, 127)[0]) == ([Action(mapping, 1.0)], None)
