"""What came by Open Sound Control is said for who watches: bounded in number and in size, and never other than plain."""

import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from daemon.osc.monitor import ARGUMENTS, BURST, CHARACTERS, EACH_NS, WAITING, Monitor

S = 1_000_000_000


def test_of_each_address_the_newest_is_said() -> None:
    monitor = Monitor()
    for value in (0.1, 0.2, 0.3):
        monitor.note("/jamd/set/a/b", [value])
    monitor.note("/jamd/nothing", [], "there is no such address")
    assert [(one.address, one.arguments, one.error) for one in monitor.turn(S)] == [
        ("/jamd/set/a/b", [0.3], ""),
        ("/jamd/nothing", [], "there is no such address"),
    ]
    assert monitor.turn(2 * S) == []


def test_a_flood_is_at_most_fifty_in_any_second_and_the_last_value_comes_through() -> None:
    monitor = Monitor()
    said: list[tuple[int, Any]] = []
    for step in range(4000):  # a fader a thousand times a second, beside others
        now = S + step * S // 1000
        monitor.note("/fader", [step])
        monitor.note(f"/other/{step % 300}", [])
        said += [(now, one) for one in monitor.turn(now)]
    times = [now for now, _ in said]
    assert len(said) > 100
    assert all(sum(begin <= now < begin + S for now in times) <= 50 for begin in times)
    for turn in range(100):
        said += [(0, one) for one in monitor.turn(6 * S + turn * EACH_NS)]
    assert [one.arguments for _, one in said if one.address == "/fader"][-1] == [3999]


def test_no_more_wait_than_are_bounded() -> None:
    monitor = Monitor()
    for number in range(1000):
        monitor.note(f"/{number}", [])
    said = [one.address for turn in range(200) for one in monitor.turn(S + turn * S)]
    assert said == [f"/{number}" for number in range(1000 - WAITING, 1000)]
    assert BURST < WAITING


_ARGUMENT = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.text(max_size=500),
    st.just([]),
)


@given(st.text(max_size=1000), st.lists(_ARGUMENT, max_size=40), st.text(max_size=1000))
def test_whatever_comes_is_said_in_plain_values_of_bounded_size(address: str, arguments: list, error: str) -> None:
    monitor = Monitor()
    monitor.note(address, arguments, error)
    (said,) = monitor.turn(S)
    assert len(said.address) <= CHARACTERS
    assert len(said.error) <= CHARACTERS
    assert len(said.arguments) <= ARGUMENTS
    for one in said.arguments:
        assert isinstance(one, bool | int | str) or math.isfinite(one)
        assert not isinstance(one, str) or len(one) <= CHARACTERS
    assert msgspec.json.decode(msgspec.json.encode(said))["arguments"] == said.arguments


def test_a_blob_is_its_length() -> None:
    monitor = Monitor()
    monitor.note("/a", [b"12345", True, None, math.nan])
    assert monitor.turn(S)[0].arguments == ["5 bytes", True, "nil", "nan"]


def test_what_a_terminal_would_carry_out_is_not_said() -> None:
    monitor = Monitor()
    monitor.note("/a\x1b[2J", ["\x1b]0;title\x07", "gr\u00fcn \u202e"], "no \x9b5m")
    (said,) = monitor.turn(S)
    assert (said.address, said.arguments, said.error) == ("/a [2J", [" ]0;title ", "gr\u00fcn  "], "no  5m")
