"""Operations of integers: bits, shifts, divisors. The bits of a bool are its truth value."""

from __future__ import annotations

import math
import operator

from gnomon.dtypes import DType
from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.rules import integers_and_floats, integral

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
]

# No dtype has more bits; a shift by as many or more leaves nothing but the sign.
_WIDEST = 64


def integers(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Integers only."""
    integers_and_floats(operation, dtype)
    return integral(operation, dtype)


bitwise_and: Binary = Binary(
    name="bitwise_and",
    definition="the bits that input and other both have",
    special_cases="on bool, logical and",
    dtype=integral,
    scalar=operator.and_,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_or: Binary = Binary(
    name="bitwise_or",
    definition="the bits that input or other, or both, have",
    special_cases="on bool, logical or",
    dtype=integral,
    scalar=operator.or_,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_xor: Binary = Binary(
    name="bitwise_xor",
    definition="the bits that just one of input and other has",
    special_cases="on bool, logical xor",
    dtype=integral,
    scalar=operator.xor,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_not: Unary = Unary(
    name="bitwise_not",
    definition="the bits that the input has not",
    special_cases="-input - 1 for signed integers; on bool, logical not",
    dtype=integral,
    scalar=lambda x: ~int(x),
    boolean=operator.not_,
    tolerance=EXACT,
    domain=REALS,
)
bitwise_left_shift: Binary = Binary(
    name="bitwise_left_shift",
    definition="the bits of input moved by other to the left, zeros filling up",
    special_cases="0 for a negative other, or one of 64 or more",
    dtype=integers,
    scalar=lambda x, bits: int(x) << int(bits) if 0 <= bits < _WIDEST else 0,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_right_shift: Binary = Binary(
    name="bitwise_right_shift",
    definition="the bits of input moved by other to the right, the sign filling up",
    special_cases="nothing but the sign for a negative other, or one of 64 or more",
    dtype=integers,
    scalar=lambda x, bits: int(x) >> (int(bits) if 0 <= bits < _WIDEST else _WIDEST),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
gcd: Binary = Binary(
    name="gcd",
    definition="the greatest common divisor of input and other",
    special_cases="never negative, unless the smallest integer of the dtype; gcd(0, 0) is 0",
    tensors=2,
    dtype=integers,
    scalar=lambda x, y: math.gcd(int(x), int(y)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
lcm: Binary = Binary(
    name="lcm",
    definition="the least common multiple of input and other",
    special_cases="0 if either is 0; wraps where it does not fit the dtype",
    tensors=2,
    dtype=integers,
    scalar=lambda x, y: math.lcm(int(x), int(y)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
