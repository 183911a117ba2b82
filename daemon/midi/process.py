"""The MIDI process: holds the ports, stamps what comes, sends what it is told, and may be ended at any moment.

When the daemon goes, however it goes, the socket closes and every note that sounds gets its note-off from here; and so it
does when the daemon says nothing for too long.
Everything runs on this process's main thread.
"""

import contextlib
import os
import select
import socket
import sys
import time

import msgspec

from daemon.child import linked
from daemon.midi import api as rtmidi_api
from daemon.midi.jack_watch import JackWatch
from daemon.midi.link import BATCH, Alive, AllOff, Order, Play, Played, Silence, Turning
from daemon.midi.patchbay import Patchbay
from daemon.midi.ports import MidiInput, MidiOutput
from daemon.midi.waiting import Waiting
from daemon.packets import Gone, received, tell
from daemon.pulse import Pulse

VIRTUAL_IN, VIRTUAL_OUT = "jamd in", "jamd out"
JACK_DIED = 3
"""The exit code that says so."""

POLL_S = 0.001
ALIVE_S = 0.25

_decode = msgspec.msgpack.Decoder(Play | Silence | AllOff | Turning).decode


def main() -> None:
    """Work until the daemon's end of the socket closes or the JACK server dies."""
    daemon = linked()
    order = msgspec.json.decode(sys.argv[2], type=Order)
    api: rtmidi_api.Api = order.api  # type: ignore[assignment]
    virtual = order.virtual and rtmidi_api.has_virtual(api)
    inputs = [MidiInput(name, api) for name in order.inputs] + [MidiInput(VIRTUAL_IN, api, True)] * virtual
    outputs = [MidiOutput(name, api) for name in order.outputs] + [MidiOutput(VIRTUAL_OUT, api, True)] * virtual
    watched = bool(inputs or outputs) and rtmidi_api.is_jack(api)
    bay = Patchbay([*inputs, *outputs], JackWatch if watched else None)
    with contextlib.suppress(Gone):
        _work(daemon, bay, inputs, {output.name: output for output in outputs})
    for output in outputs:
        output.end_all()
    bay.settle()  # JACK may cut a connection before its last cycle is heard
    for output in outputs:
        output.close()
    os._exit(0)  # what else is open ends with the process; closing it could only hang


def _work(daemon: socket.socket, bay: Patchbay, inputs: list[MidiInput], outputs: dict[str, MidiOutput]) -> None:
    """Until the daemon has gone: raises Gone."""
    alive_at, lost, waiting = 0.0, 0, Waiting(outputs)
    pulse, heard = Pulse(), 0
    while True:
        if select.select([daemon], [], [], waiting.sleep_s(POLL_S))[0]:
            heard += _take(daemon, waiting)
        if pulse.look(heard, time.monotonic()):
            waiting.end_all()
        waiting.turn()
        if bay.dead:
            os._exit(JACK_DIED)
        for port in inputs:
            if port.is_open:
                found = port.read()
                for k in range(0, len(found), BATCH):
                    batch = found[k : k + BATCH]
                    lost += 0 if tell(daemon, Played(batch)) else len(batch)
        now = time.monotonic()
        if now >= alive_at:
            tell(daemon, Alive(lost))
            alive_at = now + ALIVE_S
        for news in bay.poll(now):
            tell(daemon, news)


def _take(daemon: socket.socket, waiting: Waiting) -> int:
    """Read what the daemon says, and how often that it turns. Raises Gone."""
    turned = 0
    for packet in received(daemon):
        said = _decode(packet)
        if isinstance(said, Silence):
            waiting.silence(said.port)
        elif isinstance(said, AllOff):
            waiting.end_all()
        elif isinstance(said, Turning):
            turned += 1
        else:
            waiting.put(said.port, said.data, said.at_ns)
            waiting.turn()
    return turned


if __name__ == "__main__":
    main()
