"""`jamd serve` for other machines: keys over ZeroMQ, a token over HTTP, and where it cannot be."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from daemon.front.place import PageError, opened, token
from daemon.keyring import Keyring, read
from tests.serve.service_stage import ROOT, Client, Serving


def serve(*words: str) -> Result:
    return CliRunner().invoke(main, ["serve", *words])


def test_beyond_this_machine_it_wants_keys_and_a_token(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys")
    key = read(ring.new("me"))
    one = Serving(tmp_path, address="tcp://0.0.0.0:*", page="0.0.0.0:0", says="the page")
    try:
        port = re.search(r"tcp://0.0.0.0:(\d+)", one.said)
        page = re.search(r"http://[^:]+:(\d+)/#token=(\S+)", one.said)
        assert port is not None and page is not None, one.said
        address = f"tcp://127.0.0.1:{port[1]}"
        known, stranger = Client(address, key=key._replace(server=ring.server().public)), Client(address)
        stranger.send({"cmd": "cancel", "id": 1})
        assert known.result("cancel", id=1) == {"id": 1, "cancelled": []}
        assert not stranger.socket.poll(300)
        known.close()
        stranger.close()
        kept = tmp_path / "keys" / "token"
        assert (kept.read_text().strip(), kept.stat().st_mode & 0o777) == (page[2], 0o600)
        assert asked(page[1], {}) == 401
        assert asked(page[1], {"Authorization": "Bearer wrong"}) == 401
        assert asked(page[1], {"Authorization": f"Bearer {page[2]}"}) == 422
    finally:
        assert one.stop() == 0


def asked(port: str, headers: dict[str, str]) -> int:
    """The status of a request that is wrong in itself."""
    url, body = f"http://127.0.0.1:{port}/api/1/generate", json.dumps({"bars": 99}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    caught.value.close()
    return caught.value.code


def test_where_it_cannot_be_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAMD_KEYS", str(tmp_path / "keys"))
    taken = opened("127.0.0.1:0")
    assert taken.listening is not None
    with taken.listening:
        for words, says in (
            (("--address", "off", "--page", "off"), "both off"),
            (("--address", "tcp://0.0.0.0:*", "--page", "off"), "jamd keys new"),
            (("--address", "udp://x", "--page", "off"), "--address: 'udp://x' is no place"),
            (("--address", "off", "--page", "here"), "--page: 'here' is no place"),
            (("--address", "off", "--page", "127.0.0.1:70000"), "is no place"),
            (("--address", "off", "--page", taken.where), "is another jamd running?"),
        ):
            done = serve(*words)
            assert (done.exit_code, says in done.output) == (1, True), done.output
            assert done.output.count("\n") == 1


def test_a_token_is_made_once_and_a_broken_one_is_refused(tmp_path: Path) -> None:
    made = token("page.address", tmp_path / "new")
    assert len(made) > 30
    assert token("page.address", tmp_path / "new") == made
    (tmp_path / "new" / "token").write_text("short")
    with pytest.raises(PageError, match="too short"):
        token("page.address", tmp_path / "new")
    (tmp_path / "file").write_text("")
    with pytest.raises(PageError, match="cannot be kept"):
        token("page.address", tmp_path / "file")


def test_a_daemon_nobody_looks_at_loads_nothing_of_it() -> None:
    heavy = [
        "uvicorn",
        "starlette",
        "asyncio",
        "onnxruntime",
        "daemon.web.app",
        "daemon.service.queue",
        "daemon.answering",
    ]
    look = f"import sys, daemon.app, daemon.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
