"""Vandermonde matrices."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import Kind, int64
from gnomon.errors import explain
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.copying import to_dtype
from gnomon.ops.joining import cat
from gnomon.ops.rearranging import flip
from gnomon.ops.scans import cumprod
from gnomon.ops.views import expand, unsqueeze

__all__ = ["vander"]

T = TypeVar("T", bound=TensorCore)


@kinds_checked
def vander(x: T, N: int | None = None, increasing: bool = False) -> T:
    """Return the matrix of the powers 0 to ``N - 1`` of each element, by default as many rows.

    The powers fall along a row unless ``increasing``; integers are raised in int64. Raises
    RuntimeError unless ``x`` is 1-d and ``N`` is not negative.

    >>> import gnomon as torch
    >>> torch.vander(torch.tensor([1, 2, 3]), 3)
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    storage, layout, dtype = x.operand
    if layout.ndim != 1:
        raise RuntimeError(
            explain("vander", "x must be a one-dimensional tensor", x, remedy="flatten() it")
        )
    (rows,) = layout.shape
    columns = rows if N is None else N
    if columns < 0:
        raise RuntimeError(f"vander: N must be non-negative, got {columns}.")
    dtype = dtype if dtype.kind >= Kind.FLOAT else int64
    ones = x.like(filled(storage.backend, (rows, min(columns, 1)), dtype, 1))
    if columns < 2:
        return ones
    bases = expand(unsqueeze(to_dtype(x, dtype), 1), (rows, columns - 1))
    powers = cat((ones, cumprod(bases, 1)), 1)
    return powers if increasing else flip(powers, (1,))
