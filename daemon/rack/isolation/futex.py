"""A futex: a thread of one process waits until another process changes a word of memory that both see. Linux only.

The words are int64 whose lower half, first in memory on every machine named here, is what the kernel compares.
"""

import platform
import sys

import numpy as np
from numba import types

from dsp.kernel import inline
from dsp.native import address_of

_NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98}
_NUMBER = _NUMBERS.get(platform.machine(), -1)

AVAILABLE = sys.platform == "linux" and _NUMBER > 0
"""Whether there is one here."""

_WAKE, _WAIT_UNTIL = 1, 9  # FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time
_ANY = 0xFFFFFFFF

_syscall = types.ExternalFunction(
    "syscall",
    types.int64(types.int64, types.uintp, types.int64, types.int64, types.uintp, types.uintp, types.int64),
)


@inline
def wake(address):
    """Wake who waits on the word at `address`. [any]"""
    _syscall(_NUMBER, address, _WAKE, 1, np.uintp(0), np.uintp(0), 0)


@inline
def wait(address, seen):
    """Sleep until woken, unless the word at `address` is no longer as `seen`; may return early. [any]"""
    _syscall(_NUMBER, address, _WAIT_UNTIL, seen & _ANY, np.uintp(0), np.uintp(0), _ANY)


@inline
def wait_until(address, seen, time_ns, scratch):
    """`wait`, no longer than to a CLOCK_MONOTONIC time; `scratch` is a preallocated int64[2]. [any]"""
    scratch[0], scratch[1] = time_ns // 1_000_000_000, time_ns % 1_000_000_000
    _syscall(_NUMBER, address, _WAIT_UNTIL, seen & _ANY, address_of(scratch), np.uintp(0), _ANY)
