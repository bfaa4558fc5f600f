"""Cholesky factorizations of positive matrices, and what is solved with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.composite.linalg.batches import (
    check_infos,
    check_matrices,
    check_square,
    identity_like,
    mT,
    sizes_of,
)
from gnomon.composite.linalg.eliminated import cholesky_factors
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
    check_infos("linalg.cholesky", A, infos, _NOT_POSITIVE)
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
        check_infos("linalg.cholesky_ex", A, infos, _NOT_POSITIVE)
    return linalg_cholesky_ex((result, infos))


@numpy_names
def cholesky(input: T, upper: bool = False, *, out: T | None = None) -> T:
    """Return the triangles of positive matrices: ``linalg.cholesky``."""
    result, infos = _factored("cholesky", "CholeskyBackward0", input, upper)
    check_infos("cholesky", input, infos, _NOT_POSITIVE)
    return result if out is None else deliver("cholesky", result, out, (input,))


def _factored(operation: str, label: str, input: T, upper: bool) -> tuple[T, T]:
    check_square(operation, input)
    result, infos = cholesky_factors(input, upper)
    record_composite(label, (input,), (result,), (result,), partial(_slope, upper))
    return result, infos


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
    one = identity_like(L, size, size)
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
