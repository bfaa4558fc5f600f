"""Hyperbolic functions and their inverses.

Tolerances: the OpenCL C specification's relative-error tables, full profile.
"""

from __future__ import annotations

import math

from gnomon import special_functions as special
from gnomon.op.claims import ABOVE_ONE, REALS, UNIT, Ulps
from gnomon.op.elementwise import Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.powers import rsqrt

__all__ = [
    "acosh",
    "acosh_",
    "arccosh",
    "arccosh_",
    "arcsinh",
    "arcsinh_",
    "arctanh",
    "arctanh_",
    "asinh",
    "asinh_",
    "atanh",
    "atanh_",
    "cosh",
    "cosh_",
    "sinh",
    "sinh_",
    "tanh",
    "tanh_",
]

sinh: Unary = Unary(
    name="sinh",
    definition="the hyperbolic sine of the input",
    special_cases="infinite, with the sign of the input, where it overflows",
    dtype=int_to_float,
    scalar=math.sinh,
    undefined=special.sinh,
    vjp=lambda g, x, _y: mul(g, cosh(x)),
    tolerance=Ulps(4, 4, 2),
    domain=REALS,
)
cosh: Unary = Unary(
    name="cosh",
    definition="the hyperbolic cosine of the input",
    special_cases="inf where it overflows",
    dtype=int_to_float,
    scalar=math.cosh,
    undefined=special.cosh,
    vjp=lambda g, x, _y: mul(g, sinh(x)),
    tolerance=Ulps(4, 4, 2),
    domain=REALS,
)
tanh: Unary = Unary(
    name="tanh",
    definition="the hyperbolic tangent of the input",
    special_cases="±1 at infinities",
    dtype=int_to_float,
    scalar=math.tanh,
    vjp=lambda g, _x, y: mul(g, sub(1.0, mul(y, y))),
    tolerance=Ulps(5, 5, 2),
    domain=REALS,
)
asinh: Unary = Unary(
    name="asinh",
    definition="the number whose hyperbolic sine is the input",
    special_cases="infinities stay themselves",
    dtype=int_to_float,
    scalar=math.asinh,
    vjp=lambda g, x, _y: mul(g, rsqrt(add(mul(x, x), 1.0))),
    tolerance=Ulps(4, 4, 2),
    domain=REALS,
)
acosh: Unary = Unary(
    name="acosh",
    definition="the number, zero or positive, whose hyperbolic cosine is the input",
    special_cases="NaN below 1",
    dtype=int_to_float,
    scalar=math.acosh,
    undefined=special.acosh,
    vjp=lambda g, x, _y: mul(g, rsqrt(sub(mul(x, x), 1.0))),
    tolerance=Ulps(4, 4, 2),
    domain=ABOVE_ONE,
)
atanh: Unary = Unary(
    name="atanh",
    definition="the number whose hyperbolic tangent is the input",
    special_cases="±inf at ±1; NaN outside [-1, 1]",
    dtype=int_to_float,
    scalar=math.atanh,
    undefined=special.atanh,
    vjp=lambda g, x, _y: div(g, sub(1.0, mul(x, x))),
    tolerance=Ulps(5, 5, 2),
    domain=UNIT,
)

arcsinh = asinh
arccosh = acosh
arctanh = atanh

sinh_ = InPlace(sinh)
cosh_ = InPlace(cosh)
tanh_ = InPlace(tanh)
asinh_ = arcsinh_ = InPlace(asinh)
acosh_ = arccosh_ = InPlace(acosh)
atanh_ = arctanh_ = InPlace(atanh)
