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
    definition="whether input and other are equal",
    special_cases="NaN is equal to nothing; 0.0 equals -0.0",
    tensors=1,
    dtype=to_bool,
    scalar=operator.eq,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
ne: Binary = Binary(
    name="ne",
    definition="whether input and other differ",
    special_cases="NaN differs from everything, itself included; 0.0 equals -0.0",
    tensors=1,
    dtype=to_bool,
    scalar=operator.ne,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
lt: Binary = Binary(
    name="lt",
    definition="whether input is less than other",
    special_cases="false where either is NaN",
    tensors=1,
    dtype=to_bool,
    scalar=operator.lt,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
le: Binary = Binary(
    name="le",
    definition="whether input is less than other or equal to it",
    special_cases="false where either is NaN",
    tensors=1,
    dtype=to_bool,
    scalar=operator.le,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
gt: Binary = Binary(
    name="gt",
    definition="whether input is greater than other",
    special_cases="false where either is NaN",
    tensors=1,
    dtype=to_bool,
    scalar=operator.gt,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
ge: Binary = Binary(
    name="ge",
    definition="whether input is greater than other or equal to it",
    special_cases="false where either is NaN",
    tensors=1,
    dtype=to_bool,
    scalar=operator.ge,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
isnan: Unary = Unary(
    name="isnan",
    definition="whether the input is NaN",
    special_cases="false for every integer and bool",
    dtype=to_bool,
    scalar=math.isnan,
    tolerance=EXACT,
    domain=REALS,
)
isinf: Unary = Unary(
    name="isinf",
    definition="whether the input is an infinity of either sign",
    special_cases="false for every integer and bool",
    dtype=to_bool,
    scalar=math.isinf,
    tolerance=EXACT,
    domain=REALS,
)
isfinite: Unary = Unary(
    name="isfinite",
    definition="whether the input is neither an infinity nor NaN",
    special_cases="true for every integer and bool",
    dtype=to_bool,
    scalar=math.isfinite,
    tolerance=EXACT,
    domain=REALS,
)
isposinf: Unary = Unary(
    name="isposinf",
    definition="whether the input is positive infinity",
    special_cases="false for every integer and bool",
    dtype=to_bool,
    scalar=lambda x: x == math.inf,
    tolerance=EXACT,
    domain=REALS,
)
isneginf: Unary = Unary(
    name="isneginf",
    definition="whether the input is negative infinity",
    special_cases="false for every integer and bool",
    dtype=to_bool,
    scalar=lambda x: x == -math.inf,
    tolerance=EXACT,
    domain=REALS,
)
isreal: Unary = Unary(
    name="isreal",
    definition="whether the input has no imaginary part, which holds for every element",
    special_cases="true for NaN and infinities",
    dtype=to_bool,
    scalar=lambda _x: True,
    tolerance=EXACT,
    domain=REALS,
)
#: ``where(condition, input, other)``; the condition is bool.
where: Ternary = Ternary(
    name="where",
    definition="other where input, which is bool, is true, and third elsewhere",
    special_cases="input takes no part in promotion",
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
