"""Who may connect: CurveZMQ (ZeroMQ RFC 26), whose server asks this machine's list of keys by ZAP (RFC 27).

The handler is a socket of the main loop's, not a thread: a busy loop delays who connects, and nobody else.
"""

import zmq
from zmq.utils import z85

from daemon.keyring import Key, Keyring, KeyringError

HANDSHAKE_BYTES = 1024  # the longest message of CURVE's own has about 300
IN_A_TURN = 16  # who connect
LINGER_MS = 200


class Gate:
    """The context of the daemon's sockets, and who may connect to those that need a key. [main]"""

    def __init__(self, keyring: Keyring | None = None, always: bool = False) -> None:
        """`always`: on this machine too."""
        self.keyring = keyring or Keyring()
        self.always = always
        self.context: zmq.Context = zmq.Context()
        self.socket: zmq.Socket | None = None
        """Where libzmq asks, as soon as a socket needs a key: `turn` when it is readable."""

    def guard(self, socket: zmq.Socket) -> None:
        """Let only who has an allowed key connect to a socket that is not bound yet. Raises KeyringError."""
        if not self.keyring.allowed():
            raise KeyringError("no key is allowed yet; run `jamd keys new NAME` for each who is to connect")
        secret = self.keyring.server().secret
        if not secret:
            raise KeyringError(f"{self.keyring.folder / 'server.key'}: the secret key is not in it; remove the file")
        if self.socket is None:
            self.socket = self.context.socket(zmq.REP)
            self.socket.bind("inproc://zeromq.zap.01")
        socket.curve_server = True
        socket.curve_secretkey = secret.encode()
        socket.setsockopt(zmq.ZAP_DOMAIN, b"jamd")
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)  # nobody who could not be asked about
        socket.setsockopt(zmq.MAXMSGSIZE, max(HANDSHAKE_BYTES, socket.getsockopt(zmq.MAXMSGSIZE)))

    def turn(self) -> None:
        """Say of those that wait whether they may."""
        if self.socket is None:
            return
        for _ in range(IN_A_TURN):
            try:
                asked = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            name = self._name(asked)
            code, text = (b"200", b"OK") if name else (b"400", b"no key that is allowed")
            self.socket.send_multipart([*asked[:2], code, text, name.encode(), b""])

    def close(self) -> None:
        """Send what is queued for at most 0.2 s and close every socket of the context."""
        self.context.destroy(LINGER_MS)

    def _name(self, asked: list[bytes]) -> str:
        """Of who asks, empty for nobody who may: version, request, domain, address, identity, mechanism, key."""
        if len(asked) != 7 or asked[0] != b"1.0" or asked[5] != b"CURVE" or len(asked[6]) != 32:
            return ""
        try:
            return self.keyring.allowed().get(z85.encode(asked[6]).decode(), "")
        except KeyringError:  # a list that cannot be read allows nobody
            return ""


def identify(socket: zmq.Socket, key: Key) -> None:
    """Have a socket that is not connected yet say who it is, and talk to that daemon only."""
    socket.curve_publickey, socket.curve_secretkey = key.public.encode(), key.secret.encode()
    socket.curve_serverkey = key.server.encode()
