"""The harmony network in PyTorch, and as an ONNX graph written from its weights."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from daemon.generate.deep.harmony import AHEAD, CHORDS, ROW, WIDTH

INNER = 128  # units between a beat's row and the recurrent ones
OUT = AHEAD * CHORDS + 12 + 12  # chords at each beat ahead; the next beat's bass; the next beat's melody
DROPOUT = 0.3


class Network(nn.Module):
    """A GRU between two layers. All sizes (batch, ...)."""

    def __init__(self) -> None:
        super().__init__()
        self.row = nn.Linear(ROW, INNER)
        self.past = nn.Embedding(2 * CHORDS, INNER)  # the past chord: as foreseen, and as the player stated it
        self.cell = nn.GRUCell(INNER, WIDTH)
        self.out = nn.Linear(WIDTH, OUT)
        self.drop = nn.Dropout(DROPOUT)
        nn.init.normal_(self.past.weight, std=0.1)

    def forward(self, inner: Tensor, past: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """A beat: its row through `row` (batch, INNER), the past chord's number -> outputs (batch, OUT), state."""
        state = self.cell(self.drop(torch.relu(inner + self.past(past))), state)
        return self.out(self.drop(state)), state


def write(network: Network, path: Path) -> None:
    """As ONNX, fp32: (row, past, state) -> (chords, bass, melody, state), all of batch 1."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    w = {k: v.detach().numpy() for k, v in network.state_dict().items()}
    constants = {
        "row_w": w["row.weight"].T,
        "row_b": w["row.bias"],
        "past_w": w["past.weight"],
        "in_w": w["cell.weight_ih"].T,
        "in_b": w["cell.bias_ih"],
        "state_w": w["cell.weight_hh"].T,
        "state_b": w["cell.bias_hh"],
        "out_w": w["out.weight"].T,
        "out_b": w["out.bias"],
        "one": np.ones(1, np.float32),
        "thirds": np.array([WIDTH] * 3, np.int64),
        "parts": np.array([AHEAD * CHORDS, 12, 12], np.int64),
        "shape": np.array([1, AHEAD, CHORDS], np.int64),
    }
    node = helper.make_node
    nodes = [
        *_linear("row", "row", "row_x"),
        node("Gather", ["past_w", "past"], ["past_x"]),
        node("Add", ["row_x", "past_x"], ["inner_x"]),
        node("Relu", ["inner_x"], ["inner"]),
        *_linear("inner", "in", "in_x"),
        *_linear("state", "state", "state_x"),
        node("Split", ["in_x", "thirds"], ["in_r", "in_z", "in_n"], axis=1),
        node("Split", ["state_x", "thirds"], ["state_r", "state_z", "state_n"], axis=1),
        node("Add", ["in_r", "state_r"], ["r_x"]),
        node("Sigmoid", ["r_x"], ["r"]),
        node("Add", ["in_z", "state_z"], ["z_x"]),
        node("Sigmoid", ["z_x"], ["z"]),
        node("Mul", ["r", "state_n"], ["r_n"]),
        node("Add", ["in_n", "r_n"], ["n_x"]),
        node("Tanh", ["n_x"], ["n"]),
        node("Sub", ["state", "n"], ["kept"]),
        node("Mul", ["z", "kept"], ["z_kept"]),
        node("Add", ["n", "z_kept"], ["state_next"]),
        *_linear("state_next", "out", "out_x"),
        node("Split", ["out_x", "parts"], ["chords_flat", "bass_x", "melody_x"], axis=1),
        node("Reshape", ["chords_flat", "shape"], ["chords_x"]),
        node("Softmax", ["chords_x"], ["chords"], axis=2),
        node("Softmax", ["bass_x"], ["bass"], axis=1),
        node("Softmax", ["melody_x"], ["melody"], axis=1),
    ]
    real = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "harmony",
        [
            helper.make_tensor_value_info("row", real, [1, ROW]),
            helper.make_tensor_value_info("past", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("state", real, [1, WIDTH]),
        ],
        [
            helper.make_tensor_value_info("chords", real, [1, AHEAD, CHORDS]),
            helper.make_tensor_value_info("bass", real, [1, 12]),
            helper.make_tensor_value_info("melody", real, [1, 12]),
            helper.make_tensor_value_info("state_next", real, [1, WIDTH]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(v), k) for k, v in constants.items() if k != "one"],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    path.write_bytes(made.SerializeToString())


def _linear(x: str, name: str, out: str) -> list:
    from onnx import helper

    return [
        helper.make_node("MatMul", [x, f"{name}_w"], [f"{name}_m"]),
        helper.make_node("Add", [f"{name}_m", f"{name}_b"], [out]),
    ]


def quantise(path: Path, out: Path) -> None:
    """The same graph with its weights in int8."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(path, out, weight_type=QuantType.QInt8)
