"""The Open Inference Protocol over gRPC; tensors go and come as they lie in memory."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from daemon.models.fallback import RemoteError
from daemon.models.remote import Metadata

_GONE = {"NOT_FOUND", "INVALID_ARGUMENT", "UNIMPLEMENTED"}  # how servers say that they have no such model
_OWN = [("grpc.use_local_subchannel_pool", 1)]  # or one that waits to connect again would have a new one wait as long
_CONTENTS = {"FP32": ("fp32_contents", "float32"), "INT64": ("int64_contents", "int64")}


class Grpc:
    """As daemon.models.remote.Client."""

    def __init__(self, server: str) -> None:
        """`server`: host:port."""
        self._server = server
        self._client = triton.InferenceServerClient(server, channel_args=_OWN)

    def metadata(self, model: str, timeout_s: float) -> Metadata:
        """As Client.metadata."""
        try:
            found = self._client.get_model_metadata(model, client_timeout=timeout_s)
        except InferenceServerException as error:
            if _code(error) in _GONE:
                raise LookupError(_line(error)) from None
            raise self._error(error, timeout_s) from None
        sides = [{one.name: (one.datatype, list(one.shape)) for one in side} for side in (found.inputs, found.outputs)]
        return Metadata(max(found.versions, default=""), *sides)

    def infer(
        self, model: str, feed: Mapping[str, tuple[str, np.ndarray]], outputs: list[str], timeout_s: float
    ) -> dict[str, np.ndarray]:
        """As Client.infer."""
        inputs = []
        for name, (datatype, values) in feed.items():
            one = triton.InferInput(name, list(values.shape), datatype)
            inputs.append(one.set_data_from_numpy(values))
        asked = [triton.InferRequestedOutput(name) for name in outputs]
        try:
            return _arrays(self._client.infer(model, inputs, outputs=asked, client_timeout=timeout_s).get_response())
        except InferenceServerException as error:
            raise self._error(error, timeout_s) from None
        except ValueError as error:  # an answer whose bytes are not as many as its shape says
            raise RemoteError(f"{self._server}: {error}") from None

    def close(self) -> None:
        """As Client.close."""
        self._client.close()

    def _error(self, error: InferenceServerException, timeout_s: float) -> RemoteError:
        if _code(error) == "DEADLINE_EXCEEDED":
            return RemoteError(f"{self._server}: no answer within {1000 * timeout_s:.0f} ms")
        return RemoteError(f"{self._server}: {_line(error)}")


def _arrays(response: Any) -> dict[str, np.ndarray]:
    """Output name -> array, whichever of the protocol's two ways its numbers come in."""
    found = {}
    for k, one in enumerate(response.outputs):
        if one.datatype not in _CONTENTS:
            raise ValueError(f"{one.name!r} came as {one.datatype}")
        field, kind = _CONTENTS[one.datatype]
        if k < len(response.raw_output_contents):
            values = np.frombuffer(response.raw_output_contents[k], kind)
        else:
            values = np.array(getattr(one.contents, field), kind)
        found[one.name] = values.reshape(list(one.shape))
    return found


def _code(error: InferenceServerException) -> str:
    return str(error.status() or "").rpartition(".")[2]


def _line(error: InferenceServerException) -> str:
    return " ".join(str(error.message()).split()).rpartition("last error: ")[2].removeprefix("UNKNOWN: ")[:160]
