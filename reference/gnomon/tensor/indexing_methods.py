"""The methods that read and write through indices and masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import indexing, masking, nonzero, subscripts

if TYPE_CHECKING:
    from typing import Self


class IndexingMethods(TensorCore):
    """Reading through indices and masks, and where elements are nonzero."""

    def __getitem__(self, key: subscripts.Key) -> Self:
        """Return ``self[key]``: a view for ints, slices, None and ``...``; a copy otherwise."""
        return subscripts.read_item(self, key)

    def __setitem__(self, key: subscripts.Key, value: Self | Scalar) -> None:
        subscripts.write_item(self, key, value)

    @numpy_names
    def gather(self, dim: int, index: Self, *, sparse_grad: bool = False) -> Self:
        """Return, at every place of ``index``, the element there but for ``dim``."""
        return indexing.gather(self, dim, index, sparse_grad=sparse_grad)

    @numpy_names
    def index_select(self, dim: int, index: Self) -> Self:
        """Return the slices along ``dim`` that ``index`` names."""
        return indexing.index_select(self, dim, index)

    def take(self, index: Self) -> Self:
        """Return the elements at ``index``, which counts through the tensor as 1-d."""
        return indexing.take(self, index)

    @numpy_names
    def take_along_dim(self, indices: Self, dim: int | None = None) -> Self:
        """Return the elements that ``indices`` name along ``dim``; the other dims broadcast."""
        return indexing.take_along_dim(self, indices, dim)

    def masked_select(self, mask: Self) -> Self:
        """Return the elements where ``mask`` is True, as a 1-d tensor."""
        return masking.masked_select(self, mask)

    @overload
    def nonzero(self, *, as_tuple: Literal[False] = False) -> Self: ...
    @overload
    def nonzero(self, *, as_tuple: Literal[True]) -> tuple[Self, ...]: ...
    def nonzero(self, *, as_tuple: bool = False) -> Self | tuple[Self, ...]:
        """Return the indices of nonzero elements: a row per element, or a tensor per dim."""
        return nonzero.nonzero(self, as_tuple=as_tuple)

    def argwhere(self) -> Self:
        """Return the indices of the nonzero elements, a row per element."""
        return nonzero.argwhere(self)
