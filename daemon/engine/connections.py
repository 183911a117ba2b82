"""The connections of jamd's JACK ports, kept over the death of the server, of a peer, and of the engine.

A connection whose peer has gone waits for it; one that somebody cuts while both ports are there is no longer wanted.
"""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any

Pair = tuple[str, str]
"""A port of jamd's by its own short name, and the peer by its whole one."""


class Connections:
    """Knows what is connected and what is to be. [main]"""

    def __init__(self, client: Any, wanted: Iterable[Sequence[str]]) -> None:
        """`client` is an active jack.Client; `wanted` is made as soon as its peers are there."""
        self._client = client
        self.wanted: set[Pair] = {(own, peer) for own, peer in wanted}
        self.waiting = self.wanted

    def look(self) -> None:
        """Connect whose peer has come, and see what somebody else connected or cut since the last call."""
        for pair in self.waiting:
            self._connect(*pair)
        made = self._made()
        waiting = {pair for pair in self.wanted - made if pair in self.waiting or not self._is_there(pair[1])}
        self.wanted, self.waiting = made | waiting, waiting

    def _own(self) -> list[Any]:
        client = self._client
        return [*client.inports, *client.outports, *client.midi_inports, *client.midi_outports]

    def _made(self) -> set[Pair]:
        return {(port.shortname, peer.name) for port in self._own() for peer in self._client.get_all_connections(port)}

    def _is_there(self, peer: str) -> bool:
        from jack import JackError

        try:
            self._client.get_port_by_name(peer)
        except JackError:
            return False
        return True

    def _connect(self, own: str, peer: str) -> None:
        """Connect if the peer is there; what fails is tried again."""
        from jack import JackError

        for port in self._own():
            if port.shortname == own and self._is_there(peer):
                ends = (peer, port) if port.is_input else (port, peer)
                with contextlib.suppress(JackError):
                    self._client.connect(*ends)
