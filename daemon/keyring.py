"""The folder of CurveZMQ keys: the daemon's own, those that may connect, and those made for others.

~/.config/jamd/keys (XDG_CONFIG_HOME, or JAMD_KEYS itself) holds `server.key`, made when it is first needed; `allowed`, lines
of a name and a public key; and `clients/NAME.key`, to be taken to who is to connect. Keys are 40 characters of Z85 (ZeroMQ
RFC 32); a file's lines are as zmq.auth reads them.
"""

import contextlib
import os
import re
import struct
from pathlib import Path
from typing import NamedTuple

import zmq
from zmq.utils import z85

from daemon.errors import UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LINE = re.compile(r"""^\s*(public|secret|server)-key\s*=\s*["']?([^"'\s]{40})["']?\s*$""", re.M)
FILE_BYTES = 10_000  # of a key's file at most


class KeyringError(UserError):
    """A key that cannot be read, made, allowed or revoked; the text is one line with the remedy."""


class Key(NamedTuple):
    """Half a pair, a pair, or a pair and whom it opens; empty: not known."""

    public: str = ""
    secret: str = ""
    server: str = ""  # the daemon's public key


def is_key(text: str) -> bool:
    """Whether that is a key in Z85."""
    try:
        return len(text) == 40 and z85.encode(z85.decode(text)).decode() == text
    except (ValueError, KeyError, struct.error):  # as z85 says it
        return False


def read(path: Path) -> Key:
    """A key's file, of jamd or of zmq.auth. Raises KeyringError."""
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES).decode()
    except OSError as error:
        raise KeyringError(f"{path}: {error.strerror}; `jamd keys new NAME` makes a key") from None
    except UnicodeDecodeError:
        text = ""
    key = Key(**dict(_LINE.findall(text)))
    if not key.public or not all(is_key(part) for part in key if part):
        raise KeyringError(f'{path}: no key is in it; its lines are such as public-key = "{"0" * 40}"')
    return key


def identity(path: Path | None, server: str) -> Key:
    """Who asks a daemon that demands keys: a file, and the daemon's key where that holds none. Raises KeyringError."""
    if path is None:
        raise KeyringError("--server-key goes with --key FILE; `jamd keys new NAME` on the daemon's machine makes one")
    key = read(path)
    if not key.secret:
        raise KeyringError(f"--key {path}: only a public key is in it; give the file that holds the secret one, too")
    if server and not is_key(server):
        raise KeyringError(f"--server-key {server!r}: a key has 40 characters; `jamd keys list` there prints it")
    if not (server or key.server):
        raise KeyringError(
            f"--key {path} does not hold the daemon's key: give --server-key, as `jamd keys list` there says"
        )
    return key._replace(server=server or key.server)


class Keyring:
    """One folder. [any]"""

    def __init__(self, folder: Path | None = None) -> None:
        """Opens nothing yet; the folder is the user's own where none is given."""
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        self.folder = folder or Path(os.environ.get("JAMD_KEYS") or Path(home, "jamd", "keys"))
        self._seen: tuple[int, int, int] | None = None
        self._allowed: dict[str, str] = {}

    def server(self) -> Key:
        """The daemon's own, made where there is none. Raises KeyringError."""
        path = self.folder / "server.key"
        if not path.exists():
            public, secret = _pair()
            with contextlib.suppress(FileExistsError):  # another jamd was first
                _write(path, Key(public, secret), "jamd's own key: with it, others could pass for this machine.")
        return read(path)

    def allowed(self) -> dict[str, str]:
        """Public key -> name, as the file says it now. Raises KeyringError for a line that says nothing."""
        path = self.folder / "allowed"
        try:
            stat = path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen == self._seen:
                return self._allowed
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            self._seen, self._allowed = None, {}
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise KeyringError(f"{path}: it cannot be read ({error}); remove it and allow the keys anew") from None
        found = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            name, _, public = line.strip().partition(" ")
            if not NAME.fullmatch(name) or not is_key(public.strip()):
                raise KeyringError(f"{path}, line {number}: no name and public key; take the line out, or mend it")
            found[public.strip()] = name
        self._seen, self._allowed = seen, found
        return found

    def new(self, name: str) -> Path:
        """Make a pair, allow its public half, and give the file to be taken to who is to connect. Raises KeyringError."""
        self._check(name)
        public, secret = _pair()
        path = self.folder / "clients" / f"{name}.key"
        try:
            _write(
                path, Key(public, secret, self.server().public), f"The key of {name}: who has it may connect to jamd."
            )
        except FileExistsError:
            raise KeyringError(f"{path}: there is one already; take it, or remove it first") from None
        self.allow(public, name)
        return path

    def allow(self, public: str, name: str) -> None:
        """Let who has this key connect from now on. Raises KeyringError."""
        self._check(name)
        if not is_key(public):
            raise KeyringError(f"{public!r} is no public key: one has 40 characters; give it, or a file that holds it")
        if known := self.allowed().get(public):
            raise KeyringError(f"that key is allowed already, as {known}")
        if public == self.server().public:
            raise KeyringError("that is jamd's own public key; give the client's")
        with open(_folder(self.folder) / "allowed", "a", encoding="utf-8", opener=_private) as file:
            file.write(f"{name} {public}\n")

    def revoke(self, name: str) -> None:
        """Refuse a key from its next connection on. Raises KeyringError."""
        left = {public: other for public, other in self.allowed().items() if other != name}
        if len(left) == len(self.allowed()):
            raise KeyringError(f"no key is allowed as {name!r}; `jamd keys list` says which are")
        beside = self.folder / "allowed.new"
        with open(beside, "w", encoding="utf-8", opener=_private) as file:
            file.writelines(f"{other} {public}\n" for public, other in left.items())
        beside.replace(self.folder / "allowed")

    def _check(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise KeyringError(f"{name[:80]!r} is no name: give letters, digits, and . _ - within")
        if name in self.allowed().values():
            raise KeyringError(f"a key is allowed as {name} already; take another name, or: jamd keys revoke {name}")


def _pair() -> tuple[str, str]:
    """Public and secret; the public one can be given to a command as it is, in quotes."""
    while True:
        public, secret = zmq.curve_keypair()
        if public[:1].isalnum():  # a hyphen would begin an option
            return public.decode(), secret.decode()


def _folder(path: Path) -> Path:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyringError(f"{path}: {error.strerror}; JAMD_KEYS may name another folder") from None
    return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(path: Path, key: Key, about: str) -> None:
    """Raises FileExistsError, KeyringError."""
    _folder(path.parent)
    lines = [f'{kind}-key = "{part}"\n' for kind, part in zip(Key._fields, key, strict=True) if part]
    with open(path, "x", encoding="utf-8", opener=_private) as file:
        file.writelines([f"# {about}\n", *lines])
