"""What waits in the MIDI process: a note's messages leave in the order in which they were said."""

import time

import msgspec

from daemon.midi.desk import MidiDesk
from daemon.midi.link import Play
from daemon.midi.message import NOTE_OFF, NOTE_ON
from daemon.midi.ports import MidiOutput
from daemon.midi.waiting import Waiting
from daemon.packets import PACKET

ON, OFF, OTHER = bytes((NOTE_ON, 60, 90)), bytes((NOTE_OFF, 60, 0)), bytes((NOTE_ON, 64, 90))


class Wire:
    """Stands where rtmidi's client does."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_message(self, data: bytes) -> None:
        self.sent.append(bytes(data))


def made() -> tuple[Waiting, Wire]:
    port, wire = MidiOutput("out"), Wire()
    port._client = wire
    return Waiting({"out": port}), wire


def test_a_note_off_does_not_overtake_its_note_on_when_the_clock_has_moved() -> None:
    waiting, wire = made()
    now = time.monotonic_ns()
    waiting.put("out", ON, now + 20_000_000)
    waiting.put("out", OFF, 0)  # the clock was lost
    waiting.put("out", OTHER, now)
    waiting.turn()
    assert wire.sent == [OTHER]
    time.sleep(0.03)
    waiting.turn()
    assert wire.sent == [OTHER, ON, OFF]


def test_a_clock_keeps_its_order_and_is_not_taken_back() -> None:
    waiting, wire = made()
    now = time.monotonic_ns()
    waiting.put("out", bytes((0xFA,)), now + 5_000_000)
    waiting.put("out", bytes((0xF8,)), now + 4_999_000)  # the clock has moved
    waiting.silence("out")
    time.sleep(0.01)
    waiting.turn()
    assert wire.sent == [bytes((0xFA,)), bytes((0xF8,))]


def test_what_is_taken_back_delays_nothing() -> None:
    waiting, wire = made()
    waiting.put("out", ON, 0)
    waiting.turn()
    waiting.put("out", ON, time.monotonic_ns() + 1_000_000_000)
    waiting.silence("out")
    waiting.put("out", OFF, 0)
    waiting.turn()
    assert wire.sent == [ON, OFF]


def test_a_note_that_found_no_room_is_held_by_nobody() -> None:
    desk = MidiDesk("off", [], [], False)
    desk._open["out", "out"] = None  # as of a process that does not read for a while
    try:
        while desk.send("out", *OTHER):
            pass
        assert not desk.note_on("out", 0, 60, 90)
        assert not desk.ledger.sounding()
        for _ in range(3):
            desk._beside._far.recv(PACKET)
        assert desk.note_on("out", 0, 60, 90)
        assert desk.note_off("out", 0, 60)
        said = []
        while not said or said[-1] != OFF:
            said.append(msgspec.msgpack.decode(desk._beside._far.recv(PACKET), type=Play).data)
        assert said[-2:] == [ON, OFF]
    finally:
        desk._open.clear()
        desk.close()
