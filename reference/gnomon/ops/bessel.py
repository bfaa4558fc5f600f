"""Bessel functions of order 0 and 1, modified and of the first kind.

The OpenCL C specification lists none; the tolerances are the loosest it gives a function (16),
on domains without zeros of the oscillating ones.
"""

from __future__ import annotations

from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.op.claims import EXPONENTS, REALS, Domain, Ulps
from gnomon.op.elementwise import Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import div, mul, neg, sign, sub
from gnomon.ops.comparison import eq, where

__all__ = ["i0", "i0_"]

T = TypeVar("T", bound=TensorCore)

_TOLERANCE = Ulps(16, 16, 4)


def _ratio(value: T, x: T) -> T:
    """Return value / x, and 1/2 where x is 0: of I₁ and of J₁, whose slope there it is."""
    at_zero = eq(x, 0)
    return where(at_zero, 0.5, div(value, where(at_zero, 1.0, x)))


i0: Unary = Unary(
    name="i0",
    definition="the modified Bessel function of the first kind of order 0 at the input",
    special_cases="even; inf where it overflows",
    dtype=int_to_float,
    scalar=special.i0,
    vjp=lambda g, x, _y: mul(g, i1(x)),
    tolerance=_TOLERANCE,
    domain=EXPONENTS,
)
# DLMF 10.29.1: I₁' = I₀ - I₁ / x.
i1: Unary = Unary(
    name="special_i1",
    definition="the modified Bessel function of the first kind of order 1 at the input",
    special_cases="odd; infinite where it overflows",
    dtype=int_to_float,
    scalar=special.i1,
    vjp=lambda g, x, y: mul(g, sub(i0(x), _ratio(y, x))),
    tolerance=_TOLERANCE,
    domain=EXPONENTS,
)
# exp(-|x|) I(x) has the slope exp(-|x|) I'(x) - sign(x) exp(-|x|) I(x).
i0e: Unary = Unary(
    name="special_i0e",
    definition="exp(-abs(input)) * i0(input), which does not overflow",
    special_cases="even; 0 at infinities",
    node_name="SpecialI0EBackward0",
    dtype=int_to_float,
    scalar=special.i0e,
    vjp=lambda g, x, y: mul(g, sub(i1e(x), mul(sign(x), y))),
    tolerance=_TOLERANCE,
    domain=REALS,
)
i1e: Unary = Unary(
    name="special_i1e",
    definition="exp(-abs(input)) * i1(input), which does not overflow",
    special_cases="odd; 0 at infinities",
    node_name="SpecialI1EBackward0",
    dtype=int_to_float,
    scalar=special.i1e,
    vjp=lambda g, x, y: mul(g, sub(i0e(x), add(_ratio(y, x), mul(sign(x), y)))),
    tolerance=_TOLERANCE,
    domain=REALS,
)
bessel_j0: Unary = Unary(
    name="special_bessel_j0",
    definition="the Bessel function of the first kind of order 0 at the input",
    special_cases="even; 0 at infinities",
    dtype=int_to_float,
    scalar=special.bessel_j0,
    vjp=lambda g, x, _y: mul(g, neg(bessel_j1(x))),
    tolerance=_TOLERANCE,
    domain=Domain(-2.0, 2.0),
)
# DLMF 10.6.2: J₁' = J₀ - J₁ / x.
bessel_j1: Unary = Unary(
    name="special_bessel_j1",
    definition="the Bessel function of the first kind of order 1 at the input",
    special_cases="odd; 0 at infinities",
    dtype=int_to_float,
    scalar=special.bessel_j1,
    vjp=lambda g, x, y: mul(g, sub(bessel_j0(x), _ratio(y, x))),
    tolerance=_TOLERANCE,
    domain=Domain(-3.0, 3.0),
)

i0_ = InPlace(i0)
