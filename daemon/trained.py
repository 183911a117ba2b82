"""Trained networks from files: checked before they are used, and run on one thread."""

from collections.abc import Mapping
from pathlib import Path

import onnxruntime

from daemon.models.card import ModelError
from daemon.models.contract import OPEN_SIZES, TASKS, Graph, Tensor, completed

__all__ = ["ModelError", "load", "loaded"]

_TYPES = {"float32": "tensor(float)", "int64": "tensor(int64)"}


def load(path: Path, graph: Graph) -> onnxruntime.InferenceSession:
    """A session of the graph at `path`, of exactly these inputs and outputs, in this order. Raises ModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    for name, size in OPEN_SIZES.items():
        options.add_free_dimension_override_by_name(name, size)
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model; install jamd again, or train it") from None
    except Exception as error:
        said = " ".join(str(error).split())[:80]
        raise ModelError(f"{path}: not a model that can be read; install jamd again ({said})") from None
    graph = completed(graph, {one.name: Tensor(tuple(one.shape)) for one in session.get_inputs()})
    for wanted, found in ((graph.inputs, session.get_inputs()), (graph.outputs, session.get_outputs())):
        shapes = {one.name: (tuple(one.shape), one.type) for one in found}
        if shapes != (want := {name: (one.shape, _TYPES[one.type]) for name, one in wanted.items()}):
            name = next(name for name in (*want, *shapes) if shapes.get(name) != want.get(name))
            raise ModelError(
                f"{path}: made for another jamd: {name} is {shapes.get(name, 'missing')}, "
                f"wanted is {want.get(name, 'none of that name')}; train it anew"
            )
    if [one.name for one in session.get_outputs()] != list(graph.outputs):
        raise ModelError(f"{path}: made for another jamd: its outputs are in another order; train it anew")
    return session


def loaded(task: str, files: Mapping[str, Path]) -> dict[str, onnxruntime.InferenceSession]:
    """A task's graphs from their files; shapes and types are checked, hashes are not. Raises ModelError."""
    return {name: load(files[name], graph) for name, graph in TASKS[task].items()}
