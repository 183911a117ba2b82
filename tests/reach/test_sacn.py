"""sACN packets against the standard's tables, and as the library `sacn` reads and would write them."""

from contextlib import closing

import pytest
import sacn
from hypothesis import given, settings
from hypothesis import strategies as some

from daemon.lights.sacn import CHANNELS, LightError, Sacn, cid, multicast, packet, resolved
from tests.reach import dmx

LEVELS = bytes(k % 256 for k in range(CHANNELS))


@given(some.integers(1, 63999), some.integers(0, 200))
@settings(deadline=None, derandomize=True)
def test_a_packet_is_the_one_that_the_library_would_send(universe: int, priority: int) -> None:
    theirs = sacn.DataPacket(tuple(cid()), "jamd", universe, (0,) * CHANNELS, priority)
    assert bytes(packet(universe, priority)) == bytes(theirs.getBytes())


def test_its_layout_is_that_of_the_standard() -> None:
    made = bytes(packet(0x1234, 150))
    assert len(made) == 638
    assert made[:16].hex() == "0010" + "0000" + b"ASC-E1.17\0\0\0".hex()
    assert made[16:22].hex() == "726e" + "00000004"  # flags 7 and the 622 octets that follow; root vector
    assert made[38:44].hex() == "7258" + "00000002"
    assert made[44:108] == b"jamd".ljust(64, b"\0")
    assert made[108:115].hex() == "96" + "0000" + "00" + "00" + "1234"  # priority, sync, sequence, options, universe
    assert made[115:126].hex() == "720b" + "02" + "a1" + "0000" + "0001" + "0201" + "00"
    assert cid() == cid() and len(cid()) == 16


def test_levels_sequence_and_end_arrive() -> None:
    with dmx.rig(1) as rig, closing(Sacn((rig.host,), 120)) as out:
        for count in range(1, 301):
            out.send(7, LEVELS)
            if count % 50 == 0:  # no more than the receiver's buffer holds
                rig.wait(lambda found: len(found) == count)  # noqa: B023
        out.send(8, bytes(CHANNELS))
        out.send(7, LEVELS, last=True)
        found = [one.packet for one in rig.wait(lambda found: len(found) == 302)]
    sevens = [one for one in found if one.universe == 7]
    assert [one.sequence for one in sevens] == [(k + 1) % 256 for k in range(301)]
    assert bytes(sevens[0].dmxData) == LEVELS
    assert {(one.priority, one.sourceName, one.cid) for one in found} == {(120, "jamd", tuple(cid()))}
    assert [one.option_StreamTerminated for one in sevens] == [False] * 300 + [True]
    assert [one.sequence for one in found if one.universe == 8] == [1]  # each universe counts for itself
    assert out.drops == 0


def test_nobody_there_is_counted_and_waits_for_nobody() -> None:
    out = Sacn((dmx.address(9),), 100)  # ICMP says that nobody listens
    for _ in range(10):
        out.send(1, LEVELS)
    out.close()


def test_a_universe_has_its_multicast_group() -> None:
    assert multicast(1) == "239.255.0.1"
    assert multicast(63999) == "239.255.249.255"


def test_a_host_that_nobody_knows_is_named() -> None:
    with pytest.raises(
        LightError, match=r"lights\.sacn: nobody knows the host 'no-such-host\.invalid'; give an address"
    ):
        resolved("lights.sacn", "no-such-host.invalid")
