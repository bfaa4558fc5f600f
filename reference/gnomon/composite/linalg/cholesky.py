"""Cholesky factorizations of positive matrices, and what is solved with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.composite.linalg.batches import (
    batch_of,
    check_matrices,
    check_square,
    integers_of,
    matrices_of,
    mT,
    singular,
    sizes_of,
    tensor_of,
)
from gnomon.composite.linalg.elimination import cholesky as cholesky_rows
from gnomon.composite.linalg.elimination import identity, transposed
from gnomon.composite.linalg.inverses import check_fit, solve_triangular
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.graph.modes import no_grad
from gnomon.op.argument_kinds import kinds_checked
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul, neg, sub
from gnomon.ops.rearranging import tril, triu
from gnomon.return_types import linalg_cholesky_ex

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve"]

T = TypeVar("T", bound=TensorCore)

_NOT_POSITIVE = (
    "The factorization could not be completed because the input is not positive-definite (the "
    "leading minor of order {} is not positive-definite)"
)


def linalg_cholesky(
    A: T,
    *,
    upper: bool = False,
    out: T | None = None,
) -> T:
    """Return the lower triangles L with ``L @ L.T`` = A, or their transposes if ``upper``.

    Only the lower triangle of ``A`` (\\*, n, n) is read, or only the upper. Raises LinAlgError
    for a matrix that is not positive-definite.

    >>> import gnomon as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 2.0]]))
    tensor([[2., 0.],
            [1., 1.]])
    """
    label = "LinalgCholeskyExBackward0"
    result, infos = _factored("linalg.cholesky", label, A, upper)
    singular("linalg.cholesky", A, infos, _NOT_POSITIVE)
    return result if out is None else deliver("linalg.cholesky", result, out, (A,))


def cholesky_ex(
    A: T,
    *,
    upper: bool = False,
    check_errors: bool = False,
) -> linalg_cholesky_ex[T]:
    """Return the triangles, and the order of the first minor that is not positive, or 0."""
    label = "LinalgCholeskyExBackward0"
    result, infos = _factored("linalg.cholesky_ex", label, A, upper)
    if check_errors:
        singular("linalg.cholesky_ex", A, infos, _NOT_POSITIVE)
    return linalg_cholesky_ex((result, integers_of(A, infos, batch_of(A))))


@numpy_names
def cholesky(input: T, upper: bool = False, *, out: T | None = None) -> T:
    """Return the triangles of positive matrices: ``linalg.cholesky``."""
    result, infos = _factored("cholesky", "CholeskyBackward0", input, upper)
    singular("cholesky", input, infos, _NOT_POSITIVE)
    return result if out is None else deliver("cholesky", result, out, (input,))


def _factored(operation: str, label: str, input: T, upper: bool) -> tuple[T, list[int]]:
    check_square(operation, input)
    size, _ = sizes_of(input)
    matrices = matrices_of(input)
    if upper:
        matrices = [transposed(matrix, size) for matrix in matrices]
    factored = [cholesky_rows(matrix) for matrix in matrices]
    triangles = [lower for lower, _ in factored]
    if upper:
        triangles = [transposed(lower, size) for lower in triangles]
    result = tensor_of(input, triangles, input.operand.layout.shape)
    record_composite(label, (input,), (result,), (result,), partial(_slope, upper))
    return result, [info for _, info in factored]


def _slope(
    upper: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    """L^-T Phi(L^T gL) L^-1, symmetrized; Phi: the lower triangle with half its diagonal."""
    g, triangle = cotangents[0], saved[0]
    assert g is not None and triangle is not None
    lower = mT(triangle) if upper else triangle
    product = matmul(mT(lower), mT(g) if upper else g)
    below = tril(product)
    inner = sub(below, mul(tril(triu(product)), 0.5))
    inner = solve_triangular(mT(lower), inner, upper=True)
    result = solve_triangular(lower, inner, upper=False, left=False)
    return (mul(add(result, mT(result)), 0.5),)


@kinds_checked
def cholesky_solve(
    B: T,
    L: T,
    upper: bool = False,
    *,
    out: T | None = None,
) -> T:
    """Return X with ``L @ L.T @ X = B``, for what ``cholesky`` returned.

    >>> import gnomon as torch
    >>> torch.cholesky_solve(torch.tensor([[8.0]]), torch.tensor([[2.0]]))
    tensor([[2.]])
    """
    result = _solved("cholesky_solve", "CholeskySolveBackward0", B, L, upper)
    return result if out is None else deliver("cholesky_solve", result, out, (B, L))


@kinds_checked
def cholesky_inverse(
    L: T,
    upper: bool = False,
    *,
    out: T | None = None,
) -> T:
    """Return the inverse of ``L @ L.T``, for what ``cholesky`` returned.

    >>> import gnomon as torch
    >>> torch.cholesky_inverse(torch.tensor([[2.0]]))
    tensor([[0.2500]])
    """
    check_square("cholesky_inverse", L)
    size, _ = sizes_of(L)
    one = tensor_of(L, [identity(size)], (size, size))
    result = _solved("cholesky_inverse", "CholeskyInverseBackward0", one, L, upper)
    return result if out is None else deliver("cholesky_inverse", result, out, (L,))


def _solved(operation: str, label: str, right: T, triangle: T, upper: bool) -> T:
    check_square(operation, triangle)
    check_matrices(operation, triangle, right)
    check_fit(operation, triangle, right, True)
    with no_grad():
        lower = mT(triangle) if upper else triangle
        inner = solve_triangular(lower, right, upper=False)
        solution = solve_triangular(mT(lower), inner, upper=True)
    result = right.like(solution.operand)
    derivative = partial(_solution_slope, upper)
    record_composite(label, (right, triangle), (result,), (triangle, result), derivative)
    return result


def _solution_slope(
    upper: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, triangle, solution = cotangents[0], saved[0], saved[1]
    assert g is not None and triangle is not None and solution is not None
    right_slope = cholesky_solve(g, triangle, upper)
    if not needs[1]:
        return right_slope, None
    product = neg(matmul(right_slope, mT(solution)))
    both = add(product, mT(product))
    if upper:
        return right_slope, triu(matmul(triangle, both))
    return right_slope, tril(matmul(both, triangle))
