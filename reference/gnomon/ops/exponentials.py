"""Exponentials and logarithms.

Tolerances: the OpenCL C specification's relative-error tables, full profile (``exp`` ...
``log10`` 3, ``log1p`` 2); the sums of exponentials add up those of their parts.
"""

from __future__ import annotations

import math

from gnomon import special_functions as special
from gnomon.op.claims import POSITIVE, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace
from gnomon.op.rules import floating, int_to_float
from gnomon.ops.arithmetic import div, mul, sub

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "logaddexp",
    "logaddexp2",
    "exp_",
    "exp2_",
    "expm1_",
    "log_",
    "log2_",
    "log10_",
    "log1p_",
]

LOG_2 = math.log(2.0)
LOG_10 = math.log(10.0)

exp: Unary = Unary(
    name="exp",
    definition="e to the power of the input",
    special_cases="inf where it overflows; 0 at -inf",
    dtype=int_to_float,
    scalar=math.exp,
    undefined=special.exp,
    vjp=lambda g, _x, y: mul(g, y),
    tolerance=Ulps(3, 3, 2),
    domain=REALS,
)
exp2: Unary = Unary(
    name="exp2",
    definition="2 to the power of the input",
    special_cases="inf where it overflows; 0 at -inf",
    dtype=int_to_float,
    scalar=math.exp2,
    undefined=special.exp2,
    vjp=lambda g, _x, y: mul(g, mul(y, LOG_2)),
    tolerance=Ulps(3, 3, 2),
    domain=REALS,
)
expm1: Unary = Unary(
    name="expm1",
    definition="exp(input) - 1, accurate near zero",
    special_cases="inf where it overflows; -1 at -inf; -0.0 stays -0.0",
    dtype=int_to_float,
    scalar=math.expm1,
    undefined=special.expm1,
    vjp=lambda g, _x, y: mul(g, add(y, 1.0)),
    tolerance=Ulps(3, 3, 2),
    domain=REALS,
)
log: Unary = Unary(
    name="log",
    definition="the natural logarithm of the input",
    special_cases="-inf at zeros of both signs; NaN below zero",
    dtype=int_to_float,
    scalar=math.log,
    undefined=special.log,
    vjp=lambda g, x, _y: div(g, x),
    tolerance=Ulps(3, 3, 2),
    domain=POSITIVE,
)
log2: Unary = Unary(
    name="log2",
    definition="the logarithm of the input to the base 2",
    special_cases="-inf at zeros of both signs; NaN below zero",
    dtype=int_to_float,
    scalar=math.log2,
    undefined=special.log2,
    vjp=lambda g, x, _y: div(g, mul(x, LOG_2)),
    tolerance=Ulps(3, 3, 2),
    domain=POSITIVE,
)
log10: Unary = Unary(
    name="log10",
    definition="the logarithm of the input to the base 10",
    special_cases="-inf at zeros of both signs; NaN below zero",
    dtype=int_to_float,
    scalar=math.log10,
    undefined=special.log10,
    vjp=lambda g, x, _y: div(g, mul(x, LOG_10)),
    tolerance=Ulps(3, 3, 2),
    domain=POSITIVE,
)
log1p: Unary = Unary(
    name="log1p",
    definition="log(1 + input), accurate near zero",
    special_cases="-inf at -1; NaN below -1; -0.0 stays -0.0",
    node_name="Log1PBackward0",
    dtype=int_to_float,
    scalar=math.log1p,
    undefined=special.log1p,
    vjp=lambda g, x, _y: div(g, add(x, 1.0)),
    tolerance=Ulps(2, 2, 2),
    domain=Domain(-1.0, math.inf),
)

# exp 3, log1p 2 and the sum 0.5. Where the result nears 0, at arguments near -log 2, it is the
# difference of its parts, and no figure in units of its own last place holds.
_SUM_OF_EXPONENTIALS = Ulps(6, 6, 5)

logaddexp: Binary = Binary(
    name="logaddexp",
    definition="log(exp(input) + exp(other)), without overflow",
    special_cases="equal infinities give themselves; NaN if either is",
    tensors=2,
    dtype=floating,
    scalar=special.logaddexp,
    vjp=(
        lambda g, x, y, _r: div(g, add(exp(sub(y, x)), 1.0)),
        lambda g, x, y, _r: div(g, add(exp(sub(x, y)), 1.0)),
    ),
    tolerance=_SUM_OF_EXPONENTIALS,
    domain=(POSITIVE, POSITIVE),
)
logaddexp2: Binary = Binary(
    name="logaddexp2",
    definition="log2(2 ** input + 2 ** other), without overflow",
    special_cases="equal infinities give themselves; NaN if either is",
    tensors=2,
    dtype=floating,
    scalar=special.logaddexp2,
    vjp=(
        lambda g, x, y, _r: div(g, add(exp2(sub(y, x)), 1.0)),
        lambda g, x, y, _r: div(g, add(exp2(sub(x, y)), 1.0)),
    ),
    tolerance=_SUM_OF_EXPONENTIALS,
    domain=(POSITIVE, POSITIVE),
)

exp_ = InPlace(exp)
exp2_ = InPlace(exp2)
expm1_ = InPlace(expm1)
log_ = InPlace(log)
log2_ = InPlace(log2)
log10_ = InPlace(log10)
log1p_ = InPlace(log1p)
