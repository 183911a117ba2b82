"""A chain hears the MIDI channel it is told to, and no other; 0 is all of them."""

import numpy as np
import pytest

from daemon.engine import offline
from daemon.engine import state as st
from daemon.rack.model import Chain, Document, Slot
from daemon.rack.protocol import Order
from daemon.rack.rack import Rack
from dsp.block import GENERATOR_PORT, MIDI

RATE, BLOCK = 48000, 256


@pytest.mark.parametrize("wanted", [0, 1, 2, 10, 16])
def test_a_chain_hears_its_channel_alone(wanted: int) -> None:
    engine, rack = offline.Engine(RATE, 2, []), Rack(RATE)
    engine.state["rack"], engine.state["wet"] = rack.native, 1.0
    slot = Slot("jamd:synth", uid=1)
    chain = Chain("keys", input="none", midi=["generator"], channel=wanted, plugins=[slot], uid=9)
    done = rack.carry_out(Order(1, Document([chain])))
    assert not done.failed, done.failed
    ring, heard = engine.state["generated"][0], set()
    for channel in range(1, 17):
        at = int(engine.state["sample_time"][0])
        for status, when in ((0x90, at), (0x80, at + 1000)):
            message = (when, GENERATOR_PORT, status | (channel - 1), 69, 100, [0, 0, 0])
            ring["entries"][int(ring["written"]) % st.N_MIDI] = np.array(message, MIDI)
            ring["written"] += 1
        loudest = 0.0
        for block in range(96):
            engine.process(np.zeros((2, BLOCK), np.float32))
            if block < 4:
                loudest = max(loudest, float(np.abs(engine.state["output"][0, :, :BLOCK]).max()))
        if loudest > 1e-3:
            heard.add(channel)
    rack.close()
    assert heard == (set(range(1, 17)) if wanted == 0 else {wanted})
