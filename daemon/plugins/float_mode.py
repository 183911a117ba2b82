"""How this thread rounds and whether it flushes denormals, kept while a plugin's library is loaded."""

import contextlib
import ctypes
import ctypes.util
import functools
from collections.abc import Iterator


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """A library built with -ffast-math flushes denormals on the thread that loads it; put back how it was. [any]

    Whatever loads a plugin's library stands under this, so that there is no way round it.
    """
    before = ctypes.create_string_buffer(64)  # a fenv_t has at most 32 bytes
    libm = _libm()
    libm.fegetenv(before)
    try:
        yield
    finally:
        libm.fesetenv(before)


@functools.cache
def _libm() -> ctypes.CDLL:
    return ctypes.CDLL(ctypes.util.find_library("m"))
