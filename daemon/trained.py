"""Trained networks from files: checked before they are used, and run on one thread."""

from collections.abc import Mapping
from pathlib import Path

import onnxruntime

from daemon.errors import UserError

Shape = tuple[int | str, ...]
"""A number, or the name of a size that is open."""


class ModelError(UserError):
    """A model that is missing, damaged, or of another shape."""


def load(path: Path, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> onnxruntime.InferenceSession:
    """A session of the model at `path`, of exactly these inputs and outputs, name -> shape. Raises ModelError."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model; install jamd again, or train it") from None
    except Exception as error:
        raise ModelError(f"{path}: not a model that can be read; install jamd again ({str(error)[:80]})") from None
    for wanted, found in ((inputs, session.get_inputs()), (outputs, session.get_outputs())):
        shapes = {one.name: tuple(one.shape) for one in found}
        if shapes != dict(wanted):
            raise ModelError(
                f"{path}: made for another jamd: it has {shapes}, wanted are {dict(wanted)}; train it anew"
            )
    return session
