"""Products of matrices and vectors, as methods and as the operator ``@``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import matmul, matrix, matrix_sums, tensordot
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class MatrixMethods(TensorCore):
    """Products of matrices and vectors; each method is the function of its name."""

    def mm(self, mat2: Self) -> Self:
        """Return ``gnomon.mm(self, mat2)``."""
        return matrix.mm(self, mat2)

    def bmm(self, mat2: Self) -> Self:
        """Return ``gnomon.bmm(self, mat2)``."""
        return matrix.bmm(self, mat2)

    def mv(self, vec: Self) -> Self:
        """Return ``gnomon.mv(self, vec)``."""
        return matrix.mv(self, vec)

    def dot(self, tensor: Self) -> Self:
        """Return ``gnomon.dot(self, tensor)``."""
        return matrix.dot(self, tensor)

    @numpy_names
    def vdot(self, other: Self) -> Self:
        """Return ``gnomon.vdot(self, other)``."""
        return matrix.vdot(self, other)

    @numpy_names
    def matmul(self, other: Self) -> Self:
        """Return ``gnomon.matmul(self, other)``."""
        return matmul.matmul(self, other)

    def __matmul__(self, other: Self) -> Self:
        if not isinstance(other, TensorCore):
            return NotImplemented
        return matmul.matmul(self, other)

    def __rmatmul__(self, other: Self) -> Self:
        if not isinstance(other, TensorCore):
            return NotImplemented
        return matmul.matmul(other, self)

    @numpy_names
    def inner(self, other: Self) -> Self:
        """Return ``gnomon.inner(self, other)``."""
        return matmul.inner(self, other)

    def outer(self, vec2: Self) -> Self:
        """Return ``gnomon.outer(self, vec2)``."""
        return matmul.outer(self, vec2)

    def ger(self, vec2: Self) -> Self:
        """Return ``gnomon.ger(self, vec2)``."""
        return matmul.ger(self, vec2)

    @numpy_names
    def kron(self, other: Self) -> Self:
        """Return ``gnomon.kron(self, other)``."""
        return tensordot.kron(self, other)

    @numpy_names
    def cross(self, other: Self, dim: int | None = None) -> Self:
        """Return ``gnomon.cross(self, other, dim)``."""
        return tensordot.cross(self, other, dim)


class MatrixSumMethods(TensorCore):
    """Sums with products of matrices; each method is the function of its name, with ``_`` in
    place.
    """

    def addmm(self, mat1: Self, mat2: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Return ``gnomon.addmm(self, mat1, mat2, beta=beta, alpha=alpha)``."""
        return matrix_sums.addmm(self, mat1, mat2, beta=beta, alpha=alpha)

    def addmm_(self, mat1: Self, mat2: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Do :meth:`addmm` in place."""
        return matrix_sums.addmm_(self, mat1, mat2, beta=beta, alpha=alpha)

    def addmv(self, mat: Self, vec: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Return ``gnomon.addmv(self, mat, vec, beta=beta, alpha=alpha)``."""
        return matrix_sums.addmv(self, mat, vec, beta=beta, alpha=alpha)

    def addmv_(self, mat: Self, vec: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Do :meth:`addmv` in place."""
        return matrix_sums.addmv_(self, mat, vec, beta=beta, alpha=alpha)

    def addr(self, vec1: Self, vec2: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Return ``gnomon.addr(self, vec1, vec2, beta=beta, alpha=alpha)``."""
        return matrix_sums.addr(self, vec1, vec2, beta=beta, alpha=alpha)

    def addr_(self, vec1: Self, vec2: Self, *, beta: Scalar = 1, alpha: Scalar = 1) -> Self:
        """Do :meth:`addr` in place."""
        return matrix_sums.addr_(self, vec1, vec2, beta=beta, alpha=alpha)

    def addbmm(
        self, batch1: Self, batch2: Self, *, beta: Scalar = 1, alpha: Scalar = 1
    ) -> Self:
        """Return ``gnomon.addbmm(self, batch1, batch2, beta=beta, alpha=alpha)``."""
        return matrix_sums.addbmm(self, batch1, batch2, beta=beta, alpha=alpha)

    def addbmm_(
        self, batch1: Self, batch2: Self, *, beta: Scalar = 1, alpha: Scalar = 1
    ) -> Self:
        """Do :meth:`addbmm` in place."""
        return matrix_sums.addbmm_(self, batch1, batch2, beta=beta, alpha=alpha)

    def baddbmm(
        self, batch1: Self, batch2: Self, *, beta: Scalar = 1, alpha: Scalar = 1
    ) -> Self:
        """Return ``gnomon.baddbmm(self, batch1, batch2, beta=beta, alpha=alpha)``."""
        return matrix_sums.baddbmm(self, batch1, batch2, beta=beta, alpha=alpha)

    def baddbmm_(
        self, batch1: Self, batch2: Self, *, beta: Scalar = 1, alpha: Scalar = 1
    ) -> Self:
        """Do :meth:`baddbmm` in place."""
        return matrix_sums.baddbmm_(self, batch1, batch2, beta=beta, alpha=alpha)
