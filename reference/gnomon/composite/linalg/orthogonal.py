"""QR, eigenvalues of symmetric matrices, and singular values.

Derivatives: Walter and Lehmann, "Algorithmic differentiation of linear algebra functions"
(arXiv:1009.6112), and Roberts and Roberts, "QR and LQ decomposition matrix backpropagation
algorithms for square, wide, and deep matrices" (arXiv:2009.10071).
"""

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
from gnomon.composite.linalg.inverses import solve_triangular
from gnomon.composite.linalg.orthogonalized import (
    eigenvectors,
    qr_factors,
    singular_vectors,
)
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.op.composite import record_composite
from gnomon.op.foundation import add, no_slope
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.arithmetic import div, mul, sub
from gnomon.ops.joining import cat
from gnomon.ops.rearranging import tril, triu
from gnomon.ops.slicing import narrow
from gnomon.ops.views import unsqueeze
from gnomon.return_types import linalg_eigh, linalg_qr, linalg_svd
from gnomon.return_types import qr as named_qr
from gnomon.return_types import svd as named_svd

__all__ = ["qr", "svd"]

T = TypeVar("T", bound=TensorCore)


def linalg_qr_of(
    A: T,
    mode: str = "reduced",
) -> linalg_qr[T]:
    """Return Q with orthonormal columns and R upper triangular, with ``Q @ R`` = A.

    For matrices (\\*, m, n) and k = min(m, n), "reduced" gives (\\*, m, k) and (\\*, k, n),
    "complete" (\\*, m, m) and (\\*, m, n), and "r" an empty Q and the reduced R. Raises
    RuntimeError at backward through "r", and through "complete" unless m <= n.
    """
    check_matrices("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"linalg.qr: received unrecognized mode {mode!r} but expected one of 'reduced' "
            "(default), 'r', or 'complete'."
        )
    q, r = qr_factors(A, mode)
    derivative = partial(_qr_slope, mode)
    record_composite("LinalgQrBackward0", (A,), (q, r), (q, r), derivative)
    return linalg_qr((q, r))


@numpy_names
def qr(input: T, some: bool = True) -> named_qr[T]:
    """Return Q and R: ``linalg.qr``, reduced if ``some`` and complete if not."""
    return named_qr(linalg_qr_of(input, "reduced" if some else "complete"))


def _qr_slope(
    mode: str,
    cotangents: Cotangents,
    saved: Sequence[TensorCore | None],
    needs: Sequence[bool],
) -> Cotangents:
    q_slope, r_slope = cotangents
    q, r = saved
    assert q is not None and r is not None
    inner, width = sizes_of(r)
    if mode == "r" or (mode == "complete" and inner > width):
        raise RuntimeError(
            f"linalg.qr: the derivative with mode {mode!r} is not defined here, given R of "
            f"shape {list(r.operand.layout.shape)}. Use mode='reduced'."
        )
    if q_slope is None:
        q_slope = mul(q, 0)
    if r_slope is None:
        r_slope = mul(r, 0)
    if inner == width:
        return (_tall_slope(q_slope, r_slope, q, r),)
    # What a wide matrix has beyond the square is Q @ V for a part V of R.
    beyond = narrow(r_slope, -1, inner, width - inner)
    rest = matmul(q, narrow(r, -1, inner, width - inner))
    square = _tall_slope(
        add(q_slope, matmul(rest, mT(beyond))),
        narrow(r_slope, -1, 0, inner),
        q,
        narrow(r, -1, 0, inner),
    )
    return (cat([square, matmul(q, beyond)], -1),)


def _tall_slope(
    q_slope: TensorCore, r_slope: TensorCore, q: TensorCore, r: TensorCore
) -> TensorCore:
    """(gQ + Q sym(M)) R^-T for M = R gR^T - gQ^T Q; sym mirrors the lower triangle."""
    product = sub(matmul(r, mT(triu(r_slope))), matmul(mT(q_slope), q))
    symmetric = add(tril(product), mT(tril(product, -1)))
    whole = add(q_slope, matmul(q, symmetric))
    return solve_triangular(mT(r), whole, upper=False, left=False)


def eigh(
    A: T,
    UPLO: str = "L",
) -> linalg_eigh[T]:
    """Return the eigenvalues of symmetric matrices, ascending, and their eigenvectors.

    Only the lower triangle of ``A`` (\\*, n, n) is read, or with "U" only the upper. NaN gives
    NaN. The derivative of eigenvectors is infinite where eigenvalues are equal.

    >>> import gnomon as torch
    >>> torch.linalg.eigh(torch.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    values, vectors = _eigen("linalg.eigh", A, UPLO)
    return linalg_eigh((values, vectors))


def eigvalsh(
    A: T,
    UPLO: str = "L",
) -> T:
    """Return the eigenvalues of symmetric matrices, ascending."""
    values, _ = _eigen("linalg.eigvalsh", A, UPLO)
    return values


def _eigen(operation: str, input: T, triangle: str) -> tuple[T, T]:
    check_square(operation, input)
    if triangle.upper() not in ("L", "U"):
        raise RuntimeError(
            f"{operation}: Expected UPLO argument to be 'L' or 'U', but got {triangle}."
        )
    results = eigenvectors(input, triangle.upper() == "U")
    record_composite("LinalgEighBackward0", (input,), results, results, _eigen_slope)
    return results


def _eigen_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    """V (diag(gL) + (V^T gV) / E) V^T, with E[i, j] = L[j] - L[i]."""
    value_slope, vector_slope = cotangents
    values, vectors = saved
    assert values is not None and vectors is not None
    inner: TensorCore | None = None
    if vector_slope is not None:
        gaps = sub(unsqueeze(values, -2), unsqueeze(values, -1))
        inner = div(matmul(mT(vectors), vector_slope), add(gaps, _one(vectors)))
        inner = mul(inner, sub(1, _one(vectors)))
        inner = matmul(vectors, inner)
    if value_slope is not None:
        scaled = mul(vectors, unsqueeze(value_slope, -2))
        inner = scaled if inner is None else add(inner, scaled)
    assert inner is not None
    return (matmul(inner, mT(vectors)),)


def _one(matrices: T) -> T:
    """Return the identity matrix of the last size of ``matrices``."""
    _, size = sizes_of(matrices)
    return identity_like(matrices, size, size)


def svd_of(
    A: T,
    full_matrices: bool = True,
) -> linalg_svd[T]:
    """Return U, S and Vh with ``U @ diag(S) @ Vh`` = A, S descending, U and Vh orthogonal.

    For matrices (\\*, m, n) and k = min(m, n), S is (\\*, k); U and Vh are (\\*, m, m) and
    (\\*, n, n), or (\\*, m, k) and (\\*, k, n) unless ``full_matrices``. Raises LinAlgError for
    NaN and infinities. The derivative of U and Vh is that of their first k vectors, infinite
    where singular values are equal.

    >>> import gnomon as torch
    >>> torch.linalg.svd(torch.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])
    """
    return linalg_svd(_singular("linalg.svd", A, full_matrices))


def svdvals(A: T) -> T:
    """Return the singular values of matrices, descending."""
    return _singular("linalg.svdvals", A, False)[1]


@numpy_names
def svd(input: T, some: bool = True, compute_uv: bool = True) -> named_svd[T]:
    """Return U, S and V: ``linalg.svd`` with V in place of its transpose.

    Unless ``compute_uv``, U and V are zeros.
    """
    left, values, right = _singular("svd", input, not some)
    if not compute_uv:
        left, right = (part.like(no_slope(part).operand) for part in (left, right))
    return named_svd((left, values, mT(right)))


def _singular(operation: str, input: T, full: bool) -> tuple[T, T, T]:
    check_matrices(operation, input)
    left, values, right, infos = singular_vectors(input, full)
    what = (
        "The algorithm failed to converge because the input matrix contained non-finite values"
    )
    check_infos(operation, input, infos, what)
    results = (left, values, right)
    record_composite("LinalgSvdBackward0", (input,), results, results, _singular_slope)
    return results


def _singular_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    """U (skew(U^T gU) / E S + S skew(V^T gV) / E + diag(gS)) V^T, and what leaves their spans.

    E[i, j] = S[j]**2 - S[i]**2, and skew(X) = X - X^T.
    """
    left_slope, value_slope, right_slope = cotangents
    left, values, right = saved
    assert left is not None and values is not None and right is not None
    least = values.operand.layout.shape[-1]
    left, right = narrow(left, -1, 0, least), narrow(right, -2, 0, least)
    across, down = unsqueeze(values, -2), unsqueeze(values, -1)
    inner: TensorCore | None = None
    outside: list[TensorCore] = []
    one = _one(left)
    # A product, so that nearly equal values lose nothing; 1 where it would divide by 0.
    gaps = add(mul(sub(across, down), add(across, down)), one)
    if left_slope is not None:
        left_slope = narrow(left_slope, -1, 0, least)
        product = matmul(mT(left), left_slope)
        inner = mul(div(sub(product, mT(product)), gaps), across)
        if sizes_of(left)[0] > least:
            free = sub(left_slope, matmul(left, product))
            outside.append(matmul(div(free, across), right))
    if right_slope is not None:
        v_slope = mT(narrow(right_slope, -2, 0, least))
        product = matmul(right, v_slope)
        part = mul(down, div(sub(product, mT(product)), gaps))
        inner = part if inner is None else add(inner, part)
        if sizes_of(right)[1] > least:
            free = sub(v_slope, matmul(mT(right), product))
            outside.append(matmul(left, mT(div(free, across))))
    if value_slope is not None:
        part = mul(one, unsqueeze(value_slope, -2))
        inner = part if inner is None else add(inner, part)
    assert inner is not None
    result = matmul(matmul(left, inner), right)
    for part in outside:
        result = add(result, part)
    return (result,)
