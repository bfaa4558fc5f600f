"""The methods that make one element of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from gnomon.core import TensorCore
from gnomon.op.reduction import Dims
from gnomon.ops import reduction

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import DType, Scalar


class ReductionMethods(TensorCore):
    """Sums, means, extremes and truth; each is the function of the same name."""

    def sum(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the sum along ``dim``."""
        return reduction.sum(self, dim, keepdim, dtype=dtype)

    def nansum(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the sum along ``dim``, nan counting as 0."""
        return reduction.nansum(self, dim, keepdim, dtype=dtype)

    def mean(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the arithmetic mean along ``dim``."""
        return reduction.mean(self, dim, keepdim, dtype=dtype)

    def amax(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """Return the largest element along ``dim``."""
        return reduction.amax(self, dim, keepdim)

    def amin(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """Return the smallest element along ``dim``."""
        return reduction.amin(self, dim, keepdim)

    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Return the index of the first largest element along ``dim``."""
        return reduction.argmax(self, dim, keepdim)

    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Return the index of the first smallest element along ``dim``."""
        return reduction.argmin(self, dim, keepdim)

    def any(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Return whether some element along ``dim`` is nonzero."""
        return reduction.any(self, dim, keepdim)

    def all(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Return whether every element along ``dim`` is nonzero."""
        return reduction.all(self, dim, keepdim)

    def count_nonzero(self, dim: Dims = None) -> Self:
        """Return how many elements along ``dim`` are nonzero."""
        return reduction.count_nonzero(self, dim)

    @overload
    def var(self, unbiased: bool, /) -> Self: ...
    @overload
    def var(self, *, unbiased: bool) -> Self: ...
    @overload
    def var(self, dim: Dims, unbiased: bool, keepdim: bool = False) -> Self: ...
    @overload
    def var(
        self, dim: Dims = None, *, correction: Scalar | None = None, keepdim: bool = False
    ) -> Self: ...
    def var(
        self,
        dim: Dims | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Scalar | None = None,
    ) -> Self:
        """Return the variance along ``dim``."""
        dim, correction = reduction.degrees("var", self, dim, unbiased, correction)
        return reduction.var(self, dim, correction=correction, keepdim=keepdim)
