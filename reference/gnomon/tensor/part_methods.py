"""Parts of a tensor and pieces along a dim, all of them views; each method is the function."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import slicing, splitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from gnomon.op.arguments import IntegerArgument


class PartMethods(TensorCore):
    """One index, a range, a diagonal, windows, and splitting along a dim."""

    @numpy_names
    def select(self, dim: SupportsIndex, index: SupportsIndex) -> Self:
        """Return ``gnomon.select(self, dim, index)``."""
        return slicing.select(self, dim, index)

    @numpy_names
    def narrow(self, dim: SupportsIndex, start: SupportsIndex, length: SupportsIndex) -> Self:
        """Return ``gnomon.narrow(self, dim, start, length)``."""
        return slicing.narrow(self, dim, start, length)

    def diagonal(
        self, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1
    ) -> Self:
        """Return ``gnomon.diagonal(self, offset, dim1, dim2)``."""
        return slicing.diagonal(self, offset, dim1, dim2)

    def unfold(
        self, dimension: SupportsIndex, size: SupportsIndex, step: SupportsIndex
    ) -> Self:
        """Return the windows of ``size`` elements every ``step`` along ``dimension``.

        The elements of a window are a new last dim; windows share memory where ``step < size``.

        >>> import gnomon as torch
        >>> torch.arange(5).unfold(0, 3, 1)
        tensor([[0, 1, 2],
                [1, 2, 3],
                [2, 3, 4]])
        """
        return slicing.unfold(self, dimension, size, step)

    def split(self, split_size: IntegerArgument, dim: SupportsIndex = 0) -> tuple[Self, ...]:
        """Return ``gnomon.split(self, split_size, dim)``."""
        return splitting.split(self, split_size, dim)

    @numpy_names
    def split_with_sizes(
        self, split_sizes: Sequence[SupportsIndex], dim: SupportsIndex = 0
    ) -> tuple[Self, ...]:
        """Return ``gnomon.split_with_sizes(self, split_sizes, dim)``."""
        return splitting.split_with_sizes(self, split_sizes, dim)

    @numpy_names
    def chunk(self, chunks: SupportsIndex, dim: SupportsIndex = 0) -> tuple[Self, ...]:
        """Return ``gnomon.chunk(self, chunks, dim)``."""
        return splitting.chunk(self, chunks, dim)

    @numpy_names
    def unbind(self, dim: SupportsIndex = 0) -> tuple[Self, ...]:
        """Return ``gnomon.unbind(self, dim)``."""
        return splitting.unbind(self, dim)

    @numpy_names
    def tensor_split(
        self, indices_or_sections: IntegerArgument | TensorCore, dim: SupportsIndex = 0
    ) -> tuple[Self, ...]:
        """Return ``gnomon.tensor_split(self, indices_or_sections, dim)``."""
        return splitting.tensor_split(self, indices_or_sections, dim)

    def hsplit(self, indices_or_sections: IntegerArgument) -> tuple[Self, ...]:
        """Return ``gnomon.hsplit(self, indices_or_sections)``."""
        return splitting.hsplit(self, indices_or_sections)

    def vsplit(self, indices_or_sections: IntegerArgument) -> tuple[Self, ...]:
        """Return ``gnomon.vsplit(self, indices_or_sections)``."""
        return splitting.vsplit(self, indices_or_sections)

    def dsplit(self, indices_or_sections: IntegerArgument) -> tuple[Self, ...]:
        """Return ``gnomon.dsplit(self, indices_or_sections)``."""
        return splitting.dsplit(self, indices_or_sections)

    def __iter__(self) -> Iterator[Self]:
        if not self.operand.layout.shape:
            raise TypeError("iteration over a 0-d tensor. Read it with item().")
        return iter(splitting.unbind(self))
