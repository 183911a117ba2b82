"""How uvicorn serves the page: bounded in connections, in what they send, and in how long they may say nothing."""

import asyncio
import socket
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.web.socket import MESSAGE_BYTES

CONNECTIONS = 256
REQUEST_S = 10.0  # for a request's first lines
WAITING_BYTES = 32 << 10  # on their way to a page: it is a second behind where it reads slowly, and not a minute
READ_S, READ_BYTES = 120.0, 1 << 20  # whoever takes less of an answer in that time, and not all of it, is cut off
PING_S = 20.0  # a page that says nothing as long again has gone


class Patient(H11Protocol):
    """HTTP that does not wait for ever for a request, nor for whoever does not read, nor for too many clients. [front]"""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= CONNECTIONS:
            transport.abort()
            return
        end = transport.get_extra_info("socket")
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WAITING_BYTES)
        transport.set_write_buffer_limits(high=WAITING_BYTES)
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        self._is_read()
        if self.transport is not None:
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_read()
        self._look_later()

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._is_read()  # from here on another protocol is told
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._late is None:
            self._wait()

    def _wait(self) -> None:
        self._late = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _look_later(self) -> None:
        self._unread = self.loop.call_later(READ_S, self._look, self.transport.get_write_buffer_size())

    def _look(self, left: int) -> None:
        if self.transport.get_write_buffer_size() > left - READ_BYTES:
            self.transport.abort()
        else:
            self._look_later()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


SETTINGS: dict[str, Any] = {
    "http": Patient,
    "ws": "websockets-sansio",
    "ws_max_size": MESSAGE_BYTES,
    "ws_ping_interval": PING_S,
    "ws_ping_timeout": PING_S,
    "ws_per_message_deflate": False,
    "lifespan": "on",
    "log_level": "critical",  # who sends what is no HTTP fills no log; defects are told by daemon.web.guard
    "access_log": False,
    "server_header": False,
    "date_header": False,
    "timeout_keep_alive": 5,
    "timeout_graceful_shutdown": 1,
}
"""For uvicorn.Config(application(page), **SETTINGS)."""
