"""C functions by address with arguments of any kind: what lets a kernel call a plugin's own."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dsp.native import pointer_to

__all__ = ["call_int", "doubles_at", "thread_id", "words_at"]

_pthread_self = types.ExternalFunction("pthread_self", types.uintp())


@intrinsic
def call_int(typingctx, address, arguments):
    """Call the C function `int32_t (*)(...)` at an address with a tuple, whose types are the C function's. [any]"""

    def code(context, builder, signature, values):
        parts = [builder.extract_value(values[1], k) for k in range(len(signature.args[1]))]
        function = ir.FunctionType(ir.IntType(32), [part.type for part in parts]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), parts)

    return types.int32(types.uintp, arguments), code


doubles_at, words_at = pointer_to(np.dtype(np.float64)), pointer_to(np.dtype(np.uint32))
"""Typed pointers to the float64 and the uint32 values at an address. [any]"""

thread_id = _pthread_self
"""Inside a kernel, `thread_id()` tells one thread from another. [any]"""
