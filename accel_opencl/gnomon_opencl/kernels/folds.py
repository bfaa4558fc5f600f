"""What every reduction means in OpenCL C: a state, and how elements go into it.

The names that the expressions use are explained in ``reduce.cl``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, final

from gnomon.backend import DType, Kind, Scalar
from gnomon_opencl.element_types import element_type
from gnomon_opencl.traits import Traits


@final
class State(Enum):
    """Of which type a state is."""

    ELEMENT = "the type elements are computed with"
    TOTAL = "that for floats, and for integers 64 bits, which wrap"
    WIDE = "float64 where the device has it"
    COUNT = "an integer up to the number of elements"


@final
@dataclass(frozen=True, slots=True)
class Fold:
    """One reduction."""

    state: State
    term: str
    combine: str
    initial: str
    finish: str = "s"
    #: The reduction whose result, as a state, is the ``center`` of this one.
    center: Fold | None = None
    #: Whether the result depends on the order of the dims reduced.
    ordered: bool = False


_LARGER: Final = "(((a) >= (b)) | ((a) != (a))) ? (a) : (b)"
_SMALLER: Final = "(((a) <= (b)) | ((a) != (a))) ? (a) : (b)"

_SUM: Final = Fold(State.TOTAL, "x", "a + b", "0")
_MEAN: Final = replace(_SUM, finish="s / COUNT")
_LARGEST: Final = Fold(State.ELEMENT, "x", _LARGER, "LOWEST")
_SMALLEST: Final = Fold(State.ELEMENT, "x", _SMALLER, "HIGHEST")
_COUNT: Final = Fold(State.COUNT, "(x != 0)", "a + b", "0")
#: Where the first element stands that is the center: the first nan where that is nan.
_FIRST: Final = Fold(
    State.COUNT,
    "((((x) == center) | (((x) != (x)) & (center != center))) ? (S)(i) : BEHIND_ALL)",
    "((a) < (b) ? (a) : (b))",
    "BEHIND_ALL",
    ordered=True,
)
_VARIANCE: Final = Fold(
    State.TOTAL,
    "(x - center) * (x - center)",
    "a + b",
    "0",
    finish="(plan.terms ? s / parameter : NAN)",
    center=_MEAN,
)
#: ``parameter`` is the divisor of the variance, no less than 0.
_DEVIATION: Final = replace(_VARIANCE, finish="(plan.terms ? sqrt(s / parameter) : NAN)")

_FOLDS: Final = {
    "sum": _SUM,
    "nansum": replace(_SUM, term="(x == x ? x : 0)"),
    "mean": _MEAN,
    "prod": Fold(State.TOTAL, "x", "a * b", "1"),
    "amax": _LARGEST,
    "max": _LARGEST,
    "amin": _SMALLEST,
    "min": _SMALLEST,
    "count_nonzero": _COUNT,
    "any": Fold(State.COUNT, "(x != 0)", "a | b", "0"),
    "all": Fold(State.COUNT, "(x != 0)", "a & b", "1"),
    "argmax": replace(_FIRST, center=_LARGEST),
    "argmin": replace(_FIRST, center=_SMALLEST),
    "var": _VARIANCE,
    "std": _DEVIATION,
    "logsumexp": Fold(
        State.WIDE,
        "EXP((ELEMENT)(x - center))",
        "a + b",
        "0",
        "(fabs(center) < INFINITY ? center + log(s) : center)",
        center=replace(_LARGEST, state=State.WIDE),
    ),
    # The 2-norm of floats where states are doubles, which hold all of their squares.
    "root_of_squares": Fold(State.WIDE, "(S)x * (S)x", "a + b", "0", "sqrt(s)"),
}
_LARGEST_SIZE: Final = Fold(State.WIDE, "fabs((S)x)", _LARGER, "0")
_NORM_2: Final = Fold(
    State.WIDE,
    "(x / center) * (x / center)",
    "a + b",
    "0",
    # 0, infinity and nan: no quotient of theirs counts.
    "((center > 0) & (center < INFINITY) ? center * sqrt(s) : center)",
    center=_LARGEST_SIZE,
)


def can_fold(name: str) -> bool:
    """Return whether the reduction ``name`` is known."""
    return name == "vector_norm" or name in _FOLDS


def name_of_fold(name: str, dtype: DType, parameters: Sequence[Scalar], traits: Traits) -> str:
    """Return the name under which the reduction of elements of ``dtype`` is folded."""
    if (
        name == "vector_norm"
        and float(parameters[0]) == 2
        and dtype.itemsize < 8
        and traits.double_arithmetic
    ):
        return "root_of_squares"
    return name


def fold_of(name: str, parameters: Sequence[Scalar]) -> Fold:
    """Return what the reduction ``name`` means with these parameters."""
    if name == "vector_norm":
        return _norm(float(parameters[0]))
    return _FOLDS[name]


def _norm(order: float) -> Fold:
    if order == 0:
        return _COUNT
    if order == 1:
        return Fold(State.TOTAL, "fabs(x)", "a + b", "0")
    if order == 2:
        return _NORM_2
    if order == math.inf:
        return _LARGEST_SIZE
    if order == -math.inf:
        return Fold(State.WIDE, "fabs((S)x)", _SMALLER, "INFINITY")
    return Fold(State.WIDE, "pow(fabs((S)x), parameter)", "a + b", "0", "pow(s, 1 / parameter)")


def limits(dtype: DType) -> tuple[str, str]:
    """Return the lowest and the highest element of ``dtype``, infinities for floats."""
    if dtype.is_floating_point:
        return "(-INFINITY)", "INFINITY"
    compute = element_type(dtype).compute
    if dtype.kind is Kind.BOOL:
        return "0", "1"
    bits = 8 * dtype.itemsize
    if dtype.kind is Kind.UNSIGNED:
        return "0", f"(({compute})({2**bits - 1}UL))"
    highest = 2 ** (bits - 1) - 1
    return f"(({compute})(-{highest}L - 1))", f"(({compute}){highest}L)"
