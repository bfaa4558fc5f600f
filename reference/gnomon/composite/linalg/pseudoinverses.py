"""Pseudoinverses, least squares and ranks, from singular values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.backend import Operand
from gnomon.composite.linalg.batches import batch_of, check_matrices, check_square, mT, sizes_of
from gnomon.composite.linalg.inverses import is_vector
from gnomon.composite.linalg.orthogonal import eigh, svd_of, svdvals
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.dispatch import contiguous, filled
from gnomon.dtypes import finfo, int64
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add, sum_of
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops import arithmetic
from gnomon.ops.arithmetic import mul, neg, sub
from gnomon.ops.comparison import eq, gt, where
from gnomon.ops.reduction import AMAX
from gnomon.ops.selection import maximum
from gnomon.ops.truth import are_all
from gnomon.ops.views import squeeze, unsqueeze
from gnomon.return_types import linalg_lstsq

__all__ = ["pinverse"]

T = TypeVar("T", bound=TensorCore)


def _cutoff(
    sizes: T,
    matrices: TensorCore,
    atol: T | float | None,
    rtol: T | float | None,
) -> T:
    """Return below which singular values count as 0: max(atol, rtol * the largest).

    ``rtol`` is by default the larger size of the matrices times the dtype's epsilon, and 0 if
    ``atol`` is given.
    """
    if rtol is None:
        height, width = sizes_of(matrices)
        given = atol is not None and (isinstance(atol, TensorCore) or atol > 0)
        rtol = 0.0 if given else max(height, width) * finfo(matrices.operand.dtype).eps
    largest = AMAX(sizes, -1, True)
    relative = mul(largest, unsqueeze(rtol, -1) if isinstance(rtol, TensorCore) else rtol)
    if atol is None:
        return relative
    if isinstance(atol, TensorCore):
        return maximum(relative, unsqueeze(atol, -1))
    return where(gt(relative, atol), relative, atol)


def pinv(
    A: T,
    rcond: T | float | None = None,
    hermitian: bool = False,
    *,
    atol: T | float | None = None,
    rtol: T | float | None = None,
    out: T | None = None,
) -> T:
    """Return the pseudoinverses of matrices (\\*, m, n), as (\\*, n, m).

    Singular values up to ``max(atol, rtol * largest)`` count as 0; ``rcond`` is another name
    for ``rtol``. ``hermitian`` takes the matrices for symmetric and reads one triangle.

    >>> import gnomon as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    operation = "linalg.pinv"
    check_matrices(operation, A)
    with no_grad():
        result = A.like(_pseudoinverse(A, atol, rcond if rtol is None else rtol, hermitian))
    record_composite("LinalgPinvBackward0", (A,), (result,), (A, result), _slope_of_inverse)
    return result if out is None else deliver(operation, result, out, (A,))


def _pseudoinverse(
    input: T, atol: T | float | None, rtol: T | float | None, hermitian: bool
) -> Operand:
    height, width = sizes_of(input)
    if not input.operand.layout.numel:
        shape = (*batch_of(input), width, height)
        return filled(input.operand.storage.backend, shape, input.operand.dtype, 0)
    if hermitian:
        values, right = eigh(input)
        left = mT(right)
    else:
        basis, values, rows = svd_of(input, False)
        left, right = mT(basis), mT(rows)
    sizes = arithmetic.abs(values)
    kept = gt(sizes, _cutoff(sizes, input, atol, rtol))
    inverses = where(kept, arithmetic.reciprocal(values), 0)
    return contiguous(matmul(mul(right, unsqueeze(inverses, -2)), left).operand)


@numpy_names
def pinverse(input: T, rcond: float = 1e-15) -> T:
    """Return the pseudoinverses of matrices: ``linalg.pinv``."""
    return pinv(input, rcond)


def _slope_of_inverse(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, matrix, inverted = cotangents[0], saved[0], saved[1]
    assert g is not None and matrix is not None and inverted is not None
    return (_pseudoinverse_slope(g, matrix, inverted),)


def _pseudoinverse_slope(g: TensorCore, a: TensorCore, x: TensorCore) -> TensorCore:
    """-X^T g X^T + (1 - A X) g^T X X^T + X^T X g^T (1 - X A), for the pseudoinverse X of A.

    Source: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least
    squares problems whose variables separate", SIAM J. Numer. Anal. 10 (1973).
    """
    result = neg(matmul(mT(x), matmul(g, mT(x))))
    rows = matmul(matmul(mT(g), x), mT(x))
    columns = matmul(mT(x), matmul(x, mT(g)))
    result = add(result, sub(rows, matmul(a, matmul(x, rows))))
    return add(result, sub(columns, matmul(matmul(columns, x), a)))


def matrix_rank(
    A: T,
    tol: T | float | None = None,
    hermitian: bool = False,
    *,
    atol: T | float | None = None,
    rtol: T | float | None = None,
    out: T | None = None,
) -> T:
    """Return how many singular values exceed ``max(atol, rtol * largest)``, as int64.

    ``tol`` is an absolute tolerance.

    >>> import gnomon as torch
    >>> torch.linalg.matrix_rank(torch.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    operation = "linalg.matrix_rank"
    check_matrices(operation, A)
    if hermitian:
        check_square(operation, A)
    if tol is not None:
        atol, rtol = tol, 0.0
    with no_grad():
        if not A.operand.layout.numel:
            backend = A.operand.storage.backend
            result = A.like(filled(backend, batch_of(A), int64, 0))
        else:
            sizes = arithmetic.abs(eigh(A)[0]) if hermitian else svdvals(A)
            result = sum_of(gt(sizes, _cutoff(sizes, A, atol, rtol)), -1)
    return result if out is None else deliver(operation, result, out, (A,))


@numpy_names
def lstsq(
    input: T,
    b: T,
    rcond: float | None = None,
    *,
    driver: str | None = None,
) -> linalg_lstsq[T]:
    """Return the shortest X that brings ``input @ X`` closest to ``b``, residuals and ranks.

    Matrices (\\*, m, n) and (\\*, m, k), or a batch of vectors, give (\\*, n, k). Residuals,
    the squared lengths of the columns of ``input @ X - b``, are returned for drivers other than
    the default where m > n and all ranks are n; singular values for "gelsd" and "gelss", which
    are computed like the others. Raises RuntimeError for sizes that do not fit.
    """
    operation = "linalg.lstsq"
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"{operation}: parameter `driver` should be one of gels, gelsy, gelsd, gelss, got "
            f"{driver!r}."
        )
    vector = is_vector(input, b)
    right = unsqueeze(b, -1) if vector else b
    check_matrices(operation, input, right)
    height, width = sizes_of(input)
    if sizes_of(right)[0] != height:
        raise RuntimeError(
            explain(operation, "input.size(-2) should match other.size(-2)", input, b)
        )
    inverted = pinv(input, rcond)
    with no_grad():
        solved = matmul(inverted, right)
        solution = input.like((squeeze(solved, -1) if vector else solved).operand)
        found = matrix_rank(input, rtol=rcond)
        empty = input.like(filled(input.operand.storage.backend, (0,), input.operand.dtype, 0))
        values = svdvals(input) if driver in ("gelsd", "gelss") else empty
        residuals = empty
        has_residuals = driver not in (None, "gelsy") and height > width
        if has_residuals and are_all(eq(found, width)):
            left_over = sub(matmul(input, solved), right)
            residuals = sum_of(mul(left_over, left_over), -2)

    def derivative(
        cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
    ) -> Cotangents:
        g, a, given, x = cotangents[0], *saved
        assert g is not None and a is not None and given is not None and x is not None
        column = unsqueeze(g, -1) if vector else g
        sides = unsqueeze(given, -1) if vector else given
        b_slope = matmul(mT(x), column)
        a_slope = _pseudoinverse_slope(matmul(column, mT(sides)), a, x)
        return a_slope, squeeze(b_slope, -1) if vector else b_slope

    record_composite(
        "LinalgLstsqBackward0", (input, b), (solution,), (input, b, inverted), derivative
    )
    # The driver "gels" takes the ranks for full, and returns none.
    none = input.like(filled(input.operand.storage.backend, (0,), int64, 0))
    rank = none if driver == "gels" else found
    return linalg_lstsq((solution, residuals, rank, values))
