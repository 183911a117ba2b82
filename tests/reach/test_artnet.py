"""ArtDmx packets against Art-Net 4's table, byte by byte."""

import socket

from daemon.lights.artnet import PORT, Artnet, packet
from daemon.lights.sacn import CHANNELS
from tests.reach import dmx

LEVELS = bytes(k % 256 for k in range(CHANNELS))


def test_its_layout_is_that_of_the_standard() -> None:
    made = bytes(packet(0x234 + 1))
    assert len(made) == 18 + 512
    assert made[:8] == b"Art-Net\0"
    assert made[8:12].hex() == "0050" + "000e"  # OpDmx, low byte first; protocol 14, high byte first
    assert made[12:14] == bytes(2)  # sequence, physical
    assert (made[14], made[15]) == (0x34, 0x02)  # SubUni, Net: the 15 bits of the port-address
    assert made[16:18].hex() == "0200"  # 512, high byte first
    assert bytes(packet(1))[14:16] == bytes(2)  # sACN's first universe is Art-Net's 0


def test_levels_and_sequence_arrive() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rig:
        rig.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        host = dmx.address(2)
        rig.bind((host, PORT))
        rig.settimeout(5.0)
        out = Artnet((host,))
        found = []
        for _ in range(300):
            out.send(3, LEVELS)
            found.append(rig.recv(2048))
        out.close()
    assert {one[14] for one in found} == {2}
    assert {one[18:] for one in found} == {LEVELS}
    assert [one[12] for one in found] == [k % 255 + 1 for k in range(300)]  # 1 to 255: 0 would say that nobody counts
    assert out.drops == 0
