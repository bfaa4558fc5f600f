"""The methods that write through indices, masks and views; with an underscore, in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, SupportsIndex

from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.op.in_place import replace, snapshot
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import advanced_indexing, masking, scatter_reduce, scattering, view_scatter
from gnomon.ops.scatter_reduce import Reduce

if TYPE_CHECKING:
    from typing import Self


class ScatterMethods(TensorCore):
    """Writing where indices or a mask say; see the functions of the same names."""

    @numpy_names
    def scatter(
        self,
        dim: int,
        index: Self,
        src: Self | Scalar | None = None,
        *,
        value: Scalar | None = None,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Self:
        """Return a copy with ``src`` where ``index`` says along ``dim``."""
        return scatter_reduce.scatter(self, dim, index, src, value=value, reduce=reduce)

    @numpy_names
    def scatter_(
        self,
        dim: int,
        index: Self,
        src: Self | Scalar | None = None,
        *,
        value: Scalar | None = None,
        reduce: Literal["add", "multiply"] | None = None,
    ) -> Self:
        """Write ``src`` where ``index`` says along ``dim``."""
        return scatter_reduce.scatter_in_place(
            self, dim, index, src, value=value, reduce=reduce
        )

    @numpy_names
    def scatter_add(self, dim: int, index: Self, src: Self) -> Self:
        """Return a copy with ``src`` added where ``index`` says along ``dim``."""
        return scattering.scatter_add(self, dim, index, src)

    @numpy_names
    def scatter_add_(self, dim: int, index: Self, src: Self) -> Self:
        """Add ``src`` where ``index`` says along ``dim``."""
        return scattering.scatter_add_write(self, dim, index, src).into(self)

    @numpy_names
    def scatter_reduce(
        self, dim: int, index: Self, src: Self, reduce: Reduce, *, include_self: bool = True
    ) -> Self:
        """Return a copy with ``src`` reduced to where ``index`` says along ``dim``."""
        return scatter_reduce.scatter_reduce(
            self, dim, index, src, reduce, include_self=include_self
        )

    @numpy_names
    def scatter_reduce_(
        self, dim: int, index: Self, src: Self, reduce: Reduce, *, include_self: bool = True
    ) -> Self:
        """Reduce ``src`` to where ``index`` says along ``dim``."""
        result = scatter_reduce.scatter_reduce(
            snapshot(self), dim, index, src, reduce, include_self=include_self
        )
        return replace(self, "scatter_reduce_", result)

    @numpy_names
    def index_add(self, dim: int, index: Self, source: Self, *, alpha: Scalar = 1) -> Self:
        """Return a copy with slices of ``alpha * source`` added to those ``index`` names."""
        return scattering.index_add(self, dim, index, source, alpha=alpha)

    @numpy_names
    def index_add_(self, dim: int, index: Self, source: Self, *, alpha: Scalar = 1) -> Self:
        """Add slices of ``alpha * source`` to those ``index`` names."""
        return scattering.index_add_write(self, dim, index, source, alpha).into(self)

    @numpy_names
    def index_copy(self, dim: int, index: Self, source: Self) -> Self:
        """Return a copy with the slices ``index`` names replaced by those of ``source``."""
        return scattering.index_copy(self, dim, index, source)

    @numpy_names
    def index_copy_(self, dim: int, index: Self, source: Self) -> Self:
        """Replace the slices ``index`` names by those of ``source``."""
        return scattering.index_copy_write(self, dim, index, source).into(self)

    @numpy_names
    def index_fill(self, dim: int, index: Self, value: Self | Scalar) -> Self:
        """Return a copy with ``value`` in the slices ``index`` names."""
        return scattering.index_fill(self, dim, index, value)

    @numpy_names
    def index_fill_(self, dim: int, index: Self, value: Self | Scalar) -> Self:
        """Fill the slices ``index`` names with ``value``."""
        return scattering.index_fill_write(self, dim, index, value).into(self)

    def index_put(
        self, indices: Sequence[Self], values: Self, accumulate: bool = False
    ) -> Self:
        """Return a copy with ``values`` where the index tensors say."""
        return advanced_indexing.index_put(self, indices, values, accumulate)

    def index_put_(
        self, indices: Sequence[Self], values: Self, accumulate: bool = False
    ) -> Self:
        """Write ``values`` where the index tensors say."""
        return advanced_indexing.index_put_(self, indices, values, accumulate)

    @numpy_names
    def index_reduce(
        self,
        dim: int,
        index: Self,
        source: Self,
        reduce: Literal["prod", "mean", "amax", "amin"],
        *,
        include_self: bool = True,
    ) -> Self:
        """Return a copy with slices of ``source`` reduced to those ``index`` names."""
        return scatter_reduce.index_reduce(
            self, dim, index, source, reduce, include_self=include_self
        )

    @numpy_names
    def index_reduce_(
        self,
        dim: int,
        index: Self,
        source: Self,
        reduce: Literal["prod", "mean", "amax", "amin"],
        *,
        include_self: bool = True,
    ) -> Self:
        """Reduce slices of ``source`` to those ``index`` names."""
        result = scatter_reduce.index_reduce(
            snapshot(self), dim, index, source, reduce, include_self=include_self
        )
        return replace(self, "index_reduce_", result)

    def put(self, index: Self, source: Self, accumulate: bool = False) -> Self:
        """Return a copy with ``source`` at ``index``, which counts through it as 1-d."""
        return scattering.put(self, index, source, accumulate)

    def put_(self, index: Self, source: Self, accumulate: bool = False) -> Self:
        """Write ``source`` at ``index``, which counts through the tensor as 1-d."""
        return scattering.put_in_place(self, index, source, accumulate)

    def masked_fill(self, mask: Self, value: Self | Scalar) -> Self:
        """Return a copy with ``value`` where ``mask`` is True."""
        return masking.masked_fill(self, mask, value)

    def masked_fill_(self, mask: Self, value: Self | Scalar) -> Self:
        """Write ``value`` where ``mask`` is True."""
        return masking.masked_fill_in_place(self, mask, value)

    def masked_scatter(self, mask: Self, source: Self) -> Self:
        """Return a copy with the elements of ``source``, in order, where ``mask`` is True."""
        return masking.masked_scatter(self, mask, source)

    def masked_scatter_(self, mask: Self, source: Self) -> Self:
        """Write the elements of ``source``, in order, where ``mask`` is True."""
        return masking.masked_scatter_in_place(self, mask, source)

    @numpy_names
    def select_scatter(self, src: Self, dim: SupportsIndex, index: SupportsIndex) -> Self:
        """Return a copy with the slice at ``index`` of ``dim`` replaced by ``src``."""
        return view_scatter.select_scatter(self, src, dim, index)

    @numpy_names
    def slice_scatter(
        self,
        src: Self,
        dim: SupportsIndex = 0,
        start: SupportsIndex | None = None,
        end: SupportsIndex | None = None,
        step: SupportsIndex = 1,
    ) -> Self:
        """Return a copy with ``start:end:step`` of ``dim`` replaced by ``src``."""
        return view_scatter.slice_scatter(self, src, dim, start, end, step)

    def diagonal_scatter(
        self,
        src: Self,
        offset: SupportsIndex = 0,
        dim1: SupportsIndex = 0,
        dim2: SupportsIndex = 1,
    ) -> Self:
        """Return a copy with a diagonal replaced by ``src``."""
        return view_scatter.diagonal_scatter(self, src, offset, dim1, dim2)

    def as_strided_scatter(
        self,
        src: Self,
        size: Sequence[SupportsIndex],
        stride: Sequence[SupportsIndex],
        storage_offset: SupportsIndex | None = None,
    ) -> Self:
        """Return a copy with its part under other strides replaced by ``src``."""
        return view_scatter.as_strided_scatter(self, src, size, stride, storage_offset)
