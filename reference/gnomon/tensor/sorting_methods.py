"""The methods that sort, and that select along a dim by order or running extreme."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

from gnomon import return_types
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import scans, sorting

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import DType


class SortingMethods(TensorCore):
    """Sorting, order statistics and scans; each is the function of the same name."""

    @numpy_names
    def sort(
        self, dim: int = -1, descending: bool = False, *, stable: bool | None = None
    ) -> return_types.sort[Self]:
        """Return the elements in order along ``dim``, and from where in ``dim`` each came."""
        return sorting.sort(self, dim, descending, stable=stable)

    @numpy_names
    def argsort(self, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Self:
        """Return from where in ``dim`` each element in order comes."""
        return sorting.argsort(self, dim, descending, stable=stable)

    def msort(self) -> Self:
        """Return the elements in order along the first dim."""
        return sorting.msort(self)

    @numpy_names
    def topk(
        self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
    ) -> return_types.topk[Self]:
        """Return the ``k`` largest, or smallest, along ``dim`` and where they stand."""
        return sorting.topk(self, k, dim, largest, sorted)

    @numpy_names
    def kthvalue(
        self, k: int, dim: int = -1, keepdim: bool = False
    ) -> return_types.kthvalue[Self]:
        """Return the ``k``-th smallest element along ``dim`` and where it stands."""
        return sorting.kthvalue(self, k, dim, keepdim)

    @overload
    def median(self) -> Self: ...
    @overload
    def median(self, dim: int, keepdim: bool = False) -> return_types.median[Self]: ...
    @numpy_names
    def median(
        self, dim: int | None = None, keepdim: bool = False
    ) -> Self | return_types.median[Self]:
        """Return the lower median: of all, or along ``dim`` with where it stands."""
        return sorting.median(self) if dim is None else sorting.median(self, dim, keepdim)

    @overload
    def nanmedian(self) -> Self: ...
    @overload
    def nanmedian(self, dim: int, keepdim: bool = False) -> return_types.nanmedian[Self]: ...
    @numpy_names
    def nanmedian(
        self, dim: int | None = None, keepdim: bool = False
    ) -> Self | return_types.nanmedian[Self]:
        """Return the lower median of the numbers among all, or along ``dim``."""
        if dim is None:
            return sorting.nanmedian(self)
        return sorting.nanmedian(self, dim, keepdim)

    @numpy_names
    def mode(self, dim: int = -1, keepdim: bool = False) -> return_types.mode[Self]:
        """Return the most frequent element along ``dim`` and where its last one stands."""
        return sorting.mode(self, dim, keepdim)

    @numpy_names
    def cumsum(self, dim: int, *, dtype: DType | None = None) -> Self:
        """Return the running sums along ``dim``."""
        return scans.cumsum(self, dim, dtype=dtype)

    @numpy_names
    def cumsum_(self, dim: int, *, dtype: DType | None = None) -> Self:
        """Replace the tensor by its running sums along ``dim``."""
        return scans.cumsum_(self, dim, dtype=dtype)

    @numpy_names
    def cumprod(self, dim: int, *, dtype: DType | None = None) -> Self:
        """Return the running products along ``dim``."""
        return scans.cumprod(self, dim, dtype=dtype)

    @numpy_names
    def cumprod_(self, dim: int, *, dtype: DType | None = None) -> Self:
        """Replace the tensor by its running products along ``dim``."""
        return scans.cumprod_(self, dim, dtype=dtype)

    @numpy_names
    def logcumsumexp(self, dim: int) -> Self:
        """Return the running ``log(sum(exp(x)))`` along ``dim``."""
        return scans.logcumsumexp(self, dim)

    @numpy_names
    def cummax(self, dim: int) -> return_types.cummax[Self]:
        """Return the running maxima along ``dim`` and where they stood."""
        return scans.cummax(self, dim)

    @numpy_names
    def cummin(self, dim: int) -> return_types.cummin[Self]:
        """Return the running minima along ``dim`` and where they stood."""
        return scans.cummin(self, dim)
