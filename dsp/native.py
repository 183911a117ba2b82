"""C functions and memory by address: what lets a kernel call aubio, a plugin, or another kernel."""

from llvmlite import ir
from numba import from_dtype, types
from numba.extending import intrinsic

__all__ = [
    "address_of",
    "call1",
    "call2",
    "call3",
    "fetch2",
    "fetch_float",
    "fetch_uint",
    "floats_at",
    "pointer_to",
    "store_float",
    "store_word",
]


@intrinsic
def call1(typingctx, address, a):
    """Call the C function `void (*)(uintptr_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        function = ir.FunctionType(ir.VoidType(), [values[0].type]).as_pointer()
        builder.call(builder.inttoptr(values[0], function), values[1:])
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp), code


@intrinsic
def call2(typingctx, address, a, b):
    """Call the C function `void (*)(uintptr_t, uintptr_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        word = values[0].type
        function = ir.FunctionType(ir.VoidType(), [word, word]).as_pointer()
        builder.call(builder.inttoptr(values[0], function), values[1:])
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.uintp), code


@intrinsic
def call3(typingctx, address, a, b, c):
    """Call the C function `void (*)(uintptr_t, uintptr_t, uintptr_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        word = values[0].type
        function = ir.FunctionType(ir.VoidType(), [word] * 3).as_pointer()
        builder.call(builder.inttoptr(values[0], function), values[1:])
        return context.get_dummy_value()

    return types.void(types.uintp, types.uintp, types.uintp, types.uintp), code


@intrinsic
def fetch_float(typingctx, address, a):
    """Call the C function `float (*)(uintptr_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        function = ir.FunctionType(ir.FloatType(), [values[1].type]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), values[1:])

    return types.float32(types.uintp, types.uintp), code


@intrinsic
def fetch_uint(typingctx, address, a):
    """Call the C function `uint32_t (*)(uintptr_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        function = ir.FunctionType(ir.IntType(32), [values[1].type]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), values[1:])

    return types.uint32(types.uintp, types.uintp), code


@intrinsic
def fetch2(typingctx, address, a, b):
    """Call the C function `uintptr_t (*)(uintptr_t, uint32_t)` at an address. [any]"""

    def code(context, builder, signature, values):
        word = values[0].type
        function = ir.FunctionType(word, [word, values[2].type]).as_pointer()
        return builder.call(builder.inttoptr(values[0], function), values[1:])

    return types.uintp(types.uintp, types.uintp, types.uint32), code


@intrinsic
def address_of(typingctx, where):
    """The address of an array's first element, or of what a typed pointer points to. [any]"""

    def code(context, builder, signature, values):
        pointer = values[0]
        if isinstance(signature.args[0], types.Array):
            pointer = context.make_array(signature.args[0])(context, builder, pointer).data
        return builder.ptrtoint(pointer, context.get_value_type(types.uintp))

    return types.uintp(where), code


@intrinsic
def floats_at(typingctx, address):
    """A typed pointer to the float32 values at an address. [any]"""

    def code(context, builder, signature, values):
        return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float32)(types.uintp), code


def pointer_to(dtype):
    """An intrinsic that turns an address into a typed pointer to records of `dtype`. [main]"""
    kind = types.CPointer(from_dtype(dtype))

    @intrinsic
    def at(typingctx, address):
        """The typed pointer at an address. [any]"""

        def code(context, builder, signature, values):
            return builder.inttoptr(values[0], context.get_value_type(signature.return_type))

        return kind(types.uintp), code

    return at


@intrinsic
def store_word(typingctx, address, value):
    """Store an int64 at an address. [any]"""

    def code(context, builder, signature, values):
        builder.store(values[1], builder.inttoptr(values[0], values[1].type.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.uintp, types.int64), code


@intrinsic
def store_float(typingctx, address, value):
    """Store a float32 at an address. [any]"""

    def code(context, builder, signature, values):
        builder.store(values[1], builder.inttoptr(values[0], values[1].type.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.uintp, types.float32), code
