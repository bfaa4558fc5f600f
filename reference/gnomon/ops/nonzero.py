"""Where the nonzero elements are. The number of them is data, so this reads the tensor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from typing import Literal, TypeVar, overload

from gnomon.core import TensorCore
from gnomon.dispatch import values_of
from gnomon.dtypes import int64
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.op.index_arguments import index_operand
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_apart, deliver

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
    columns = _coordinates(input, input.operand.layout.shape)
    count = len(columns[0]) if columns else len(_positions(input))
    flat = [index for column in columns for index in column]
    operand = index_operand(input.operand.storage.backend, flat, (len(columns), count))
    result = input.like(operand._replace(layout=operand.layout.transpose(0, 1)))
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
    backend = input.operand.storage.backend
    columns = _coordinates(input, input.operand.layout.shape or (1,))
    return tuple(
        [input.like(index_operand(backend, column, (len(column),))) for column in columns]
    )


@numpy_names
def argwhere(input: T) -> T:
    """Return the indices of the nonzero elements, a row per element: ``nonzero``."""
    return nonzero(input)


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
