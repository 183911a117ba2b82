"""Whose a note is that comes in: jamd's own, come back, or a player's who strikes the same key."""

from daemon.generate.live.echo import Echo
from daemon.generate.live.schedule import Sent
from daemon.generate.note import DRUMS, MELODY

RATE = 48000


def sent(at: int, on: bool, part: int = MELODY, pitch: int = 60) -> Sent:
    return Sent(at, part, "jack", 0, pitch, 90, on)


def test_the_end_of_a_players_note_is_not_taken_for_jamds() -> None:
    echo = Echo(RATE)
    echo.sent(sent(0, True))
    echo.sent(sent(RATE, False))
    assert not echo.is_own(0, 60, True, RATE // 2), "a player's key, long after"
    assert not echo.is_own(0, 60, False, RATE + 300), "let go as jamd's note ends"


def test_a_loop_gives_back_each_note_struck_again() -> None:
    echo = Echo(RATE)
    for at, on in ((0, True), (RATE, False), (RATE, True), (2 * RATE, False)):
        echo.sent(sent(at, on))
        assert echo.is_own(0, 60, on, at + 300)


def test_drums_have_no_pitch_that_could_be_heard() -> None:
    echo = Echo(RATE)
    echo.sent(sent(0, True, DRUMS, 42))
    assert not echo.is_heard(42, 100)
    echo.sent(sent(0, True, MELODY, 42))
    assert echo.is_heard(42, 100)
