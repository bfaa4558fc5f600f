"""Faults of reductions and scans: dims, identities, NaN, ties, lost and repeated blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    DType,
    Layout,
    Operand,
    ReductionRecord,
    Scalar,
    ScanRecord,
    bfloat16,
    float16,
    int8,
    int64,
)
from gnomon.fusible import running_extremes
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, rows_of, values_of
from gnomon_conformance.audit.register import decomposed, fault, hooked, kernel_fault


def _folds(
    name: str,
    cases: str,
    change: Callable[[Scalar, list[Scalar], DType], Scalar],
) -> None:
    """Add a fault in what one reduction makes of its result, a row and the row's dtype."""
    operation = cases.split("/")[1]

    def changed(
        mine: str, dtype: DType, row: list[Scalar], results: list[Scalar]
    ) -> Sequence[Scalar]:
        return [change(results[0], row, dtype)] if mine == operation else results

    hooked(name, cases, Hooks(row=changed))


def _scans(
    name: str, cases: str, change: Callable[[list[Scalar], list[Scalar]], Sequence[Scalar]]
) -> None:
    """Add a fault in what one scan makes of a row."""
    operation = cases.split("/")[1]

    def changed(
        mine: str, dtype: DType, row: list[Scalar], results: list[Scalar]
    ) -> Sequence[Scalar]:
        return change(results, row) if mine == operation else results

    hooked(name, cases, Hooks(row=changed))


def _about_a_half(variance: Scalar, row: Sequence[Scalar]) -> Scalar:
    """Return the variance of a row about its mean, rounded to a half."""
    mean = sum(row) / len(row)
    return bfloat16.round(variance + (mean - bfloat16.round(mean)) ** 2)


def _has_nan(row: Sequence[Scalar]) -> bool:
    return any(value != value for value in row)


def _numbers(row: Sequence[Scalar]) -> list[Scalar]:
    return [value for value in row if value == value] or [math.nan]


def _in_half(row: Sequence[Scalar]) -> Scalar:
    total = 0.0
    for value in row:
        total = float(float16.round(total + value))
    return total


def _last_of_equals(row: list[Scalar], place: int) -> int:
    value = row[place]
    return len(row) - 1 - row[::-1].index(value) if value == value else place


_folds(
    "max ignores NaN",
    "reduce/amax",
    lambda y, row, d: max(_numbers(row)) if _has_nan(row) else y,
)
_folds(
    "min compares with NaN first",
    "reduce/amin",
    lambda y, row, d: min(_numbers(row)) if _has_nan(row[1:]) else y,
)
_folds("empty sum is not 0", "reduce/sum", lambda y, row, d: y if row else 1)
_folds("empty product is not 1", "reduce/prod", lambda y, row, d: y if row else 0)
_folds("empty all is false", "reduce/all", lambda y, row, d: bool(row) and y)
_folds("empty mean is 0", "reduce/mean", lambda y, row, d: y if row else 0.0)
_folds(
    "argmax takes the last of equals",
    "reduce/argmax",
    lambda y, row, d: _last_of_equals(row, int(y)),
)
_folds(
    "argmin ignores NaN",
    "reduce/argmin",
    lambda y, row, d: row.index(min(_numbers(row))) if len(_numbers(row)) < len(row) > 1 else y,
)
_folds(
    "sum of int8 wraps in int8",
    "reduce/sum/int8",
    lambda y, row, d: int8.convert(y) if d is int8 else y,
)
_folds(
    "sum of int64 through float64",
    "reduce/sum/int64",
    lambda y, row, d: int(math.fsum(row)) if d is int64 and abs(y) < 2**62 else y,
)
_folds(
    "float16 summed in float16",
    "reduce/sum/float16",
    lambda y, row, d: _in_half(row) if d is float16 else y,
)
_folds(
    "last element of long rows lost",
    "reduce/sum",
    lambda y, row, d: y - row[-1] if len(row) > 256 and math.isfinite(row[-1]) else y,
)
_folds(
    "first element counted twice",
    "reduce/sum",
    lambda y, row, d: y + row[0] if len(row) % 8 == 5 and math.isfinite(row[0]) else y,
)
_folds("mean off by a count", "reduce/mean", lambda y, row, d: y * len(row) / (len(row) + 1))
_folds(
    "variance without correction",
    "reduce/var",
    lambda y, row, d: y * (len(row) - 1) / len(row) if len(row) > 1 else y,
)
_folds(
    "variance of long rows of halves about a mean that is a half",
    "reduce/var/bfloat16",
    lambda y, row, d: _about_a_half(y, row) if len(row) > 64 and d is bfloat16 else y,
)
_folds(
    "variance by the difference of squares",
    "reduce/var/float32",
    lambda y, row, d: y + 1e-4 if math.isfinite(y) else y,
)
_folds(
    "logsumexp without subtracting the maximum",
    "reduce/logsumexp",
    lambda y, row, d: math.inf if row and max(_numbers(row)) > 88 else y,
)
_folds("any looks at the sign only", "reduce/any", lambda y, row, d: any(x > 0 for x in row))
_folds(
    "count_nonzero counts negative zero",
    "reduce/count_nonzero",
    lambda y, row, d: (
        y + sum(isinstance(x, float) and x == 0 and math.copysign(1.0, x) < 0 for x in row)
    ),
)
_folds(
    "norm of order infinity ignores signs wrongly",
    "reduce/vector_norm",
    lambda y, row, d: max(row) if y == max(map(abs, row), default=0) and row else y,
)
_folds(
    "nansum counts NaN as 1",
    "reduce/nansum",
    lambda y, row, d: y + sum(x != x for x in row),
)


@fault("reduced over the wrong dim when two sizes are equal", "reduce/sum/float32/dims")
class _WrongDim(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        shape = input.layout.shape
        if len(dims) == 1:
            (dim,) = dims
            first = shape.index(shape[dim])
            if first != dim:
                order = [*range(len(shape))]
                order[first], order[dim] = dim, first
                input = input.under(input.layout.permute(order))
        super().reduce(record, input, dims, parameters, output)


@fault("strides ignored by reductions", "reduce/amax/float32/dims")
class _DenseInput(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        dense = Layout.contiguous(input.layout.shape)._replace(offset=input.layout.offset)
        if dense.span[1] * input.dtype.itemsize <= input.storage.nbytes:
            input = input.under(dense)
        super().reduce(record, input, dims, parameters, output)


@fault("keepdim lost: results written from the start of the storage", "reduce/mean")
class _LostPlace(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        dense = Layout.contiguous(output.layout.shape)
        super().reduce(record, input, dims, parameters, output.under(dense))


@fault("parameters of a reduction kept from the first launch", "reduce/vector_norm")
class _StaleParameters(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        if not hasattr(self, "kept"):
            self.kept: dict[str, tuple[Scalar, ...]] = {}
        parameters = self.kept.setdefault(record.name, parameters)
        super().reduce(record, input, dims, parameters, output)


def _of_other_parameter(name: str, cases: str, change: Callable[[Scalar], Scalar]) -> None:
    """Add a fault of the reduction that the cases name, in the parameter that it gets."""
    operation = cases.split("/")[1]

    class OtherParameter(FaultyBackend):
        def reduce(
            self,
            record: ReductionRecord,
            input: Operand,
            dims: tuple[int, ...],
            parameters: tuple[Scalar, ...],
            output: Operand,
        ) -> None:
            if record.name == operation:
                parameters = tuple([change(each) for each in parameters])
            super().reduce(record, input, dims, parameters, output)

    fault(name, cases)(OtherParameter)


_of_other_parameter("correction of a variance a whole number", "reduce/var", int)
_of_other_parameter(
    "norm of order -1 that of order 1", "reduce/vector_norm", lambda x: 1.0 if x == -1 else x
)
_of_other_parameter(
    "norm of even orders from 4 on that of order 2",
    "reduce/vector_norm",
    lambda x: 2.0 if x == 4 else x,
)


@fault("a reduction gives other bits the second time", "reduce/sum/float32/values")
class _Restless(FaultyBackend):
    calls = 0

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        self.calls += 1
        if self.calls % 2 and output.dtype.is_floating_point:
            put(output, [value * (1 + 2.0**-22) for value in values_of(output)])


@fault("several dims reduced as if they were neighbours", "reduce/sum/float32/dims")
class _Neighbours(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        if len(dims) == 2 and dims[1] - dims[0] > 1:
            folded = record.meaning_on(input.dtype)
            rows = rows_of(input, (dims[0], dims[0] + 1))
            count = output.layout.numel
            put(output, [folded(rows[k % len(rows)], parameters) for k in range(count)])
            return
        super().reduce(record, input, dims, parameters, output)


def _restarted(results: list[Scalar], row: list[Scalar]) -> list[Scalar]:
    found: list[Scalar] = []
    total: Scalar = 0
    for place, value in enumerate(row):
        total = value if place % 64 == 0 else total + value
        found.append(total)
    return found


_scans("cumsum restarts at blocks", "scan/cumsum", _restarted)
_scans("cumsum leaves out the element itself", "scan/cumsum", lambda y, row: [0, *y[:-1]])
_scans(
    "cumprod stops at a zero",
    "scan/cumprod",
    lambda y, row: [1 if b == 0 and a != 0 else b for a, b in zip(row, y, strict=True)],
)
_scans(
    "cummax gives the first of equals",
    "scan/cummax_positions",
    lambda y, row: [row.index(row[int(k)]) if row[int(k)] == row[int(k)] else k for k in y],
)
_scans(
    "cummin ignores NaN",
    "scan/cummin_positions",
    lambda y, row: [
        row.index(min(_numbers(row[: k + 1])))
        if len(_numbers(row[: k + 1])) < k + 1 and row[0] == row[0]
        else place
        for k, place in enumerate(y)
    ],
)
_scans(
    "logcumsumexp overflows",
    "scan/logcumsumexp",
    lambda y, row: [math.inf if v > 88 else v for v in y],
)


@fault("scan along the last dim whatever is asked for", "scan/cumsum/float32/dims")
class _LastDim(FaultyBackend):
    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        shape = input.layout.shape
        if shape[dim] == shape[-1]:
            dim = len(shape) - 1
        super().scan(record, input, dim, output)


@fault("scan writes its results densely", "scan/cumsum/float32/dims")
class _DenseScan(FaultyBackend):
    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        dense = Layout.contiguous(output.layout.shape)._replace(offset=output.layout.offset)
        super().scan(record, input, dim, output.under(dense))


def _of_largest_alone(
    x: Operand, dim: int, is_largest: bool, values: Operand, places: Operand
) -> None:
    """Take the smallest for the largest."""
    decomposed(running_extremes, [x], (dim, True), [values, places])


def _of_parts_alone(
    x: Operand, dim: int, is_largest: bool, values: Operand, places: Operand
) -> None:
    """Forget all before each eighth element."""
    terms = x.layout.shape[dim]
    for first in range(0, terms, 8):
        count = min(8, terms - first)
        part = [
            each.under(each.layout.narrow(dim, first, count)) for each in (x, values, places)
        ]
        decomposed(running_extremes, part[:1], (dim, is_largest), part[1:])
        put(part[2], [int(place) + first for place in values_of(part[2])])


kernel_fault("cummin gives the largest", "function/cummin", running_extremes, _of_largest_alone)
kernel_fault(
    "cummax begins anew after eight elements",
    "function/cummax-long",
    running_extremes,
    _of_parts_alone,
)
