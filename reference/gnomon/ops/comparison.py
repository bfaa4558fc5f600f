"""Comparisons, which give bool; the tests for special values; and the choice they lead to.

NaN is equal to nothing, itself included, and in no order with anything; 0.0 equals -0.0.
Operands are compared in the dtype they promote to.
"""

from __future__ import annotations

import math
import operator

from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary, Ternary, Unary
from gnomon.op.rules import same, to_bool

__all__ = [
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "isnan",
    "isinf",
    "isfinite",
    "isposinf",
    "isneginf",
    "isreal",
]

eq: Binary = Binary(
    name="eq",
    tensors=1,
    dtype=to_bool,
    scalar=operator.eq,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
ne: Binary = Binary(
    name="ne",
    tensors=1,
    dtype=to_bool,
    scalar=operator.ne,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
lt: Binary = Binary(
    name="lt",
    tensors=1,
    dtype=to_bool,
    scalar=operator.lt,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
le: Binary = Binary(
    name="le",
    tensors=1,
    dtype=to_bool,
    scalar=operator.le,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
gt: Binary = Binary(
    name="gt",
    tensors=1,
    dtype=to_bool,
    scalar=operator.gt,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
ge: Binary = Binary(
    name="ge",
    tensors=1,
    dtype=to_bool,
    scalar=operator.ge,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
isnan: Unary = Unary(
    name="isnan",
    dtype=to_bool,
    scalar=math.isnan,
    tolerance=EXACT,
    domain=REALS,
)
isinf: Unary = Unary(
    name="isinf",
    dtype=to_bool,
    scalar=math.isinf,
    tolerance=EXACT,
    domain=REALS,
)
isfinite: Unary = Unary(
    name="isfinite",
    dtype=to_bool,
    scalar=math.isfinite,
    tolerance=EXACT,
    domain=REALS,
)
isposinf: Unary = Unary(
    name="isposinf",
    dtype=to_bool,
    scalar=lambda x: x == math.inf,
    tolerance=EXACT,
    domain=REALS,
)
isneginf: Unary = Unary(
    name="isneginf",
    dtype=to_bool,
    scalar=lambda x: x == -math.inf,
    tolerance=EXACT,
    domain=REALS,
)
isreal: Unary = Unary(
    name="isreal",
    dtype=to_bool,
    scalar=lambda _x: True,
    tolerance=EXACT,
    domain=REALS,
)
#: ``where(condition, input, other)``; the condition is bool.
where: Ternary = Ternary(
    name="where",
    tensors=1,
    conditions=1,
    dtype=same,
    scalar=lambda condition, x, y: x if condition else y,
    vjp=(
        None,
        lambda g, condition, _x, _y, _r: where(condition, g, 0),
        lambda g, condition, _x, _y, _r: where(condition, 0, g),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, REALS),
)

not_equal = ne
less = lt
less_equal = le
greater = gt
greater_equal = ge
