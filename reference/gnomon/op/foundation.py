"""The two records the backward engine is itself made of, and what it does with them.

Cotangents that meet are added; a cotangent of a broadcast operand is summed down to its shape.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import Scalar
from gnomon.op.claims import EXACT, REALS, SumOfTerms
from gnomon.op.elementwise import Binary
from gnomon.op.reduction import Reduction
from gnomon.op.rules import integers_to_int64, same
from gnomon.op.view import view_as

T = TypeVar("T", bound=TensorCore)

add: Binary = Binary(
    name="add",
    dtype=same,
    scalar=operator.add,
    vjp=(lambda g, _x, _y, _r: g, lambda g, _x, _y, _r: g),
    tolerance=EXACT,
    domain=(REALS, REALS),
)


def exact_sum(elements: Sequence[Scalar]) -> Scalar:
    """Return the exact sum rounded once to float64, inf or nan where float64 sums give it.

    >>> exact_sum([1e16, 1.0, -1e16]), exact_sum([math.inf, -math.inf])
    (1.0, nan)
    """
    try:
        return math.fsum(elements)
    except (OverflowError, ValueError):  # past float64, or infinities of both signs
        return sum(elements)


sum_of: Reduction = Reduction(
    name="sum",
    dtype=integers_to_int64,
    fold=lambda elements, _: exact_sum(elements),
    integer_fold=lambda elements, _: sum(elements),
    vjp=lambda g, _x, _y, _extent, _: g,
    tolerance=SumOfTerms(),
    domain=REALS,
    dims_node_name="SumBackward1",
)


def sum_to(input: T, shape: tuple[int, ...]) -> T:
    """Return ``input`` summed down to ``shape``, from which it was broadcast."""
    given = input.operand.layout.shape
    if given == shape:
        return input
    added = len(given) - len(shape)
    dims = [
        dim
        for dim, size in enumerate(given)
        if dim < added or (shape[dim - added] == 1 and size != 1)
    ]
    summed = sum_of(input, dims, True) if dims else input
    return view_as(summed, shape)


def no_slope(cotangent: T) -> T:
    """Return zeros, the cotangent of what does not change; also where ``cotangent`` is NaN."""
    storage, layout, dtype = cotangent.operand
    return cotangent.like(filled(storage.backend, layout.shape, dtype, 0))
