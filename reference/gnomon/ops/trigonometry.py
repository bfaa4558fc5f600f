"""Trigonometric functions and their inverses, in radians.

Tolerances: the OpenCL C specification's relative-error tables, full profile; ``sinc`` and the
conversions of angles add up those of their parts.
"""

from __future__ import annotations

import math
from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.op.claims import REALS, UNIT, Ulps
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.comparison import eq, where
from gnomon.ops.powers import rsqrt

__all__ = [
    "acos",
    "acos_",
    "arccos",
    "arccos_",
    "arcsin",
    "arcsin_",
    "arctan",
    "arctan2",
    "arctan_",
    "asin",
    "asin_",
    "atan",
    "atan2",
    "atan_",
    "cos",
    "cos_",
    "deg2rad",
    "deg2rad_",
    "rad2deg",
    "rad2deg_",
    "sin",
    "sin_",
    "sinc",
    "sinc_",
    "tan",
    "tan_",
]

T = TypeVar("T", bound=TensorCore)

_RADIANS_PER_DEGREE = math.pi / 180.0
_DEGREES_PER_RADIAN = 180.0 / math.pi

sin: Unary = Unary(
    name="sin",
    definition="the sine of the input, an angle in radians",
    special_cases="NaN at infinities",
    dtype=int_to_float,
    scalar=math.sin,
    undefined=special.sin,
    vjp=lambda g, x, _y: mul(g, cos(x)),
    tolerance=Ulps(4, 4, 2),
    domain=REALS,
)
cos: Unary = Unary(
    name="cos",
    definition="the cosine of the input, an angle in radians",
    special_cases="NaN at infinities",
    dtype=int_to_float,
    scalar=math.cos,
    undefined=special.cos,
    vjp=lambda g, x, _y: mul(g, neg(sin(x))),
    tolerance=Ulps(4, 4, 2),
    domain=REALS,
)
tan: Unary = Unary(
    name="tan",
    definition="the tangent of the input, an angle in radians",
    special_cases="NaN at infinities",
    dtype=int_to_float,
    scalar=math.tan,
    undefined=special.tan,
    vjp=lambda g, _x, y: mul(g, add(mul(y, y), 1.0)),
    tolerance=Ulps(5, 5, 2.5),
    domain=REALS,
)
asin: Unary = Unary(
    name="asin",
    definition="the angle in [-π/2, π/2] whose sine is the input",
    special_cases="NaN outside [-1, 1]",
    dtype=int_to_float,
    scalar=math.asin,
    undefined=special.asin,
    vjp=lambda g, x, _y: mul(g, rsqrt(sub(1.0, mul(x, x)))),
    tolerance=Ulps(4, 4, 2),
    domain=UNIT,
)
acos: Unary = Unary(
    name="acos",
    definition="the angle in [0, π] whose cosine is the input",
    special_cases="NaN outside [-1, 1]",
    dtype=int_to_float,
    scalar=math.acos,
    undefined=special.acos,
    vjp=lambda g, x, _y: mul(g, neg(rsqrt(sub(1.0, mul(x, x))))),
    tolerance=Ulps(4, 4, 2),
    domain=UNIT,
)
atan: Unary = Unary(
    name="atan",
    definition="the angle in [-π/2, π/2] whose tangent is the input",
    special_cases="±π/2 at infinities",
    dtype=int_to_float,
    scalar=math.atan,
    vjp=lambda g, x, _y: div(g, add(mul(x, x), 1.0)),
    tolerance=Ulps(5, 5, 2),
    domain=REALS,
)
atan2: Binary = Binary(
    name="atan2",
    definition="the angle in [-π, π] of the point with ordinate input and abscissa other",
    special_cases=(
        "the quadrant is known from both signs, zeros' included; 0 or ±π at the origin, where "
        "no gradient flows"
    ),
    tensors=2,
    dtype=int_to_float,
    scalar=math.atan2,
    vjp=(
        lambda g, y, x, _r: mul(g, mul(x, _inverse_square_distance(y, x))),
        lambda g, y, x, _r: mul(g, mul(neg(y), _inverse_square_distance(y, x))),
    ),
    tolerance=Ulps(6, 6, 2),
    domain=(REALS, REALS),
)


def _inverse_square_distance(y: T, x: T) -> T:
    """Return 1 / (x² + y²), and 0 at the origin, where the angle has no slope."""
    square = add(mul(y, y), mul(x, x))
    at_origin = eq(square, 0)
    return where(at_origin, 0.0, div(1.0, where(at_origin, 1.0, square)))


# The sine of OpenCL's sinpi 4, the product by pi 0.5, the division 2.5.
sinc: Unary = Unary(
    name="sinc",
    definition="sin(π * input) / (π * input)",
    special_cases="1 at zero",
    dtype=int_to_float,
    scalar=special.sinc,
    vjp=lambda g, x, _y: mul(g, _sinc_slope(x)),
    tolerance=Ulps(7, 7, 4),
    domain=REALS,
)
# One rounding of the constant, one of the product.
deg2rad: Unary = Unary(
    name="deg2rad",
    definition="the input, an angle in degrees, in radians",
    node_name="Deg2RadBackward0",
    dtype=int_to_float,
    scalar=lambda x: x * _RADIANS_PER_DEGREE,
    vjp=lambda g, _x, _y: deg2rad(g),
    tolerance=Ulps(1, 1, 1),
    domain=REALS,
)
rad2deg: Unary = Unary(
    name="rad2deg",
    definition="the input, an angle in radians, in degrees",
    node_name="Rad2DegBackward0",
    dtype=int_to_float,
    scalar=lambda x: x * _DEGREES_PER_RADIAN,
    vjp=lambda g, _x, _y: rad2deg(g),
    tolerance=Ulps(1, 1, 1),
    domain=REALS,
)


def _sinc_slope(x: T) -> T:
    """Return (cos(πx) - sinc(x)) / x, and the line -π²x / 3 that it becomes at x = 0."""
    at_zero = eq(x, 0)
    divisor = where(at_zero, 1.0, x)
    slope = div(sub(cos(mul(divisor, math.pi)), sinc(divisor)), divisor)
    return where(at_zero, sub(0.0, mul(x, math.pi**2 / 3)), slope)


arcsin = asin
arccos = acos
arctan = atan
arctan2 = atan2

sin_ = InPlace(sin)
cos_ = InPlace(cos)
tan_ = InPlace(tan)
asin_ = arcsin_ = InPlace(asin)
acos_ = arccos_ = InPlace(acos)
atan_ = arctan_ = InPlace(atan)
sinc_ = InPlace(sinc)
deg2rad_ = InPlace(deg2rad)
rad2deg_ = InPlace(rad2deg)
