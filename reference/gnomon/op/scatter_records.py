"""How values that are written through indices combine with what is there already."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from inspect import Signature
from typing import final

from gnomon.dtypes import Scalar
from gnomon.op.record import Record, describes_itself, without_annotations


@final
@describes_itself
@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Combination(Record):
    """What an element becomes when a value arrives; values for one element arrive in logical
    order.

    >>> KEEP_LARGER.combine(2, 3), KEEP_LARGER.combine(2, 1)
    (3, 2)
    """

    combine: Callable[[Scalar, Scalar], Scalar]

    def signature(self) -> Signature:
        return without_annotations(self.combine)


def _larger(present: Scalar, value: Scalar) -> Scalar:
    return value if value > present or value != value else present


def _smaller(present: Scalar, value: Scalar) -> Scalar:
    return value if value < present or value != value else present


REPLACE: Combination = Combination(
    name="replace",
    definition="the value that arrives, the last of several",
    combine=lambda present, value: value,
)
ADD_TO: Combination = Combination(
    name="add", definition="the sum of what is there and what arrives", combine=operator.add
)
MULTIPLY_BY: Combination = Combination(
    name="multiply",
    definition="the product of what is there and what arrives",
    combine=operator.mul,
)
KEEP_LARGER: Combination = Combination(
    name="maximum",
    definition="the larger of what is there and what arrives",
    special_cases="NaN if either is; of equals, what is there",
    combine=_larger,
)
KEEP_SMALLER: Combination = Combination(
    name="minimum",
    definition="the smaller of what is there and what arrives",
    special_cases="NaN if either is; of equals, what is there",
    combine=_smaller,
)
