"""Sources of regular values. Elements are computed in float64 and rounded once, as exact
integers for integers.
"""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.dtypes import Scalar
from gnomon.op.claims import EXACT, Ulps
from gnomon.op.source import Source


def _linear(index: int, parameters: Sequence[Scalar]) -> Scalar:
    start, end, steps = parameters
    if steps <= 1:
        return start
    # From the nearer end, so that both ends are hit exactly.
    step = (end - start) / (steps - 1)
    if index < steps // 2:
        return start + step * index
    return end - step * (steps - 1 - index)


def _power(index: int, parameters: Sequence[Scalar]) -> Scalar:
    *interval, base = parameters
    try:
        return float(base) ** _linear(index, interval)
    except OverflowError:
        return float("inf")


arange: Source = Source(
    name="arange",
    definition="start + index * step, for the parameters start and step",
    special_cases="computed in float64 and rounded once; exact for integers",
    element=lambda index, parameters: parameters[0] + index * parameters[1],
    tolerance=EXACT,
    samples=((0, 1), (3, -2), (-1.5, 0.25), (0.3, 0.1), (2**40 + 1, 3)),
)
linspace: Source = Source(
    name="linspace",
    definition=(
        "the index-th of steps values from start to end, both included and hit exactly, for "
        "the parameters start, end and steps"
    ),
    special_cases="start for a single step",
    element=_linear,
    tolerance=Ulps(2, 2, 2),
    samples=((0.0, 1.0, 60), (5.0, -3.0, 60), (2, 62, 60), (7.0, 9.0, 1)),
)
logspace: Source = Source(
    name="logspace",
    definition=(
        "base to the power that linspace gives, for the parameters start, end, steps and base"
    ),
    special_cases="inf where it overflows",
    element=_power,
    tolerance=Ulps(16, 16, 4),
    samples=((0.0, 2.0, 60, 10.0), (-3.0, 3.0, 60, 2.0)),
)
eye: Source = Source(
    name="eye",
    definition=(
        "1 where row and column are equal and 0 elsewhere, for the number of columns as "
        "parameter"
    ),
    element=lambda index, parameters: int(index % parameters[0] == index // parameters[0]),
    tolerance=EXACT,
    samples=((5,), (12,), (1,)),
)
