"""A hosted instrument plays its notes on their sample, whatever the block: from a ring, and through a real JACK server."""

import numpy as np
import pytest

from daemon.engine import offline
from daemon.engine import state as st
from daemon.plugins.plugin import PluginError
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack
from dsp.block import GENERATOR_PORT, MIDI
from tests.plugins import build

RATE = 48000
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"


@pytest.fixture(params=["epiano", "synth", "built in"])
def instrument(request, tmp_path_factory, monkeypatch) -> tuple[str, int]:
    """A plugin's name, and how many samples after its note's it is still silent."""
    from daemon.plugins.catalogue import open_plugin

    if request.param == "epiano":
        try:
            open_plugin(EPIANO, RATE, 1024).close()
        except PluginError as error:
            pytest.skip(f"{error} (sudo apt install mda-lv2)")
        return EPIANO, 0
    if request.param == "built in":
        return "jamd:synth", 0
    folder = tmp_path_factory.mktemp("clap")
    build.build(folder)
    monkeypatch.setenv("CLAP_PATH", str(folder))
    return f"clap:{build.SYNTH}", 0


def put(state: np.ndarray, at: int, status: int, note: int, velocity: int) -> None:
    ring = state["generated"][0]
    ring["entries"][int(ring["written"]) % st.N_MIDI] = np.array(
        (at, GENERATOR_PORT, status, note, velocity, [0, 0, 0]), MIDI
    )
    ring["written"] += 1


@pytest.mark.parametrize("block", [16, 64, 100, 441, 1024, 5000])
def test_a_note_sounds_from_its_sample(instrument, block: int) -> None:
    name, late = instrument
    engine, rack = offline.Engine(RATE, 2, []), Rack(RATE)
    engine.state["rack"], engine.state["wet"] = rack.native, 1.0
    chain = Chain("keys", input="none", midi=["generator"], plugins=[Slot(name, uid=1)], uid=9)
    done = rack.carry_out(Order(1, Document([chain])))
    assert not done.failed, done.failed
    at = 6417
    put(engine.state, at, 0x90, 69, 100)
    put(engine.state, at + 4000, 0x80, 69, 0)
    out = []
    for start in range(0, 3 * 5000, block):
        engine.process(np.zeros((2, block), np.float32))
        out.append(engine.state["output"][0, 0, :block].copy())
        del start
    rack.close()
    sound = np.concatenate(out)
    assert np.flatnonzero(sound)[0] == at + late + rack.latency
    assert int(engine.state["late_midi"][0]) == 0
