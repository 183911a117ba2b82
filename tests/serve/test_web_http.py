"""The page's server against whoever speaks HTTP badly, asks for too much, or has no right to ask."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serve.web_stage import TOKEN, Server, read, served

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Where only this machine comes."""
    with served() as one:
        yield one


@pytest.fixture(scope="module")
def beyond() -> Iterator[Server]:
    """Where others may come, too."""
    with served(is_here=False) as one:
        yield one


def _request(method: str, path: str, body: bytes = b"", host: str = "localhost", **headers: str) -> bytes:
    lines = {"Host": host, "Connection": "close", "Content-Length": str(len(body))} | headers
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _answered(said: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = said.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def _ask(server: Server, *what: str, **more: str) -> tuple[int, dict]:
    body = more.pop("body", "").encode()
    status, _, said = _answered(server.raw(_request(*what, body, **more)))
    return status, json.loads(said)


def _error(server: Server, *what: str, **more: str) -> int:
    status, said = _ask(server, *what, **more)
    assert set(said["error"]) >= {"code", "text"} and "\n" not in said["error"]["text"]
    assert said["error"]["code"] == status
    return status


def test_services_are_asked(server: Server) -> None:
    status, said = _ask(server, "GET", "/api/1/models")
    assert status == 200 and said["results"][0]["command"] == "models"
    status, said = _ask(server, "POST", "/api/1/analyse?dense=true", body="RIFF....", Content_Type="audio/wav")
    assert said["results"][0]["given"] == ["cmd", "dense", "sound"]
    status, said = _ask(server, "POST", "/api/1/analyse?rate=48000&channels=2", body="12345678", Content_Type="a/b")
    assert said["results"][0]["given"] == ["channels", "cmd", "rate", "samples"]
    status, said = _ask(server, "POST", "/api/1/recommend", body='{"plays": [1]}', Content_Type="application/json")
    assert said["ok"] and said["results"][0]["given"] == ["cmd", "plays"]
    assert said["results"][0]["who"].startswith("http:127.0.0.1:")


def test_errors_have_their_number(server: Server) -> None:
    json_type = {"Content_Type": "application/json; charset=utf-8"}
    assert _error(server, "GET", "/api/1/nothing") == 404
    assert _error(server, "GET", "/nothing.html") == 404
    assert _error(server, "GET", "/api/1/generate") == 405
    assert _error(server, "POST", "/api/1/generate", body="{}", Content_Type="text/plain") == 415
    assert _error(server, "POST", "/api/1/generate", body="[]", **json_type) == 400
    assert _error(server, "POST", "/api/1/generate", body="[" * 5000, **json_type) == 400
    assert _error(server, "POST", "/api/1/generate", body='{"a": ' * 5000, **json_type) == 400
    assert _error(server, "POST", "/api/1/generate", body='{"cmd": "analyse"}', **json_type) == 400
    assert _error(server, "POST", "/api/1/generate", body='{"style": "late"}', **json_type) == 504
    assert _error(server, "POST", "/api/1/analyse", body='{"file": "/etc/passwd"}', **json_type) == 400
    assert _error(server, "POST", "/api/1/analyse", body="", Content_Type="audio/wav") == 400
    assert _error(server, "POST", "/api/1/analyse?file=/etc/passwd", body="x", Content_Type="audio/wav") == 422
    assert _error(server, "POST", "/api/1/analyse?dense=perhaps", body="x", Content_Type="audio/wav") == 422
    assert _error(server, "POST", "/api/1/analyse?deadline_ms=nan", body="x", Content_Type="audio/wav") == 422
    assert _error(server, "POST", "/api/1/control", body='{"do": [{"cmd": "list"}]}', **json_type) == 409
    assert _error(server, "POST", "/api/1/control", body='{"do": {}}', **json_type) == 400
    assert _error(server, "POST", "/api/1/control", body='{"do": [], "check": true}', **json_type) == 400


def test_what_is_described_of_a_query_is_what_is_taken(server: Server) -> None:
    described = _ask(server, "GET", "/api/1/openapi.json")[1]["paths"]["/api/1/analyse"]["post"]["parameters"]
    most = {one["name"]: one["schema"].get("maximum") for one in described}
    assert most == {"rate": 384_000, "channels": 2, "dense": None, "deadline_ms": 600_000}
    for name in ("rate", "channels", "deadline_ms"):
        path = f"/api/1/analyse?{name}="
        assert _ask(server, "POST", f"{path}{most[name]}", body="x" * 8, Content_Type="audio/wav")[0] == 200
        assert _error(server, "POST", f"{path}{most[name] + 1}", body="x" * 8, Content_Type="audio/wav") == 422


def test_a_defect_is_said_and_is_no_end() -> None:
    server = Server()
    status, said = _ask(server, "POST", "/api/1/generate", body='{"style": "defect"}', Content_Type="application/json")
    assert status == 500 and "ZeroDivisionError" in said["error"]["text"]
    assert _ask(server, "GET", "/api/1/models")[0] == 200
    assert "ZeroDivisionError" in server.close()


def test_only_this_machine_and_its_own_pages_ask(server: Server) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:5580", "", "192.168.1.2", "[::2]"):
        assert _error(server, "GET", "/", host=host) == 403
        assert _error(server, "GET", "/api/1/models", host=host) == 403
    for host in ("127.0.0.1:5580", "localhost", "[::1]:5580", "LOCALHOST:1", "127.8.8.8"):
        assert _ask(server, "GET", "/api/1/models", host=host)[0] == 200
    for origin in (
        "http://evil.example",
        "null",
        "",
        "http://",
        "file://",
        "http://[",
        "http://localhost.evil.example",
    ):
        assert (
            _error(server, "POST", "/api/1/generate", body="{}", Origin=origin, Content_Type="application/json") == 403
        )
    assert _ask(server, "GET", "/api/1/models", Origin="http://localhost:5580")[0] == 200
    assert _error(server, "GET", "/api/1/models", Sec_Fetch_Site="cross-site") == 403


@pytest.mark.parametrize("path", ["analyse", "generate", "recommend", "control"])
def test_beyond_this_machine_a_token_is_needed(beyond: Server, path: str) -> None:
    asked = {"body": "{}", "Content_Type": "application/json"}
    for wrong in (
        None,
        "",
        "Bearer",
        "Bearer x",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        "Bearer \xe4",
        f"Bearer {TOKEN[:-1]}",
    ):
        with_it = asked | ({} if wrong is None else {"Authorization": wrong})
        assert _error(beyond, "POST", f"/api/1/{path}", **with_it) == 401
    status, _ = _ask(beyond, "POST", f"/api/1/{path}", **asked, Authorization=f"bearer {TOKEN}")
    assert status == (400 if path == "control" else 200)


def test_beyond_this_machine_reading_is_free_but_for_other_sites(beyond: Server) -> None:
    assert _ask(beyond, "GET", "/api/1/models", host="stage.local:5580")[0] == 200
    assert _ask(beyond, "GET", "/api/1/models", host="stage.local", Origin="http://stage.local")[0] == 200
    assert _error(beyond, "GET", "/api/1/models", host="stage.local", Origin="http://evil.example") == 403
    who = _ask(beyond, "GET", "/api/1/models", host="stage.local")[1]["results"][0]["who"]
    assert who.startswith("http:127.0.0.1")


def test_nothing_from_elsewhere_is_loaded_or_kept(server: Server) -> None:
    for path in ("/api/1/models", "/api/1/openapi.json", "/", "/nothing"):
        _, headers, _ = _answered(server.raw(_request("GET", path)))
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-store" if path.startswith("/api") else "no-cache")
        assert "access-control-allow-origin" not in headers


def _big(server: Server, head: str, total: int, part: bytes) -> tuple[bytes, int, int]:
    """What is answered to a body that the client would go on sending, what it could send, and what the server read."""
    before, sent = server.taken, 0
    with server.connect() as end:
        end.sendall(head.encode())
        end.settimeout(5)
        try:
            while sent < total:
                end.sendall(part)
                sent += len(part)
        except OSError:
            pass
        return read(end, 5), sent, server.taken - before


def test_100_megabytes_are_refused_without_being_read(server: Server) -> None:
    head = "POST /api/1/analyse HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 100000000\r\n\r\n"
    said, _, taken = _big(server, head, 100_000_000, bytes(1 << 16))
    assert not said or _answered(said)[0] == 413
    assert taken < 2 << 20
    polite = head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n").encode()
    assert _answered(server.raw(polite))[0] == 413  # and is not told to go on


def test_a_body_without_a_length_is_cut_off_where_it_is_too_much(server: Server) -> None:
    head = "POST /api/1/analyse HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n"
    part = b"%x\r\n" % (1 << 16) + bytes(1 << 16) + b"\r\n"
    memory = server.memory
    said, _, taken = _big(server, head, 100_000_000, part)
    assert not said or _answered(said)[0] == 413
    assert taken < 40 << 20
    assert server.memory - memory < 120 << 20


def test_only_a_sound_is_large(server: Server) -> None:
    """Lists in JSON could take a hundred times their bytes."""
    json_type = {"Content_Type": "application/json"}
    long = "x" * (2 << 20)
    for path in ("generate", "recommend", "control"):
        assert _error(server, "POST", f"/api/1/{path}", body=f'{{"style": "{long}"}}', **json_type) == 413
    before = server.memory
    for name in ("plays", "sound", "analysis"):
        body = f'{{"{name}": [{"[]," * (8 << 20)}[]]}}'
        assert _error(server, "POST", "/api/1/analyse", body=body, **json_type) == (400 if name == "sound" else 413)
    assert server.memory - before < 200 << 20  # it was a gigabyte
    status, said = _ask(server, "POST", "/api/1/analyse", body=f'{{"sound": "{8 * long}", "rate": 8}}', **json_type)
    assert status == 200 and said["results"][0]["given"] == ["cmd", "rate", "sound"]


@pytest.mark.parametrize("path", ["/nothing", "/api/1/models", "/api/1/recommend", "/ws"])
def test_a_body_that_nobody_wants_is_not_read_either(server: Server, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n"
    said, _, taken = _big(server, head, 30_000_000, bytes(1 << 16))
    assert not said or 400 <= _answered(said)[0] < 500
    assert taken < 2 << 20


def test_lengths_that_are_none(server: Server) -> None:
    for length in ("-1", "1e9", "0x10", "9" * 30, "1, 1", "", "\u0661"):
        said = server.raw(
            f"POST /api/1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert 400 <= _answered(said)[0] < 500


def test_who_goes_away_is_worked_for_no_more(server: Server) -> None:
    with server.connect() as end:
        end.sendall(_request("POST", "/api/1/generate", b'{"seed": 60}', Content_Type="application/json"))
        assert not server.has_line(0.3)
    assert server.has_line(10.0) and server.line() == "cancelled"


def test_a_body_that_stops_half_way_is_let_go(server: Server) -> None:
    before = server.descriptors
    for _ in range(20):
        with server.connect() as end:
            end.sendall(
                _request("POST", "/api/1/recommend", Content_Type="application/json", Content_Length="500") + b"{"
            )
    _settle(server, before)


STALLED = (
    b"",
    b"GET / HTTP/1.1\r\nX-Slow: ",
    b"POST /api/1/recommend HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /api/1/recommend HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
)


def test_who_stalls_stalls_nobody_else(server: Server) -> None:
    stalled = [server.connect() for _ in range(50)]
    for number, end in enumerate(stalled):
        end.sendall(STALLED[number % len(STALLED)])
    began = time.monotonic()
    assert _ask(server, "GET", "/api/1/models")[0] == 200
    assert time.monotonic() - began < 5.0
    for end in stalled:
        end.close()


def test_who_stalls_is_cut_off() -> None:
    with served(patience_s=0.3) as server, contextlib.ExitStack() as stalled:
        before = server.descriptors
        for sent in STALLED:
            end = stalled.enter_context(server.connect())
            end.sendall(sent)
            assert (b" 408 " in _to_the_end(end)) == sent.endswith(b"{")
        end = stalled.enter_context(server.connect())
        end.sendall(b"GET /api/1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 200 " in read(end)
        end.sendall(STALLED[1])  # a second request
        assert _to_the_end(end) == b""
        _settle(server, before)


def test_an_answer_that_nobody_reads_is_let_go() -> None:
    large = _request("POST", "/api/1/generate", b'{"style": "large"}', Content_Type="application/json")
    with served(patience_s=1.0) as server, contextlib.ExitStack() as deaf:
        before = server.descriptors
        for _ in range(5):
            end = deaf.enter_context(server.connect())
            end.sendall(large)
            assert end.recv(12) == b"HTTP/1.1 200"
        _settle(server, before)
        slow, taken = deaf.enter_context(server.connect()), 0
        slow.sendall(large)
        while part := slow.recv(1 << 20):
            taken += len(part)
            time.sleep(len(part) / (5 << 20))
        assert taken > 6 << 20  # who reads slowly has all of it


def _to_the_end(end: socket.socket) -> bytes:
    """All that comes until the server has closed, which it must."""
    said = b""
    end.settimeout(10)
    try:
        while part := end.recv(65536):
            said += part
    except ConnectionResetError:
        pass
    return said


def test_more_connections_than_there_is_room_for_are_closed(server: Server) -> None:
    many = [server.connect() for _ in range(300)]
    closed = 0
    for end in many[256:]:
        end.settimeout(5)
        try:
            closed += end.recv(1) == b""
        except ConnectionResetError:
            closed += 1
    assert closed == len(many) - 256
    for end in many:
        end.close()
    _settle(server, 60)
    assert _ask(server, "GET", "/api/1/models")[0] == 200


def _settle(server: Server, descriptors: int) -> None:
    until = time.monotonic() + 10
    while server.descriptors > descriptors + 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert server.descriptors <= descriptors + 2


WORDS = st.sampled_from(
    [
        *(
            "GET",
            "POST",
            "PUT",
            "",
            " ",
            "/",
            "/ws",
            "/api/1/analyse",
            "/api/1/control",
            "HTTP/1.1",
            "HTTP/9.9",
            "\r\n",
        ),
        *("Host: localhost", "Content-Length: 5", "Content-Length: -5", "Transfer-Encoding: chunked", "ffffffffff\r\n"),
        *("Content-Type: application/json", "Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Version: 13"),
        *("Sec-WebSocket-Key: x", "Expect: 100-continue", "\r\n\r\n", "\x00", "\xff", ":", "{}", "Range: bytes=0-"),
    ]
)


@FEW
@given(st.lists(WORDS, max_size=14), st.sampled_from(["", " ", "\r\n"]))
def test_header_soup_is_answered_or_cut_off(server: Server, words: list[str], between: str) -> None:
    with server.connect() as end:
        end.sendall(between.join(words).encode("latin-1"))
        end.shutdown(socket.SHUT_WR)
        said = read(end)
    assert not said or (said.startswith(b"HTTP/1.1 ") and not said.startswith(b"HTTP/1.1 5"))
    assert server.process.poll() is None


@FEW
@given(
    st.lists(
        st.sampled_from(
            ["..", ".", "", "%2e%2e", "..%2f", "%00", "etc", "passwd", "app.py", "static", "\\", "~", "a" * 300]
        )
    )
)
def test_no_path_leads_out_of_the_folder(server: Server, parts: list[str]) -> None:
    status, headers, said = _answered(server.raw(_request("GET", "/" + "/".join(parts))))
    assert status in (200, 307, 404)
    if status == 200:  # the page itself
        assert headers["content-type"].startswith("text/html")
    assert b"root:" not in said and b"import" not in said[:2000].replace(b'type="importmap"', b"")


@FEW
@given(
    st.sampled_from(["analyse", "generate", "recommend", "control"]),
    st.binary(max_size=60),
    st.sampled_from(["application/json", "audio/wav", "", "multipart/form-data; boundary=x"]),
)
def test_bodies_of_anything(server: Server, path: str, body: bytes, kind: str) -> None:
    status, _, said = _answered(server.raw(_request("POST", f"/api/1/{path}", body, Content_Type=kind)))
    assert status in (200, 400, 409, 415)
    assert json.loads(said)


def test_many_at_once_leave_nothing_behind(server: Server) -> None:
    before = server.descriptors
    threads = [threading.Thread(target=_ask, args=(server, "GET", "/api/1/models")) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _settle(server, before)
