"""C functions by address with arguments of any kind: what lets a kernel call a plugin's own."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["call_int", "thread_id"]

_pthread_self = types.ExternalFunction("pthread_self", types.uintp())


@intrinsic
def call_int(typingctx, address, arguments):
    """Call the C function `int32_t (*)(...)` at an address with a tuple, whose types are the C function's. [any]"""

    def code(context, builder, signature, values):
        parts = [builder.extract_value(values[1], k) for k in range(len(signature.args[1]))]
        function = ir.FunctionType(ir.IntType(32), [part.type for part in parts]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), parts)

    return types.int32(types.uintp, arguments), code


thread_id = _pthread_self
"""Inside a kernel, `thread_id()` tells one thread from another. [any]"""
