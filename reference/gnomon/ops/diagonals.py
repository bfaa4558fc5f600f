"""Diagonals: tensors made of one, and what is read off one."""

from __future__ import annotations

from typing import SupportsIndex, TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import bool_
from gnomon.errors import explain
from gnomon.layout import Layout, normalize_dim
from gnomon.op.arguments import integer, integers
from gnomon.op.copying import clone_as
from gnomon.op.foundation import sum_of
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import accumulate, view_as
from gnomon.ops.slicing import DIAGONAL, diagonal
from gnomon.ops.views import EXPAND, ravel

__all__ = ["diag", "diag_embed", "diagflat", "trace"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def diag_embed(
    input: T, offset: SupportsIndex = 0, dim1: SupportsIndex = -2, dim2: SupportsIndex = -1
) -> T:
    """Return matrices that have the last dim of ``input`` on a diagonal and zeros elsewhere.

    ``dim1`` and ``dim2`` are the rows and columns in the result; with ``offset`` > 0 the
    diagonal lies above the main one.

    >>> import gnomon as torch
    >>> torch.diag_embed(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    above, first, second = integers("diag_embed", (offset, dim1, dim2))
    given = input.operand.layout.shape
    ndim = len(given) + 1
    first = normalize_dim(first, ndim, "diag_embed")
    second = normalize_dim(second, ndim, "diag_embed")
    if first == second:
        raise RuntimeError(
            explain(
                "diag_embed",
                f"diagonal dimensions cannot be identical {first}, {second}",
                input,
                remedy="Choose two dims of the result",
            )
        )
    size = given[-1] + abs(above)
    batch = iter(given[:-1])
    shape = tuple([size if dim in (first, second) else next(batch) for dim in range(ndim)])
    whole = Layout.contiguous(shape)
    cells = accumulate(
        input.like(input.operand), whole.diagonal(above, first, second), whole.numel
    )
    result = input.like(cells.operand.under(whole))
    return linear(
        "DiagEmbedBackward0", input, result, lambda g: diagonal(g, above, first, second)
    )


@numpy_names
def diagflat(input: T, offset: SupportsIndex = 0) -> T:
    """Return a matrix with all elements of ``input`` on a diagonal and zeros elsewhere.

    >>> import gnomon as torch
    >>> torch.diagflat(torch.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag_embed(ravel(input), offset)


@numpy_names
def diag(input: T, diagonal: SupportsIndex = 0, *, out: T | None = None) -> T:
    """Return the matrix with a vector on its diagonal, or a copy of the diagonal of a matrix.

    Raises RuntimeError for any other number of dims.

    >>> import gnomon as torch
    >>> torch.diag(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    layout = input.operand.layout
    if layout.ndim not in (1, 2):
        raise RuntimeError(
            explain(
                "diag",
                f"Supports 1D or 2D tensors. Got {layout.ndim}D",
                input,
                remedy="Use diag_embed or diagonal on batches",
            )
        )
    if layout.ndim == 1:
        result = diag_embed(input, diagonal)
    else:
        result = _copied_diagonal(input, integer("diag", diagonal))
    return result if out is None else deliver("diag", result, out, (input,))


def _copied_diagonal(input: T, offset: int) -> T:
    free = DIAGONAL(input.like(input.operand), offset)
    copied = clone_as(free, Layout.contiguous(free.operand.layout.shape))
    whole = Layout.contiguous(input.operand.layout.shape)

    def placed(cotangent: TensorCore) -> TensorCore:
        return view_as(accumulate(cotangent, whole.diagonal(offset), whole.numel), whole.shape)

    return linear("DiagonalBackward0_copy", input, copied, placed)


@numpy_names
def trace(input: T) -> T:
    """Return the sum of the main diagonal of a matrix, integers in int64.

    Raises RuntimeError unless ``input`` has two dims.

    >>> import gnomon as torch
    >>> torch.trace(torch.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    layout, dtype = input.operand.layout, input.operand.dtype
    if layout.ndim != 2:
        raise RuntimeError(
            explain(
                "trace",
                f"expected a matrix, but got tensor with dim {layout.ndim}",
                input,
                remedy="Use diagonal(dim1=, dim2=).sum(-1) on batches",
            )
        )
    if dtype is bool_:
        raise NotImplementedError(
            explain("trace", "not implemented for bool", input, remedy="Convert to int64 first")
        )
    whole = Layout.contiguous(layout.shape)
    line = whole.diagonal()

    def spread(cotangent: TensorCore) -> TensorCore:
        return view_as(
            accumulate(EXPAND(cotangent, line.shape), line, whole.numel), whole.shape
        )

    summed = sum_of(DIAGONAL(input.like(input.operand)))
    return linear("TraceBackward0", input, summed, spread)
