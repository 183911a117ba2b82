"""Networks that stand in for the real ones: the same inputs and outputs, made of a few sums, so that events really come."""

from pathlib import Path

import numpy as np
import pytest

from daemon.models import writing
from dsp.activations import BINS_PER_SEMITONE, F0_BINS, LOWEST, PITCHES
from dsp.spectrogram import BANDS, LOWEST_TONE, TONES

onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'jamd[train]'")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

SLOW = 2000  # size of the matrix by which a slow one multiplies


class _Graph:
    """Nodes as they are added; names are made."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []

    def __call__(self, kind: str, *inputs: object, out: str = "", **attributes: object) -> str:
        out = out or f"n{len(self.nodes)}"
        names = [one if isinstance(one, str) else self._constant(np.asarray(one)) for one in inputs]
        self.nodes.append(helper.make_node(kind, names, [out], **attributes))
        return out

    def _constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        kind = np.int64 if value.dtype.kind == "i" else np.float32
        self.constants.append(numpy_helper.from_array(value.astype(kind), name))
        return name


def _rise(g: _Graph, frames: str, state: str) -> str:
    """How much each value grew since the frame before; the state is that frame."""
    g("Identity", frames, out=f"{state}_next")
    return g("Relu", g("Sub", frames, state))


def rhythm(path: Path, slow: int = 0) -> None:
    """An onset where the spectrum rises, in its band; each is a beat. `slow`: so many milliseconds, about."""
    g = _Graph()
    rise = _rise(g, "bands", "state_0")
    parts = np.zeros((2 * BANDS, 4))
    for column, (begin, end) in enumerate(((0, BANDS), (0, 12), (20, 40), (48, 64))):
        parts[begin:end, column] = parts[BANDS + begin : BANDS + end, column] = 0.5 / (end - begin)
    sums = g("MatMul", g("Reshape", rise, np.array([1, -1, 2 * BANDS])), parts)
    strength = g("Mul", g("Sub", sums, 0.08), 60.0)
    if slow:
        big = g("ConstantOfShape", np.array([SLOW, SLOW]))
        row = g("Expand", g("ReduceSum", sums), np.array([1, SLOW]))
        for _ in range(slow):
            row = g("MatMul", row, big)
        strength = g("Add", strength, g("ReduceSum", row))
    onset = g("Sigmoid", strength, out="onset")
    any_ = g("Slice", onset, np.array([0]), np.array([1]), np.array([2]))
    g("Concat", g("Mul", any_, 0.8), g("Mul", any_, 0.1), out="beat", axis=2)
    _save(g, path, {"bands": (2, BANDS)}, {"state_0": (1, 1, 2, BANDS)}, {"onset": 4, "beat": 2})


def pitch(path: Path) -> None:
    """A note where a key's own tone rises; chord and key by the pitch classes of all tones."""
    g = _Graph()
    own = np.zeros((TONES, PITCHES))
    own[(np.arange(PITCHES) + LOWEST - LOWEST_TONE) * BINS_PER_SEMITONE, np.arange(PITCHES)] = 1
    keys = g("MatMul", "tones", own)
    g("Sigmoid", g("Mul", g("Sub", _rise(g, keys, "state_0"), 0.05), 80.0), out="attack")
    g("Sigmoid", g("Mul", g("Sub", keys, 0.6), 30.0), out="sounding")
    g("Mul", keys, 0.7, out="velocity")
    f0 = g("Slice", "tones", np.array([2]), np.array([2 + F0_BINS]), np.array([2]))
    g("Softmax", g("Mul", f0, 40.0), axis=2, out="f0")
    loudest = g("ReduceMax", "tones", axes=[2], keepdims=1)
    g("Sigmoid", g("Mul", g("Sub", loudest, 0.5), 30.0), out="voiced")
    fold = np.eye(12)[(np.arange(TONES) // BINS_PER_SEMITONE + LOWEST_TONE) % 12]
    chroma = g("MatMul", "tones", fold / TONES)
    slow = g("Add", g("Mul", "state_1", 0.99), g("Mul", chroma, 0.01), out="state_1_next")
    triads = np.zeros((12, 25))
    for root in range(12):
        for quality, third in ((0, 4), (1, 3)):
            triads[[root, (root + third) % 12, (root + 7) % 12], root + 12 * quality] = 1
    g("Softmax", g("Mul", g("MatMul", chroma, triads), 300.0), axis=2, out="chord")
    g("Softmax", g("Mul", chroma, 300.0), axis=2, out="bass")
    g("Softmax", g("Mul", g("MatMul", slow, triads[:, :24]), 300.0), axis=2, out="key")
    outs = dict.fromkeys(("attack", "sounding", "velocity"), PITCHES)
    outs |= {"f0": F0_BINS, "voiced": 1, "chord": 25, "bass": 12, "key": 24}
    _save(g, path, {"bands": (2, BANDS), "tones": (TONES,)}, {"state_0": (1, 1, PITCHES), "state_1": (1, 1, 12)}, outs)


def _save(g: _Graph, path: Path, frames: dict, state: dict, outs: dict) -> None:
    def info(name: str, shape: tuple) -> object:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [info(name, (1, "time", *shape)) for name, shape in frames.items()]
    outputs = [info(name, (1, "time", size)) for name, size in outs.items()]
    inputs += [info(name, shape) for name, shape in state.items()]
    outputs += [info(f"{name}_next", shape) for name, shape in state.items()]
    graph = helper.make_graph(g.nodes, path.stem, inputs, outputs, g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)


def model(folder: Path, name: str = "standin", slow: int = 0) -> Path:
    """Both as a model with its card, in the folder `folder`/`name`."""
    there = folder / name
    there.mkdir(parents=True)
    rhythm(there / "rhythm.onnx", slow)
    pitch(there / "pitch.onnx")
    facts = {"name": name, "about": "sums that stand in for networks", "licence": "CC0-1.0"}
    graphs = {one: f"{one}.onnx" for one in ("rhythm", "pitch")}
    writing.write(writing.made("hearing", there, graphs, **facts), there)
    return there
