"""How a function of dsp becomes machine code: one way for kernels the callback calls, one for their parts.

Thread: importing compiles or loads from Numba's disk cache [main]; what is made runs anywhere, without the interpreter.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import carray, cfunc, from_dtype, njit, types

__all__ = ["inline", "kernel", "offset_of", "record_at", "zeros"]

inline = njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
"""A part of a kernel: `@inline` compiles to machine code that other kernels absorb."""

record_at = carray
"""Inside a kernel, `record_at(pointer, 1)[0]` is the record behind a typed pointer."""


def kernel(*records: np.dtype) -> Callable[[Any], Any]:
    """A native function `void f(record*, ...)` of these dtypes; `f.address` is its C function pointer. [audio]"""
    pointers = [types.CPointer(from_dtype(record)) for record in records]
    return cfunc(types.void(*pointers), cache=True, nopython=True, fastmath=True, error_model="numpy")


def zeros(dtype: np.dtype) -> np.ndarray:
    """One zeroed record, 64-byte aligned, as an array of shape (1,). [main]"""
    raw = np.empty(dtype.itemsize + 64, np.uint8)
    raw.fill(0)  # written here, so that the audio thread is not the first to touch a page
    start = -raw.ctypes.data % 64
    return raw[start : start + dtype.itemsize].view(dtype)


def offset_of(dtype: np.dtype, field: str) -> int:
    """Where a field lies in a record, in bytes: for what is reached by address. [main]"""
    assert dtype.fields is not None
    return int(dtype.fields[field][1])
