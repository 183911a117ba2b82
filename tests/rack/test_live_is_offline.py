"""Live = offline: a file through a rack of real plugins in the engine on a real JACK server, and the same by hand."""

import time

import msgspec
import numpy as np
import pytest
import soundfile

from daemon.config import parse
from daemon.engine import offline
from daemon.engine.supervisor import Supervisor
from daemon.order import order
from daemon.rack.model import Chain, Document, Send, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack

jack = pytest.importorskip("jack", reason="JACK-Client finds no libjack (apt install jackd2)", exc_type=OSError)

RATE, PERIOD = 48000, 256
QUIET = 1e-6  # what a plugin adds to silence, against denormals
LEAD, SECONDS = 2.5, 5.0  # silence in which to connect; all of it fits into the source ring
DOCUMENT = Document(
    [
        Chain(
            "a",
            plugins=[
                Slot("lv2:urn:zamaudio:ZamCompX2", uid=1, mix=0.7),
                Slot("lv2:urn:zamaudio:ZaMaximX2", uid=2),
                Slot("clap:com.zamaudio.ZamEQ2", uid=3),
            ],
            sends=[Send("hall", -9.0)],
            uid=10,
        ),
        Chain("b", gain_db=-6.0, pan=0.3, uid=11),
        Chain("hall", input="none", plugins=[Slot("lv2:urn:zamaudio:ZamDelay", uid=4)], uid=12),
    ]
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A path, and the samples (2, n) that it holds: silence, then noise that comes and goes."""
    rng = np.random.default_rng(5)
    n = round(SECONDS * RATE)
    noise = 0.2 * rng.standard_normal((2, n)) * (0.5 + 0.5 * np.sin(np.arange(n) / 3000))
    noise[:, : round(LEAD * RATE)] = 0
    path = tmp_path_factory.mktemp("sound") / "noise.wav"
    soundfile.write(path, noise.T, RATE, subtype="PCM_24")
    return path, soundfile.read(path, dtype="float32")[0].T


def by_hand(samples: np.ndarray) -> np.ndarray:
    engine, rack = offline.Engine(RATE, 2, []), Rack(RATE)
    done = rack.carry_out(Order(1, DOCUMENT))
    if done.failed:
        rack.close()
        pytest.skip(f"{next(iter(done.failed.values()))} (sudo apt install zam-plugins)")
    engine.state["rack"], engine.state["wet"] = rack.native, 1.0
    out = []
    for start in range(0, samples.shape[1], PERIOD):
        part = samples[:, start : start + PERIOD]
        engine.process(part)
        out.append(engine.state["output"][0, :, : part.shape[1]].copy())
    rack.close()
    return np.concatenate(out, axis=1)


def test_the_engine_plays_to_the_sample_what_is_rendered(fresh_jack_server, sound) -> None:
    path, samples = sound
    expected = by_hand(samples)
    config = parse({"engine": {"driver": "jack", "device": "none", "input": str(path)}, "midi": {"api": "off"}})
    supervisor = Supervisor(order(config))
    supervisor.on_start = lambda way: way.send_bytes(msgspec.msgpack.encode(Order(1, DOCUMENT)))
    listener = jack.Client("listener")
    ears = [listener.inports.register(f"ear_{c}") for c in range(2)]
    heard: dict[int, np.ndarray] = {}

    @listener.set_process_callback
    def listen(n: int) -> None:
        heard[listener.last_frame_time] = np.stack([ear.get_array() for ear in ears])

    listener.activate()
    supervisor.start()
    news: list[dict] = []
    ends_at = time.monotonic() + 240.0
    while not any(item["engine"] == "running" for item in news):
        assert time.monotonic() < ends_at, "the engine does not start"
        news += supervisor.poll()
        time.sleep(0.002)
    for c in range(2):
        listener.connect(f"jamd:out_{c + 1}", ears[c])
    listener.set_freewheel(True)  # the server waits for every client
    while not any(item["engine"] == "ended" for item in news):
        assert time.monotonic() < ends_at, "the engine does not end"
        news += supervisor.poll()
        time.sleep(0.01)
    listener.set_freewheel(False)
    listener.deactivate()
    listener.close()
    supervisor.close()
    loud = np.concatenate([start + np.flatnonzero(np.abs(part[0]) > QUIET) for start, part in sorted(heard.items())])
    first = int(loud[0]) - int(np.flatnonzero(np.abs(expected[0]) > QUIET)[0])
    compared = 0
    for start, part in sorted(heard.items()):
        at = start - first
        if LEAD * RATE - PERIOD <= at <= expected.shape[1] - part.shape[1]:
            np.testing.assert_array_equal(part, expected[:, at : at + part.shape[1]], err_msg=f"sample {at}")
            compared += part.shape[1]
    assert compared > 0.95 * (SECONDS - LEAD) * RATE
