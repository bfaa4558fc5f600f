"""The error function, its complement and inverse, and the normal distribution.

Tolerances: 16 as for ``erf`` and ``erfc`` in the OpenCL C specification's relative-error
tables, full profile, which list none of the others.
"""

from __future__ import annotations

import math
from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.op.claims import PROBABILITY, REALS, UNIT, Domain, Ulps
from gnomon.op.elementwise import Unary
from gnomon.op.in_place import InPlace
from gnomon.op.rules import int_to_float
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.exponentials import exp

__all__ = ["erf", "erf_", "erfc", "erfc_", "erfinv"]

T = TypeVar("T", bound=TensorCore)

_TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)
_INVERSE_ROOT_TWO = math.sqrt(0.5)

TOLERANCE = Ulps(16, 16, 4)


def _gaussian(x: T) -> T:
    """Return 2 / √π exp(-x²), the slope of erf."""
    return mul(exp(mul(mul(x, x), -1.0)), _TWO_OVER_ROOT_PI)


def normal_density(x: T) -> T:
    """Return exp(-x²/2) / √(2π), the density of the normal distribution."""
    return mul(exp(mul(mul(x, x), -0.5)), 1.0 / _ROOT_TWO_PI)


erf: Unary = Unary(
    name="erf",
    definition="the error function: 2 / √π times the integral of exp(-t²) from 0 to the input",
    special_cases="±1 at infinities",
    dtype=int_to_float,
    scalar=math.erf,
    vjp=lambda g, x, _y: mul(g, _gaussian(x)),
    tolerance=TOLERANCE,
    domain=REALS,
)
erfc: Unary = Unary(
    name="erfc",
    definition="1 - erf(input), accurate where that is small",
    special_cases="0 at inf, 2 at -inf",
    dtype=int_to_float,
    scalar=math.erfc,
    vjp=lambda g, x, _y: mul(g, mul(_gaussian(x), -1.0)),
    tolerance=TOLERANCE,
    domain=REALS,
)
erfinv: Unary = Unary(
    name="erfinv",
    definition="the number whose error function is the input",
    special_cases="±inf at ±1; NaN outside [-1, 1]",
    dtype=int_to_float,
    scalar=special.erfinv,
    vjp=lambda g, _x, y: mul(g, mul(exp(mul(y, y)), 1.0 / _TWO_OVER_ROOT_PI)),
    tolerance=TOLERANCE,
    domain=UNIT,
)
erfcx: Unary = Unary(
    name="special_erfcx",
    definition="exp(input ** 2) * erfc(input), which does not underflow",
    special_cases="inf where it overflows, far below zero; 0 at inf",
    dtype=int_to_float,
    scalar=special.erfcx,
    vjp=lambda g, x, y: mul(g, sub(mul(mul(x, y), 2.0), _TWO_OVER_ROOT_PI)),
    tolerance=TOLERANCE,
    domain=Domain(-9.0, math.inf),
)
ndtr: Unary = Unary(
    name="special_ndtr",
    definition="the probability that a standard normal number is at most the input",
    special_cases="0 at -inf, 1 at inf",
    dtype=int_to_float,
    scalar=special.ndtr,
    vjp=lambda g, x, _y: mul(g, normal_density(x)),
    tolerance=TOLERANCE,
    domain=REALS,
)
ndtri: Unary = Unary(
    name="special_ndtri",
    definition=(
        "the number that a standard normal one does not exceed with the probability input"
    ),
    special_cases="-inf at 0, inf at 1; NaN outside [0, 1]",
    dtype=int_to_float,
    scalar=special.ndtri,
    vjp=lambda g, _x, y: mul(g, mul(exp(mul(mul(y, y), 0.5)), _ROOT_TWO_PI)),
    tolerance=TOLERANCE,
    domain=PROBABILITY,
)
log_ndtr: Unary = Unary(
    name="special_log_ndtr",
    definition="log(ndtr(input)), accurate far below zero",
    special_cases="-inf at -inf, 0 at inf",
    dtype=int_to_float,
    scalar=special.log_ndtr,
    vjp=lambda g, x, _y: mul(
        div(g, erfcx(mul(x, -_INVERSE_ROOT_TWO))), _TWO_OVER_ROOT_PI * _INVERSE_ROOT_TWO
    ),
    tolerance=TOLERANCE,
    domain=REALS,
)

erf_ = InPlace(erf)
erfc_ = InPlace(erfc)
