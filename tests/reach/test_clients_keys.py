"""Both clients with a key, at a daemon that lets in nobody else."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.keyring import Keyring
from tests.reach.node import Client
from tests.reach.running import Running, client

c = client("jamd_client")


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    made = Keyring(tmp_path_factory.mktemp("keys"))
    made.new("ann")
    made.new("bob")
    made.revoke("bob")
    return made


@pytest.fixture(scope="module")
def guarded(ring: Keyring, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAMD_KEYS", str(ring.folder))
        one = Running(tmp_path_factory.mktemp("guarded"), curve=True)
    yield one
    one.stop()


def key(ring: Keyring, name: str) -> Path:
    return ring.folder / "clients" / f"{name}.key"


def test_a_key_lets_python_in_and_none_does_not(guarded: Running, ring: Keyring) -> None:
    places = guarded.address, guarded.control, ("level",)
    with (
        c.Jamd(*places, key=key(ring, "ann")) as ann,
        c.Jamd(*places) as nobody,
        c.Jamd(*places, key(ring, "bob")) as bob,
    ):
        ends_at = time.monotonic() + 120.0
        while (message := ann.read(5.0)) is None or message.type == "silence":
            assert time.monotonic() < ends_at
        assert ann.ask({"cmd": "list"})[0]["chains"] == []
        assert nobody.read(5.0).type == "silence"
        said = bob.read(5.0)
        assert said.type == "silence"
        assert "key allowed" in said.text
        with pytest.raises(c.JamdError):
            bob.ask({"cmd": "list"}, timeout_s=0.3)
        ring.allow(public(ring, "bob"), "bob")
        while (message := bob.read(5.0)) is None or message.type == "silence":
            assert time.monotonic() < ends_at
        assert bob.ask({"cmd": "list"})[0]["chains"] == []
        ring.revoke("bob")


def public(ring: Keyring, name: str) -> str:
    return str(c._keys(key(ring, name))["public"])


def test_a_key_lets_node_in_and_none_does_not(guarded: Running, ring: Keyring, node_folder: Path) -> None:
    places = node_folder, guarded.address, guarded.control, ["level"]
    with Client(*places, str(key(ring, "ann"))) as ann, Client(*places) as nobody:
        ends_at = time.monotonic() + 120.0
        while (ann.ask("jamd.read(5000)") or {}).get("type") != "level":
            assert time.monotonic() < ends_at
        assert ann.ask('jamd.ask({ cmd: "list" })')[0]["chains"] == []
        assert nobody.ask("jamd.read(5000)")["type"] == "silence"
        assert nobody.ask('jamd.ask({ cmd: "list" }, { timeoutMs: 300 })')["code"] == 0


def test_what_is_no_key_is_named(tmp_path: Path, node_folder: Path) -> None:
    nowhere = f"ipc://{tmp_path}/none"
    with Client(node_folder, nowhere, nowhere, []) as node:
        for number, text in enumerate((None, "", 'public-key = "short"', "\0\xff")):
            path = tmp_path / f"{number}.key"
            if text is not None:
                path.write_text(text, encoding="latin-1")
            with pytest.raises(c.JamdError, match=rf"{number}\.key.*`jamd keys new NAME` on jamd's machine makes one"):
                c.Jamd(key=path)
            said = node.ask(f"new client.Jamd({{ key: '{path}' }})")
            assert said["name"] == "JamdError"
            assert path.name in said["error"]
