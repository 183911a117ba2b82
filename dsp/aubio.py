"""aubio's C functions by address, so that kernels call them without the interpreter.

They are exported by the extension module of the installed `aubio` package (aubio-ledfx, GPL-3). `fvec_t` is
`{uint32 length; float *data}`. Whatever aubio allocates, it does when an object is made. [main]
"""

import ctypes
import importlib.util
import weakref
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dsp.hop import HOP
from dsp.kernel import zeros

FVEC = np.dtype([("length", np.uint32), ("data", np.uint64)], align=True)

STATE = np.dtype(
    [
        ("made", np.uint64),  # the aubio object
        ("do", np.uint64),  # addresses of its C functions
        ("get", np.uint64, (3,)),
        ("centre", np.int64),  # samples from the newest one back to the middle of the frame
        ("input", FVEC),
        ("output", FVEC),
        ("found", np.float32, (2,)),  # what `output` points to
    ],
    align=True,
)
assert STATE.fields is not None
INPUT_OFFSET = np.uint64(STATE.fields["input"][1])
OUTPUT_OFFSET = np.uint64(STATE.fields["output"][1])


class AubioError(ImportError):
    """aubio is not installed, or knows no such method."""


@cache
def library() -> Any:
    """The extension module as a C library. Raises AubioError with the remedy."""
    spec = importlib.util.find_spec("aubio")
    found = [] if spec is None or spec.origin is None else sorted(Path(spec.origin).parent.glob("_aubio*"))
    if not found:
        raise AubioError("aubio is not installed: pip install aubio-ledfx")
    return ctypes.CDLL(str(found[0]))


def address(name: str) -> int:
    """Where the C function `name` lies. [main]"""
    return ctypes.cast(getattr(library(), name), ctypes.c_void_p).value or 0


def prepare(kind: str, method: str, frame: int, rate: float, getters: tuple[str, ...]) -> np.ndarray:
    """A record with a new aubio object of `kind` (onset, pitch, tempo); it is freed with the record. [main]"""
    make = getattr(library(), f"new_aubio_{kind}")
    make.restype, make.argtypes = ctypes.c_void_p, [ctypes.c_char_p] + [ctypes.c_uint] * 3
    made = make(method.encode(), frame, HOP, round(rate))
    if not made:
        raise AubioError(f"aubio has no {kind} method {method!r}")
    state = zeros(STATE)
    state["made"], state["do"] = made, address(f"aubio_{kind}_do")
    state["get"][0, : len(getters)] = [address(f"aubio_{kind}_get_{name}") for name in getters]
    state["centre"] = frame // 2
    state["input"]["length"], state["output"]["length"] = HOP, 2
    state["output"]["data"] = state["found"].ctypes.data
    delete = getattr(library(), f"del_aubio_{kind}")
    delete.argtypes = [ctypes.c_void_p]
    weakref.finalize(state, delete, made)
    return state
