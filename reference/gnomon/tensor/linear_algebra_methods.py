"""Linear algebra as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite.linalg import (
    cholesky,
    determinants,
    householder,
    inverses,
    lu,
    orthogonal,
    powers,
    pseudoinverses,
)
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names

if TYPE_CHECKING:
    from typing import Self

    from gnomon import return_types


class LinearAlgebraMethods(TensorCore):
    """Linear algebra; each method is the function of its name."""

    def det(self) -> Self:
        """Return ``gnomon.det(self)``."""
        return determinants.det(self)

    def slogdet(self) -> return_types.slogdet[Self]:
        """Return ``gnomon.slogdet(self)``."""
        return determinants.slogdet(self)

    def logdet(self) -> Self:
        """Return ``gnomon.logdet(self)``."""
        return determinants.logdet(self)

    def inverse(self) -> Self:
        """Return ``gnomon.inverse(self)``."""
        return inverses.inverse(self)

    def pinverse(self, rcond: float = 1e-15) -> Self:
        """Return ``gnomon.pinverse(self, rcond)``."""
        return pseudoinverses.pinverse(self, rcond)

    def cholesky(self, upper: bool = False) -> Self:
        """Return ``gnomon.cholesky(self, upper)``."""
        return cholesky.cholesky(self, upper)

    def cholesky_solve(self, input2: Self, upper: bool = False) -> Self:
        """Return ``gnomon.cholesky_solve(self, input2, upper)``."""
        return cholesky.cholesky_solve(self, input2, upper)

    def cholesky_inverse(self, upper: bool = False) -> Self:
        """Return ``gnomon.cholesky_inverse(self, upper)``."""
        return cholesky.cholesky_inverse(self, upper)

    def geqrf(self) -> return_types.geqrf[Self]:
        """Return ``gnomon.geqrf(self)``."""
        return householder.geqrf(self)

    @numpy_names
    def orgqr(self, tau: Self) -> Self:
        """Return ``gnomon.orgqr(self, tau)``."""
        return householder.orgqr(self, tau)

    @numpy_names
    def ormqr(self, tau: Self, other: Self, left: bool = True, transpose: bool = False) -> Self:
        """Return ``gnomon.ormqr(self, tau, other, left, transpose)``."""
        return householder.ormqr(self, tau, other, left, transpose)

    def qr(self, some: bool = True) -> return_types.qr[Self]:
        """Return ``gnomon.qr(self, some)``."""
        return orthogonal.qr(self, some)

    def svd(self, some: bool = True, compute_uv: bool = True) -> return_types.svd[Self]:
        """Return ``gnomon.svd(self, some, compute_uv)``."""
        return orthogonal.svd(self, some, compute_uv)

    def lu(self, pivot: bool = True, get_infos: bool = False) -> tuple[Self, ...]:
        """Return ``gnomon.lu(self, pivot, get_infos)``."""
        return lu.lu(self, pivot, get_infos)

    def lu_solve(self, LU_data: Self, LU_pivots: Self) -> Self:
        """Return ``gnomon.lu_solve(self, LU_data, LU_pivots)``."""
        return lu.lu_solve(self, LU_data, LU_pivots)

    def matrix_power(self, n: int) -> Self:
        """Return ``gnomon.matrix_power(self, n)``."""
        return powers.matrix_power(self, n)

    def matrix_exp(self) -> Self:
        """Return ``gnomon.matrix_exp(self)``."""
        return powers.matrix_exp(self)
