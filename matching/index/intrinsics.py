"""What the kernels ask of the processor that numba has no words for, as instructions of LLVM."""

from collections.abc import Sequence
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

from matching.index.distances import TILES

EIGHT: Final = 8
THREE: Final = 3  # bytes of a number below 2^24, the lowest first
BEYOND: Final = THREE * EIGHT  # bytes that are read from where a number begins, and must be there

BYTE: Final = ir.IntType(8)
NUMBER: Final = ir.IntType(32)
WORD: Final = ir.IntType(64)


def named(builder: Any, name: str, kind: ir.FunctionType) -> ir.Function:
    """A function of LLVM's own."""
    return builder.module.globals.get(name) or ir.Function(builder.module, kind, name)


def vector(builder: Any, parts: Sequence[Any]) -> Any:
    made = ir.Constant(ir.VectorType(parts[0].type, len(parts)), ir.Undefined)
    for place, part in enumerate(parts):
        made = builder.insert_element(made, part, NUMBER(place))
    return made


@intrinsic
def ones(_: Any, word: Any) -> Any:
    """How many bits of a word are set: one instruction."""
    if not isinstance(word, types.Integer):
        raise TypingError(f"ones of {word}")

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


@intrinsic
def tiles_within(_: Any, one: Any, other: Any, flips: Any) -> Any:
    """In how many of their tiles two codes, of four words of 64 bits each, differ in no more bits than that.

    All tiles at once: word by word it takes five times as long.
    """

    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        tile = ir.IntType(16)
        tiles = ir.VectorType(tile, TILES)
        codes = [vector(builder, cgutils.unpack_tuple(builder, code)) for code in arguments[:2]]
        difference = builder.bitcast(builder.xor(*codes), tiles)
        bits = builder.call(named(builder, "llvm.ctpop.v16i16", ir.FunctionType(tiles, [tiles])), [difference])
        few = builder.icmp_unsigned("<=", bits, vector(builder, [builder.trunc(arguments[2], tile)] * TILES))
        return builder.zext(builder.ctpop(builder.bitcast(few, ir.IntType(TILES))), WORD)

    return types.int64(one, other, flips), generate


@intrinsic
def fetch(_: Any, array: Any, __: Any) -> Any:
    """Ask for a row of an array before it is needed."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        stride = cgutils.unpack_tuple(builder, made.strides)[0]
        place = builder.gep(
            builder.bitcast(made.data, BYTE.as_pointer()), [builder.mul(stride, arguments[1])], source_etype=BYTE
        )
        kind = ir.FunctionType(ir.VoidType(), [BYTE.as_pointer(), NUMBER, NUMBER, NUMBER])
        builder.call(named(builder, "llvm.prefetch.p0", kind), [place, NUMBER(0), NUMBER(3), NUMBER(1)])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic
def three(_: Any, array: Any, __: Any) -> Any:
    """A number of an array of bytes, each of which takes three. Reads the byte behind it too."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(made.data, [builder.mul(arguments[1], WORD(THREE))])
        read = builder.load(builder.bitcast(place, NUMBER.as_pointer()), align=1)
        return builder.zext(builder.and_(read, NUMBER(0xFFFFFF)), WORD)

    return types.int64(array, types.intp), generate


@intrinsic
def put_eight(_: Any, numbers: Any, __: Any, array: Any, ___: Any, ____: Any) -> Any:
    """put_eight(numbers, at, array, first, bits): eight of an array of three bytes each, put in a row with these bits.

    It reads `BEYOND` bytes and writes eight numbers of 32 bits, however many of them mean something.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        into = context.make_array(signature.args[0])(context, builder, arguments[0])
        made = context.make_array(signature.args[2])(context, builder, arguments[2])
        packed, unpacked = ir.VectorType(BYTE, BEYOND), ir.VectorType(NUMBER, EIGHT)
        place = builder.gep(made.data, [builder.mul(arguments[3], WORD(THREE))])
        read = builder.load(builder.bitcast(place, packed.as_pointer()), align=1)
        order = [THREE * each + byte if byte < THREE else BEYOND for each in range(EIGHT) for byte in range(4)]
        with_zeros = ir.Constant(ir.VectorType(NUMBER, len(order)), order)
        wide = builder.bitcast(builder.shuffle_vector(read, ir.Constant(packed, None), with_zeros), unpacked)
        there = builder.bitcast(builder.gep(into.data, [arguments[1]]), unpacked.as_pointer())
        builder.store(builder.or_(wide, vector(builder, [arguments[4]] * EIGHT)), there, align=4)
        return context.get_dummy_value()

    return types.void(numbers, types.intp, array, types.intp, types.uint32), generate
