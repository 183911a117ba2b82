"""MIDI out by rtmidi, through the note ledger: a note-off leaves for every note-on, at the latest when the port closes.

What rtmidi (python-rtmidi 1.5.8, RtMidi 5) does on JACK when the server dies, measured with kill -9:
- It does not notice. `is_port_open` stays True, `send_message` returns as if sent, `get_ports` gives the old list.
- `close_port` returns, but only after one second in which it keeps the interpreter lock: it waits
  for its ring to drain.
- A JACK client opened while a dead one is still allocated makes libjack free the dead one; closing that later is a
  segmentation fault. So after a server's death every JACK port is to be closed before any is opened (see `Patchbay`).
On a live server `close_port` waits until everything sent has left (5 ms for 900 messages). A new connection is
not heard before the server's next cycles: what is sent at once is lost, silently.
"""

import time
from typing import Any

from daemon import midi_api
from daemon.ledger import Ledger
from daemon.midi import NOTE_OFF, NOTE_ON

SETTLE_S = 0.1  # a new JACK connection carries after two cycles; of 2048 samples at 44.1 kHz here


class MidiOutput:
    """One output port: another program's or device's, or with `virtual` one of jamd's own. [main]"""

    direction = "out"

    def __init__(self, name: str, ledger: Ledger, api: midi_api.Api = "auto", virtual: bool = False) -> None:
        """`name` is the port's name or a part that only it has (a virtual port's own), and its name in the ledger."""
        self.name = name
        self._ledger, self._api, self._virtual = ledger, api, virtual
        self._client: Any = None
        self._target = ""

    @property
    def is_open(self) -> bool:
        """Whether messages can leave."""
        return self._client is not None

    def open(self) -> None:
        """Open, and send the note-offs that a lost port still owes. Raises MidiError (lists the ports)."""
        client = midi_api.make("out", self._api)
        try:
            if self._virtual:
                client.open_virtual_port(self.name)
            else:
                index = midi_api.find(client, self.name)
                self._target = client.get_ports()[index]
                client.open_port(index, "midi")
        except BaseException:
            client.delete()
            raise
        self._client = client
        if not self._virtual and midi_api.resolve(self._api) == "jack":
            time.sleep(SETTLE_S)
        self.panic()

    def note_on(self, channel: int, note: int, velocity: int) -> bool:
        """Channel 0-15, note 0-127, velocity 1-127; False: the port is closed, nothing left."""
        if self._client is None:
            return False
        if self._ledger.on(self.name, channel, note):
            self.send(NOTE_OFF | channel, note, 0)
        return self.send(NOTE_ON | channel, note, velocity)

    def note_off(self, channel: int, note: int) -> bool:
        """Let one holder go; False: the port is closed, and the ledger keeps the note until it opens."""
        if self._client is None:
            return False
        if self._ledger.off(self.name, channel, note):
            return self._end(channel, note)
        return True

    def send(self, *message: int) -> bool:
        """Send the bytes of any message but a note's; False: the port is closed or went away."""
        if self._client is None:
            return False
        try:
            self._client.send_message(message)
        except OSError:  # what rtmidi's errors are
            self.lose()
            return False
        return True

    def panic(self) -> None:
        """End every note that sounds on this port, whoever holds it."""
        if self._client is not None:
            for note in self._ledger.panic(self.name):
                self._end(note.channel, note.note)

    def _end(self, channel: int, note: int) -> bool:
        """Send a note-off; where it does not leave, the ledger has the note again."""
        left = self.send(NOTE_OFF | channel, note, 0)
        if not left:
            self._ledger.on(self.name, channel, note)
        return left

    def is_there(self) -> bool:
        """Whether the port that is played still exists; asks the API, so once a second will do."""
        return self.is_open and (self._virtual or self._target in self._client.get_ports())

    def close(self) -> None:
        """End every note, let all of it leave, close. Safe when closed."""
        self.panic()
        self.lose()

    def lose(self) -> None:
        """Close a port that has gone; what sounds stays in the ledger, and is ended when the port is opened again."""
        if self._client is not None:
            client, self._client = self._client, None
            client.close_port()
            client.delete()

    def reopen(self) -> None:
        """Close and open again. Raises MidiError. After a JACK server's death, close all other JACK ports first."""
        self.lose()
        self.open()
