"""A place where Open Sound Control is taken, over UDP. It has no keys: whoever can send there may command jamd."""

import ipaddress
import socket

from daemon.osc.output import OscError, place, resolved
from daemon.osc_packet import Heard, PacketError, read

PACKET = 4096  # bytes; what is longer is refused
IN_A_TURN = 64  # packets
BYTES = 8192  # of them, the last one whole


class Input:
    """One UDP socket. [main]"""

    def __init__(self, given: str) -> None:
        """`given` is HOST:PORT. Raises OscError."""
        key = "osc.input"
        host, port = place(key, given, "127.0.0.1:9000")
        family, where = resolved(key, host, port)
        self.name = f"osc_in:{given}"
        is_own = ipaddress.ip_address(where[0].partition("%")[0]).is_loopback
        self.warning = (
            "" if is_own else f"whoever can send to {given} may command jamd; 127.0.0.1:{port} is for this machine"
        )
        self.errors = 0
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(where)
        except OSError as error:
            self._socket.close()
            remedy = "give a free port of one of this machine's addresses"
            raise OscError(f"{key}: cannot listen on {given}: {error.strerror}; {remedy}") from None
        self.fd = self._socket.fileno()

    def turn(self) -> tuple[list[Heard], str]:
        """The messages of the packets that have come, a bounded number of them; and the last of what is wrong."""
        out: list[Heard] = []
        left, wrong = BYTES, ""
        for _ in range(IN_A_TURN):
            if left <= 0:
                break
            try:
                packet, sender = self._socket.recvfrom(PACKET + 1)
            except BlockingIOError:
                break
            except OSError:  # nothing of what was received
                continue
            left -= len(packet)
            try:
                if len(packet) > PACKET:
                    raise PacketError(f"a packet of more than {PACKET} bytes")
                out += read(packet)
            except PacketError as error:
                self.errors += 1
                wrong = f"{error} (from {sender[0]})"
        return out, wrong

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
