"""Logic on truth values: every nonzero element is true, NaN included. The result is bool."""

from __future__ import annotations

import operator

from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.rules import to_bool

__all__ = ["logical_and", "logical_not", "logical_or", "logical_xor"]

logical_and: Binary = Binary(
    name="logical_and",
    definition="whether input and other are both nonzero",
    special_cases="NaN counts as nonzero",
    tensors=2,
    dtype=to_bool,
    scalar=lambda x, y: bool(x and y),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
logical_or: Binary = Binary(
    name="logical_or",
    definition="whether input or other, or both, are nonzero",
    special_cases="NaN counts as nonzero",
    tensors=2,
    dtype=to_bool,
    scalar=lambda x, y: bool(x or y),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
logical_xor: Binary = Binary(
    name="logical_xor",
    definition="whether just one of input and other is nonzero",
    special_cases="NaN counts as nonzero",
    tensors=2,
    dtype=to_bool,
    scalar=lambda x, y: bool(x) is not bool(y),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
logical_not: Unary = Unary(
    name="logical_not",
    definition="whether the input is zero",
    special_cases="NaN counts as nonzero",
    dtype=to_bool,
    scalar=operator.not_,
    tolerance=EXACT,
    domain=REALS,
)
