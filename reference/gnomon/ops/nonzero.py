"""Where the nonzero elements are. The number of them is data: on an accelerator it is read, and
nothing else; on the CPU it is Python that goes through the elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Literal, TypeAlias, TypeVar, overload

from gnomon.backend import IndexedDimension, Operand
from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import allocate, item_of, values_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.claims import EXACT
from gnomon.op.composite import Composite
from gnomon.op.copying import to_contiguous
from gnomon.op.index_arguments import index_operand
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart, deliver
from gnomon.op.scatter_records import REPLACE
from gnomon.ops.arithmetic import floor_divide, mul, sub
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
        rest = _positions_on_device(input)
        columns = []
        for size in reversed(shape[1:]):
            whole = floor_divide(rest, size)
            columns.append(sub(rest, mul(whole, size)))
            rest = whole
    return [rest, *reversed(columns)]


def _positions_on_device(input: T) -> T:
    """Return which elements, counted in logical order, are nonzero."""
    backend, count = input.operand.storage.backend, input.operand.layout.numel
    if not count:
        return input.like(index_operand(backend, (), (0,)))
    chosen = to_contiguous(ne(reshape(input, (-1,)), 0))
    running = CUMSUM(chosen, 0)
    length = int(item_of(running.operand.under(running.operand.layout.select(0, -1))))
    kernel = chosen_positions.kernel_on(backend)
    if kernel is None or not length:
        return _to_their_places(chosen, running, length)
    output = allocate(backend, Layout.contiguous((length,)), int64)
    kernel(chosen.operand, running.operand, output)
    return input.like(output)


def _to_their_places(chosen: T, running: T, length: int) -> T:
    """Send each position to the place that the number of those before it names, if it is
    chosen, and the others to one place behind them all.
    """
    backend, count = chosen.operand.storage.backend, chosen.operand.layout.numel
    places = where(chosen, sub(running, 1), length)
    found = allocate(backend, Layout.contiguous((length + 1,)), int64)
    target = found.under(Layout((count,), (0,), 0))
    numbers = arange(backend, (count,), int64, (0, 1))
    indexed = IndexedDimension(places.operand, length + 1, 1, negative=False)
    backend.scatter(REPLACE, numbers, [indexed], target)
    return chosen.like(found.under(Layout.contiguous((length,))))


ChosenPositionsMeaning: TypeAlias = Callable[[TensorCore, TensorCore, int], TensorCore]
#: ``(chosen, running, output)``: a contiguous line of bools, the running sums of it as int64,
#: and an int64 output as long as the last of them, which is not 0.
ChosenPositionsKernel: TypeAlias = Callable[[Operand, Operand, Operand], None]
chosen_positions: Composite[ChosenPositionsMeaning, ChosenPositionsKernel] = Composite(
    name="chosen_positions",
    definition="the positions at which a line of bools is True, in order",
    decompose=_to_their_places,
    tolerance=EXACT,
)


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
