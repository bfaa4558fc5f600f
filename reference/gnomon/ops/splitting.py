"""Splitting a tensor along a dim into views of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import SupportsIndex, TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.op.arguments import (
    IntegerArgument,
    integer,
    integer_or_integers,
    integer_sequence,
    integers,
)
from gnomon.op.numpy_names import numpy_names
from gnomon.op.view import views_of
from gnomon.ops.slicing import SLICE

__all__ = [
    "chunk",
    "dsplit",
    "hsplit",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unbind",
    "vsplit",
]

T = TypeVar("T", bound=TensorCore)


def split(
    tensor: T, split_size_or_sections: IntegerArgument, dim: SupportsIndex = 0
) -> tuple[T, ...]:
    """Return consecutive views along ``dim``: of one size (the last maybe less), or of many.

    >>> import gnomon as torch
    >>> torch.split(torch.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    """
    sizes = integer_or_integers("split", split_size_or_sections)
    if not isinstance(sizes, int):
        return split_with_sizes(tensor, sizes, dim)
    axis = integer("split", dim)
    return _split(tensor, sizes, axis, "SplitBackward0")


@numpy_names
def split_with_sizes(
    input: T, split_sizes: Sequence[SupportsIndex], dim: SupportsIndex = 0
) -> tuple[T, ...]:
    """Return consecutive views along ``dim``, whose sizes are ``split_sizes``.

    Raises RuntimeError unless they add up to the size of ``dim``.
    """
    sizes = integer_sequence("split_with_sizes", split_sizes)
    axis = integer("split_with_sizes", dim)
    return _split(input, sizes, axis, "SplitWithSizesBackward0")


def _split(input: T, sizes: int | tuple[int, ...], dim: int, label: str) -> tuple[T, ...]:
    layouts = input.operand.layout.split(sizes, dim)
    return views_of(input, layouts, label, lambda whole: whole.split(sizes, dim))


@numpy_names
def chunk(input: T, chunks: SupportsIndex, dim: SupportsIndex = 0) -> tuple[T, ...]:
    """Return at most ``chunks`` consecutive views along ``dim``, all but the last of one size.

    >>> import gnomon as torch
    >>> [len(piece) for piece in torch.chunk(torch.arange(7), 4)]
    [2, 2, 2, 1]
    """
    count, axis = integers("chunk", (chunks, dim))
    layouts = input.operand.layout.chunk(count, axis)
    nothing = not layouts[0].shape[axis]
    label = "SplitWithSizesBackward0" if nothing else "SplitBackward0"
    return views_of(input, layouts, label, lambda whole: whole.chunk(count, axis))


@numpy_names
def unbind(input: T, dim: SupportsIndex = 0) -> tuple[T, ...]:
    """Return one view per index of ``dim``, which goes away.

    >>> import gnomon as torch
    >>> torch.unbind(torch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    axis = integer("unbind", dim)
    layouts = input.operand.layout.unbind(axis)
    return views_of(input, layouts, "UnbindBackward0", lambda whole: whole.unbind(axis))


@numpy_names
def tensor_split(
    input: T, indices_or_sections: IntegerArgument | TensorCore, dim: SupportsIndex = 0
) -> tuple[T, ...]:
    """Return that many nearly equal views along ``dim``, or the views between given indices.

    >>> import gnomon as torch
    >>> torch.tensor_split(torch.arange(5), (1, 3))
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    axis = integer("tensor_split", dim)
    return _between(input, _sections("tensor_split", indices_or_sections), axis)


@numpy_names
def hsplit(input: T, indices_or_sections: IntegerArgument) -> tuple[T, ...]:
    """Return the views that ``tensor_split`` gives along dim 1 (0 of a 1-d tensor).

    Raises RuntimeError where a number of sections does not divide the size.

    >>> import gnomon as torch
    >>> torch.hsplit(torch.tensor([[1, 2], [3, 4]]), 2)
    (tensor([[1],
            [3]]), tensor([[2],
            [4]]))
    """
    return _split_evenly("hsplit", input, indices_or_sections, 1)


@numpy_names
def vsplit(input: T, indices_or_sections: IntegerArgument) -> tuple[T, ...]:
    """Return the views that ``tensor_split`` gives along dim 0 of a matrix or more.

    Raises RuntimeError where a number of sections does not divide the size.
    """
    return _split_evenly("vsplit", input, indices_or_sections, 0)


@numpy_names
def dsplit(input: T, indices_or_sections: IntegerArgument) -> tuple[T, ...]:
    """Return the views that ``tensor_split`` gives along dim 2.

    Raises RuntimeError where a number of sections does not divide the size.
    """
    return _split_evenly("dsplit", input, indices_or_sections, 2)


#: How many dims each of the three needs; the dim split is dim 0 of a 1-d tensor for ``hsplit``.
_NEEDED_DIMS = {"hsplit": 1, "vsplit": 2, "dsplit": 3}


def _split_evenly(
    operation: str, input: T, indices_or_sections: IntegerArgument, dim: int
) -> tuple[T, ...]:
    layout = input.operand.layout
    if layout.ndim < _NEEDED_DIMS[operation]:
        raise RuntimeError(
            explain(
                operation,
                f"torch.{operation} requires a tensor with at least {_NEEDED_DIMS[operation]} "
                f"dimension, but got a tensor with {layout.ndim} dimensions",
                input,
                remedy="unsqueeze() it first",
            )
        )
    dim = min(dim, layout.ndim - 1)
    sections = integer_or_integers(operation, indices_or_sections)
    if isinstance(sections, int) and (not sections or layout.shape[dim] % sections):
        raise RuntimeError(
            explain(
                operation,
                f"attempted to split along dimension {dim}, but the size of the dimension "
                f"{layout.shape[dim]} is not divisible by the split_size {sections}",
                input,
                remedy="Use tensor_split, whose pieces need not be equal",
            )
        )
    return _between(input, sections, dim)


def _between(input: T, sections: int | tuple[int, ...], dim: int) -> tuple[T, ...]:
    """Return slices, each a view of its own that may be written to."""
    layout = input.operand.layout
    pieces = layout.tensor_split(sections, dim)
    if isinstance(sections, int):
        *bounds, _ = accumulate(piece.shape[dim] for piece in pieces)
    else:
        bounds = list(sections)
    ends = [*bounds, None]
    return tuple(
        [SLICE(input, dim, start, end) for start, end in zip([0, *bounds], ends, strict=True)]
    )


def _sections(operation: str, given: IntegerArgument | TensorCore) -> int | tuple[int, ...]:
    """Return a number of sections or the indices to split at, which may come as a tensor."""
    if not isinstance(given, TensorCore):
        return integer_or_integers(operation, given)
    operand = given.operand
    if operand.layout.ndim > 1 or operand.dtype is not int64:
        raise RuntimeError(
            explain(
                operation,
                "expected tensor_indices_or_sections to be a 0-dim or 1-dim tensor of int64",
                given,
                remedy="Convert it, or give ints",
            )
        )
    numbers = [int(value) for value in values_of(operand)]
    return tuple(numbers) if operand.layout.ndim else numbers[0]
