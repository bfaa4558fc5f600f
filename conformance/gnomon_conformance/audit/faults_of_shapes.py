"""Faults that only some shapes show, whichever record it is: of which dims are how large, and
which of them are folded, looked up or repeated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    ElementwiseRecord,
    IndexedDimension,
    MersenneTwister,
    Operand,
    PhiloxGenerator,
    ReductionRecord,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
)
from gnomon.fusible import matrix_product, softmax
from gnomon_conformance.audit.faulty import FaultyBackend, cleared, narrowed, put, values_of
from gnomon_conformance.audit.register import fault, kernel_fault, right_kernel

_multiply, _soften = right_kernel(matrix_product), right_kernel(softmax)
#: Whether a fold of an operand along dims goes wrong.
_Shape = Callable[[Operand, tuple[int, ...]], bool]


def _terms(input: Operand, dims: tuple[int, ...]) -> int:
    return math.prod(input.layout.shape[dim] for dim in dims)


def _fold_fault(name: str, cases: str, goes_wrong: _Shape) -> None:
    """Add a fault of reductions, which leave out the last of the rows that they fold."""

    @fault(name, cases)
    class _Folding(FaultyBackend):
        def reduce(
            self,
            record: ReductionRecord,
            input: Operand,
            dims: tuple[int, ...],
            parameters: tuple[Scalar, ...],
            output: Operand,
        ) -> None:
            given = input
            if goes_wrong(input, dims):
                dim = dims[-1]
                given = narrowed(input, dim, 0, input.layout.shape[dim] - 1)
            super().reduce(record, given, dims, parameters, output)


for _record in ("amax", "all", "count_nonzero", "argmin"):
    _fold_fault(
        f"last of more than 2^18 elements left out by {_record}",
        f"folds/{_record}",
        lambda input, dims: _terms(input, dims) > 2**18,
    )
_fold_fault(
    "last of long columns left out",
    "folds/any",
    lambda input, dims: dims == (0,) and input.layout.shape[0] > 1024,
)
_fold_fault(
    "last of dims that lie apart left out",
    "folds/logsumexp",
    lambda input, dims: len(dims) > 1 and dims[-1] - dims[0] >= len(dims),
)
_fold_fault(
    "last of rows past 2^16 left out",
    "folds/min",
    lambda input, dims: input.layout.numel // max(_terms(input, dims), 1) > 2**16,
)


@fault("scans stop at the first of elements that are stored once", "folds/cumsum")
class _ScannedOnce(FaultyBackend):
    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        super().scan(record, input, dim, output)
        if input.layout.shape and input.layout.strides[dim] == 0:
            first = narrowed(output, dim, 0, 1)
            put(output, values_of(first.under(first.layout.expand(output.layout.shape))))


@fault("rows past 256 elements not looked up whole", "gather/gather/float32/wide")
class _ShortRows(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, indexed, output)
        if output.layout.ndim == 2 and all(
            each.indices.layout.strides[1] == 0 for each in indexed
        ):
            cleared(output, 1, 256)


@fault("the last of four indices taken for 0", "gather/gather/int64/plans")
class _ThreeIndices(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, indexed[:3], output)


@fault("the smallest of what arrives at many places lost", "scatter/minimum")
class _ManyArrive(FaultyBackend):
    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        if record.name != "minimum" or destination.layout.numel < 1024:
            super().scatter(record, source, indexed, destination)


@fault("numbers drawn into columns stand in rows", "random/uniform")
class _DrawnInRows(FaultyBackend):
    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: MersenneTwister | PhiloxGenerator | None,
        output: Operand,
    ) -> None:
        super().source(record, parameters, generator, output)
        layout = output.layout
        if layout.ndim == 2 and layout.strides[0] == 1 and min(layout.shape) > 1:
            turned = output.under(layout.permute((1, 0)))
            put(turned, values_of(output))


@fault("an integer division by zero has divided what came before", "division-by-zero")
class _DividedBefore(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        try:
            super().elementwise(record, inputs, output)
        except RuntimeError:
            put(output, [output.dtype.convert(1)] * output.layout.numel)
            raise


@fault("an operand divided by itself is 1", "shared/div")
class _DividedByItself(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        if record.name == "div" and inputs[0] == inputs[1]:
            put(output, [1.0] * output.layout.numel)


def _tall(a: Operand, b: Operand, y: Operand) -> None:
    _multiply(a, b, y)
    if y.layout.shape[-1] <= 8:
        cleared(y, y.layout.ndim - 2, 1024)


def _many_products(a: Operand, b: Operand, y: Operand) -> None:
    _multiply(a, b, y)
    cleared(y, 0, 2**16)


def _between(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    if dim < x.layout.ndim - 1:
        cleared(y, dim, 64)


kernel_fault("rows of tall products past 1024 not stored", "large/tall", matrix_product, _tall)
kernel_fault("products past 2^16 not stored", "large/cubes", matrix_product, _many_products)
kernel_fault(
    "columns of a softmax past 64 not stored", "extents/softmax-between", softmax, _between
)
