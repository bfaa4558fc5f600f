"""Arithmetic: the exact result, rounded once to the dtype; integers wrap in two's complement.

Tolerances: the OpenCL C specification's relative-error tables, full profile. Where an
operation is a sum of terms, its domain keeps them from cancelling, and the errors of its steps
add up.
"""

from __future__ import annotations

import math
import operator
from dataclasses import replace

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar, float64
from gnomon.op.claims import EXACT, NONZERO, POSITIVE, PROBABILITY, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, BinaryMeaning, Quaternary, Ternary, Unary
from gnomon.op.foundation import no_slope
from gnomon.op.rules import floating, int_to_float, integers_and_floats, numeric, same

__all__ = [
    "abs",
    "absolute",
    "floor_divide",
    "fmod",
    "mul",
    "multiply",
    "neg",
    "negative",
    "reciprocal",
    "remainder",
    "sgn",
    "sign",
]

_NEGATIVE = Domain(-math.inf, 0.0)
#: Division; correctly rounded in float64 only, by the tables.
QUOTIENT = Ulps(2.5, 0, 1)

add_scaled: Ternary = Ternary(
    name="add_scaled",
    definition="input + third * other",
    special_cases="integers wrap in two's complement",
    node_name="AddBackward0",
    dtype=same,
    scalar=lambda x, y, alpha: x + alpha * y,
    vjp=(
        lambda g, _x, _y, _alpha, _r: g,
        lambda g, _x, _y, alpha, _r: mul(g, alpha),
        None,
    ),
    tolerance=Ulps(2, 2, 2),
    domain=(POSITIVE, POSITIVE, POSITIVE),
)
sub: Binary = Binary(
    name="sub",
    definition="input - other",
    special_cases="integers wrap in two's complement",
    dtype=numeric,
    scalar=operator.sub,
    vjp=(lambda g, _x, _y, _r: g, lambda g, _x, _y, _r: neg(g)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
sub_scaled: Ternary = Ternary(
    name="sub_scaled",
    definition="input - third * other",
    special_cases="integers wrap in two's complement",
    node_name="SubBackward0",
    dtype=numeric,
    scalar=lambda x, y, alpha: x - alpha * y,
    vjp=(
        lambda g, _x, _y, _alpha, _r: g,
        lambda g, _x, _y, alpha, _r: neg(mul(g, alpha)),
        None,
    ),
    tolerance=Ulps(2, 2, 2),
    domain=(POSITIVE, _NEGATIVE, POSITIVE),
)
#: Subtraction as ``rsub`` and ``2 - x`` ask for it: PyTorch's graph gives it another name.
reversed_sub: Binary = replace(sub, node_name="RsubBackward0", number_node_name="RsubBackward1")
reversed_sub_scaled: Ternary = replace(sub_scaled, node_name="RsubBackward0")
mul: Binary = Binary(
    name="mul",
    definition="input * other",
    special_cases="integers wrap in two's complement; on bool, logical and",
    precise_numbers=True,
    dtype=same,
    scalar=operator.mul,
    vjp=(lambda g, _x, y, _r: mul(g, y), lambda g, x, _y, _r: mul(g, x)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
neg: Unary = Unary(
    name="neg",
    definition="the input with the opposite sign",
    special_cases=(
        "integers wrap: the smallest one, and unsigned ones, modulo 2 to the number of bits"
    ),
    dtype=numeric,
    scalar=operator.neg,
    vjp=lambda g, _x, _y: neg(g),
    tolerance=EXACT,
    domain=REALS,
)
sign: Unary = Unary(
    name="sign",
    definition="the sign of the input: -1, 0 or 1",
    special_cases="0 for zeros of both signs and for NaN; on bool, the input",
    dtype=same,
    scalar=lambda x: (x > 0) - (x < 0),
    vjp=lambda g, _x, _y: no_slope(g),
    tolerance=EXACT,
    domain=REALS,
)
sgn: Unary = replace(sign, node_name="SgnBackward0")
abs: Unary = Unary(
    name="abs",
    definition="the absolute value of the input",
    special_cases="the smallest integer of a dtype wraps to itself",
    dtype=integers_and_floats,
    scalar=operator.abs,
    vjp=lambda g, x, _y: mul(g, sign(x)),
    tolerance=EXACT,
    domain=REALS,
)
div: Binary = Binary(
    name="div",
    definition="input / other",
    special_cases=(
        "a nonzero number over zero is infinite, with the sign of the quotient; 0 / 0 is NaN"
    ),
    precise_numbers=True,
    dtype=int_to_float,
    scalar=operator.truediv,
    undefined=special.divide,
    vjp=(
        lambda g, _x, y, _r: div(g, y),
        lambda g, x, y, _r: neg(mul(g, div(div(x, y), y))),
    ),
    tolerance=QUOTIENT,
    domain=(REALS, NONZERO),
)
reciprocal: Unary = Unary(
    name="reciprocal",
    definition="1 / input",
    special_cases="infinite at zero, with its sign; zero at infinities, with theirs",
    dtype=int_to_float,
    scalar=lambda x: 1.0 / x,
    undefined=lambda x: special.divide(1.0, x),
    vjp=lambda g, _x, y: neg(mul(g, mul(y, y))),
    tolerance=QUOTIENT,
    domain=NONZERO,
)
floor_divide: Binary = Binary(
    name="floor_divide",
    definition="the quotient of input and other, rounded down",
    special_cases=(
        "the exact quotient is rounded, so that 1.0 // 0.1 is 9; floats over zero give inf or "
        "NaN, integers over zero raise RuntimeError"
    ),
    precise_numbers=True,
    node_name="DivBackward2",
    dtype=integers_and_floats,
    scalar=special.float_floor_divide,
    integer=operator.floordiv,
    vjp=(lambda g, _x, _y, _r: no_slope(g), lambda g, _x, _y, _r: no_slope(g)),
    tolerance=QUOTIENT,
    domain=(REALS, NONZERO),
)


def _truncated_quotient(dtype: DType) -> BinaryMeaning:
    """Return the division that rounds to ``dtype`` before it cuts, as PyTorch does."""

    def meaning(x: Scalar, y: Scalar) -> Scalar:
        quotient = special.divide(x, y)
        if dtype is not float64:
            quotient = float(dtype.round(quotient))
        if not math.isfinite(quotient):
            return quotient
        return math.copysign(math.trunc(quotient), quotient)

    return meaning


trunc_divide: Binary = Binary(
    name="trunc_divide",
    definition="the quotient of input and other, rounded toward zero",
    special_cases=(
        "the quotient is rounded to the dtype first; floats over zero give inf or NaN, "
        "integers over zero raise RuntimeError"
    ),
    precise_numbers=True,
    node_name="DivBackward2",
    dtype=integers_and_floats,
    scalar=special.divide,
    floating=_truncated_quotient,
    integer=lambda x, y: special.integer_trunc_divide(int(x), int(y)),
    vjp=(lambda g, _x, _y, _r: no_slope(g), lambda g, _x, _y, _r: no_slope(g)),
    tolerance=QUOTIENT,
    domain=(REALS, NONZERO),
)
remainder: Binary = Binary(
    name="remainder",
    definition=(
        "what the quotient of input and other, rounded down, leaves: it has the sign of other"
    ),
    special_cases=(
        "a zero has the sign of input; NaN for floats where other is 0 or input infinite; "
        "integers over zero raise RuntimeError"
    ),
    node_name="RemainderBackward1",
    number_node_name="RemainderBackward0",
    dtype=integers_and_floats,
    scalar=special.float_remainder,
    integer=operator.mod,
    vjp=(
        lambda g, _x, _y, _r: g,
        lambda g, x, y, _r: neg(mul(g, floor_divide(x, y))),
    ),
    tolerance=EXACT,
    domain=(REALS, NONZERO),
)
fmod: Binary = Binary(
    name="fmod",
    definition=(
        "what the quotient of input and other, rounded toward zero, leaves: it has the sign "
        "of input"
    ),
    special_cases=(
        "NaN for floats where other is 0 or input infinite; integers over zero raise "
        "RuntimeError"
    ),
    tensors=1,
    node_name="FmodBackward1",
    number_node_name="FmodBackward0",
    dtype=integers_and_floats,
    scalar=math.fmod,
    integer=lambda x, y: special.integer_fmod(int(x), int(y)),
    undefined=special.fmod,
    vjp=(
        lambda g, _x, _y, _r: g,
        lambda g, x, y, _r: neg(mul(g, trunc_divide(x, y))),
    ),
    tolerance=EXACT,
    domain=(REALS, NONZERO),
)
#: ``addcmul(input, tensor1, tensor2, value)`` is ``input + value * tensor1 * tensor2``.
add_product: Quaternary = Quaternary(
    name="addcmul",
    definition="input + fourth * other * third",
    special_cases="integers wrap in two's complement",
    tensors=3,
    precise_numbers=True,
    dtype=integers_and_floats,
    scalar=lambda x, a, b, value: x + value * a * b,
    vjp=(
        lambda g, _x, _a, _b, _value, _r: g,
        lambda g, _x, _a, b, value, _r: mul(g, mul(b, value)),
        lambda g, _x, a, _b, value, _r: mul(g, mul(a, value)),
        None,
    ),
    tolerance=Ulps(3, 3, 3),
    domain=(POSITIVE, POSITIVE, POSITIVE, POSITIVE),
)
#: ``addcdiv(input, tensor1, tensor2, value)`` is ``input + value * tensor1 / tensor2``.
add_quotient: Quaternary = Quaternary(
    name="addcdiv",
    definition="input + fourth * other / third",
    special_cases="division by zero gives inf or NaN",
    tensors=3,
    precise_numbers=True,
    dtype=floating,
    scalar=lambda x, a, b, value: x + value * a / b,
    undefined=lambda x, a, b, value: x + special.divide(value * a, b),
    vjp=(
        lambda g, _x, _a, _b, _value, _r: g,
        lambda g, _x, _a, b, value, _r: mul(g, div(value, b)),
        lambda g, _x, a, b, value, _r: neg(mul(g, div(mul(value, div(a, b)), b))),
        None,
    ),
    tolerance=Ulps(7, 3, 4),
    domain=(POSITIVE, POSITIVE, POSITIVE, POSITIVE),
)


def _interpolate(start: Scalar, end: Scalar, weight: Scalar) -> Scalar:
    """Return the point between, reckoned from the nearer end: weight 1 gives ``end`` itself."""
    if -0.5 < weight < 0.5:
        return start + weight * (end - start)
    return end - (end - start) * (1 - weight)


def _left_of(weight: TensorCore | Scalar) -> TensorCore | Scalar:
    """Return how much the start of ``lerp`` weighs."""
    return sub(1, weight) if isinstance(weight, TensorCore) else 1 - weight


lerp: Ternary = Ternary(
    name="lerp",
    definition="input + third * (other - input), reckoned from the nearer end",
    special_cases="other itself where third is 1; third may lie outside [0, 1]",
    tensors=2,
    precise_numbers=True,
    node_name="LerpBackward1",
    number_node_name="LerpBackward0",
    dtype=floating,
    scalar=_interpolate,
    vjp=(
        lambda g, _x, _y, weight, _r: mul(g, _left_of(weight)),
        lambda g, _x, _y, weight, _r: mul(g, weight),
        lambda g, x, y, _weight, _r: mul(g, sub(y, x)),
    ),
    # |weight * (end - start)| is at most twice the result, so three roundings cost 2 + 2 + 1.
    tolerance=Ulps(5, 5, 5),
    domain=(POSITIVE, POSITIVE, PROBABILITY),
)

absolute = abs
multiply = mul
negative = neg
