"""Arithmetic: the exact result, rounded once to the dtype; integers wrap in two's complement."""

from __future__ import annotations

import operator

from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import add
from gnomon.op.rules import numeric, same

__all__ = ["add", "mul", "neg", "sub"]

mul: Binary = Binary(
    name="mul",
    dtype=same,
    scalar=operator.mul,
    vjp=(lambda g, _x, y, _r: mul(g, y), lambda g, x, _y, _r: mul(g, x)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
neg: Unary = Unary(
    name="neg",
    dtype=numeric,
    scalar=operator.neg,
    vjp=lambda g, _x, _y: neg(g),
    tolerance=EXACT,
    domain=REALS,
)
sub: Binary = Binary(
    name="sub",
    dtype=numeric,
    scalar=operator.sub,
    vjp=(lambda g, _x, _y, _r: g, lambda g, _x, _y, _r: neg(g)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
