"""Copies with the elements elsewhere: repeated, rolled, reversed, or cut to a triangle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeVar

from gnomon.backend import Backend, IndexedDimension, Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import bool_, int64
from gnomon.errors import explain
from gnomon.formats import contiguous_format
from gnomon.layout import Layout, normalize_dim, normalize_dims
from gnomon.op.arguments import IntegerArgument, integer, integer_sequence, integers
from gnomon.op.copy import COPY
from gnomon.op.foundation import sum_of
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import reshaped
from gnomon.ops.arithmetic import sub
from gnomon.ops.comparison import ge, le, where
from gnomon.ops.copying import clone, contiguous
from gnomon.ops.joining import joined_layout
from gnomon.ops.sources import arange
from gnomon.ops.views import EXPAND, transpose, unsqueeze

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90", "tile", "tril", "triu"]

T = TypeVar("T", bound=TensorCore)


def repeat(input: T, repeats: Sequence[SupportsIndex]) -> T:
    """Return copies of ``input`` laid side by side, ``repeats`` times along each dim.

    More repeats than dims add leading dims. Raises RuntimeError for fewer, or a negative one.
    """
    times = integer_sequence("repeat", repeats)
    shape = input.operand.layout.shape
    if len(times) < len(shape):
        raise RuntimeError(
            explain(
                "repeat",
                "Number of dimensions of repeat dims can not be smaller than number of "
                f"dimensions of tensor, got {len(times)} and {len(shape)}",
                input,
                remedy="Give a number for every dim, 1 to leave it as it is",
            )
        )
    padded = (1,) * (len(times) - len(shape)) + shape
    output = Layout.contiguous(
        tuple([count * size for count, size in zip(times, padded, strict=True)])
    )
    # Every dim of the result is two: which copy, and which element of it.
    blocks = tuple([part for pair in zip(times, padded, strict=True) for part in pair])
    storage, layout, dtype = input.operand
    result = allocate(storage.backend, output, dtype)
    if output.numel:
        once = layout.expand(padded)
        for dim in range(len(padded)):
            once = once.unsqueeze(2 * dim)
        copied = Operand(storage, once.expand(blocks), dtype)
        place = result.under(output.view(blocks))
        storage.backend.elementwise(COPY, (copied,), place)
    copies = list(range(0, len(blocks), 2))

    def summed(cotangent: TensorCore) -> TensorCore:
        if not output.numel:
            return EXPAND(sum_of(cotangent), shape)
        parts = reshaped(cotangent, blocks)
        return reshaped(sum_of(parts, copies) if copies else parts, shape)

    return linear("RepeatBackward0", input, input.like(result), summed)


@numpy_names
def tile(input: T, dims: Sequence[SupportsIndex]) -> T:
    """Return copies of ``input`` laid side by side; unlike ``repeat``, missing ``dims`` are 1.

    >>> import gnomon as torch
    >>> torch.tile(torch.tensor([[1, 2]]), (2,))
    tensor([[1, 2, 1, 2]])
    """
    times = integer_sequence("tile", dims)
    missing = input.operand.layout.ndim - len(times)
    return repeat(input, (1,) * missing + times)


@numpy_names
def roll(input: T, shifts: IntegerArgument, dims: IntegerArgument = ()) -> T:
    """Return ``input`` with its elements moved on by ``shifts`` along ``dims``, around the end.

    Without ``dims``, the elements move in their order as one dim. Raises RuntimeError unless
    there are as many shifts as dims.

    >>> import gnomon as torch
    >>> torch.roll(torch.tensor([1, 2, 3, 4]), 1)
    tensor([4, 1, 2, 3])
    """
    steps, axes = integers("roll", (shifts,)), integers("roll", (dims,))
    if not steps:
        rule = "`shifts` required"
    elif len(steps) != len(axes) and (axes or len(steps) > 1):
        rule = f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}"
    else:
        return _rolled(input, steps, axes)
    raise RuntimeError(explain("roll", rule, input, remedy="Give a shift for every dim"))


def _rolled(input: T, shifts: tuple[int, ...], dims: tuple[int, ...]) -> T:
    storage, layout, dtype = input.operand
    if not layout.numel:
        operand = allocate(storage.backend, layout.dense_like(), dtype)
    elif dims:
        if not layout.shape:
            raise IndexError("roll: Dimension specified as 0 but tensor has no dimensions.")
        operand = input.operand
        for shift, dim in zip(shifts, dims, strict=True):
            operand = _rolled_once(operand, shift, normalize_dim(dim, layout.ndim, "roll"))
    else:
        line = reshaped(input.like(input.operand), (layout.numel,)).operand
        operand = _rolled_once(line, shifts[0], 0)
        operand = operand.under(Layout.contiguous(layout.shape))
    result = input.like(operand)
    backwards = tuple([-shift for shift in shifts])
    return linear("RollBackward0", input, result, lambda g: roll(g, backwards, dims))


def _rolled_once(operand: Operand, shift: int, dim: int) -> Operand:
    storage, layout, dtype = operand
    size = layout.shape[dim]
    start = -shift % size
    parts = [layout.narrow(dim, start, size - start), layout.narrow(dim, 0, start)]
    output = allocate(storage.backend, joined_layout(parts, layout.shape), dtype)
    for part, place in zip(parts, (0, size - start), strict=True):
        if part.numel:
            target = output.layout.narrow(dim, place, part.shape[dim])
            storage.backend.elementwise(COPY, (operand.under(part),), output.under(target))
    return output


@numpy_names
def flip(input: T, dims: Sequence[SupportsIndex]) -> T:
    """Return ``input`` with the order of its elements along ``dims`` reversed: a copy.

    >>> import gnomon as torch
    >>> torch.flip(torch.tensor([[1, 2], [3, 4]]), (1,))
    tensor([[2, 1],
            [4, 3]])
    """
    return _flipped(input, integer_sequence("flip", dims))


def _flipped(input: T, dims: tuple[int, ...]) -> T:
    storage, layout, dtype = input.operand
    shape, strides, offset = layout
    axes = normalize_dims(dims, len(shape), "flip") if shape or dims else ()
    output = allocate(storage.backend, layout.dense_like(), dtype)
    lookups = [
        _reversed_dimension(input.operand, axis) for axis in axes if shape and shape[axis] > 1
    ]
    if layout.numel:
        walked = tuple(
            [
                0 if axis in axes and shape[axis] > 1 else stride
                for axis, stride in enumerate(strides)
            ]
        )
        source = Operand(storage, Layout(shape, walked, offset), dtype)
        if lookups:
            storage.backend.gather(source, lookups, output)
        else:
            storage.backend.elementwise(COPY, (source,), output)
    return linear("FlipBackward0", input, input.like(output), lambda g: flip(g, dims))


def _reversed_dimension(operand: Operand, dim: int) -> IndexedDimension:
    shape, strides, _ = operand.layout
    size = shape[dim]
    index = _counting(operand.storage.backend, size, size - 1, -1)
    column = index.layout.view((size,) + (1,) * (len(shape) - dim - 1))
    indices = index.under(column.expand(shape))
    return IndexedDimension(indices, size, strides[dim], negative=False)


def _counting(backend: Backend, size: int, start: int, step: int) -> Operand:
    """Return ``size`` int64s from ``start`` on."""
    output = allocate(backend, Layout.contiguous((size,)), int64)
    arange.fill(output, (start, step))
    return output


@numpy_names
def fliplr(input: T) -> T:
    """Return ``input`` with its columns, dim 1, in reverse order: a copy."""
    return _flipped_along(1, "fliplr", input)


@numpy_names
def flipud(input: T) -> T:
    """Return ``input`` with its rows, dim 0, in reverse order: a copy."""
    return _flipped_along(0, "flipud", input)


def _flipped_along(dim: int, operation: str, input: T) -> T:
    if input.operand.layout.ndim <= dim:
        raise RuntimeError(
            explain(
                operation, f"Input must be >= {dim + 1}-d", input, remedy="unsqueeze() it first"
            )
        )
    return flip(input, (dim,))


@numpy_names
def rot90(input: T, k: int = 1, dims: Sequence[SupportsIndex] = (0, 1)) -> T:
    """Return ``input`` turned ``k`` times by 90 degrees, from the first dim to the second.

    >>> import gnomon as torch
    >>> torch.rot90(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    ndim = input.operand.layout.ndim
    axes = integer_sequence("rot90", dims)
    rule = ""
    if len(axes) != 2:
        rule = f"expected total rotation dims == 2, but got dims = {len(axes)}"
    elif ndim < 2:
        rule = f"expected total dims >= 2, but got total dims = {ndim}"
    elif axes[0] == axes[1] or abs(axes[0] - axes[1]) == ndim:
        rule = (
            f"expected rotation dims to be different, but got dim0 = {axes[0]} and "
            f"dim1 = {axes[1]}"
        )
    if rule:
        raise RuntimeError(explain("rot90", rule, input, remedy="Name two dims of the plane"))
    first, second = [normalize_dim(dim, ndim, "rot90") for dim in axes]
    free = input.like(input.operand)
    turns = k % 4
    if turns == 0:
        result = clone(free, memory_format=contiguous_format)
    elif turns == 1:
        result = transpose(flip(free, (second,)), first, second)
    elif turns == 2:
        result = flip(free, axes)
    else:
        result = transpose(flip(free, (first,)), first, second)
    return linear(
        "Rot90Backward0", input, free.like(result.operand), lambda g: rot90(g, -k, axes)
    )


@numpy_names
def tril(input: T, diagonal: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return the matrices ``input`` with zeros above the ``diagonal``-th diagonal.

    Raises RuntimeError for fewer than two dims.

    >>> import gnomon as torch
    >>> torch.tril(torch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 0],
            [3, 4]])
    """
    offset = integer("tril", diagonal)
    result = _triangle("tril", input, offset)
    return result if out is None else deliver("tril", result, out, (input,))


@numpy_names
def triu(input: T, diagonal: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return the matrices ``input`` with zeros below the ``diagonal``-th diagonal.

    Raises RuntimeError for fewer than two dims.

    >>> import gnomon as torch
    >>> torch.triu(torch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 2],
            [0, 4]])
    """
    offset = integer("triu", diagonal)
    result = _triangle("triu", input, offset)
    return result if out is None else deliver("triu", result, out, (input,))


def _triangle(operation: str, input: T, diagonal: int) -> T:
    storage, layout, dtype = input.operand
    if layout.ndim < 2:
        raise RuntimeError(
            explain(
                operation,
                "input tensor must have at least 2 dimensions",
                input,
                remedy="unsqueeze() it first",
            )
        )
    rows, columns = [
        input.like(_counting(storage.backend, size, 0, 1)) for size in layout.shape[-2:]
    ]
    steps = sub(columns, unsqueeze(rows, 1))
    kept = le(steps, diagonal) if operation == "tril" else ge(steps, diagonal)
    free = input.like(Operand(storage, layout, dtype))
    # The rule of elementwise outputs keeps other strides; a triangle is contiguous.
    result = contiguous(where(kept, free, False if dtype is bool_ else 0))
    if operation == "tril":
        return linear("TrilBackward0", input, result, lambda g: tril(g, diagonal))
    return linear("TriuBackward0", input, result, lambda g: triu(g, diagonal))
