"""Models of MLServer's that say, or give, what is wrong; loaded by the server in its own environment."""

import numpy as np
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse
from onnx_runtime import Onnx


class Told(Onnx):
    """Says another datatype or shape of an input than it has."""

    async def metadata(self) -> MetadataModelResponse:
        found = await super().metadata()
        extra = self.settings.parameters.extra
        for one in found.inputs or []:
            if one.name == extra["input"]:
                one.datatype, one.shape = extra.get("datatype", one.datatype), extra.get("shape", one.shape)
        return found


class Given(Onnx):
    """Gives one output as it should not be, once `after` calls have gone well."""

    calls = 0

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        extra = self.settings.parameters.extra
        found = await super().predict(payload)
        self.calls += 1
        if self.calls > extra["after"]:
            for k, one in enumerate(found.outputs):
                if one.name == extra["output"]:
                    values = NumpyCodec.decode_output(one)
                    if extra["what"] == "inf":
                        values = np.full_like(values, np.inf)
                    elif extra["what"] == "short":
                        values = values[..., :-1]
                    else:
                        values = values.astype(np.float64)
                    found.outputs[k] = NumpyCodec.encode_output(one.name, values)
        return found
