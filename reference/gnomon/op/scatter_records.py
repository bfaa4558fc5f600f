"""How values that are written through indices combine with what is there already."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from gnomon.dtypes import Scalar


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combination:
    """What an element becomes when a value arrives; values for one element arrive in logical
    order.
    """

    name: str
    combine: Callable[[Scalar, Scalar], Scalar]


def _larger(present: Scalar, value: Scalar) -> Scalar:
    return value if value > present or value != value else present


def _smaller(present: Scalar, value: Scalar) -> Scalar:
    return value if value < present or value != value else present


REPLACE = Combination(name="replace", combine=lambda present, value: value)
ADD_TO = Combination(name="add", combine=operator.add)
MULTIPLY_BY = Combination(name="multiply", combine=operator.mul)
#: NaN wins over everything, as in ``maximum`` and ``minimum``.
KEEP_LARGER = Combination(name="maximum", combine=_larger)
KEEP_SMALLER = Combination(name="minimum", combine=_smaller)
