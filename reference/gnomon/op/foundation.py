"""The two records the backward engine is itself made of, and what it does with them.

Cotangents that meet are added; a cotangent of a broadcast operand is summed down to its shape.
"""

from __future__ import annotations

import operator
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary
from gnomon.op.reduction import exact_sum, sum_of, sum_to
from gnomon.op.rules import same

__all__ = ["add", "exact_sum", "no_slope", "sum_of", "sum_to"]

T = TypeVar("T", bound=TensorCore)

add: Binary = Binary(
    name="add",
    definition="input + other",
    special_cases="integers wrap in two's complement; on bool, logical or",
    dtype=same,
    scalar=operator.add,
    vjp=(lambda g, _x, _y, _r: g, lambda g, _x, _y, _r: g),
    tolerance=EXACT,
    domain=(REALS, REALS),
)


def no_slope(cotangent: T) -> T:
    """Return zeros, the cotangent of what does not change; also where ``cotangent`` is NaN."""
    storage, layout, dtype = cotangent.operand
    return cotangent.like(filled(storage.backend, layout.shape, dtype, 0))
