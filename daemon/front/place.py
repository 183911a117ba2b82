"""Where the page is: HOST:PORT, its socket, and the token of who controls from another machine.

The token lies beside the keys (daemon.keyring), as long as nobody removes it.
"""

import contextlib
import errno
import ipaddress
import os
import secrets
import socket
from pathlib import Path
from typing import NamedTuple

from daemon.errors import UserError
from daemon.keyring import Keyring

BACKLOG = 128
TOKEN_BYTES = 24


class PageError(UserError):
    """An address that is none, or a token that cannot be kept; the text is one line with the remedy."""


class Place(NamedTuple):
    """`listening` is None where it is nowhere; `error`: why, and what to do."""

    listening: socket.socket | None = None
    where: str = ""  # HOST:PORT
    is_here: bool = True  # only this machine reaches it
    token: str = ""
    error: str = ""

    @property
    def url(self) -> str:
        """For a browser."""
        if self.listening is None:
            return ""
        host, _, port = self.where.rpartition(":")
        host = socket.gethostname() if host in ("0.0.0.0", "[::]") else host
        return f"http://{host}:{port}/" + (f"#token={self.token}" if self.token else "")


def opened(address: str, key: str = "page.address") -> Place:
    """Listen there. Raises PageError for what is no address; one that cannot be had is told in the place's `error`."""
    host, _, port = address.rpartition(":")
    name = host.removeprefix("[").removesuffix("]")
    try:
        where = ipaddress.ip_address("127.0.0.1" if name == "localhost" else name)
        is_right = port.isdecimal() and int(port) < 65536
    except ValueError:
        is_right = False
    if not is_right:
        raise PageError(f"{key}: {address!r} is no place; give an address of this machine and a port: 127.0.0.1:5580")
    family = socket.AF_INET6 if where.version == 6 else socket.AF_INET
    listening: socket.socket | None = None
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((str(where), int(port)))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        if listening is not None:
            listening.close()
        is_taken = error.errno == errno.EADDRINUSE
        why = "is another jamd running? give another port, or off" if is_taken else "give 127.0.0.1:5580, or off"
        return Place(None, address, error=f"{key}: cannot listen on {address}: {error.strerror}; {why}")
    at = f"{name if where.version == 4 else f'[{name}]'}:{listening.getsockname()[1]}"
    return Place(listening, at, where.is_loopback, "" if where.is_loopback else token(key))


def token(key: str, folder: Path | None = None) -> str:
    """Of this machine, made where there is none. Raises PageError."""
    path = (folder or Keyring().folder) / "token"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            made = secrets.token_urlsafe(TOKEN_BYTES)
            with open(path, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.write(made + "\n")
        found = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PageError(f"{key}: {path}: the token cannot be kept ({error}); give 127.0.0.1:5580, or mend it") from None
    if len(found) < TOKEN_BYTES:
        raise PageError(f"{path}: too short for a token; remove the file, and one is made")
    return found
