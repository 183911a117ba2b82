"""Keys, with real sockets: who is allowed is served, anybody else is not; and the commands that say who is."""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
import zmq.auth
from click.testing import CliRunner

from daemon import messages as m
from daemon.bind import BindError
from daemon.cli import main
from daemon.curve import Gate, identify
from daemon.keyring import Key, Keyring, KeyringError, identity, is_key, read
from daemon.outputs.zmq_latest import ZmqLatest
from daemon.outputs.zmq_pub import ZmqPublisher
from daemon.service.router import Router

HERE = "tcp://127.0.0.1:*"


@pytest.fixture
def ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keyring:
    monkeypatch.setenv("JAMD_KEYS", str(tmp_path / "keys"))
    return Keyring()


class Side:
    """The daemon's side: three sockets behind one gate, and its loop."""

    def __init__(self, ring: Keyring, address: str = HERE) -> None:
        self.gate = Gate(ring, always=True)
        self.stream = ZmqPublisher(address, gate=self.gate)
        self.latest = ZmqLatest(address, gate=self.gate)
        self.router = Router(address, lambda raw, as_json: raw, self._submit, self.gate)
        self._seq = 0

    def _submit(self, commands: list, reply, check: bool) -> None:
        reply({"ok": True, "results": [{}] * len(commands)})

    def turn(self) -> None:
        self.gate.turn()
        for publisher in (self.stream, self.latest):
            publisher.serve_joiners()
            publisher.publish(m.Onset(seq=self._seq, rate=48000, strength=0.5, band="low"))
        self._seq += 1
        self.router.turn()
        time.sleep(0.002)

    def serves(self, socket: zmq.Socket, seconds: float) -> bool:
        """Whether something comes to a socket within a time; what else has come to it is taken out first."""
        while socket.poll(0):
            socket.recv_multipart()
        ends_at = time.monotonic() + seconds
        while not socket.poll(0) and time.monotonic() < ends_at:
            self.turn()
        return bool(socket.poll(0))


@pytest.fixture
def side(ring: Keyring) -> Iterator[Side]:
    ring.new("ann")
    made = Side(ring)
    yield made
    made.gate.close()


@contextlib.contextmanager
def connected(kind: int, address: str, key: Key | None) -> Iterator[zmq.Socket]:
    """A reader of onsets, or one that has asked for something."""
    socket: zmq.Socket = zmq.Context.instance().socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    try:
        if key is not None:
            identify(socket, key)
        socket.connect(address)
        if kind == zmq.SUB:
            socket.subscribe(m.topic("onset"))
        else:
            socket.send(b'{"do": [{}]}')
        yield socket
    finally:
        socket.close()


def ways(side: Side) -> list[tuple[int, str]]:
    return [(zmq.SUB, side.stream.address), (zmq.SUB, side.latest.address), (zmq.DEALER, side.router.address)]


def pair() -> Key:
    public, secret = zmq.curve_keypair()
    return Key(public.decode(), secret.decode())


def test_an_allowed_key_opens_all_three_sockets(side: Side, ring: Keyring) -> None:
    key = read(ring.folder / "clients" / "ann.key")
    for kind, address in ways(side):
        with connected(kind, address, key) as socket:
            assert side.serves(socket, 5.0), address


@pytest.mark.parametrize("who", ["nobody", "stranger", "wrong secret", "wrong daemon", "impostor"])
def test_anybody_else_is_refused(side: Side, ring: Keyring, who: str) -> None:
    ann, other = read(ring.folder / "clients" / "ann.key"), pair()
    key = {
        "nobody": None,
        "stranger": other._replace(server=ann.server),
        "wrong secret": ann._replace(secret=other.secret),
        "wrong daemon": ann._replace(server=other.public),
        "impostor": other._replace(public=ann.public, server=ann.server),
    }[who]
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(connected(kind, address, key)) for kind, address in ways(side)]
        known = stack.enter_context(connected(zmq.SUB, side.stream.address, ann))
        assert side.serves(known, 5.0), "and is not kept from it by them"
        ends_at = time.monotonic() + 0.6
        while time.monotonic() < ends_at:
            side.turn()
        assert not any(socket.poll(0) for socket in sockets)


def test_the_list_is_read_anew_at_each_connection(side: Side, ring: Keyring) -> None:
    key = pair()._replace(server=ring.server().public)
    with connected(zmq.SUB, side.stream.address, key) as early:
        assert not side.serves(early, 0.4)
    Keyring(ring.folder).allow(key.public, "bob")
    with connected(zmq.SUB, side.stream.address, key) as served:
        assert side.serves(served, 5.0)
        Keyring(ring.folder).revoke("bob")
        assert side.serves(served, 5.0), "a connection that there is stays"
        with connected(zmq.SUB, side.stream.address, key) as late:
            assert not side.serves(late, 0.6)


def test_a_list_that_cannot_be_read_allows_nobody(side: Side, ring: Keyring) -> None:
    key = read(ring.folder / "clients" / "ann.key")
    (ring.folder / "allowed").write_text(f"ann {key.public}\nann\n")
    with connected(zmq.SUB, side.stream.address, key) as socket:
        assert not side.serves(socket, 0.6)
    (ring.folder / "allowed").write_text(f"# mended\nann {key.public}\n")
    with connected(zmq.SUB, side.stream.address, key) as socket:
        assert side.serves(socket, 5.0)


def test_nobody_is_let_in_while_nobody_answers_for_the_list(side: Side, ring: Keyring) -> None:
    key = read(ring.folder / "clients" / "ann.key")
    with connected(zmq.SUB, side.stream.address, key) as socket:
        for _ in range(100):
            side.stream.publish(m.Onset(strength=0.5, band="low"))
            assert not socket.poll(5)
        assert side.serves(socket, 5.0)


def test_an_address_that_others_reach_needs_a_key_that_is_allowed(ring: Keyring) -> None:
    gate = Gate(ring)
    with pytest.raises(BindError, match=r"zmq\.address: .* could be reached by other machines.*jamd keys new NAME"):
        ZmqPublisher("tcp://0.0.0.0:*", gate=gate)
    path = ring.new("ann")
    publisher = ZmqPublisher("tcp://0.0.0.0:*", gate=gate)
    port = publisher.address.rpartition(":")[2]
    with (
        connected(zmq.SUB, f"tcp://127.0.0.1:{port}", read(path)) as ann,
        connected(zmq.SUB, f"tcp://127.0.0.1:{port}", None) as nobody,
    ):
        for _ in range(300):
            gate.turn()
            publisher.serve_joiners()
            publisher.publish(m.Onset(strength=0.5, band="low"))
            if ann.poll(5):
                break
        assert ann.poll(0)
        assert not nobody.poll(300)
    gate.close()


def test_beside_one_that_others_reach_a_socket_of_this_machine_needs_no_key(ring: Keyring) -> None:
    ring.new("ann")
    gate = Gate(ring)
    stream = ZmqPublisher("tcp://0.0.0.0:*", gate=gate)
    router = Router(HERE, lambda raw, as_json: raw, lambda commands, reply, check: reply({"ok": True}), gate)
    with connected(zmq.DEALER, router.address, None) as client:
        assert router.socket.poll(3000)
        router.turn()
        assert client.poll(3000)
    assert gate.socket is not None
    assert not gate.socket.poll(0), "nobody was asked about"
    stream.close()
    gate.close()


def test_here_no_key_is_needed_and_none_is_made(ring: Keyring) -> None:
    gate = Gate(ring)
    publisher = ZmqPublisher(HERE, gate=gate)
    with connected(zmq.SUB, publisher.address, None) as socket:
        assert publisher.socket.poll(3000)
        publisher.serve_joiners()
        publisher.publish(m.Onset(strength=0.5, band="low"))
        assert socket.poll(3000)
    assert gate.socket is None
    assert not ring.folder.exists()
    gate.close()


def test_always_without_a_key_says_what_to_do(ring: Keyring) -> None:
    gate = Gate(ring, always=True)
    with pytest.raises(BindError, match=r"zmq\.curve: no key is allowed yet; run `jamd keys new NAME`"):
        ZmqPublisher(HERE, gate=gate)
    gate.close()


def jamd(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return done.exit_code, done.output


def test_commands_reach_a_daemon_that_demands_a_key(side: Side, ring: Keyring) -> None:
    ann = str(ring.folder / "clients" / "ann.key")
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            side.turn()

    loop = threading.Thread(target=work)
    loop.start()
    try:
        heard = jamd("listen", "onset", "--json", "--seconds", "1", "--address", side.stream.address, "--key", ann)
        assert '"type":"onset"' in heard[1]
        assert "nothing heard" in jamd("listen", "onset", "--seconds", "2.5", "--address", side.stream.address)[1]
        code, said = jamd("ctl", "list", "--json", "--address", side.router.address, "--key", ann)
        assert (code, '"ok":true' in said) == (0, True)
        code, said = jamd("panic", "--address", side.router.address)
        assert (code, "no daemon answers" in said) == (1, True)
    finally:
        over.set()
        loop.join()


def test_keys_are_made_allowed_listed_and_revoked(ring: Keyring, tmp_path: Path) -> None:
    assert "nobody may connect" in jamd("keys", "list")[1]
    code, said = jamd("keys", "new", "ann")
    assert code == 0
    path = Path(said.splitlines()[0])
    key = identity(path, "")
    assert {one: stat.S_IMODE(os.stat(one).st_mode) for one in (path, ring.folder / "server.key")} == {
        path: 0o600,
        ring.folder / "server.key": 0o600,
    }
    assert stat.S_IMODE(os.stat(ring.folder).st_mode) == 0o700
    assert zmq.auth.load_certificate(path) == (key.public.encode(), key.secret.encode())
    assert key.public in jamd("keys", "list")[1]
    theirs = zmq.auth.create_certificates(tmp_path, "bob")[0]
    assert jamd("keys", "allow", theirs)[0] == 0
    other = pair().public
    assert jamd("keys", "allow", "--", other, "cy")[0] == 0
    assert list(ring.allowed().values()) == ["ann", "bob", "cy"]
    assert jamd("keys", "revoke", "bob")[0] == 0
    assert ring.allowed() == {key.public: "ann", other: "cy"}
    assert stat.S_IMODE(os.stat(ring.folder / "allowed").st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("keys", "new", "a b"), "'a b' is no name"),
        (("keys", "new", "../x"), "is no name"),
        (("keys", "new", "ann"), "a key is allowed as ann already"),
        (("keys", "allow", "nothing"), "neither a public key, which has 40 characters, nor a file"),
        (("keys", "allow", "0" * 40), "give a name for that key"),
        (("keys", "allow", "KEY", "ann2"), "that key is allowed already, as ann"),
        (("keys", "allow", "SERVER", "me"), "that is jamd's own public key"),
        (("keys", "revoke", "zoe"), "no key is allowed as 'zoe'; `jamd keys list`"),
        (("listen", "--key", "nosuch.key"), "nosuch.key: No such file or directory; `jamd keys new NAME`"),
        (("listen", "--server-key", "x"), "--server-key goes with --key"),
        (("ctl", "list", "--key", "FILE", "--server-key", "x"), "a key has 40 characters"),
        (("ctl", "list", "--key", "PUBLIC"), "only a public key is in it"),
        (("panic", "--key", "EMPTY"), "no key is in it; its lines are such as"),
    ],
)
def test_what_cannot_be_is_one_clear_line(ring: Keyring, tmp_path: Path, arguments: tuple, says: str) -> None:
    path = ring.new("ann")
    (tmp_path / "empty").write_bytes(b"\xff")
    given = {
        "KEY": read(path).public,
        "FILE": str(path),
        "SERVER": ring.server().public,
        "PUBLIC": zmq.auth.create_certificates(tmp_path, "bob")[0],
        "EMPTY": str(tmp_path / "empty"),
    }
    code, said = jamd(*(given.get(one, one) for one in arguments))
    assert code == 1
    assert says in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("line", ["ann", "ann x", f"a/b {'0' * 40}", "0" * 40, "\0"])
def test_a_wrong_line_of_the_list_is_named(ring: Keyring, line: str) -> None:
    ring.new("ann")
    with open(ring.folder / "allowed", "a") as file:
        file.write(f"{line}\n")
    with pytest.raises(KeyringError, match=r"allowed, line 2: no name and public key"):
        Keyring(ring.folder).allowed()


@pytest.mark.parametrize("text", ["", "0" * 39, "~" * 40, "%" * 40, "\u00e9" * 40, '"' * 40])
def test_what_is_no_key(text: str) -> None:
    assert not is_key(text)
