"""The methods that make one element of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from gnomon import return_types
from gnomon.composite import norms as composite_norms
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.op.reduction import Dims
from gnomon.ops import deviation, extremes, norms, products, reduction, truth

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import DType, Scalar


class ReductionMethods(TensorCore):
    """Sums, means, extremes and truth; each is the function of the same name."""

    @numpy_names
    def sum(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the sum along ``dim``."""
        return reduction.sum(self, dim, keepdim, dtype=dtype)

    @numpy_names
    def nansum(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the sum along ``dim``, nan counting as 0."""
        return reduction.nansum(self, dim, keepdim, dtype=dtype)

    @numpy_names
    def mean(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the arithmetic mean along ``dim``."""
        return reduction.mean(self, dim, keepdim, dtype=dtype)

    @numpy_names
    def amax(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """Return the largest element along ``dim``."""
        return reduction.amax(self, dim, keepdim)

    @numpy_names
    def amin(self, dim: Dims = (), keepdim: bool = False) -> Self:
        """Return the smallest element along ``dim``."""
        return reduction.amin(self, dim, keepdim)

    @numpy_names
    def argmax(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Return the index of the first largest element along ``dim``."""
        return reduction.argmax(self, dim, keepdim)

    @numpy_names
    def argmin(self, dim: int | None = None, keepdim: bool = False) -> Self:
        """Return the index of the first smallest element along ``dim``."""
        return reduction.argmin(self, dim, keepdim)

    @numpy_names
    def any(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Return whether some element along ``dim`` is nonzero."""
        return truth.any(self, dim, keepdim)

    @numpy_names
    def all(self, dim: Dims = None, keepdim: bool = False) -> Self:
        """Return whether every element along ``dim`` is nonzero."""
        return truth.all(self, dim, keepdim)

    @numpy_names
    def count_nonzero(self, dim: Dims = None) -> Self:
        """Return how many elements along ``dim`` are nonzero."""
        return truth.count_nonzero(self, dim)

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
    @numpy_names
    def var(
        self,
        dim: Dims | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Scalar | None = None,
    ) -> Self:
        """Return the variance along ``dim``."""
        dim, correction = deviation.divisor("var", dim, unbiased, correction)
        return deviation.var(self, dim, correction=correction, keepdim=keepdim)

    @overload
    def std(self, unbiased: bool, /) -> Self: ...
    @overload
    def std(self, *, unbiased: bool) -> Self: ...
    @overload
    def std(self, dim: Dims, unbiased: bool, keepdim: bool = False) -> Self: ...
    @overload
    def std(
        self, dim: Dims = None, *, correction: Scalar | None = None, keepdim: bool = False
    ) -> Self: ...
    @numpy_names
    def std(
        self,
        dim: Dims | bool = None,
        unbiased: bool | None = None,
        keepdim: bool = False,
        *,
        correction: Scalar | None = None,
    ) -> Self:
        """Return the standard deviation along ``dim``."""
        dim, correction = deviation.divisor("std", dim, unbiased, correction)
        return deviation.std(self, dim, correction=correction, keepdim=keepdim)

    @overload
    def max(self) -> Self: ...
    @overload
    def max(self, other: Self, /) -> Self: ...
    @overload
    def max(self, *, other: Self) -> Self: ...
    @overload
    def max(self, dim: int, keepdim: bool = False) -> return_types.max[Self]: ...
    @numpy_names
    def max(
        self, dim: int | Self | None = None, keepdim: bool = False, *, other: Self | None = None
    ) -> Self | return_types.max[Self]:
        """Return the largest element; or those along ``dim`` and where; or of two tensors."""
        second = dim if isinstance(dim, TensorCore) else other
        if second is not None:
            return extremes.max(self, second)
        if dim is None or isinstance(dim, TensorCore):
            return extremes.max(self)
        return extremes.max(self, dim, keepdim)

    @overload
    def min(self) -> Self: ...
    @overload
    def min(self, other: Self, /) -> Self: ...
    @overload
    def min(self, *, other: Self) -> Self: ...
    @overload
    def min(self, dim: int, keepdim: bool = False) -> return_types.min[Self]: ...
    @numpy_names
    def min(
        self, dim: int | Self | None = None, keepdim: bool = False, *, other: Self | None = None
    ) -> Self | return_types.min[Self]:
        """Return the smallest element; or those along ``dim`` and where; or of two tensors."""
        second = dim if isinstance(dim, TensorCore) else other
        if second is not None:
            return extremes.min(self, second)
        if dim is None or isinstance(dim, TensorCore):
            return extremes.min(self)
        return extremes.min(self, dim, keepdim)

    @numpy_names
    def aminmax(
        self, *, dim: int | None = None, keepdim: bool = False
    ) -> return_types.aminmax[Self]:
        """Return the smallest and the largest element along ``dim``."""
        return extremes.aminmax(self, dim=dim, keepdim=keepdim)

    @numpy_names
    def prod(
        self, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the product along ``dim``."""
        return products.prod(self, dim, keepdim, dtype=dtype)

    @numpy_names
    def logsumexp(self, dim: Dims, keepdim: bool = False) -> Self:
        """Return ``log(sum(exp(x)))`` along ``dim``."""
        return norms.logsumexp(self, dim, keepdim)

    def norm(
        self,
        p: Scalar | str | None = "fro",
        dim: Dims = None,
        keepdim: bool = False,
        dtype: DType | None = None,
    ) -> Self:
        """Return the vector norm of order ``p`` along ``dim``."""
        return composite_norms.norm(self, p, dim, keepdim, dtype=dtype)

    @numpy_names
    def dist(self, other: Self, p: Scalar = 2) -> Self:
        """Return the norm of order ``p`` of the difference to ``other``."""
        return composite_norms.dist(self, other, p)

    @numpy_names
    def renorm(self, p: Scalar, dim: int, maxnorm: Scalar) -> Self:
        """Return the slices of ``dim`` scaled down to a norm of at most ``maxnorm``."""
        return composite_norms.renorm(self, p, dim, maxnorm)

    @numpy_names
    def renorm_(self, p: Scalar, dim: int, maxnorm: Scalar) -> Self:
        """Scale the slices of ``dim`` down to a norm of at most ``maxnorm``, in place."""
        return composite_norms.renorm_(self, p, dim, maxnorm)
