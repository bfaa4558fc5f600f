"""``matmul`` and its kin: products of tensors of any ranks, as products of matrices."""

from __future__ import annotations

from math import prod
from typing import TypeVar

from gnomon.composite.matrix import bmm, check_dtypes, dot, mm, mv
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.layout import broadcast_shapes
from gnomon.op.copying import to_contiguous
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import reshaped, view_as
from gnomon.ops.arithmetic import mul
from gnomon.ops.views import EXPAND, reshape, squeeze, t, transpose, unsqueeze

__all__ = ["ger", "inner", "matmul", "outer"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def matmul(input: T, other: T, *, out: T | None = None) -> T:
    """Return the matrix product of ``input`` and ``other``, of any ranks from 1 on.

    A 1-d operand is a row on the left and a column on the right, and its dim does not appear in
    the result; leading dims are batches and broadcast.

    Raises RuntimeError for a 0-d operand, for sizes that do not fit and for differing dtypes.

    >>> import gnomon as torch
    >>> torch.matmul(torch.ones(2, 1, 3, 4), torch.ones(5, 4, 6)).shape
    torch.Size([2, 5, 3, 6])
    """
    result = _matmul(input, other, in_graph=out is None)
    return result if out is None else deliver("matmul", result, out, (input, other))


def _matmul(input: T, other: T, in_graph: bool) -> T:
    left, right = input.operand.layout.shape, other.operand.layout.shape
    if not left or not right:
        raise RuntimeError(
            explain(
                "matmul",
                f"both arguments to matmul need to be at least 1D, but they are {len(left)}D "
                f"and {len(right)}D",
                input,
                other,
                remedy="Use mul for a 0-d factor",
            )
        )
    if len(right) == 1 and len(left) <= 2:
        return dot(input, other) if len(left) == 1 else mv(input, other)
    if len(left) <= 2 and len(right) == 2:
        return mm(input, other) if len(left) == 2 else _row_times(input, other)
    if len(left) == 3 and len(right) == 3 and in_graph:
        input, other = _without_single_batch(input, other)
    if input.operand.layout.ndim >= 3 and _folds(input, other, in_graph):
        return _fold_left(input, other)
    # A tall product with a matrix on its left has to be transposed back, which is a copy.
    worthwhile = input.operand.layout.ndim == 1 or input.tracked
    if (
        other.operand.layout.ndim >= 3
        and worthwhile
        and _folds(_transposed(other), input, in_graph)
    ):
        return _fold_right(input, other)
    return _batched(input, other)


def _row_times(vector: T, matrix: T) -> T:
    product = mm(unsqueeze(vector, 0), matrix)
    row = product.operand
    result = product.like(row.under(row.layout.squeeze(0)))
    return linear("SqueezeBackward4", product, result, lambda g: unsqueeze(g, 0))


def _without_single_batch(input: T, other: T) -> tuple[T, T]:
    """Let a batch of one matrix that needs a gradient be that matrix."""
    left, right = input.operand.layout.shape, other.operand.layout.shape
    if right[0] == 1 != left[0] and other.tracked:
        return input, squeeze(other, 0)
    if left[0] == 1 != right[0] and input.tracked:
        return squeeze(input, 0), other
    return input, other


def _folds(batches: TensorCore, matrix: TensorCore, in_graph: bool) -> bool:
    """Whether all ``batches`` meet one matrix or vector in a single product of a tall matrix.

    PyTorch's rule: where the gradient of ``matrix`` is wanted, since its broadcast copies would
    need one each, and where the tall matrix is a view.
    """
    layout = batches.operand.layout
    if matrix.operand.layout.ndim > 2:
        return False
    if (matrix.tracked and in_graph) or not layout.numel:
        return True
    return all(
        layout.strides[dim] == layout.shape[dim + 1] * layout.strides[dim + 1]
        for dim in range(layout.ndim - 2)
    )


def _fold_left(input: T, other: T) -> T:
    *batch, inner = input.operand.layout.shape
    rows = reshape(input, (prod(batch), inner))
    if other.operand.layout.ndim == 1:
        return unsafe_view(mv(rows, other), tuple(batch))
    return unsafe_view(mm(rows, other), (*batch, other.operand.layout.shape[1]))


def _fold_right(input: T, other: T) -> T:
    if input.operand.layout.ndim == 1:
        return _fold_left(_transposed(other), input)
    return to_contiguous(_transposed(_fold_left(_transposed(other), t(input))))


def _transposed(batches: T) -> T:
    return transpose(batches, -2, -1)


def _batched(input: T, other: T) -> T:
    left = unsqueeze(input, 0) if input.operand.layout.ndim == 1 else input
    right = unsqueeze(other, 1) if other.operand.layout.ndim == 1 else other
    left_shape, right_shape = left.operand.layout.shape, right.operand.layout.shape
    batch = broadcast_shapes(left_shape[:-2], right_shape[:-2], operation="matmul")
    count = prod(batch)
    product = bmm(
        reshape(EXPAND(left, (*batch, *left_shape[-2:])), (count, *left_shape[-2:])),
        reshape(EXPAND(right, (*batch, *right_shape[-2:])), (count, *right_shape[-2:])),
    )
    shape = list(batch)
    if input.operand.layout.ndim > 1:
        shape.append(left_shape[-2])
    if other.operand.layout.ndim > 1:
        shape.append(right_shape[-1])
    return unsafe_view(product, tuple(shape))


def unsafe_view(product: T, shape: tuple[int, ...]) -> T:
    """Return a contiguous intermediate result, which nobody else holds, as ``shape``.

    It is no view of the intermediate result to the graph, so it may be written to in place.
    """
    operand = product.operand
    result = product.like(operand.under(operand.layout.view(shape)))
    given = operand.layout.shape
    return linear("UnsafeViewBackward0", product, result, lambda g: reshaped(g, given))


@numpy_names
def inner(input: T, other: T, *, out: T | None = None) -> T:
    """Return the products summed over the last dims of both; with a 0-d operand, the product.

    Shapes (\\*a, k) and (\\*b, k) give (\\*a, \\*b). Raises RuntimeError for differing last
    sizes or dtypes.

    >>> import gnomon as torch
    >>> torch.inner(torch.tensor([[1, 2], [3, 4]]), torch.tensor([10, 1]))
    tensor([12, 34])
    """
    result = _inner(input, other)
    return result if out is None else deliver("inner", result, out, (input, other))


def _inner(input: T, other: T) -> T:
    left, right = input.operand.layout.shape, other.operand.layout.shape
    if not left or not right:
        return mul(input, other)
    if left[-1] != right[-1]:
        raise RuntimeError(
            explain(
                "inner",
                "the last dimension must match on both input tensors but got shapes "
                f"{list(left)} and {list(right)}",
                input,
                other,
                remedy="Transpose one operand",
            )
        )
    if input.operand.dtype is not other.operand.dtype:
        check_dtypes("inner", input, other)
    if len(left) == 1 and len(right) == 1:
        return view_as(dot(input, other), ())
    rows = reshape(input, (prod(left[:-1]), left[-1]))
    columns = t(reshape(other, (prod(right[:-1]), right[-1])))
    return view_as(mm(rows, columns), (*left[:-1], *right[:-1]))


@numpy_names
def outer(input: T, vec2: T, *, out: T | None = None) -> T:
    """Return the products of every element of one vector with every element of another.

    Vectors (n,) and (m,) give (n, m). Raises RuntimeError for other ranks.

    >>> import gnomon as torch
    >>> torch.outer(torch.tensor([1, 2]), torch.tensor([1, 10, 100]))
    tensor([[  1,  10, 100],
            [  2,  20, 200]])
    """
    for vector in (input, vec2):
        if vector.operand.layout.ndim != 1:
            raise RuntimeError(
                explain(
                    "outer",
                    f"Expected 1-D arguments, but got {vector.operand.layout.ndim}-D",
                    input,
                    vec2,
                    remedy="Flatten it first",
                )
            )
    column = reshape(input, (input.operand.layout.shape[0], 1))
    return mul(column, vec2, out=out)


@numpy_names
def ger(input: T, vec2: T, *, out: T | None = None) -> T:
    """Return the outer product of two vectors: ``outer`` under the name of BLAS."""
    return outer(input, vec2, out=out)
