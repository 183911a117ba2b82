"""The note ledger: every note-on that leaves jamd stands here until its note-off has left. Nothing hangs.

A MIDI receiver holds one voice per port, channel and note, and the first note-off ends it. Two parts of jamd may hold
the same note at once, so holds are counted: a second note-on strikes the note again (a note-off must leave before it),
and the note-off leaves when the last holder lets go. A note-off that nobody owes does not leave.
"""

from typing import NamedTuple


class Note(NamedTuple):
    """A note at a receiver. `channel` 0-15, `note` 0-127."""

    port: str
    channel: int
    note: int


class Ledger:
    """Who holds what. Pure; the caller sends what the answers say. [main]"""

    def __init__(self) -> None:
        self._holds: dict[Note, int] = {}

    def on(self, port: str, channel: int, note: int) -> bool:
        """Enter a note-on; True: it sounds already, so send its note-off before this note-on."""
        key = Note(port, channel, note)
        holds = self._holds.get(key, 0)
        self._holds[key] = holds + 1
        return holds > 0

    def off(self, port: str, channel: int, note: int) -> bool:
        """Enter that one holder let go; True: nobody holds it any more, so send its note-off."""
        key = Note(port, channel, note)
        holds = self._holds.get(key, 0)
        if holds > 1:
            self._holds[key] = holds - 1
            return False
        return self._holds.pop(key, 0) > 0

    def panic(self, port: str | None = None) -> list[Note]:
        """Forget every note (of one port, or of all); the note-offs to send, in the order the notes began."""
        ended = self.sounding(port)
        for key in ended:
            del self._holds[key]
        return ended

    def sounding(self, port: str | None = None) -> list[Note]:
        """The notes whose note-off has not left (of one port, or of all), in the order they began."""
        return [key for key in self._holds if port is None or key.port == port]
