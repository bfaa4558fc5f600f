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
    dtype=integral,
    scalar=operator.and_,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_or: Binary = Binary(
    name="bitwise_or",
    dtype=integral,
    scalar=operator.or_,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_xor: Binary = Binary(
    name="bitwise_xor",
    dtype=integral,
    scalar=operator.xor,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
bitwise_not: Unary = Unary(
    name="bitwise_not",
    dtype=integral,
    scalar=lambda x: ~int(x),
    boolean=operator.not_,
    tolerance=EXACT,
    domain=REALS,
)
#: A shift by a negative number, or by more bits than there are, leaves nothing.
bitwise_left_shift: Binary = Binary(
    name="bitwise_left_shift",
    dtype=integers,
    scalar=lambda x, bits: int(x) << int(bits) if 0 <= bits < _WIDEST else 0,
    tolerance=EXACT,
    domain=(REALS, REALS),
)
#: The sign fills up from the left; a shift by a negative number leaves nothing but the sign.
bitwise_right_shift: Binary = Binary(
    name="bitwise_right_shift",
    dtype=integers,
    scalar=lambda x, bits: int(x) >> (int(bits) if 0 <= bits < _WIDEST else _WIDEST),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
gcd: Binary = Binary(
    name="gcd",
    tensors=2,
    dtype=integers,
    scalar=lambda x, y: math.gcd(int(x), int(y)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
lcm: Binary = Binary(
    name="lcm",
    tensors=2,
    dtype=integers,
    scalar=lambda x, y: math.lcm(int(x), int(y)),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
