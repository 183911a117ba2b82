"""Art-Net: DMX512 levels over UDP. Source: Artistic Licence, *Art-Net 4 Protocol Release* V1.4, ArtDmx.

Universe 1 of jamd, as of sACN, is port-address 0 of Art-Net (net 0, sub-net 0, universe 0).
"""

import socket

from daemon.lights.sacn import CHANNELS, resolved

PORT = 6454
_SEQUENCE, _LEVELS = 12, 18
_OP_DMX, _VERSION = 0x5000, 14


def packet(universe: int) -> bytearray:
    """An ArtDmx packet with all levels 0; `universe` 1 to 32768. [any]"""
    made = bytearray(_LEVELS + CHANNELS)
    made[0:8] = b"Art-Net\x00"
    made[8:10] = _OP_DMX.to_bytes(2, "little")
    made[10:12] = _VERSION.to_bytes(2, "big")
    made[14:16] = (universe - 1).to_bytes(2, "little")  # SubUni, Net
    made[16:18] = CHANNELS.to_bytes(2, "big")
    return made


class Artnet:
    """All universes' packets to some hosts. Nothing here waits. [any, one thread]"""

    def __init__(self, hosts: tuple[str, ...]) -> None:
        """`hosts`: addresses; one that ends in .255 is a broadcast. Raises LightError."""
        self.drops = 0
        self.error = ""  # why the last packet did not leave
        self._hosts = [resolved("lights.artnet", host) for host in hosts]
        self._packets: dict[int, bytearray] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self._socket.setblocking(False)

    def send(self, universe: int, levels: bytes | bytearray, last: bool = False) -> None:
        """Send 512 levels. Art-Net has no end of a stream: `last` changes nothing."""
        made = self._packets.get(universe)
        if made is None:
            made = self._packets[universe] = packet(universe)
        made[_SEQUENCE] = made[_SEQUENCE] % 255 + 1  # 0 would say: not counted
        made[_LEVELS:] = levels
        self.error = ""
        for host in self._hosts:
            try:
                self._socket.sendto(made, (host, PORT))
            except BlockingIOError:
                self.drops += 1
            except OSError as error:
                self.drops += 1
                self.error = f"lights.artnet: {host}: {error.strerror}; is it on this network?"

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()
