"""Products of several matrices, powers, the exponential, and functions built on them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeVar

from gnomon.composite.linalg.batches import (
    check_square,
    floating_only,
    identity_like,
    mT,
    sizes_of,
)
from gnomon.composite.linalg.exponentials import matrix_exponentials
from gnomon.composite.linalg.inverses import inv, solve
from gnomon.composite.matmul import matmul
from gnomon.composite.matrix import check_dtypes, mm, vdot
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import DType, int64
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone, clone_as
from gnomon.op.foundation import sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.op.view import view_as
from gnomon.ops.arithmetic import mul
from gnomon.ops.joining import cat
from gnomon.ops.scans import cumprod
from gnomon.ops.slicing import narrow
from gnomon.ops.views import EXPAND, movedim, reshape, unsqueeze

__all__ = ["chain_matmul", "matrix_exp", "matrix_power"]

T = TypeVar("T", bound=TensorCore)


def multi_dot(tensors: Sequence[T], *, out: T | None = None) -> T:
    """Return the product of two or more matrices, in the order that multiplies least.

    The first may be a row vector and the last a column vector, whose dims the result lacks.

    >>> import gnomon as torch
    >>> torch.linalg.multi_dot([torch.ones(2, 3), torch.ones(3, 4), torch.ones(4)])
    tensor([12., 12.])
    """
    operation = "linalg.multi_dot"
    if len(tensors) < 2:
        raise RuntimeError(f"{operation}: expected at least 2 tensors but got {len(tensors)}.")
    matrices = list(tensors)
    shape: tuple[int, ...] = ()
    if matrices[0].operand.layout.ndim == 1:
        matrices[0] = unsqueeze(matrices[0], 0)
    else:
        shape = matrices[0].operand.layout.shape[:1]
    if matrices[-1].operand.layout.ndim == 1:
        matrices[-1] = unsqueeze(matrices[-1], 1)
    else:
        shape = (*shape, *matrices[-1].operand.layout.shape[1:])
    _check_chain(operation, matrices)
    check_dtypes(operation, *matrices)
    result = view_as(_chained(matrices), shape)
    return result if out is None else deliver(operation, result, out, tensors)


@kinds_checked
def chain_matmul(*matrices: T, out: T | None = None) -> T:
    """Return the product of matrices, in the order that multiplies least.

    One matrix gives a copy of it. Raises RuntimeError for none, and for other than matrices.
    """
    if not matrices:
        raise RuntimeError("chain_matmul: Expected one or more matrices.")
    _check_chain("chain_matmul", matrices)
    result = clone(matrices[0]) if len(matrices) == 1 else multi_dot(matrices)
    return result if out is None else deliver("chain_matmul", result, out, matrices)


def _check_chain(operation: str, matrices: Sequence[TensorCore]) -> None:
    for place, matrix in enumerate(matrices):
        if matrix.operand.layout.ndim != 2:
            rule = f"tensor {place} must be 2D but got {matrix.operand.layout.ndim}D"
            raise RuntimeError(explain(operation, rule, *matrices))
    for place in range(len(matrices) - 1):
        left, right = (matrix.operand.layout.shape for matrix in matrices[place : place + 2])
        if left[1] != right[0]:
            raise RuntimeError(
                explain(
                    operation,
                    f"tensors {place} and {place + 1} with shapes {list(left)} and "
                    f"{list(right)} cannot be multiplied",
                    *matrices,
                )
            )


def _chained(matrices: Sequence[T]) -> T:
    """Multiply by the cheapest order, found by dynamic programming.

    Source: Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, section 15.2.
    """
    sizes = [matrices[0].operand.layout.shape[0]]
    sizes += [matrix.operand.layout.shape[1] for matrix in matrices]
    count = len(matrices)
    cost = [[0] * count for _ in range(count)]
    split = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            cost[first][last], split[first][last] = min(
                (
                    cost[first][k]
                    + cost[k + 1][last]
                    + sizes[first] * sizes[k + 1] * sizes[last + 1],
                    k,
                )
                for k in range(first, last)
            )

    def product(first: int, last: int) -> T:
        if first == last:
            return matrices[first]
        middle = split[first][last]
        return mm(product(first, middle), product(middle + 1, last))

    return product(0, count - 1)


@numpy_names
def matrix_power(input: T, n: int, *, out: T | None = None) -> T:
    """Return the product of ``n`` times a square matrix; of its inverse if ``n`` is negative.

    Power 0 is the identity. Raises LinAlgError for a negative power of a singular matrix.

    >>> import gnomon as torch
    >>> torch.matrix_power(torch.tensor([[1, 1], [0, 1]]), 5)
    tensor([[1, 5],
            [0, 1]])
    """
    operation = "linalg.matrix_power"
    layout = input.operand.layout
    if layout.ndim < 2 or layout.shape[-1] != layout.shape[-2]:
        rule = "The input must be a batch of square matrices of at least 2 dimensions"
        raise RuntimeError(explain(operation, rule, input))
    result = _power(input, n)
    return result if out is None else deliver(operation, result, out, (input,))


def _power(input: T, n: int) -> T:
    if n == 0:
        size = input.operand.layout.shape[-1]
        one = identity_like(input, size, size)
        shape = input.operand.layout.shape
        return clone_as(EXPAND(one, shape), Layout.contiguous(shape))
    if n == 1:
        return clone_as(input, Layout.contiguous(input.operand.layout.shape))
    square = input if n > 0 else inv(input)
    if n == -1:
        return square
    result: T | None = None
    remaining = abs(n)
    while remaining:
        if remaining % 2:
            result = square if result is None else matmul(square, result)
        remaining //= 2
        if remaining:
            square = matmul(square, square)
    assert result is not None
    return result


@numpy_names
def matrix_exp(input: T) -> T:
    """Return the exponentials of square matrices, the sum of A**k / k! over all k.

    >>> import gnomon as torch
    >>> torch.linalg.matrix_exp(torch.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_square("linalg.matrix_exp", input)
    result = matrix_exponentials(input)
    record_composite(
        "LinalgMatrixExpBackward0", (input,), (result,), (input,), _exponential_slope
    )
    return result


def _exponential_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    """The upper right block of exp([[A^T, g], [0, A^T]]).

    Source: Najfeld and Havel, "Derivatives of the matrix exponential and their computation",
    Adv. Appl. Math. 16 (1995).
    """
    g, matrix = cotangents[0], saved[0]
    assert g is not None and matrix is not None
    size, _ = sizes_of(matrix)
    flipped = mT(matrix)
    above = cat([flipped, g], -1)
    below = cat([mul(flipped, 0), flipped], -1)
    whole = matrix_exp(cat([above, below], -2))
    return (narrow(narrow(whole, -2, 0, size), -1, size, size),)


@numpy_names
def vecdot(x: T, y: T, *, dim: int = -1, out: T | None = None) -> T:
    """Return the inner products of vectors along ``dim``; batches broadcast.

    >>> import gnomon as torch
    >>> torch.linalg.vecdot(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    for vectors in (x, y):
        floating_only("linalg.vecdot", vectors)
    if x.operand.layout.ndim == 1 and y.operand.layout.ndim == 1:
        result = vdot(x, y)
    else:
        products = mul(x, y)
        result = sum_of(products, [dim], dtype=products.operand.dtype)
    return result if out is None else deliver("linalg.vecdot", result, out, (x, y))


def linalg_vander(
    x: T,
    *,
    N: int | None = None,
) -> T:
    """Return the powers 0 to N - 1 of each element, in a new last dim; N is the last size.

    >>> import gnomon as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    shape = x.operand.layout.shape
    count = N if N is not None else (shape[-1] if shape else 1)
    if not shape or count <= 1:
        raise RuntimeError(
            explain("linalg.vander", "N must be greater than 1, of tensors of 1 dim or more", x)
        )
    ones = x.like(filled(x.operand.storage.backend, (*shape, 1), _power_dtype(x), 1))
    powers = cumprod(EXPAND(unsqueeze(x, -1), (*shape, count - 1)), -1)
    return cat([ones, powers], -1)


def _power_dtype(input: TensorCore) -> DType:
    dtype = input.operand.dtype
    return dtype if dtype.is_floating_point else int64


def tensorinv(
    A: T,
    ind: int = 2,
    *,
    out: T | None = None,
) -> T:
    """Return the inverse of ``A`` as a map from its last dims to its first ``ind``.

    The result has the last dims first: ``tensordot(result, A, ind)`` is the identity. Raises
    RuntimeError unless both parts have one number of elements, LinAlgError if singular.
    """
    shape = A.operand.layout.shape
    first, last = shape[:ind], shape[ind:]
    if ind <= 0 or prod(first) != prod(last):
        raise RuntimeError(
            explain(
                "linalg.tensorinv",
                "Expected self to satisfy prod(self.shape[ind:]) == prod(self.shape[:ind]), "
                f"with ind = {ind} > 0",
                A,
            )
        )
    result = reshape(inv(reshape(A, (prod(first), prod(last)))), (*last, *first))
    return result if out is None else deliver("linalg.tensorinv", result, out, (A,))


def tensorsolve(
    A: T,
    B: T,
    dims: Sequence[int] | None = None,
    *,
    out: T | None = None,
) -> T:
    """Return X with ``tensordot(A, X, X.ndim) = B``; ``dims`` of ``A`` are moved to its end.

    Raises RuntimeError unless the dims of ``A`` beyond those of ``B`` have as many elements as
    ``B``, LinAlgError if singular.
    """
    moved = A if dims is None else movedim(A, list(dims), list(range(-len(dims), 0)))
    shape = moved.operand.layout.shape[B.operand.layout.ndim :]
    count = B.operand.layout.numel
    if prod(shape) != count or moved.operand.layout.numel != count * count:
        raise RuntimeError(
            explain(
                "linalg.tensorsolve",
                "Expected self to satisfy prod(self.shape[other.ndim:]) == "
                "prod(self.shape[:other.ndim])",
                A,
                B,
            )
        )
    result = reshape(solve(reshape(moved, (count, count)), reshape(B, (count,))), shape)
    return result if out is None else deliver("linalg.tensorsolve", result, out, (A, B))
