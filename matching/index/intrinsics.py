"""What the kernels ask of the processor that numba has no words for."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic


@intrinsic
def ones(_: Any, word: Any) -> Any:
    """How many bits of a word are set: one instruction."""
    if not isinstance(word, types.Integer):
        raise TypingError(f"ones of {word}")

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@intrinsic
def fetch(_: Any, array: Any, __: Any) -> Any:
    """Ask for a row of an array before it is needed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, made.strides)[0]
        byte = ir.IntType(8)
        place = builder.gep(
            builder.bitcast(made.data, byte.as_pointer()), [builder.mul(stride, arguments[1])], source_etype=byte
        )
        number = ir.IntType(32)
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte.as_pointer(), number, number, number]), name
        )
        builder.call(function, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
