"""jamd's MIDI ports and what is played on them, as messages: what of MIDI the app's loop turns.

MIDI that is not there (no sequencer, no JACK, no such port) is one message, never an error.
"""

import time
from collections.abc import Callable, Sequence

from daemon import messages as m
from daemon import midi_api
from daemon.engine.link import Wake
from daemon.inputs.midi_ports import Arrivals, MidiInput
from daemon.jack_watch import JackWatch
from daemon.keyboard import Keyboard
from daemon.ledger import Ledger
from daemon.outputs.midi_out import MidiOutput
from daemon.patchbay import Patchbay, Port

VIRTUAL_IN, VIRTUAL_OUT = "jamd in", "jamd out"


class MidiDesk:
    """The ports, the player's hands, and the notes that leave. [main]"""

    def __init__(self, api: midi_api.Api, inputs: Sequence[str], outputs: Sequence[str], virtual: bool) -> None:
        """Nothing is open before the first `turn`. `virtual` adds ports of jamd's own where the platform has them."""
        self.wake = Wake()  # readable when something has arrived
        self.keyboard = Keyboard(48000)
        self._arrivals = Arrivals(self.wake.ring)
        virtual = virtual and midi_api.has_virtual(api)
        named = [(name, False) for name in inputs] + [(VIRTUAL_IN, True)] * virtual
        ledger = Ledger()
        self.outputs = [MidiOutput(name, ledger, api) for name in outputs]
        if virtual:
            self.outputs.append(MidiOutput(VIRTUAL_OUT, ledger, api, virtual=True))
        ports: list[Port] = [*(MidiInput(name, self._arrivals, api, own) for name, own in named), *self.outputs]
        self._bay = Patchbay(ports, JackWatch if ports and midi_api.is_jack(api) else None)

    def turn(self, sample_time: Callable[[int], int]) -> list[m.Message]:
        """Look after the ports and take what was played; `sample_time` puts CLOCK_MONOTONIC ns on the stream."""
        self.wake.clear()
        now_ns = time.monotonic_ns()
        news = self._bay.poll(now_ns * 1e-9)
        said: list[m.Message] = []
        for message in self._arrivals.take():
            said += self.keyboard.feed(message, sample_time(message.monotonic_ns))
        for port, direction, state, error in news:
            now = sample_time(now_ns)
            if state == "lost" and direction == "in":
                said += self.keyboard.lose(port, now)
            said.append(
                m.MidiPort(sample_time=now, known_at=now, port=port, direction=direction, state=state, error=error)
            )
        return said

    def close(self) -> None:
        """End every note that left, and close the ports."""
        self._bay.close()
        self._arrivals.close()
        self.wake.close()
