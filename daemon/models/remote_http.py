"""The Open Inference Protocol over HTTP: tensors as bytes where the server has that extension, as JSON where it has not."""

from collections.abc import Callable, Mapping
from typing import Any

import gevent
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from daemon.models.fallback import RemoteError
from daemon.models.remote import Metadata

_GONE = {"400", "404"}  # how servers say that they have no such model
BINARY = "binary_tensor_data"
_JSON = {"Content-Type": "application/json"}  # the library says it only of bytes, and KServe takes all else for bytes


class Http:
    """As daemon.models.remote.Client."""

    def __init__(self, server: str) -> None:
        """`server`: host:port."""
        self._server = server
        self._client = triton.InferenceServerClient(server)
        self._binary: bool | None = None

    def metadata(self, model: str, timeout_s: float) -> Metadata:
        """As Client.metadata."""
        try:
            found = self._within(timeout_s, self._client.get_model_metadata, model)
        except InferenceServerException as error:
            if error.status() in _GONE:
                raise LookupError(_line(error)) from None
            raise RemoteError(f"{self._server}: {_line(error)}") from None
        try:
            sides = [
                {one["name"]: (one["datatype"], list(one["shape"])) for one in found.get(side) or []}
                for side in ("inputs", "outputs")
            ]
            return Metadata(max(found.get("versions") or [""]), *sides)
        except (KeyError, TypeError, AttributeError) as error:
            raise RemoteError(f"{self._server}: it does not speak the Open Inference Protocol ({error!r})") from None

    def infer(
        self, model: str, feed: Mapping[str, tuple[str, np.ndarray]], outputs: list[str], timeout_s: float
    ) -> dict[str, np.ndarray]:
        """As Client.infer."""

        def asked() -> Any:
            if self._binary is None:
                self._binary = BINARY in (self._client.get_server_metadata().get("extensions") or [])
            inputs = []
            for name, (datatype, values) in feed.items():
                one = triton.InferInput(name, list(values.shape), datatype)
                inputs.append(one.set_data_from_numpy(values, binary_data=self._binary))
            wanted = [triton.InferRequestedOutput(name, binary_data=self._binary) for name in outputs]
            headers = {} if self._binary else _JSON
            found = self._client.infer(
                model, inputs, outputs=wanted, headers=headers, request_id="jamd"
            )  # KServe needs one
            return {name: values for name in outputs if (values := found.as_numpy(name)) is not None}

        try:
            return self._within(timeout_s, asked)
        except InferenceServerException as error:
            raise RemoteError(f"{self._server}: {_line(error)}") from None

    def close(self) -> None:
        """As Client.close."""
        self._client.close()

    def _within(self, timeout_s: float, do: Callable[..., Any], *arguments: Any) -> Any:
        """Whatever the network, or a server that answers nonsense, makes of it is a RemoteError; refusals are not caught."""
        try:
            with gevent.Timeout(timeout_s):
                return do(*arguments)
        except InferenceServerException:
            raise
        except gevent.Timeout:
            raise RemoteError(f"{self._server}: no answer within {1000 * timeout_s:.0f} ms") from None
        except Exception as error:
            raise RemoteError(f"{self._server}: {' '.join(repr(error).split())[:160]}") from None


def _line(error: InferenceServerException) -> str:
    return " ".join(str(error.message()).split())[:160]
