"""A backend with one fault: the reference, and something between it and the caller."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast, final

from gnomon.backend import (
    Backend,
    Device,
    DType,
    ElementwiseRecord,
    FusedKernels,
    IndexedDimension,
    Layout,
    Memory,
    Operand,
    ReductionRecord,
    Scalar,
    ScanRecord,
    ScatterRecord,
    SourceRecord,
    Stream,
)
from gnomon.cpu import ReferenceBackend

#: ``(verb, name of the operation, operand) -> another operand``
ChangeOperand: TypeAlias = Callable[[str, str, Operand], Operand]
#: ``(name, dtype of the result, result, the operands' elements) -> another result``
ChangeElement: TypeAlias = Callable[[str, DType, Scalar, Sequence[Scalar]], Scalar]
#: ``(name, dtype of the operands, row that was folded, results) -> other results``
ChangeRow: TypeAlias = Callable[[str, DType, list[Scalar], list[Scalar]], Sequence[Scalar]]
#: ``(name, parameters, output, elements) -> other elements``
ChangeSource: TypeAlias = Callable[
    [str, Sequence[Scalar], Operand, Sequence[Scalar]], Sequence[Scalar]
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a fault does to inputs, outputs, elements, rows of reductions and scans, numbers
    that are scattered, and what sources give.
    """

    input: ChangeOperand | None = None
    output: ChangeOperand | None = None
    element: ChangeElement | None = None
    row: ChangeRow | None = None
    number: Callable[[Scalar], Scalar] | None = None
    source: ChangeSource | None = None


class FaultyBackend(Backend):
    """The reference under another name; a subclass, or its hooks, make it wrong."""

    hooks = Hooks()

    def __init__(self, device: Device) -> None:
        self.device = device
        self.kernels = FusedKernels()
        self.inner = ReferenceBackend()

    def allocate(self, nbytes: int) -> Memory:
        return self.inner.allocate(nbytes)

    def write(self, memory: Memory, offset: int, data: memoryview) -> None:
        self.inner.write(memory, offset, data)

    def read(self, memory: Memory, offset: int, nbytes: int) -> memoryview:
        return self.inner.read(memory, offset, nbytes)

    def synchronize(self) -> None:
        self.inner.synchronize()

    def supports(self, name: str, dtypes: Sequence[DType]) -> bool:
        return True

    def elementwise(
        self, record: ElementwiseRecord, inputs: Sequence[Operand | Scalar], output: Operand
    ) -> None:
        given = [
            self.seen("elementwise", record.name, each) if isinstance(each, Operand) else each
            for each in inputs
        ]
        columns = [self.column(each, output) for each in given] if self.hooks.element else []
        target = self.written("elementwise", record.name, output)
        self.inner.elementwise(record, given, target)
        change = self.hooks.element
        if change is not None:
            results = values_of(target)
            rows = zip(*columns, strict=True)
            put(
                target,
                [
                    change(record.name, target.dtype, result, row)
                    for result, row in zip(results, rows, strict=True)
                ],
            )

    def reduce(
        self,
        record: ReductionRecord,
        input: Operand,
        dims: tuple[int, ...],
        parameters: tuple[Scalar, ...],
        output: Operand,
    ) -> None:
        given = self.seen("reduce", record.name, input)
        target = self.written("reduce", record.name, output)
        self.inner.reduce(record, given, dims, parameters, target)
        change = self.hooks.row
        if change is not None:
            rows = rows_of(given, dims)
            results = values_of(target)
            changed = [
                change(record.name, given.dtype, row, [result])[0]
                for row, result in zip(rows, results, strict=True)
            ]
            put(target, changed)

    def scan(self, record: ScanRecord, input: Operand, dim: int, output: Operand) -> None:
        given = self.seen("scan", record.name, input)
        target = self.written("scan", record.name, output)
        self.inner.scan(record, given, dim, target)
        change = self.hooks.row
        if change is not None:
            changed: list[Scalar] = []
            pairs = zip(rows_of(given, (dim,)), rows_of(target, (dim,)), strict=True)
            for row, results in pairs:
                changed += change(record.name, given.dtype, row, results)
            put(target.under(last(target.layout, (dim,))), changed)

    def gather(
        self, source: Operand, indexed: Sequence[IndexedDimension], output: Operand
    ) -> None:
        given = self.seen("gather", "gather", source)
        self.inner.gather(given, indexed, self.written("gather", "gather", output))

    def scatter(
        self,
        record: ScatterRecord,
        source: Operand | Scalar,
        indexed: Sequence[IndexedDimension],
        destination: Operand,
    ) -> None:
        given, change = source, self.hooks.number
        if isinstance(source, Operand):
            given = self.seen("scatter", record.name, source)
        elif change is not None:
            given = change(source)
        target = self.written("scatter", record.name, destination)
        self.inner.scatter(record, given, indexed, target)

    def sort(
        self, input: Operand, dim: int, descending: bool, values: Operand, indices: Operand
    ) -> None:
        self.inner.sort(
            self.seen("sort", "sort", input),
            dim,
            descending,
            self.written("sort", "sort", values),
            self.written("sort", "indices", indices),
        )

    def source(
        self,
        record: SourceRecord,
        parameters: tuple[Scalar, ...],
        generator: Stream | None,
        output: Operand,
    ) -> None:
        target = self.written("source", record.name, output)
        self.inner.source(record, parameters, generator, target)
        change = self.hooks.source
        if change is not None:
            put(target, change(record.name, parameters, target, values_of(target)))

    def seen(self, verb: str, name: str, operand: Operand) -> Operand:
        """Return an input as the faulty launch sees it."""
        change = self.hooks.input
        return operand if change is None else change(verb, name, operand)

    def written(self, verb: str, name: str, operand: Operand) -> Operand:
        """Return an output as the faulty launch sees it."""
        change = self.hooks.output
        return operand if change is None else change(verb, name, operand)

    def column(self, value: Operand | Scalar, output: Operand) -> list[Scalar]:
        """Return the elements of an operand of an elementwise launch."""
        if isinstance(value, Operand):
            return values_of(value)
        return [value] * output.layout.numel


def cells_of(operand: Operand) -> memoryview:
    """Return the cells of the storage of an operand."""
    memory = operand.storage.memory
    backend = operand.storage.backend
    assert isinstance(backend, FaultyBackend)
    data = backend.inner.read(memory, 0, memory.nbytes)
    usable = memory.nbytes // operand.dtype.itemsize * operand.dtype.itemsize
    return cast("memoryview[int]", data[:usable].cast(operand.dtype.cell))


def values_of(operand: Operand) -> list[Scalar]:
    """Return the elements of an operand, in logical order."""
    values = operand.dtype.unpack(cells_of(operand))
    return [values[position] for position in operand.layout.positions()]


def put(operand: Operand, values: Sequence[Scalar]) -> None:
    """Write elements to an operand, in logical order."""
    cells = cells_of(operand)
    packed = operand.dtype.pack([operand.dtype.convert(value) for value in values])
    for position, cell in zip(operand.layout.positions(), packed, strict=True):
        cells[position] = cast(int, cell)


def last(layout: Layout, dims: Sequence[int]) -> Layout:
    """Return a layout with ``dims`` behind all others."""
    kept = [dim for dim in range(len(layout.shape)) if dim not in dims]
    return layout.permute((*kept, *dims))


def rows_of(operand: Operand, dims: Sequence[int]) -> list[list[Scalar]]:
    """Return the elements along ``dims`` for every index of the others."""
    moved = last(operand.layout, dims)
    length = 1
    for dim in dims:
        length *= operand.layout.shape[dim]
    values = values_of(operand.under(moved))
    count = 1
    for size in moved.shape[: len(moved.shape) - len(dims)]:
        count *= size
    return [values[row * length : (row + 1) * length] for row in range(count)]


def narrowed(operand: Operand, dim: int, start: int, length: int) -> Operand:
    """Return a part of an operand, along a dim."""
    return operand.under(operand.layout.narrow(dim, start, length))


def cleared(output: Operand, dim: int, count: int) -> None:
    """Clear what lies past ``count`` along a dim."""
    size = output.layout.shape[dim]
    if size > count:
        rest = narrowed(output, dim, count, size - count)
        put(rest, [0.0] * rest.layout.numel)


def repeated(operand: Operand) -> Operand:
    """Return the operand with the first of its first dim for all of them."""
    layout = operand.layout
    return operand.under(layout._replace(strides=(0, *layout.strides[1:])))
