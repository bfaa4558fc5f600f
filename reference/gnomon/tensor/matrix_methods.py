"""Products of matrices and vectors, as methods and as the operator ``@``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import matrix
from gnomon.core import TensorCore

if TYPE_CHECKING:
    from typing import Self


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

    def matmul(self, other: Self) -> Self:
        """Return ``gnomon.matmul(self, other)``."""
        return matrix.matmul(self, other)

    def __matmul__(self, other: Self) -> Self:
        if not isinstance(other, TensorCore):
            return NotImplemented
        return matrix.matmul(self, other)

    def __rmatmul__(self, other: Self) -> Self:
        if not isinstance(other, TensorCore):
            return NotImplemented
        return matrix.matmul(other, self)
