"""A note sent at a frame of a real JACK server to a hosted instrument sounds from that very frame, whatever the block."""

import time
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from daemon.config import parse
from daemon.engine.supervisor import Supervisor
from daemon.order import order
from daemon.plugins.plugin import PluginError
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Done, News, Order

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

RATE = 48000
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"
LATE = "lv2:urn:zamaudio:ZaMaximX2"  # 480 samples
EVERY = 2 * RATE + 1001  # frames between notes: longer than one rings, and no multiple of a block


@pytest.fixture(params=["instrument", "and a late effect"])
def engine(request, fresh_jack_server) -> Iterator[tuple[Supervisor, int]]:
    """An engine that hosts an electric piano, and how late that is."""
    from daemon.plugins.catalogue import open_plugin

    late = request.param != "instrument"
    names = [EPIANO, LATE] if late else [EPIANO]
    try:
        for name in names:
            open_plugin(name, RATE, 1024).close()
    except PluginError as error:
        pytest.skip(f"{error} (sudo apt install mda-lv2 zam-plugins)")
    config = parse({"engine": {"driver": "jack", "device": "none"}, "midi": {"api": "off"}})
    supervisor = Supervisor(order(config))
    slots = [Slot(name, uid=k + 1) for k, name in enumerate(names)]
    document = Document([Chain("keys", input="none", midi=["jack"], plugins=slots, uid=9)])
    supervisor.on_start = lambda way: way.send_bytes(msgspec.msgpack.encode(Order(1, document)))
    supervisor.start()
    ends_at = time.monotonic() + 240.0
    while not any(news["engine"] == "running" for news in supervisor.poll()):
        assert time.monotonic() < ends_at, "the engine does not start"
        time.sleep(0.05)
    said = msgspec.msgpack.decode(supervisor.connection.recv_bytes(), type=Done | News)
    assert isinstance(said, Done) and not said.failed, said
    yield supervisor, 480 if late else 0
    supervisor.close()


@pytest.mark.parametrize("fresh_jack_server", [64, 256, 1024], indirect=True)
def test_a_note_sounds_from_its_frame(engine) -> None:
    _, late = engine
    client, listener = (
        jack.Client("player"),
        jack.Client("listener"),
    )  # one client for both would be a loop: a block late
    keys, ear = client.midi_outports.register("keys"), listener.inports.register("ear")
    score: list[tuple[int, tuple[int, int, int]]] = []
    sound: list[tuple[int, np.ndarray]] = []
    now = [0]

    @client.set_process_callback
    def play(n: int) -> None:
        now[0] = start = client.last_frame_time
        keys.clear_buffer()
        while score and score[0][0] < start + n:
            frame, message = score.pop(0)
            keys.write_midi_event(frame - start, message)

    @listener.set_process_callback
    def listen(n: int) -> None:
        sound.append((listener.last_frame_time, ear.get_array().copy()))

    client.activate()
    listener.activate()
    client.connect("player:keys", "jamd:midi_in")
    client.connect("jamd:out_1", "listener:ear")
    time.sleep(0.5)
    client.set_freewheel(True)  # the server waits for every client: no block is lost to a busy machine
    first = now[0] + RATE
    frames = [first + k * EVERY for k in range(8)]
    score += sorted(
        [(frame, (0x90, 60 + k, 100)) for k, frame in enumerate(frames)]
        + [(frame + RATE // 2, (0x80, 60 + k, 0)) for k, frame in enumerate(frames)]
    )
    ends_at = time.monotonic() + 60.0
    while now[0] < frames[-1] + RATE:
        assert time.monotonic() < ends_at, "JACK does not go on"
        time.sleep(0.02)
    client.set_freewheel(False)
    for one in (client, listener):
        one.deactivate()
        one.close()
    loud = np.concatenate(
        [start + np.flatnonzero(np.abs(samples) > 1e-9) for start, samples in sorted(dict(sound).items())]
    )
    for frame in frames:
        before = loud[loud < frame + late]
        assert loud[np.searchsorted(loud, frame)] == frame + late, "the note begins elsewhere"
        assert before.size == 0 or before[-1] < frame - 1, "the note before still sounds: nothing is shown"
