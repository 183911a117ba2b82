"""What native code needs beyond arithmetic: ordered stores, the clock, an eventfd, denormals off, which thread this is."""

import platform
import sys

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dsp.kernel import inline
from dsp.native import address_of

__all__ = [
    "audio_cpu",
    "audio_thread",
    "load_acquire",
    "monotonic_ns",
    "restore_denormals",
    "signal",
    "sleep_until_ns",
    "store_release",
    "zero_denormals",
]

_X86 = platform.machine() in ("x86_64", "AMD64")
_CLOCK_MONOTONIC = 6 if sys.platform == "darwin" else 1

_clock_gettime = types.ExternalFunction("clock_gettime", types.int32(types.int32, types.uintp))
_clock_nanosleep = types.ExternalFunction(
    "clock_nanosleep", types.int32(types.int32, types.int32, types.uintp, types.uintp)
)
_write = types.ExternalFunction("write", types.intp(types.int32, types.uintp, types.uintp))


@intrinsic
def store_release(typingctx, address, value):
    """Store an int64 at an address; who sees it also sees everything written before. [any]"""

    def code(context, builder, signature, values):
        pointer = builder.inttoptr(values[0], values[1].type.as_pointer())
        builder.store_atomic(values[1], pointer, "release", 8)
        return context.get_dummy_value()

    return types.void(types.uintp, types.int64), code


@intrinsic
def load_acquire(typingctx, address):
    """The int64 at an address; what was written before it was stored is seen too. [any]"""

    def code(context, builder, signature, values):
        word = ir.IntType(64)
        return builder.load_atomic(builder.inttoptr(values[0], word.as_pointer()), "acquire", 8, typ=word)

    return types.int64(types.uintp), code


def _mxcsr(builder, name, slot):
    """Store or load the SSE control register at `slot`."""
    byte_pointer = ir.IntType(8).as_pointer()
    module = builder.module
    kind = ir.FunctionType(ir.VoidType(), [byte_pointer])
    function = module.globals.get(name) or ir.Function(module, kind, name)
    builder.call(function, [builder.bitcast(slot, byte_pointer)])


@intrinsic
def zero_denormals(typingctx):
    """Flush denormals to zero on this thread (x86 MXCSR bits FTZ and DAZ; a no-op elsewhere); returns how it was. [any]"""

    def code(context, builder, signature, values):
        slot = builder.alloca(ir.IntType(32))
        builder.store(ir.Constant(ir.IntType(32), 0), slot)
        if not _X86:
            return builder.load(slot)
        _mxcsr(builder, "llvm.x86.sse.stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, ir.Constant(ir.IntType(32), 0x8040)), slot)
        _mxcsr(builder, "llvm.x86.sse.ldmxcsr", slot)
        return before

    return types.uint32(), code


@intrinsic
def restore_denormals(typingctx, before):
    """Put back what `zero_denormals` returned, for whose thread this is. [any]"""

    def code(context, builder, signature, values):
        if _X86:
            slot = builder.alloca(ir.IntType(32))
            builder.store(values[0], slot)
            _mxcsr(builder, "llvm.x86.sse.ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.uint32), code


@inline
def monotonic_ns(scratch):
    """CLOCK_MONOTONIC in ns; `scratch` is a preallocated int64[2]. [any]"""
    _clock_gettime(_CLOCK_MONOTONIC, address_of(scratch))
    return scratch[0] * 1_000_000_000 + scratch[1]


@inline
def sleep_until_ns(time_ns, scratch):
    """Sleep to a CLOCK_MONOTONIC time; `scratch` is a preallocated int64[2]. [any]"""
    scratch[0], scratch[1] = time_ns // 1_000_000_000, time_ns % 1_000_000_000
    _clock_nanosleep(_CLOCK_MONOTONIC, 1, address_of(scratch), 0)


@inline
def signal(eventfd, scratch):
    """Add one to an eventfd (non-blocking); `scratch` is a preallocated int64[2]. [any]"""
    scratch[0] = 1
    _write(np.int32(eventfd), address_of(scratch), np.uintp(8))


if sys.platform == "linux":
    _gettid = types.ExternalFunction("gettid", types.int32())
    _sched_getcpu = types.ExternalFunction("sched_getcpu", types.int32())

    @inline
    def audio_thread():
        """The id of this thread, as the system's scheduler knows it. [any]"""
        return np.int64(_gettid())

    @inline
    def audio_cpu():
        """The processor that this thread is on. [any]"""
        return np.int64(_sched_getcpu())

else:

    @inline
    def audio_thread():
        """Not known here."""
        return np.int64(-1)

    @inline
    def audio_cpu():
        """Not known here."""
        return np.int64(-1)
