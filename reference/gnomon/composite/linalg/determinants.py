"""Determinants and their logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gnomon.composite.linalg.batches import check_square, mT
from gnomon.composite.linalg.eliminated import determinants, signed_logarithms
from gnomon.composite.linalg.inverses import inv
from gnomon.composite.linalg.orthogonal import svd_of
from gnomon.composite.matmul import matmul
from gnomon.core import Cotangents, TensorCore
from gnomon.graph.modes import no_grad
from gnomon.op.composite import record_composite
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops.arithmetic import mul
from gnomon.ops.comparison import lt, where
from gnomon.ops.products import PROD
from gnomon.ops.scans import products_without_each
from gnomon.ops.truth import are_all
from gnomon.ops.views import unsqueeze
from gnomon.return_types import linalg_slogdet
from gnomon.return_types import slogdet as named_slogdet

__all__ = ["det", "logdet", "slogdet"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def det(input: T) -> T:
    """Return the determinants of a batch of square matrices (\\*, n, n), as (\\*).

    Raises RuntimeError for other than square matrices of float32 or float64.

    >>> import gnomon as torch
    >>> torch.linalg.det(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    return linalg_det(input)


def linalg_det(A: T, *, out: T | None = None) -> T:
    """Return the determinants of a batch of square matrices: ``det``, with ``out``."""
    check_square("linalg.det", A)
    result = determinants(A)
    record_composite("LinalgDetBackward0", (A,), (result,), (A, result), _slope)
    return result if out is None else deliver("linalg.det", result, out, (A,))


def _slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, matrix, value = cotangents[0], saved[0], saved[1]
    assert g is not None and matrix is not None and value is not None
    return (mul(_spread(g), _cofactors(matrix, value)),)


def _spread(values: TensorCore) -> TensorCore:
    return unsqueeze(unsqueeze(values, -1), -1)


def _cofactors(matrix: TensorCore, value: TensorCore) -> TensorCore:
    """Return the derivatives of determinants, which exist for singular matrices too."""
    if are_all(value):
        return mul(_spread(value), mT(inv(matrix)))
    left, sizes, right = svd_of(matrix, False)
    with no_grad():
        sign = mul(det(left), det(right))
    factors, _ = products_without_each(sizes, -1)
    others = PROD(factors, -1)
    return mul(_spread(sign), matmul(mul(left, unsqueeze(others, -2)), right))


@numpy_names
def slogdet(input: T) -> named_slogdet[T]:
    """Return sign and logarithm of the size of determinants, which overflow less easily.

    A singular matrix has sign 0 and logarithm -inf.

    >>> import gnomon as torch
    >>> torch.slogdet(torch.tensor([[1.0, 0.0], [0.0, -1.0]])).sign
    tensor(-1.)
    """
    return named_slogdet(_signs_and_logarithms("slogdet", input))


def linalg_slogdet_of(A: T) -> linalg_slogdet[T]:
    """Return sign and logarithm of the size of determinants: ``slogdet``."""
    return linalg_slogdet(_signs_and_logarithms("linalg.slogdet", A))


def _signs_and_logarithms(operation: str, input: T) -> tuple[T, T]:
    check_square(operation, input)
    sign, logarithm = signed_logarithms(input)
    record_composite(
        "LinalgSlogdetBackward0", (input,), (sign, logarithm), (input,), _logarithm_slope
    )
    return sign, logarithm


def _logarithm_slope(
    cotangents: Cotangents, saved: Sequence[TensorCore | None], needs: Sequence[bool]
) -> Cotangents:
    g, matrix = cotangents[1], saved[0]
    assert matrix is not None
    return (None if g is None else mul(_spread(g), mT(inv(matrix))),)


@numpy_names
def logdet(input: T) -> T:
    """Return the logarithms of determinants: NaN of negative ones, -inf of 0.

    >>> import gnomon as torch
    >>> torch.logdet(torch.eye(3))
    tensor(0.)
    """
    sign, logarithm = _signs_and_logarithms("logdet", input)
    return where(lt(sign, 0), float("nan"), logarithm)
