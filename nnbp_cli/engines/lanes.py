"""Sixteen numbers that a processor works on at once: its vector registers, as numba lets one say it.

A loop over sixteen numbers of an array is what a compiler should make of itself, but whether it keeps their
sums in registers depends on its mood: with these it has no choice. LLVM splits them where registers are
shorter.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from nnbp_cli.engines.compiling import FLAGS

LANES = 16


class Lanes(types.Type):
    """The type of LANES numbers of a `dtype`."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(f"Lanes({dtype})")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        number = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(number, LANES))


@intrinsic
def at(typing: Any, array: Any, k: Any) -> Any:
    """Number k of a vector, for k >= 0; an index as numba's own sizes are."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = context.make_array(array)(context, builder, arguments[0])
        number = builder.load(builder.gep(vector.data, [arguments[1]]))
        return context.cast(builder, number, array.dtype, signature.return_type)

    found = types.intp if isinstance(array.dtype, types.Integer) else array.dtype
    return found(array, types.intp), generate


@intrinsic
def put(typing: Any, array: Any, k: Any, x: Any) -> Any:
    """Write number k of a vector, for k >= 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = context.make_array(array)(context, builder, arguments[0])
        number = context.cast(builder, arguments[2], x, array.dtype)
        builder.store(number, builder.gep(vector.data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp, x), generate


@intrinsic
def load(typing: Any, array: Any, k: Any) -> Any:
    """The numbers of a vector from number k on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(context, builder, signature, arguments), align=array.dtype.bitwidth // 8)

    return Lanes(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, k: Any, lanes: Any) -> Any:
    """Write them there."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature, arguments)
        builder.store(arguments[2], pointer, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def spread(typing: Any, x: Any) -> Any:
    """The same number in every lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _spread(context, builder, signature.return_type, arguments[0])

    return Lanes(x)(x), generate


@intrinsic
def multiply_add(typing: Any, lanes: Any, x: Any, others: Any) -> Any:
    """lanes + x * others."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes_, x_, others_ = arguments
        product = builder.fmul(_spread(context, builder, lanes, x_), others_, flags=FLAGS)
        return builder.fadd(lanes_, product, flags=FLAGS)

    return lanes(lanes, lanes.dtype, lanes), generate


@intrinsic
def add(typing: Any, lanes: Any, others: Any) -> Any:
    """lanes + others."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fadd(*arguments, flags=FLAGS)

    return lanes(lanes, lanes), generate


@intrinsic
def dot(typing: Any, lanes: Any, others: Any) -> Any:
    """The sum of their products."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = context.get_value_type(lanes.dtype)
        vector = context.get_value_type(lanes)
        name = f"llvm.vector.reduce.fadd.v{LANES}f{lanes.dtype.bitwidth}"
        kind = ir.FunctionType(number, [number, vector])
        total = cgutils.get_or_insert_function(builder.module, kind, name)
        product = builder.fmul(*arguments, flags=FLAGS)
        return builder.call(total, [ir.Constant(number, -0.0), product], fastmath=FLAGS)

    return lanes.dtype(lanes, lanes), generate


@intrinsic
def word(typing: Any, array: Any, k: Any) -> Any:
    """Bytes k to k + 7 of a vector of bytes, as one number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = context.make_array(array)(context, builder, arguments[0])
        first = builder.gep(vector.data, [arguments[1]])
        return builder.load(builder.bitcast(first, ir.IntType(64).as_pointer()), align=1)

    return types.int64(array, types.intp), generate


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    vector = ir.VectorType(context.get_value_type(signature.args[0].dtype), LANES)
    return builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer())


def _spread(context: Any, builder: Any, lanes: Lanes, x: Any) -> Any:
    vector, i32 = context.get_value_type(lanes), ir.IntType(32)
    nothing = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(nothing, x, ir.Constant(i32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(i32, LANES), [0] * LANES))
