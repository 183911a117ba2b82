"""An ONNX file as MLServer's model: `implementation` is this class, `parameters.uri` the file."""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse, MetadataModelResponse, MetadataTensor
from mlserver.utils import get_model_uri

DATATYPES = {"tensor(float)": "FP32", "tensor(int64)": "INT64"}


class Onnx(MLModel):
    """Run on one thread, as jamd does."""

    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(await get_model_uri(self.settings), options)
        return True

    async def metadata(self) -> MetadataModelResponse:
        def told(tensors: list) -> list[MetadataTensor]:
            return [
                MetadataTensor(
                    name=one.name,
                    datatype=DATATYPES[one.type],
                    shape=[size if isinstance(size, int) else -1 for size in one.shape],
                )
                for one in tensors
            ]

        return MetadataModelResponse(
            name=self.name,
            platform="onnxruntime",
            inputs=told(self.session.get_inputs()),
            outputs=told(self.session.get_outputs()),
        )

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        found = self.session.run(None, {one.name: NumpyCodec.decode_input(one) for one in payload.inputs})
        names = [one.name for one in self.session.get_outputs()]
        return InferenceResponse(
            model_name=self.name,
            outputs=[NumpyCodec.encode_output(name, values) for name, values in zip(names, found, strict=True)],
        )
