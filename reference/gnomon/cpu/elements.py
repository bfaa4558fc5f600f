"""Reading and writing the elements of operands in host memory, a row at a time.

Cells move as slices of memoryviews, which is C speed: an evenly spaced operand is one slice,
any other is one slice per innermost row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from math import prod

from gnomon.backend import Operand
from gnomon.dtypes import Cells, CellSequence, Scalar
from gnomon.layout import Layout
from gnomon.memory import HostMemory


def cells_of(operand: Operand) -> memoryview:
    """Return all cells of the operand's storage."""
    memory = operand.storage.memory
    assert isinstance(memory, HostMemory)
    return memory.cells(operand.dtype.cell)


def read_elements(operand: Operand) -> Sequence[Scalar]:
    """Return the elements in logical order, as a sequence that can be read more than once."""
    return operand.dtype.unpack(read_cells(operand))


def read_cells(operand: Operand) -> CellSequence:
    """Return the cells of the elements in logical order."""
    cells = cells_of(operand)
    layout = operand.layout
    if layout is Layout.contiguous(layout.shape):
        count = layout.numel
        return cells if len(cells) == count else cells[:count]
    shape, strides, offset = layout.collapse()
    if not shape:
        return cells[offset : offset + 1]
    size, stride = shape[-1], strides[-1]
    if 0 in shape:
        return cells[:0]
    if len(shape) == 1 and stride:
        return cells[offset : offset + (size - 1) * stride + 1 : stride]
    starts = Layout(shape[:-1], strides[:-1], offset).positions()
    rows: Iterable[Iterable[int | float]]
    if stride:
        reach = (size - 1) * stride + 1
        rows = [cells[start : start + reach : stride] for start in starts]
    else:
        rows = [repeat(cells[start], size) for start in starts]
    return list(chain.from_iterable(rows))


def write_cells(operand: Operand, cells: Cells) -> None:
    """Write ``cells``, one per element in logical order, to the operand's positions."""
    target = cells_of(operand)
    layout = operand.layout
    values = memoryview(cells)
    if layout is Layout.contiguous(layout.shape):
        target[: len(values)] = values
        return
    shape, strides, offset = layout.collapse()
    if not shape:
        target[offset] = values[0]
        return
    if 0 in shape:
        return
    size, stride = shape[-1], strides[-1]
    reach = (size - 1) * stride + 1
    starts = Layout(shape[:-1], strides[:-1], offset).positions()
    for row, start in enumerate(starts):
        target[start : start + reach : stride] = values[row * size : (row + 1) * size]


def with_last(operand: Operand, dims: tuple[int, ...]) -> Operand:
    """Return ``operand`` with ``dims`` moved behind all others."""
    layout = operand.layout
    kept = [dim for dim in range(len(layout.shape)) if dim not in dims]
    order = (*kept, *dims)
    if order == tuple(range(len(order))):
        return operand
    return operand.under(layout.permute(order))


def read_rows(operand: Operand, dims: tuple[int, ...]) -> Iterator[Sequence[Scalar]]:
    """Yield the elements along ``dims`` for every index of the other dims, in logical order."""
    moved = with_last(operand, dims)
    shape = moved.layout.shape
    length = prod(shape[len(shape) - len(dims) :])
    count = prod(shape[: len(shape) - len(dims)])
    elements = read_elements(moved)
    for row in range(count):
        yield elements[row * length : (row + 1) * length]
