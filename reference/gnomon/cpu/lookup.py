"""Reading and writing host memory through indices, in rows where no index varies."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from operator import add
from typing import NamedTuple, final

from gnomon.backend import IndexedDimension, Operand, ScatterRecord
from gnomon.cpu.elements import cells_of, read_cells, read_elements, write_cells
from gnomon.dtypes import Scalar
from gnomon.layout import Layout

# Below this many cells, copying one by one is as fast as slicing.
_SHORTEST_ROW = 4


@final
class _Rows(NamedTuple):
    """Where the rows of a launch start, and the evenly spaced cells of each, from 0 on."""

    starts: list[int]
    cells: range


def gather_cells(source: Operand, indexed: Sequence[IndexedDimension], output: Operand) -> None:
    """Write to ``output`` what the indices find; IndexError for an index out of range."""
    cells = cells_of(source)
    starts, row = _rows(source.layout, indexed)
    code = output.dtype.cell
    if len(row) == 1:
        write_cells(output, array(code, map(cells.__getitem__, starts)))
        return
    found = bytearray()
    for start in starts:
        found += cells[start : start + row.stop : row.step].tobytes()
    write_cells(output, array(code, bytes(found)))


def overwrite_cells(
    source: Operand | Scalar, indexed: Sequence[IndexedDimension], destination: Operand
) -> None:
    """Write ``source`` where the indices say, in logical order: the last stays."""
    dtype = destination.dtype
    cells = cells_of(destination)
    starts, row = _rows(destination.layout, indexed)
    length = len(row)
    whole = isinstance(source, Operand)  # otherwise one row of a number serves all
    if isinstance(source, Operand):
        values = memoryview(array(dtype.cell, read_cells(source)))
    else:
        values = memoryview(dtype.pack([source] * length))
    for place, start in enumerate(starts):
        first = place * length if whole else 0
        cells[start : start + row.stop : row.step] = values[first : first + length]


def combine_cells(
    record: ScatterRecord,
    source: Operand | Scalar,
    indexed: Sequence[IndexedDimension],
    destination: Operand,
) -> None:
    """Combine ``source`` into what is there, in logical order, and round once at the end."""
    dtype = destination.dtype
    cells = cells_of(destination)
    starts, row = _rows(destination.layout, indexed)
    length = len(row)
    whole = isinstance(source, Operand)  # otherwise one row of a number serves all
    values = read_elements(source) if isinstance(source, Operand) else [source] * length
    changed: dict[int, Sequence[Scalar]] = {}
    for place, start in enumerate(starts):
        present = changed.get(start)
        if present is None:
            present = dtype.unpack(cells[start : start + row.stop : row.step])
        first = place * length if whole else 0
        arriving = values[first : first + length]
        changed[start] = list(map(record.combine, present, arriving))
    for start, combined in changed.items():
        cells[start : start + row.stop : row.step] = memoryview(dtype.pack(combined))


def _rows(layout: Layout, indexed: Sequence[IndexedDimension]) -> _Rows:
    """Split a launch into rows along its last dims, which no index varies along."""
    shape, strides, offset = layout
    split = len(shape)
    while split and all(
        shape[split - 1] == 1 or lookup.indices.layout.strides[split - 1] == 0
        for lookup in indexed
    ):
        split -= 1
    row = Layout(shape[split:], strides[split:], 0).as_range()
    if row is None or len(row) < _SHORTEST_ROW:
        return _Rows(_positions(layout, indexed), range(1))
    leading = [
        lookup._replace(indices=lookup.indices.under(_leading(lookup, split)))
        for lookup in indexed
    ]
    return _Rows(_positions(Layout(shape[:split], strides[:split], offset), leading), row)


def _leading(lookup: IndexedDimension, count: int) -> Layout:
    shape, strides, offset = lookup.indices.layout
    return Layout(shape[:count], strides[:count], offset)


def _positions(layout: Layout, indexed: Sequence[IndexedDimension]) -> list[int]:
    """Return the cell each index reads or writes; IndexError for an index out of range."""
    positions: Iterable[int] = layout.positions()
    for index, size, stride, negative in indexed:
        values = read_cells(index)
        lowest = -size if negative else 0
        if values and not (lowest <= min(values) and max(values) < size):
            wrong = next(value for value in values if not lowest <= value < size)
            raise IndexError(
                f"index {wrong} is out of bounds for dimension with size {size}. Indices lie "
                f"in [{lowest}, {size - 1}]."
            )
        wrapped = [int(value) % size * stride for value in values]
        positions = map(add, positions, wrapped)
    return list(positions)
