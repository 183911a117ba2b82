"""The note ledger against a model of a receiver: whatever happens, nothing hangs."""

from hypothesis import given
from hypothesis import strategies as some

from daemon.midi.ledger import Ledger, Note

PORTS = ("synth", "light")
NOTES = some.builds(Note, some.sampled_from(PORTS), some.integers(0, 1), some.integers(60, 62))
STEPS = some.lists(some.tuples(some.sampled_from(["on", "off", "panic"]), NOTES))


class Receiver:
    """A synthesizer that is strict: it must not be sent a note-on for what sounds, nor a note-off for what does not."""

    def __init__(self) -> None:
        self.sounding: set[Note] = set()

    def on(self, note: Note) -> None:
        assert note not in self.sounding
        self.sounding.add(note)

    def off(self, note: Note) -> None:
        self.sounding.remove(note)


def play(ledger: Ledger, receiver: Receiver, step: str, note: Note) -> None:
    if step == "on":
        if ledger.on(*note):
            receiver.off(note)
        receiver.on(note)
    elif step == "off":
        if ledger.off(*note):
            receiver.off(note)
    else:
        for ended in ledger.panic(note.port):
            receiver.off(ended)


@given(STEPS)
def test_after_panic_nothing_sounds(steps):
    ledger, receiver = Ledger(), Receiver()
    for step, note in steps:
        play(ledger, receiver, step, note)
        assert receiver.sounding == set(ledger.sounding())
    for note in ledger.panic():
        receiver.off(note)
    assert receiver.sounding == set()
    assert ledger.sounding() == [] == ledger.panic()


@given(some.lists(NOTES), some.randoms())
def test_as_many_note_offs_as_note_ons_end_everything(notes, random):
    ledger, receiver = Ledger(), Receiver()
    for note in notes:
        play(ledger, receiver, "on", note)
    random.shuffle(notes)
    for note in notes:
        play(ledger, receiver, "off", note)
    assert receiver.sounding == set() == set(ledger.sounding())


def test_a_second_holder_strikes_again_and_keeps_the_note():
    ledger = Ledger()
    assert not ledger.on("synth", 0, 60)
    assert ledger.on("synth", 0, 60)
    assert not ledger.off("synth", 0, 60)
    assert ledger.sounding() == [Note("synth", 0, 60)]
    assert ledger.off("synth", 0, 60)
    assert not ledger.off("synth", 0, 60)


def test_panic_of_one_port_leaves_the_others():
    ledger = Ledger()
    ledger.on("synth", 0, 60)
    ledger.on("light", 0, 60)
    assert ledger.panic("synth") == [Note("synth", 0, 60)]
    assert ledger.sounding() == [Note("light", 0, 60)]
    assert ledger.sounding("synth") == []
