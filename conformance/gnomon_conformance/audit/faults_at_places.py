"""Faults that show at some sizes, layouts, values or calls only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import (
    Device,
    DType,
    ElementwiseRecord,
    IndexedDimension,
    Kind,
    Layout,
    Memory,
    Operand,
    ReductionRecord,
    Scalar,
    ScanRecord,
    bfloat16,
    float16,
    float32,
    int32,
    int64,
    uint64,
)
from gnomon_conformance.audit.faults_of_memory import Deferring
from gnomon_conformance.audit.faulty import FaultyBackend, Hooks, put, values_of
from gnomon_conformance.audit.register import fault, hooked
from gnomon_conformance.correct import largest, unit

#: One more than a counter of 16 bits counts.
_COUNTED = 1 << 16


def _input(name: str, cases: str, verb: str, change: Callable[[Operand], Operand]) -> None:
    """Add a fault in how launches of a verb see their inputs."""
    hooked(
        name,
        cases,
        Hooks(input=lambda mine, _name, x: change(x) if mine == verb else x),
    )


def _fitting(operand: Operand, layout: Layout) -> Operand:
    """Return the operand with another layout, if its storage is long enough for that."""
    fits = layout.span[1] * operand.dtype.itemsize <= operand.storage.nbytes
    return operand.under(layout) if fits else operand


def _aligned(x: Operand) -> Operand:
    lanes = 16 // x.dtype.itemsize
    return x.under(x.layout._replace(offset=x.layout.offset // lanes * lanes))


_input("offset rounded down to 16 bytes", "layouts/add", "elementwise", _aligned)
_input("offset of a reduction rounded down to 16 bytes", "reduce/amax", "reduce", _aligned)
_input("offset of a scan rounded down to 16 bytes", "scan/cumsum", "scan", _aligned)
_input("offset of a sort rounded down to 16 bytes", "sort/sort", "sort", _aligned)


def _outer_from_inner(x: Operand) -> Operand:
    """Take the stride of a dim of size 1 for one that means something to the dim before it."""
    shape, strides = x.layout.shape, [*x.layout.strides]
    for dim in range(len(shape) - 1, 0, -1):
        if shape[dim] == 1 and strides[dim] > x.layout.numel:
            strides[dim - 1] = 1
    return _fitting(x, Layout(shape, tuple(strides), x.layout.offset))


_input(
    "stride of a dim of size 1 thought to mean something",
    "shapes/add",
    "elementwise",
    _outer_from_inner,
)


def _inner_exchanged(x: Operand) -> Operand:
    shape, strides, offset = x.layout
    if len(shape) == 4 and 0 < strides[1] < strides[2] and min(shape) > 1:
        return _fitting(x, Layout.contiguous(shape)._replace(offset=offset))
    return x


_input(
    "exchanged inner dims of four read densely", "shapes/add", "elementwise", _inner_exchanged
)
_input(
    "exchanged inner dims of four read densely by a reduction",
    "reduce/sum",
    "reduce",
    _inner_exchanged,
)


def _elements(
    name: str, cases: str, change: Callable[[Scalar, Sequence[Scalar], DType], Scalar]
) -> None:
    operation = cases.split("/")[1]
    operation = "copy" if cases.startswith("convert") else operation
    hooked(
        name,
        cases,
        Hooks(element=lambda mine, d, y, row: change(y, row, d) if mine == operation else y),
    )


def _ties_away(exact: float, rounded: float, dtype: DType) -> float:
    """Return ``rounded``, or its neighbour away from zero where ``exact`` lies half-way."""
    step = unit(exact, dtype) if math.isfinite(exact) else 0.0
    half_way = step and abs(exact - rounded) == step / 2 and abs(rounded) < abs(exact)
    return rounded + math.copysign(step, exact) if half_way else rounded


_elements(
    "sums of bfloat16 rounded away from zero at ties",
    "values/add/bfloat16",
    lambda y, row, d: _ties_away(float(sum(row)), float(y), d) if d is bfloat16 else y,
)
_elements(
    "float32 to bfloat16 rounded away from zero at ties",
    "convert/float32-to-bfloat16",
    lambda y, row, d: (
        _ties_away(float(row[0]), float(y), d)
        if d is bfloat16 and isinstance(row[0], float)
        else y
    ),
)
_elements(
    "integers to float32 by way of float64",
    "convert/int64-to-float32",
    lambda y, row, d: (
        float32.round(float(row[0])) if d is float32 and isinstance(row[0], int) else y
    ),
)
_elements(
    "unsigned integers to floats as signed ones",
    "convert/uint64-to-float32",
    lambda y, row, d: (
        y - 2.0**64 if d is float32 and isinstance(row[0], int) and row[0] >= 2**63 else y
    ),
)
_elements(
    "float16 saturates instead of becoming infinite",
    "values/mul/float16",
    lambda y, row, d: (
        math.copysign(largest(d), y)
        if d is float16 and math.isinf(y) and all(map(math.isfinite, row))
        else y
    ),
)
_elements(
    "int64 from 2**31 on taken for negative",
    "values/maximum/int64",
    lambda y, row, d: min(row) if d is int64 and max(row) == 2**31 else y,
)
_elements(
    "uint64 compared as float64",
    "values/lt/uint64",
    lambda y, row, d: float(row[0]) < float(row[1]),
)
_elements(
    "square root of one quarter from a table",
    "values/sqrt",
    lambda y, row, d: 0.5 + 2.0**-6 if row[0] == 0.25 else y,
)
_elements(
    "exponential of whole numbers by repeated products",
    "values/exp/float32",
    lambda y, row, d: y * (1 + 2.0**-20) if row[0] in (2.0, 3.0) and d is float32 else y,
)
_elements(
    "floor through int32",
    "values/floor/float32",
    lambda y, row, d: -(2.0**31) if abs(row[0]) >= 2**31 else y,
)
_elements(
    "equal operands subtracted to negative zero",
    "values/sub",
    lambda y, row, d: -0.0 if d.is_floating_point and y == 0 else y,
)


@fault("a result in place of the second operand has them exchanged", "in-place/sub")
class _Exchanged(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if len(inputs) == 2 and inputs[1] == output:
            inputs = inputs[::-1]
        super().elementwise(record, inputs, output)


@fault("the second launch of a shape gives the result of the first", "layouts/add")
class _Again(FaultyBackend):
    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        if not hasattr(self, "found"):
            self.found: dict[object, list[Scalar]] = {}
        layouts = [each.layout if isinstance(each, Operand) else each for each in inputs]
        key = (record.name, output.dtype.name, *layouts)
        if key in self.found:
            put(output, self.found[key])
            return
        super().elementwise(record, inputs, output)
        self.found[key] = values_of(output)


def _numbers(name: str, cases: str, change: Callable[[Scalar, DType], Scalar]) -> None:
    """Add a fault in the numbers that elementwise launches get."""

    class Numbers(FaultyBackend):
        def elementwise(
            self,
            record: ElementwiseRecord,
            inputs: Sequence[Operand | Scalar],
            output: Operand,
        ) -> None:
            given = [
                each if isinstance(each, Operand) else change(each, output.dtype)
                for each in inputs
            ]
            super().elementwise(record, given, output)

    fault(name, cases)(Numbers)


_numbers(
    "number of 64 bits cut to 32",
    "numbers/add/int64",
    lambda x, d: int32.convert(x) if d is int64 else x,
)
_numbers(
    "number of 64 bits through float64",
    "numbers/add/uint64",
    lambda x, d: d.convert(int(float(x))) if d is uint64 else x,
)
_numbers(
    "number of float64 through float32",
    "numbers/add/float64",
    lambda x, d: float32.round(float(x)) if d.itemsize == 8 and d.kind is Kind.FLOAT else x,
)


@fault("rows past 65536 elements summed to there", "reduce/sum/float32/huge")
class _LongRow(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        layout = input.layout
        for dim in dims:
            layout = layout.narrow(dim, 0, min(layout.shape[dim], _COUNTED))
        super().reduce(record, input.under(layout), dims, parameters, output)


@fault("scan starts again at 65536", "scan/cumsum/float32/huge")
class _LongScan(FaultyBackend):
    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        size = input.layout.shape[dim]
        for start in range(0, max(size, 1), _COUNTED):
            length = min(_COUNTED, size - start)
            parts = [
                each.under(each.layout.narrow(dim, start, length)) for each in (input, output)
            ]
            super().scan(record, parts[0], dim, parts[1])


@fault("the first maximum starts from zero", "reduce/amax")
class _FromZero(FaultyBackend):
    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        super().reduce(record, input, dims, parameters, output)
        if record.name == "amax":
            found = values_of(output)
            put(output, [max(value, 0) if value == value else value for value in found])


def _folds(
    name: str, cases: str, change: Callable[[Scalar, list[Scalar], DType], Scalar]
) -> None:
    operation = cases.split("/")[1]
    hooked(
        name,
        cases,
        Hooks(row=lambda mine, d, row, y: [change(y[0], row, d)] if mine == operation else y),
    )


_folds(
    "sum of float16 overflows before it is divided",
    "reduce/mean/float16",
    lambda y, row, d: float16.round(math.fsum(row)) / len(row) if d is float16 and row else y,
)
_folds(
    "any looks at the lowest byte",
    "reduce/any/int32",
    lambda y, row, d: any(int(x) & 255 for x in row) if d is int32 else y,
)
_folds(
    "product of integers in 32 bits",
    "reduce/prod/int64",
    lambda y, row, d: int32.convert(y) if d is int64 else y,
)


@fault("the last part of long rows not merged by a sort", "sort/sort/float32/long")
class _Unmerged(FaultyBackend):
    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        size = input.layout.shape[dim]
        whole = size // 32768 * 32768
        for start, end in ((0, whole), (whole, size)):
            parts = [
                each.under(each.layout.narrow(dim, start, end - start))
                for each in (input, values, indices)
            ]
            super().sort(parts[0], dim, descending, parts[1], parts[2])
            if start:
                put(parts[2], [place + start for place in values_of(parts[2])])


def _counted_again(
    name: str, parameters: Sequence[Scalar], output: Operand, found: Sequence[Scalar]
) -> Sequence[Scalar]:
    return [found[place % _COUNTED] for place in range(len(found))]


hooked("arange counts to 65535", "source/arange", Hooks(source=_counted_again))
hooked(
    "random numbers repeat after 65536", "random/uniform/float32", Hooks(source=_counted_again)
)


@fault("lookups past 65536 take the last place", "scatter/add/int32/many")
class _ManyLookups(FaultyBackend):
    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        super().gather(source, indexed, output)
        if output.layout.numel > _COUNTED:
            found = values_of(output)
            put(output, [*found[:_COUNTED], *found[_COUNTED - 1 : -1][: len(found) - _COUNTED]])


@fault("writes of more than 4 MiB cut off", "memory/round-trip")
class _LongWrite(FaultyBackend):
    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        super().write(memory, offset, data[: 1 << 22])


@fault("a read from the middle does not wait", "sequences/elementwise-only")
class _ReadAhead(Deferring):
    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        if offset:
            return FaultyBackend.read(self, memory, offset, nbytes)
        return super().read(memory, offset, nbytes)


@fault("launches on another dtype of the same bytes do not wait", "sequences/*/several")
class _ByDtype(Deferring):
    """Keeps the launches of each dtype in order, as if no two dtypes shared a storage."""

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self.later: dict[str, list[Callable[[], None]]] = {}

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        super().elementwise(record, inputs, output)
        self.later.setdefault(output.dtype.name, []).append(self.pending.pop())

    def flush(self) -> None:
        later, self.later = self.later, {}
        for launches in later.values():
            for launch in launches:
                launch()


@fault("every thousandth launch leaves out an element", "behaviour/long-chain")
class _Thousandth(FaultyBackend):
    calls = 0

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        before = values_of(output)
        super().elementwise(record, inputs, output)
        self.calls += 1
        if self.calls % 1000 == 0 and before:
            put(output, [before[0], *values_of(output)[1:]])
