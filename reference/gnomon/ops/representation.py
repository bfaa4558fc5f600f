"""Floats as written numbers: their sign, exponent and neighbours."""

from __future__ import annotations

import math
from functools import partial

from gnomon import special_functions as special
from gnomon.dtypes import DType, finfo, int32
from gnomon.op.claims import EXACT, REALS, Domain
from gnomon.op.elementwise import Binary, BinaryMeaning, Unary
from gnomon.op.foundation import no_slope
from gnomon.op.rules import floating, int_to_float, same, to_bool
from gnomon.ops.arithmetic import div, mul, neg
from gnomon.ops.comparison import eq, where

__all__ = ["copysign", "ldexp", "nextafter", "signbit"]

_LOG_2 = math.log(2.0)


def _to_int32(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Floats only; the result is int32."""
    floating(operation, dtype)
    return dtype, int32


def _neighbour(dtype: DType) -> BinaryMeaning:
    """Return ``nextafter`` among the numbers of ``dtype``."""
    limits = finfo(dtype)
    _, last_bit = math.frexp(limits.eps)
    _, smallest = math.frexp(limits.smallest_normal)
    return partial(
        special.nextafter,
        significand_bits=2 - last_bit,
        minimum_exponent=smallest - 1,
    )


signbit: Unary = Unary(
    name="signbit",
    definition="whether the input has a minus sign",
    special_cases="true for -0.0 and for NaN with the sign set",
    dtype=to_bool,
    scalar=lambda x: math.copysign(1.0, x) < 0,
    integer=lambda x: x < 0,
    tolerance=EXACT,
    domain=REALS,
)
copysign: Binary = Binary(
    name="copysign",
    definition="the absolute value of input with the sign of other",
    special_cases="the sign of -0.0 is minus; no gradient flows where input is 0",
    tensors=1,
    number_node_name="CopysignBackward1",
    dtype=int_to_float,
    scalar=math.copysign,
    vjp=(
        lambda g, x, _y, r: where(eq(x, 0), 0, mul(g, div(r, x))),
        lambda g, _x, _y, _r: no_slope(g),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
heaviside_at: Binary = Binary(
    name="heaviside",
    definition="0 where input is negative, 1 where it is positive, other where it is 0",
    special_cases="0 where input is NaN",
    tensors=2,
    dtype=same,
    scalar=lambda x, at_zero: at_zero if x == 0 else x > 0,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
nextafter: Binary = Binary(
    name="nextafter",
    definition="the number of the dtype next to input in the direction of other",
    special_cases=(
        "other where they are equal; NaN if either is; beyond the largest number is infinity"
    ),
    tensors=2,
    dtype=floating,
    scalar=special.nextafter,
    floating=_neighbour,
    vjp=(
        lambda g, x, y, _r: where(eq(x, y), 0, g),
        lambda g, _x, _y, _r: no_slope(g),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
ldexp: Binary = Binary(
    name="ldexp",
    definition="input * 2 ** other",
    special_cases=(
        "rounded once for an integer other, also where the power alone would overflow"
    ),
    tensors=2,
    dtype=int_to_float,
    scalar=special.ldexp,
    vjp=(
        lambda g, _x, y, _r: ldexp(g, y),
        lambda g, _x, _y, r: mul(g, mul(r, _LOG_2)),
    ),
    tolerance=EXACT,
    domain=(REALS, Domain(-100.0, 100.0, whole=True)),
)
frexp_mantissa: Unary = Unary(
    name="frexp_mantissa",
    definition="the significand of the input in its binary form: 0, or of size in [0.5, 1)",
    special_cases="infinities and NaN stay themselves",
    node_name="FrexpBackward0",
    dtype=floating,
    scalar=lambda x: math.frexp(x)[0],
    vjp=lambda g, x, _y: ldexp(g, neg(frexp_exponent(x))),
    tolerance=EXACT,
    domain=REALS,
)
frexp_exponent: Unary = Unary(
    name="frexp_exponent",
    definition=(
        "the exponent of 2 in the binary form of the input whose significand is in [0.5, 1)"
    ),
    special_cases="0 for zeros, infinities and NaN",
    dtype=_to_int32,
    scalar=lambda x: math.frexp(x)[1],
    tolerance=EXACT,
    domain=REALS,
)
