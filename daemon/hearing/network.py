"""A network: one graph run by ONNX Runtime a frame a call, in memory that was taken before; its state stays in it.

What goes in and comes out are the caller's own arrays, read and written in place. The state lies twice: each call reads
one and writes the other.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np


class Network:
    """[worker], one thread."""

    def __init__(self, session: Any, inputs: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]) -> None:
        """`session` of a graph of the task "hearing" (daemon.trained); arrays by name, float32, contiguous, any shape."""
        import onnxruntime

        shapes = {one.name: one.shape for one in (*session.get_inputs(), *session.get_outputs())}
        names = [one.name for one in session.get_inputs() if one.name not in inputs]
        self._session = session
        self._states = [{name: np.zeros(shapes[name], np.float32) for name in names} for _ in range(2)]
        self._kept: list[Any] = []  # what the bindings point to

        def value(array: np.ndarray, name: str) -> Any:
            seen = array.reshape(shapes[name])
            assert np.shares_memory(seen, array) and seen.flags.c_contiguous
            self._kept += (seen, one := onnxruntime.OrtValue.ortvalue_from_numpy(seen))
            return one

        self._bindings = []
        for before, after in (self._states, self._states[::-1]):
            binding = session.io_binding()
            for name, array in {**inputs, **before}.items():
                binding.bind_ortvalue_input(name, value(array, name))
            for name, array in {**outputs, **{f"{name}_next": array for name, array in after.items()}}.items():
                binding.bind_ortvalue_output(name, value(array, name))
            self._bindings.append(binding)
        self._turn = 0

    def step(self) -> None:
        """Hear the frame that lies in the inputs."""
        self._session.run_with_iobinding(self._bindings[self._turn])
        self._turn ^= 1

    def reset(self) -> None:
        """Know nothing any more."""
        for array in self._states[self._turn].values():
            array.fill(0)
