"""Systems of equations and inverses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from gnomon.composite.linalg.batches import (
    batch_of,
    check_infos,
    check_matrices,
    check_square,
    mT,
    sizes_of,
)
from gnomon.composite.linalg.eliminated import inverses, solutions, triangular_solutions
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.layout import broadcast_shapes
from gnomon.op.composite import record_composite
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import neg
from gnomon.ops.rearranging import tril, triu
from gnomon.ops.views import EXPAND, squeeze, unsqueeze
from gnomon.return_types import linalg_inv_ex, linalg_solve_ex

__all__ = ["inverse"]

T = TypeVar("T", bound=TensorCore)

_ZERO_PIVOT = (
    "The diagonal element {} is zero, the inversion could not be completed because the input "
    "matrix is singular"
)


def inv(A: T, *, out: T | None = None) -> T:
    """Return the inverses of a batch of square matrices (\\*, n, n).

    Raises LinAlgError for a singular matrix and RuntimeError for other than square matrices of
    float32 or float64.

    >>> import gnomon as torch
    >>> torch.linalg.inv(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    result, infos = _inverted("linalg.inv", A)
    check_infos("linalg.inv", A, infos, _ZERO_PIVOT)
    return result if out is None else deliver("linalg.inv", result, out, (A,))


def inv_ex(A: T, *, check_errors: bool = False) -> linalg_inv_ex[T]:
    """Return the inverses, and for each matrix 0 or the place of the first zero pivot.

    Raises LinAlgError for a singular matrix only if ``check_errors``.
    """
    result, infos = _inverted("linalg.inv_ex", A)
    if check_errors:
        check_infos("linalg.inv_ex", A, infos, _ZERO_PIVOT)
    return linalg_inv_ex((result, infos))


@numpy_names
def inverse(input: T, *, out: T | None = None) -> T:
    """Return the inverses of a batch of square matrices: ``linalg.inv``."""
    return inv(input, out=out)


def _inverted(operation: str, input: T) -> tuple[T, T]:
    check_square(operation, input)
    result, infos = inverses(input)
    record_composite("LinalgInvExBackward0", (input,), (result,), (result,), _inverse_slope)
    return result, infos


def _inverse_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, inverted = cotangents[0], saved[0]
    assert g is not None and inverted is not None
    return (neg(matmul(mT(inverted), matmul(g, mT(inverted)))),)


def solve(
    A: T,
    B: T,
    *,
    left: bool = True,
    out: T | None = None,
) -> T:
    """Return X with ``A @ X = B``, or with ``X @ A = B`` unless ``left``.

    ``A`` is (\\*, n, n); ``B`` is (\\*, n, k), or a batch of vectors: (n,), or all sizes of
    ``A`` but the last. Batches broadcast. Raises LinAlgError for a singular matrix.

    >>> import gnomon as torch
    >>> torch.linalg.solve(torch.tensor([[2.0, 0.0], [0.0, 4.0]]), torch.tensor([1.0, 2.0]))
    tensor([0.5000, 0.5000])
    """
    result, infos = _solved("linalg.solve", A, B, left)
    what = "The solver failed because the input matrix is singular"
    check_infos("linalg.solve", A, infos, what)
    return result if out is None else deliver("linalg.solve", result, out, (A, B))


def solve_ex(
    A: T,
    B: T,
    *,
    left: bool = True,
    check_errors: bool = False,
) -> linalg_solve_ex[T]:
    """Return what ``solve`` does, and for each matrix 0 or where its first zero pivot is."""
    result, infos = _solved("linalg.solve_ex", A, B, left)
    if check_errors:
        what = "The solver failed because the input matrix is singular"
        check_infos("linalg.solve_ex", A, infos, what)
    return linalg_solve_ex((result, infos))


def is_vector(matrices: TensorCore, right: TensorCore) -> bool:
    """Whether ``right`` is a batch of vectors, one for each matrix, rather than of matrices."""
    shape = right.operand.layout.shape
    return len(shape) == 1 or shape == matrices.operand.layout.shape[:-1]


def _solved(operation: str, a: T, b: T, left: bool) -> tuple[T, T]:
    check_square(operation, a)
    vector = is_vector(a, b)
    with no_grad():
        right = unsqueeze(b, -1) if vector else b
        check_matrices(operation, a, right)
        check_fit(operation, a, right, left or vector)
        batch = broadcast_shapes(batch_of(a), batch_of(right), operation=operation)
        spread = EXPAND(right, (*batch, *sizes_of(right)))
        result, infos = solutions(a, spread, left or vector)
        if vector:
            result = squeeze(result, -1)
    result = a.like(result.operand)
    derivative = partial(_solve_slope, left or vector, vector)
    record_composite("LinalgSolveExBackward0", (a, b), (result,), (a, result), derivative)
    return result, infos


def check_fit(operation: str, a: TensorCore, b: TensorCore, left: bool) -> None:
    """Raise RuntimeError unless ``A @ X = B``, or ``X @ A = B`` unless ``left``, has sizes that
    fit.
    """
    rows, columns = sizes_of(b)
    size, _ = sizes_of(a)
    if (rows if left else columns) != size:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            explain(
                operation,
                f"Incompatible shapes of A and B for the equation {equation} ({size}x{size} "
                f"and {rows}x{columns})",
                a,
                b,
            )
        )


def _solve_slope(
    left: bool,
    vector: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, a, x = cotangents[0], saved[0], saved[1]
    assert g is not None and a is not None and x is not None
    b_slope = solve(mT(a), g, left=left)
    if not needs[0]:
        return None, b_slope
    if vector:
        return neg(matmul(unsqueeze(b_slope, -1), unsqueeze(x, -2))), b_slope
    product = matmul(b_slope, mT(x)) if left else matmul(mT(x), b_slope)
    return neg(product), b_slope


def solve_triangular(
    A: T,
    B: T,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: T | None = None,
) -> T:
    """Return X with ``A @ X = B``, or with ``X @ A = B`` unless ``left``, for triangular ``A``.

    Only one triangle of ``A`` is read, without its diagonal if ``unitriangular``, which takes
    it as ones. Batches broadcast. A zero on the diagonal gives inf or NaN, not an error.

    >>> import gnomon as torch
    >>> a, b = torch.tensor([[2.0, 7.0], [1.0, 4.0]]), torch.tensor([[2.0], [5.0]])
    >>> torch.linalg.solve_triangular(a, b, upper=False)
    tensor([[1.],
            [1.]])
    """
    operation = "linalg.solve_triangular"
    check_matrices(operation, A, B)
    check_square(operation, A)
    check_fit(operation, A, B, left)
    batch = broadcast_shapes(batch_of(A), batch_of(B), operation=operation)
    with no_grad():
        triangles, rights = (EXPAND(each, (*batch, *sizes_of(each))) for each in (A, B))
    result = triangular_solutions(triangles, rights, upper, left, unitriangular)
    record_composite(
        "LinalgSolveTriangularBackward0",
        (A, B),
        (result,),
        (A, result),
        partial(_triangular_slope, upper, left, unitriangular),
    )
    return result if out is None else deliver(operation, result, out, (A, B))


def _triangular_slope(
    upper: bool,
    left: bool,
    unit: bool,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    g, a, x = cotangents[0], saved[0], saved[1]
    assert g is not None and a is not None and x is not None
    b_slope = solve_triangular(mT(a), g, upper=not upper, left=left, unitriangular=unit)
    if not needs[0]:
        return None, b_slope
    product = neg(matmul(b_slope, mT(x)) if left else matmul(mT(x), b_slope))
    a_slope = triu(product, int(unit)) if upper else tril(product, -int(unit))
    return a_slope, b_slope
