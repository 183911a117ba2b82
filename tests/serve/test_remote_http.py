"""A server that answers nonsense over HTTP: each answer is one error that the fallback knows, none gets past it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from daemon.models.fallback import RemoteError

pytest.importorskip("tritonclient.http", reason="tritonclient is not installed: pip install 'jamd[remote]'")

OUTPUTS: dict[str, dict] = {
    "fewer": {"name": "out", "datatype": "FP32", "shape": [1, 3], "data": [1.0, 2.0]},
    "no_data": {"name": "out", "datatype": "FP32", "shape": [1, 3]},
    "no_shape": {"name": "out", "datatype": "FP32", "data": [1.0, 2.0, 3.0]},
    "no_type": {"name": "out", "shape": [1, 3], "data": [1.0, 2.0, 3.0]},
}


class Nonsense(BaseHTTPRequestHandler):
    """Answers for model NAME what stands in OUTPUTS."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send({"name": "nonsense", "version": "1", "extensions": []})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send({"model_name": "nonsense", "outputs": [OUTPUTS[self.path.split("/")[3]]]})

    def _send(self, said: dict) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Nonsense) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{one.server_port}"
        one.shutdown()


@pytest.mark.parametrize("model", OUTPUTS)
def test_nonsense_is_an_error_that_the_fallback_knows(server: str, model: str) -> None:
    from daemon.models.remote_http import Http

    client = Http(server)
    try:
        with pytest.raises(RemoteError, match=server):
            client.infer(model, {"in": ("FP32", np.zeros((1, 2), np.float32))}, ["out"], 10.0)
    finally:
        client.close()
