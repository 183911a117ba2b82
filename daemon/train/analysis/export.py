"""A trained network as ONNX: probabilities out, its state explicit, in fp32 and int8."""

import logging
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from daemon.train.analysis.network import Pitch, Rhythm
from dsp.spectrogram import BANDS, TONES


class Heard(nn.Module):
    """A network whose outputs are probabilities, with the state as plain inputs and outputs."""

    def __init__(self, network: Rhythm | Pitch) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The frames, then the state; gives what was heard by name in order, then the next state."""
        if isinstance(self.network, Rhythm):
            heard, state = self.network(inputs[0], list(inputs[1:]))
        else:
            heard, state = self.network(inputs[0], inputs[1], list(inputs[2:]))
        return (*(chances(name, logits) for name, logits in heard.items()), *state)


def chances(name: str, logits: Tensor) -> Tensor:
    """Probabilities of an output's logits, as dsp.activations has them."""
    if name == "beat":
        return torch.softmax(logits, 2)[..., :2]
    if name in ("f0", "chord", "bass", "key"):
        return torch.softmax(logits, 2)
    return torch.sigmoid(logits)


def export(network: Rhythm | Pitch, path: Path) -> None:
    """Write `path` (.onnx), and beside it the same in int8 (.int8.onnx), as daemon.models.contract has them."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.cpu().eval()
    frames = {"bands": torch.zeros(1, 1, 2, BANDS)}
    if isinstance(network, Pitch):
        frames["tones"] = torch.zeros(1, 1, TONES)
    state = network.start(1)
    with torch.no_grad():
        heard, _ = network(*frames.values(), state)
    inputs = frames | {f"state_{k}": one for k, one in enumerate(state)}
    outputs = [*heard, *(f"state_{k}_next" for k in range(len(state)))]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that another exporter will follow it
        torch.onnx.export(
            Heard(network).eval(),
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=outputs,
            opset_version=17,
            dynamic_axes={name: {1: "time"} for name in (*frames, *heard)},
            dynamo=False,
        )
    logging.disable(logging.WARNING)  # of all that it leaves as it is
    quantize_dynamic(path, path.with_suffix(".int8.onnx"), weight_type=QuantType.QInt8, per_channel=True)
    logging.disable(logging.NOTSET)
