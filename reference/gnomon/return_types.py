"""What operations with several results return: tuples whose items also have names.

They compare, unpack and pickle as tuples do, and print as PyTorch's do.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from gnomon.core import TensorCore

T = TypeVar("T", bound=TensorCore)


class _Pair(tuple[T, T]):
    """Two results with names."""

    __slots__ = ()

    names: ClassVar[tuple[str, str]]

    def __repr__(self) -> str:
        items = [f"{name}={item!r}" for name, item in zip(self.names, self, strict=True)]
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(items) + ")"


class _ValuesAndIndices(_Pair[T]):
    """Elements that were selected along a dim, and where they stood."""

    __slots__ = ()

    names = ("values", "indices")

    @property
    def values(self) -> T:
        """The elements selected."""
        return self[0]

    @property
    def indices(self) -> T:
        """Where in the dim they stood, as int64."""
        return self[1]


class max(_ValuesAndIndices[T]):
    """The result of ``max`` along a dim."""

    __slots__ = ()


class min(_ValuesAndIndices[T]):
    """The result of ``min`` along a dim."""

    __slots__ = ()


class median(_ValuesAndIndices[T]):
    """The result of ``median`` along a dim."""

    __slots__ = ()


class nanmedian(_ValuesAndIndices[T]):
    """The result of ``nanmedian`` along a dim."""

    __slots__ = ()


class mode(_ValuesAndIndices[T]):
    """The result of ``mode``."""

    __slots__ = ()


class kthvalue(_ValuesAndIndices[T]):
    """The result of ``kthvalue``."""

    __slots__ = ()


class sort(_ValuesAndIndices[T]):
    """The result of ``sort``."""

    __slots__ = ()


class topk(_ValuesAndIndices[T]):
    """The result of ``topk``."""

    __slots__ = ()


class cummax(_ValuesAndIndices[T]):
    """The result of ``cummax``."""

    __slots__ = ()


class cummin(_ValuesAndIndices[T]):
    """The result of ``cummin``."""

    __slots__ = ()


class aminmax(_Pair[T]):
    """The result of ``aminmax``."""

    __slots__ = ()

    names = ("min", "max")

    @property
    def min(self) -> T:
        """The smallest elements."""
        return self[0]

    @property
    def max(self) -> T:
        """The largest elements."""
        return self[1]


class histogram(_Pair[T]):
    """The result of ``histogram``."""

    __slots__ = ()

    names = ("hist", "bin_edges")

    @property
    def hist(self) -> T:
        """How much fell into each bin."""
        return self[0]

    @property
    def bin_edges(self) -> T:
        """The ends of the bins, one more than there are bins."""
        return self[1]


class frexp(_Pair[T]):
    """The result of ``frexp``."""

    __slots__ = ()

    names = ("mantissa", "exponent")

    @property
    def mantissa(self) -> T:
        """The numbers scaled by a power of two into [0.5, 1)."""
        return self[0]

    @property
    def exponent(self) -> T:
        """The power of two by which they were scaled, as int32."""
        return self[1]


class _Several(tuple[T, ...]):
    """Results with names."""

    __slots__ = ()

    names: ClassVar[tuple[str, ...]]

    def __repr__(self) -> str:
        items = [f"{name}={item!r}" for name, item in zip(self.names, self, strict=True)]
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(items) + ")"


class linalg_inv_ex(_Pair[T]):
    """The result of ``linalg.inv_ex``."""

    __slots__ = ()

    names = ("inverse", "info")

    @property
    def inverse(self) -> T:
        """The inverses."""
        return self[0]

    @property
    def info(self) -> T:
        """For each matrix, 0 or the place of the first zero pivot, as int32."""
        return self[1]


class linalg_solve_ex(_Pair[T]):
    """The result of ``linalg.solve_ex``."""

    __slots__ = ()

    names = ("result", "info")

    @property
    def result(self) -> T:
        """The solutions."""
        return self[0]

    @property
    def info(self) -> T:
        """For each matrix, 0 or the place of the first zero pivot, as int32."""
        return self[1]


class linalg_cholesky_ex(_Pair[T]):
    """The result of ``linalg.cholesky_ex``."""

    __slots__ = ()

    names = ("L", "info")

    @property
    def L(self) -> T:
        """The triangles."""
        return self[0]

    @property
    def info(self) -> T:
        """For each matrix, 0 or the order of the first minor that is not positive."""
        return self[1]


class linalg_slogdet(_Pair[T]):
    """The result of ``linalg.slogdet``."""

    __slots__ = ()

    names = ("sign", "logabsdet")

    @property
    def sign(self) -> T:
        """1, 0 or -1."""
        return self[0]

    @property
    def logabsdet(self) -> T:
        """The logarithm of the size."""
        return self[1]


class slogdet(_Pair[T]):
    """The result of ``slogdet``."""

    __slots__ = ()

    names = ("sign", "logabsdet")

    @property
    def sign(self) -> T:
        """1, 0 or -1."""
        return self[0]

    @property
    def logabsdet(self) -> T:
        """The logarithm of the size."""
        return self[1]


class linalg_qr(_Pair[T]):
    """The result of ``linalg.qr``."""

    __slots__ = ()

    names = ("Q", "R")

    @property
    def Q(self) -> T:
        """Orthonormal columns."""
        return self[0]

    @property
    def R(self) -> T:
        """Upper triangles."""
        return self[1]


class qr(_Pair[T]):
    """The result of ``qr``."""

    __slots__ = ()

    names = ("Q", "R")

    @property
    def Q(self) -> T:
        """Orthonormal columns."""
        return self[0]

    @property
    def R(self) -> T:
        """Upper triangles."""
        return self[1]


class geqrf(_Pair[T]):
    """The result of ``geqrf``."""

    __slots__ = ()

    names = ("a", "tau")

    @property
    def a(self) -> T:
        """R, and the reflectors below it."""
        return self[0]

    @property
    def tau(self) -> T:
        """The factors of the reflectors."""
        return self[1]


class linalg_eigh(_Pair[T]):
    """The result of ``linalg.eigh``."""

    __slots__ = ()

    names = ("eigenvalues", "eigenvectors")

    @property
    def eigenvalues(self) -> T:
        """The eigenvalues, ascending."""
        return self[0]

    @property
    def eigenvectors(self) -> T:
        """The eigenvectors, as columns."""
        return self[1]


class linalg_svd(_Several[T]):
    """The result of ``linalg.svd``."""

    __slots__ = ()

    names = ("U", "S", "Vh")

    @property
    def U(self) -> T:
        """The left singular vectors, as columns."""
        return self[0]

    @property
    def S(self) -> T:
        """The singular values, descending."""
        return self[1]

    @property
    def Vh(self) -> T:
        """The right singular vectors, as rows."""
        return self[2]


class svd(_Several[T]):
    """The result of ``svd``."""

    __slots__ = ()

    names = ("U", "S", "V")

    @property
    def U(self) -> T:
        """The left singular vectors, as columns."""
        return self[0]

    @property
    def S(self) -> T:
        """The singular values, descending."""
        return self[1]

    @property
    def V(self) -> T:
        """The right singular vectors, as columns."""
        return self[2]


class linalg_lu(_Several[T]):
    """The result of ``linalg.lu``."""

    __slots__ = ()

    names = ("P", "L", "U")

    @property
    def P(self) -> T:
        """Permutations."""
        return self[0]

    @property
    def L(self) -> T:
        """Lower triangles with ones on the diagonal."""
        return self[1]

    @property
    def U(self) -> T:
        """Upper triangles."""
        return self[2]


class lu_unpack(_Several[T]):
    """The result of ``lu_unpack``."""

    __slots__ = ()

    names = ("P", "L", "U")

    @property
    def P(self) -> T:
        """Permutations."""
        return self[0]

    @property
    def L(self) -> T:
        """Lower triangles with ones on the diagonal."""
        return self[1]

    @property
    def U(self) -> T:
        """Upper triangles."""
        return self[2]


class linalg_lu_factor(_Pair[T]):
    """The result of ``linalg.lu_factor``."""

    __slots__ = ()

    names = ("LU", "pivots")

    @property
    def LU(self) -> T:
        """L below, U on and above the diagonal."""
        return self[0]

    @property
    def pivots(self) -> T:
        """Row exchanges, counted from 1, as int32."""
        return self[1]


class linalg_lu_factor_ex(_Several[T]):
    """The result of ``linalg.lu_factor_ex``."""

    __slots__ = ()

    names = ("LU", "pivots", "info")

    @property
    def LU(self) -> T:
        """L below, U on and above the diagonal."""
        return self[0]

    @property
    def pivots(self) -> T:
        """Row exchanges, counted from 1, as int32."""
        return self[1]

    @property
    def info(self) -> T:
        """0, or the place of the first zero on U's diagonal, as int32."""
        return self[2]


class linalg_lstsq(_Several[T]):
    """The result of ``linalg.lstsq``."""

    __slots__ = ()

    names = ("solution", "residuals", "rank", "singular_values")

    @property
    def solution(self) -> T:
        """The solutions."""
        return self[0]

    @property
    def residuals(self) -> T:
        """The squared lengths of what is left."""
        return self[1]

    @property
    def rank(self) -> T:
        """The ranks of the matrices."""
        return self[2]

    @property
    def singular_values(self) -> T:
        """The singular values of the matrices."""
        return self[3]
