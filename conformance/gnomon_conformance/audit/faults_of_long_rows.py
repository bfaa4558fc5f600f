"""Faults of reductions and scans that only rows of several blocks show, or numbers that a
narrower dtype takes for equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import DType, Scalar, bfloat16, float32, float64
from gnomon_conformance.audit.faulty import Hooks
from gnomon_conformance.audit.register import hooked


def _rows(
    name: str,
    cases: str,
    longer: int,
    change: Callable[[list[Scalar], list[Scalar], DType], Sequence[Scalar]],
) -> None:
    """Add a fault of the reduction or scan that the cases name, in what it makes of rows with
    more than ``longer`` elements: of its results, the row and the row's dtype.
    """
    operation = cases.split("/")[1]

    def changed(
        mine: str, dtype: DType, row: list[Scalar], results: list[Scalar]
    ) -> Sequence[Scalar]:
        concerned = mine == operation and len(row) > longer
        return change(results, row, dtype) if concerned else results

    hooked(name, cases, Hooks(row=changed))


def _has_nan(row: Sequence[Scalar]) -> bool:
    return any(value != value for value in row)


def _added_in_float32(row: Sequence[Scalar]) -> float:
    total = 0.0
    for value in row:
        total = float32.round(total + value)
    return total


def _has_infinity(row: Sequence[Scalar]) -> bool:
    return any(map(math.isinf, row))


_rows(
    "maximum of more than 1024 elements without their NaN",
    "reduce/amax",
    1024,
    lambda y, row, d: [max(x for x in row if x == x)] if 0 < _count_nan(row) < len(row) else y,
)
_rows(
    "place of the maximum of more than 512 elements without their NaN",
    "reduce/argmax",
    512,
    lambda y, row, d: (
        [row.index(max(x for x in row if x == x))] if 0 < _count_nan(row) < len(row) else y
    ),
)
_rows(
    "compensation of a long sum makes NaN of an infinity",
    "reduce/sum",
    256,
    lambda y, row, d: [math.nan] if _has_infinity(row) else y,
)
_rows(
    "element 256 left out of a maximum",
    "reduce/amax",
    257,
    lambda y, row, d: [max(row[:256] + row[257:])] if y[0] == y[0] else y,
)
_rows(
    "lanes behind the end of a long row count as zeros for a maximum",
    "reduce/amax",
    300,
    lambda y, row, d: [max(y[0], 0)] if len(row) % 64 and y[0] == y[0] else y,
)
_rows(
    "lanes behind the end of a long row count as zeros for its maximum's place",
    "reduce/argmax",
    64,
    lambda y, row, d: [0] if len(row) % 64 and max(row) < 0 else y,
)
_rows(
    "lanes behind the end of a long row are true",
    "reduce/any",
    300,
    lambda y, row, d: [True] if len(row) % 64 else y,
)
_rows(
    "logsumexp of many elements that are all -inf is NaN",
    "reduce/logsumexp",
    64,
    lambda y, row, d: [math.nan] if y[0] == -math.inf else y,
)
_rows(
    "logsumexp of many elements with an infinity is NaN",
    "reduce/logsumexp",
    32,
    lambda y, row, d: [math.nan] if y[0] == math.inf else y,
)
_rows(
    "variance of more than 1024 elements finite though one is NaN",
    "reduce/var",
    1024,
    lambda y, row, d: [1.0] if _has_nan(row) else y,
)
_rows(
    "running maxima forget a NaN at the end of a block of 512",
    "scan/cummax_positions",
    512,
    lambda y, row, d: (
        [*y[:512], *range(512, len(row))]
        if _has_nan(row[:512]) and not _has_nan(row[512:])
        else y
    ),
)
_rows(
    "running sums past a block of 64 make NaN of an infinity",
    "scan/cumsum",
    64,
    lambda y, row, d: [
        math.nan if place >= 64 and math.isinf(value) else value
        for place, value in enumerate(y)
    ],
)
_rows(
    "running logarithms of sums past a block of 32 are NaN after nothing but -inf",
    "scan/logcumsumexp",
    32,
    lambda y, row, d: [
        math.nan if place >= 32 and value == -math.inf else value
        for place, value in enumerate(y)
    ],
)
_rows(
    "means of long rows of bfloat16",
    "reduce/mean/float32/narrow",
    1000,
    lambda y, row, d: [sum(map(bfloat16.round, row)) / len(row)] if d is float32 else y,
)
_rows(
    "sums of long rows of float64 added up in float32",
    "reduce/sum/float64/narrow",
    1000,
    lambda y, row, d: [_added_in_float32(row)] if d is float64 else y,
)
hooked(
    "elements counted in 16 bits",
    "large/counted",
    Hooks(
        row=lambda name, d, row, y: [y[0] % 2**16] if name == "count_nonzero" else y,
    ),
)
_rows(
    "elements of a mean counted in 16 bits",
    "reduce/mean",
    2**16,
    lambda y, row, d: [float(y[0]) * len(row) / (len(row) % 2**16)],
)
_rows(
    "last of more than 1024 elements left out of a mean",
    "reduce/mean",
    1024,
    lambda y, row, d: [(float(y[0]) * len(row) - float(row[-1])) / len(row)],
)
_rows(
    "last of more than 256 elements left out of a variance",
    "reduce/var",
    256,
    lambda y, row, d: [float(y[0]) - float(row[-1]) ** 2 / len(row)],
)
_rows(
    "last of more than 1024 elements left out of a deviation",
    "reduce/std",
    1024,
    lambda y, row, d: [math.sqrt(max(float(y[0]) ** 2 - float(row[-1]) ** 2 / len(row), 0.0))],
)
_rows(
    "places of integers of 64 bits found by their float64",
    "reduce/argmax/int64",
    0,
    lambda y, row, d: (
        [[*map(float, row)].index(float(row[int(y[0])]))] if d.name == "int64" else y
    ),
)
_rows(
    "places of running minima of integers found by their float32",
    "scan/cummin_positions/int32",
    0,
    lambda y, row, d: _running_minima([float32.round(float(x)) for x in row], y, d),
)


def _count_nan(row: Sequence[Scalar]) -> int:
    return sum(value != value for value in row)


def _running_minima(
    rounded: Sequence[Scalar], results: list[Scalar], dtype: DType
) -> Sequence[Scalar]:
    """Return the places of the running minima of rounded elements: the last of equals."""
    if dtype.name != "int32":
        return results
    found: list[Scalar] = []
    best = 0
    for place, value in enumerate(rounded):
        best = place if value <= rounded[best] else best
        found.append(best)
    return found
