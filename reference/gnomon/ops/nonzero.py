"""Where the nonzero elements are. The number of them is data: on an accelerator it is read, and
nothing else; on the CPU it is Python that goes through the elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Literal, TypeVar, overload

from gnomon.backend import IndexedDimension
from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import allocate, item_of, values_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.index_arguments import index_operand
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart, deliver
from gnomon.op.scatter_records import REPLACE
from gnomon.ops.arithmetic import floor_divide, remainder, sub
from gnomon.ops.comparison import ne, where
from gnomon.ops.joining import stack
from gnomon.ops.scans import CUMSUM
from gnomon.ops.sources import arange
from gnomon.ops.views import reshape, transpose

__all__ = ["argwhere", "nonzero"]

T = TypeVar("T", bound=TensorCore)


@overload
def nonzero(input: T, *, out: T | None = None, as_tuple: Literal[False] = False) -> T: ...
@overload
def nonzero(input: T, *, as_tuple: Literal[True]) -> tuple[T, ...]: ...
@overload
def nonzero(input: T, *, out: T | None = None, as_tuple: bool = False) -> T | tuple[T, ...]: ...
@numpy_names
def nonzero(input: T, *, out: T | None = None, as_tuple: bool = False) -> T | tuple[T, ...]:
    """Return the indices of the nonzero elements (NaN among them) in logical order, as int64.

    A row per element and a column per dim; with ``as_tuple``, a 1-d tensor per dim, of which a
    0-d tensor has one. Columns are contiguous. Raises RuntimeError for an ``out`` that is not
    int64.

    >>> import gnomon as torch
    >>> torch.nonzero(torch.tensor([[0, 2], [3, 0]]))
    tensor([[0, 1],
            [1, 0]])
    >>> torch.nonzero(torch.tensor([[0, 2], [3, 0]]), as_tuple=True)
    (tensor([0, 1]), tensor([1, 0]))
    """
    if as_tuple:
        return nonzero_columns(input)
    result = _rows(input)
    if out is None:
        return result
    if out.operand.dtype is not int64:
        raise RuntimeError(
            explain(
                "nonzero",
                f"Expected out tensor to have dtype int64, but got {out.operand.dtype.name}",
                remedy="Give one of that dtype",
            )
        )
    check_apart("nonzero", out, (input,))
    return deliver("nonzero", result, out, (input,))


def nonzero_columns(input: T) -> tuple[T, ...]:
    """Return the indices of the nonzero elements, a 1-d tensor per dim; 0-d counts as 1-d."""
    shape = input.operand.layout.shape or (1,)
    backend = input.operand.storage.backend
    if backend.device != CPU:
        return tuple(_columns_on_device(input, shape))
    columns = _coordinates(input, shape)
    return tuple(
        [input.like(index_operand(backend, column, (len(column),))) for column in columns]
    )


@numpy_names
def argwhere(input: T) -> T:
    """Return the indices of the nonzero elements, a row per element: ``nonzero``."""
    return nonzero(input)


def _rows(input: T) -> T:
    """Return the indices of the nonzero elements, a row per element and a column per dim."""
    backend, shape = input.operand.storage.backend, input.operand.layout.shape
    if backend.device != CPU and shape:
        return transpose(stack(_columns_on_device(input, shape)), 0, 1)
    columns = _coordinates(input, shape)
    count = len(columns[0]) if columns else len(_positions(input))
    flat = [index for column in columns for index in column]
    operand = index_operand(backend, flat, (len(columns), count))
    return input.like(operand.under(operand.layout.transpose(0, 1)))


def _columns_on_device(input: T, shape: tuple[int, ...]) -> list[T]:
    """Return the indices of the nonzero elements, a tensor per dim, found by the device."""
    with no_grad():
        positions = _positions_on_device(input)
        return [
            remainder(floor_divide(positions, stride), size) if len(shape) > 1 else positions
            for size, stride in zip(shape, Layout.contiguous(shape).strides, strict=True)
        ]


def _positions_on_device(input: T) -> T:
    """Return which elements, counted in logical order, are nonzero: each goes to the place that
    the number of those before it names, and the others to one place behind them all.
    """
    backend, count = input.operand.storage.backend, input.operand.layout.numel
    if not count:
        return input.like(index_operand(backend, (), (0,)))
    chosen = ne(reshape(input, (-1,)), 0)
    running = CUMSUM(chosen, 0)
    length = int(item_of(running.operand.under(running.operand.layout.select(0, -1))))
    places = where(chosen, sub(running, 1), length)
    found = allocate(backend, Layout.contiguous((length + 1,)), int64)
    target = found.under(Layout((count,), (0,), 0))
    numbers = arange(backend, (count,), int64, (0, 1))
    indexed = IndexedDimension(places.operand, length + 1, 1, negative=False)
    backend.scatter(REPLACE, numbers, [indexed], target)
    return input.like(found.under(Layout.contiguous((length,))))


def _positions(input: TensorCore) -> Sequence[int]:
    """Return which elements, counted in logical order, are nonzero."""
    return list(compress(range(input.operand.layout.numel), values_of(input.operand)))


def _coordinates(input: TensorCore, shape: tuple[int, ...]) -> list[Sequence[int]]:
    positions = _positions(input)
    strides = Layout.contiguous(shape).strides
    if len(shape) == 1:
        return [positions]
    return [
        [position // stride % size for position in positions]
        for size, stride in zip(shape, strides, strict=True)
    ]
