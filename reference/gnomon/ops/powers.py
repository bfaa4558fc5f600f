"""Powers and roots.

Tolerances: the OpenCL C specification's relative-error tables, full profile.
"""

from __future__ import annotations

import math
from dataclasses import replace

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dispatch import constant_of
from gnomon.dtypes import DType, bool_, int64
from gnomon.op.claims import EXACT, POSITIVE, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import no_slope
from gnomon.op.rules import floating, int_to_float, integers_and_floats, same
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.comparison import eq, ge, le, where
from gnomon.ops.exponentials import log
from gnomon.ops.logic import logical_and

__all__ = ["hypot", "rsqrt", "sqrt", "square"]


def _bool_to_int64(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype; bool counts as int64, which is what it promotes to with the exponent 2."""
    return (int64, int64) if dtype is bool_ else (dtype, dtype)


square: Unary = Unary(
    name="square",
    definition="input * input",
    special_cases="integers wrap in two's complement",
    node_name="PowBackward0",
    dtype=_bool_to_int64,
    scalar=lambda x: x * x,
    vjp=lambda g, x, _y: mul(g, mul(x, 2)),
    tolerance=EXACT,
    domain=REALS,
)
sqrt: Unary = Unary(
    name="sqrt",
    definition="the square root of the input",
    special_cases="NaN below zero; -0.0 stays -0.0",
    dtype=int_to_float,
    scalar=math.sqrt,
    undefined=special.sqrt,
    vjp=lambda g, _x, y: div(g, mul(y, 2)),
    tolerance=Ulps(3, 0, 1.5),
    domain=POSITIVE,
)
rsqrt: Unary = Unary(
    name="rsqrt",
    definition="1 / sqrt(input)",
    special_cases="infinite at zeros, with their sign; NaN below zero; 0 at inf",
    dtype=int_to_float,
    scalar=lambda x: 1.0 / math.sqrt(x),
    undefined=lambda x: special.divide(1.0, special.sqrt(x)),
    vjp=lambda g, _x, y: mul(mul(g, -0.5), pow_number(y, 3)),
    tolerance=Ulps(2, 2, 1),
    domain=POSITIVE,
)


def _of_exponent(g: TensorCore, x: TensorCore, y: TensorCore, power: TensorCore) -> TensorCore:
    """Return the cotangent of the exponent; 0 ** y is flat for y > 0, and taken to be at 0."""
    return where(
        logical_and(eq(x, 0), ge(y, 0)),
        0,
        mul(g, mul(power, log(x))),
    )


def _of_base_of_number(g: TensorCore, x: TensorCore, exponent: TensorCore) -> TensorCore:
    number = constant_of(exponent.operand)
    if number == 0:
        return no_slope(g)
    return mul(g, mul(pow_number(x, number - 1), number))


def _of_exponent_of_number(
    g: TensorCore, base: TensorCore, y: TensorCore, power: TensorCore
) -> TensorCore:
    number = float(constant_of(base.operand))
    slope = mul(g, mul(power, special.log(number)))
    return where(ge(y, 0), 0, slope) if number == 0 else slope


pow_tensor: Binary = Binary(
    name="pow",
    definition="input to the power of other",
    special_cases=(
        "the special values of C's pow: 1 for the power 0 and for the base 1, NaN included; "
        "NaN for a negative base and a fraction; integers wrap, and their negative powers are "
        "cut to integers"
    ),
    node_name="PowBackward1",
    dtype=integers_and_floats,
    scalar=math.pow,
    undefined=special.power,
    integer=lambda x, y: special.integer_power(int(x), int(y)),
    vjp=(
        lambda g, x, y, _r: where(eq(y, 0), 0, mul(g, mul(pow_tensor(x, sub(y, 1)), y))),
        lambda g, x, y, r: _of_exponent(g, x, y, r),
    ),
    tolerance=Ulps(16, 16, 4),
    domain=(POSITIVE, Domain(-16.0, 16.0)),
)
#: ``pow`` with a Python number as the exponent, which bool takes too.
pow_number: Binary = replace(
    pow_tensor,
    node_name="PowBackward0",
    dtype=same,
    vjp=(lambda g, x, y, _r: _of_base_of_number(g, x, y), None),
)
#: ``pow`` with a Python number as the base.
pow_of_number: Binary = replace(
    pow_tensor,
    node_name="PowBackward2",
    vjp=(None, lambda g, x, y, r: _of_exponent_of_number(g, x, y, r)),
)
hypot: Binary = Binary(
    name="hypot",
    definition="sqrt(input ** 2 + other ** 2), without overflow in between",
    special_cases="inf if either is infinite, even if the other is NaN",
    tensors=2,
    dtype=floating,
    scalar=math.hypot,
    vjp=(
        lambda g, x, _y, r: mul(g, div(x, r)),
        lambda g, _x, y, r: mul(g, div(y, r)),
    ),
    tolerance=Ulps(4, 4, 2),
    domain=(REALS, REALS),
)
# log 3 and the product 0.5.
xlogy: Binary = Binary(
    name="xlogy",
    definition="input * log(other)",
    special_cases="0 where input is 0, unless other is NaN",
    number_node_name="XlogyBackward2",
    dtype=int_to_float,
    scalar=special.xlogy,
    vjp=(
        lambda g, x, y, _r: where(logical_and(eq(x, 0), le(y, 0)), 0, xlogy(g, y)),
        lambda g, x, y, _r: div(mul(g, x), y),
    ),
    tolerance=Ulps(4, 4, 3),
    domain=(REALS, POSITIVE),
)
