"""Householder's reflectors: the orthogonal factor of QR, kept as the vectors that make it.

Reflector ``k`` is 1 - tau[k] v v.T; ``v`` is 0 above place ``k`` and 1 there, and column ``k``
of a matrix holds the rest. Source: Golub and Van Loan, Matrix Computations, 4th edition,
sections 5.1 and 5.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.composite.linalg.batches import (
    batch_of,
    by_columns_of,
    check_matrices,
    identity_like,
    mT,
    sizes_of,
)
from gnomon.composite.linalg.orthogonalized import reflectors
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.errors import explain
from gnomon.op.composite import record_composite
from gnomon.op.copying import clone_as
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.indexing import moved
from gnomon.ops.joining import cat
from gnomon.ops.slicing import narrow
from gnomon.ops.views import EXPAND, unsqueeze
from gnomon.return_types import geqrf as named_geqrf

__all__ = ["geqrf", "orgqr", "ormqr"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def geqrf(input: T) -> named_geqrf[T]:
    """Return the QR factorization of matrices (\\*, m, n) as LAPACK keeps it.

    ``a`` has R on and above its diagonal and the reflectors that make Q below; ``tau``
    (\\*, min(m, n)) are their factors. Raises NotImplementedError at backward.

    >>> import gnomon as torch
    >>> a, tau = torch.geqrf(torch.tensor([[3.0], [4.0]]))
    >>> a, tau
    (tensor([[-5.0000],
            [ 0.5000]]), tensor([1.6000]))
    """
    if not input.operand.dtype.is_floating_point:
        raise NotImplementedError(explain("geqrf", "defined on float32 and float64", input))
    check_matrices("geqrf", input)
    a, tau = reflectors(input)
    record_composite("NotImplemented", (input,), (a, tau), (), _no_slope)
    return named_geqrf((a, tau))


def _no_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    raise NotImplementedError("derivative for geqrf is not implemented. Use linalg.qr.")


@numpy_names
def householder_product(input: T, tau: T, *, out: T | None = None) -> T:
    """Return the first n columns of the product of k reflectors, kept in (\\*, m, n), m >= n.

    ``tau`` is (\\*, k), k <= n. Raises RuntimeError for other shapes.

    >>> import gnomon as torch
    >>> torch.linalg.householder_product(*torch.geqrf(torch.tensor([[3.0], [4.0]])))
    tensor([[-0.6000],
            [-0.8000]])
    """
    check_matrices("linalg.householder_product", input)
    height, width = sizes_of(input)
    _check("linalg.householder_product", input, tau, height >= width)
    batch = batch_of(input)
    unit = identity_like(input, height, width)
    product = _by_columns(_reflected(input, tau, EXPAND(unit, (*batch, height, width)), False))
    if out is not None:
        return moved("linalg.householder_product", product, out, input, tau)
    return product


@numpy_names
def orgqr(input: T, tau: T) -> T:
    """Return ``linalg.householder_product(input, tau)``, under LAPACK's name."""
    return householder_product(input, tau)


@numpy_names
def ormqr(input: T, tau: T, other: T, left: bool = True, transpose: bool = False) -> T:
    """Return Q @ other, for Q, (\\*, m, m), the product of reflectors in ``input`` (\\*, m, k).

    ``transpose`` takes Q.T, and without ``left`` the product is other @ Q. Raises RuntimeError
    for shapes that do not fit.

    >>> import gnomon as torch
    >>> x = torch.tensor([[3.0], [4.0]])
    >>> torch.ormqr(*torch.geqrf(x), x, transpose=True)
    tensor([[-5.],
            [ 0.]])
    """
    check_matrices("ormqr", input, other)
    height, _ = sizes_of(input)
    rows, columns = sizes_of(other)
    _check("ormqr", input, tau, (rows if left else columns) == height)
    if tau.operand.layout.shape[-1] != min(rows if left else columns, sizes_of(input)[1]):
        raise RuntimeError(
            explain("ormqr", "expected one factor for each reflector", input, tau)
        )
    if batch_of(input) != batch_of(other):
        raise RuntimeError(explain("ormqr", "expected equal batches", input, other))
    if left:
        return _by_columns(_reflected(input, tau, other, transpose))
    return mT(_reflected(input, tau, mT(other), not transpose))


def _by_columns(matrices: T) -> T:
    """Return matrices as LAPACK lays them out."""
    return clone_as(matrices, by_columns_of(matrices.operand.layout.shape))


def _reflected(input: T, tau: T, target: T, transposed: bool) -> T:
    """Return Q @ target, or Q.T @ target: the reflectors applied from the last to the first,
    or from the first to the last.
    """
    height, _ = sizes_of(input)
    count = tau.operand.layout.shape[-1]
    one = EXPAND(identity_like(input, 1, 1), (*batch_of(input), 1, 1))
    for k in range(count) if transposed else reversed(range(count)):
        rest = narrow(narrow(input, -1, k, 1), -2, k + 1, height - k - 1)
        reflector = cat([one, rest], -2)
        below = narrow(target, -2, k, height - k)
        scaled = mul(unsqueeze(narrow(tau, -1, k, 1), -1), reflector)
        below = sub(below, matmul(scaled, matmul(mT(reflector), below)))
        target = cat([narrow(target, -2, 0, k), below], -2) if k else below
    return target


def _check(operation: str, input: TensorCore, tau: TensorCore, fits: bool) -> None:
    height, width = sizes_of(input)
    given = tau.operand.layout.shape
    rule = ""
    if not fits:
        rule = f"{height} by {width} matrices do not fit"
    elif given[:-1] != batch_of(input) or not given or given[-1] > min(height, width):
        rule = "expected tau to have the batch of input and at most as many factors as columns"
    elif tau.operand.dtype is not input.operand.dtype:
        rule = "expected tau to have the dtype of input"
    if rule:
        raise RuntimeError(explain(operation, rule, input, tau))
