"""The methods of statistics, searching and distinct elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from gnomon import return_types
from gnomon.composite import differences, histograms, quantiles, statistics, uniqueness
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from gnomon.dtypes import DType, Scalar
    from gnomon.op.reduction import Dims


class StatisticsMethods(TensorCore):
    """Quantiles, histograms, covariance, distinct elements; each is the function so named."""

    @numpy_names
    def nanmean(
        self, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
    ) -> Self:
        """Return the mean of what is not nan along ``dim``."""
        return statistics.nanmean(self, dim, keepdim, dtype=dtype)

    @numpy_names
    def quantile(
        self,
        q: float | Self,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Self:
        """Return the quantiles ``q`` along ``dim``."""
        return quantiles.quantile(self, q, dim, keepdim, interpolation=interpolation)

    @numpy_names
    def nanquantile(
        self,
        q: float | Self,
        dim: int | None = None,
        keepdim: bool = False,
        *,
        interpolation: str = "linear",
    ) -> Self:
        """Return the quantiles ``q`` of what is not nan along ``dim``."""
        return quantiles.nanquantile(self, q, dim, keepdim, interpolation=interpolation)

    def cov(
        self,
        *,
        correction: int = 1,
        fweights: Self | None = None,
        aweights: Self | None = None,
    ) -> Self:
        """Return the covariance of the rows."""
        return statistics.cov(self, correction=correction, fweights=fweights, aweights=aweights)

    def corrcoef(self) -> Self:
        """Return the correlation of the rows."""
        return statistics.corrcoef(self)

    def histc(self, bins: int = 100, min: Scalar = 0, max: Scalar = 0) -> Self:
        """Return how many elements fall into each of ``bins`` equal bins."""
        return histograms.histc(self, bins, min, max)

    def histogram(
        self,
        bins: int | Self,
        *,
        range: Sequence[float] | None = None,
        weight: Self | None = None,
        density: bool = False,
    ) -> return_types.histogram[Self]:
        """Return how much falls into each bin, and the bins' edges."""
        return histograms.histogram(self, bins, range=range, weight=weight, density=density)

    def bincount(self, weights: Self | None = None, minlength: int = 0) -> Self:
        """Return how often each of 0, 1, 2, ... occurs, or their summed weights."""
        return histograms.bincount(self, weights, minlength)

    @numpy_names
    def diff(
        self, n: int = 1, dim: int = -1, prepend: Self | None = None, append: Self | None = None
    ) -> Self:
        """Return the ``n``-th differences of neighbours along ``dim``."""
        return differences.diff(self, n, dim, prepend, append)

    @overload
    def unique(
        self,
        sorted: bool = True,
        return_inverse: Literal[False] = False,
        return_counts: Literal[False] = False,
        dim: int | None = None,
    ) -> Self: ...
    @overload
    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Self | tuple[Self, ...]: ...
    def unique(
        self,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Self | tuple[Self, ...]:
        """Return the distinct elements, or slices along ``dim``, in order."""
        return uniqueness.unique(self, sorted, return_inverse, return_counts, dim)

    @overload
    def unique_consecutive(
        self,
        return_inverse: Literal[False] = False,
        return_counts: Literal[False] = False,
        dim: int | None = None,
    ) -> Self: ...
    @overload
    def unique_consecutive(
        self,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Self | tuple[Self, ...]: ...
    def unique_consecutive(
        self,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Self | tuple[Self, ...]:
        """Return the first of each run of equal elements, or slices along ``dim``."""
        return uniqueness.unique_consecutive(self, return_inverse, return_counts, dim)
