"""Copying, overwriting and resizing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.formats import MemoryFormat, contiguous_format, preserve_format
from gnomon.layout import Layout
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.op.formatting import formatted, has_format
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import ensure_capacity
from gnomon.ops import copying

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class CopyMethods(TensorCore):
    """Copies, in memory formats, and overwriting in place."""

    def clone(self, *, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return ``gnomon.clone(self)``."""
        return copying.clone(self, memory_format=memory_format)

    def contiguous(self, memory_format: MemoryFormat = contiguous_format) -> Self:
        """Return the tensor itself if it lies in ``memory_format``, else such a copy."""
        return copying.contiguous(self, memory_format)

    def is_contiguous(self, memory_format: MemoryFormat = contiguous_format) -> bool:
        """Return whether the elements lie in ``memory_format`` without gaps."""
        return has_format(self.operand.layout, memory_format)

    @numpy_names
    def copy_(self, other: TensorCore | Scalar, non_blocking: bool = False) -> Self:
        """Overwrite the tensor with ``other``, which broadcasts and converts, from any device.

        A copy is always complete when this returns, so ``non_blocking`` changes nothing.
        """
        return copying.copy_(self, other)

    def fill_(self, value: TensorCore | Scalar) -> Self:
        """Overwrite every element with ``value``, a number or a 0-d tensor."""
        return copying.fill_(self, value)

    def zero_(self) -> Self:
        """Overwrite every element with zero."""
        return copying.zero_(self)

    def fill_diagonal_(self, fill_value: TensorCore | Scalar, wrap: bool = False) -> Self:
        """Overwrite the main diagonal; ``wrap`` starts it anew in a tall matrix.

        >>> import gnomon as torch
        >>> torch.zeros(2, 2).fill_diagonal_(1)
        tensor([[1., 0.],
                [0., 1.]])
        """
        return copying.fill_diagonal_(self, fill_value, wrap)

    def resize_(
        self, *size: IntegerArgument, memory_format: MemoryFormat = contiguous_format
    ) -> Self:
        """Give the tensor another shape; its storage grows when it is too small.

        What the storage held stays where it was; new memory is undefined.
        """
        return self._resized("resize_", integers("resize_", size), memory_format)

    def resize_as_(
        self, the_template: TensorCore, *, memory_format: MemoryFormat = contiguous_format
    ) -> Self:
        """Give the tensor the shape of another one, as ``resize_`` does."""
        shape = the_template.operand.layout.shape
        return self._resized("resize_as_", shape, memory_format)

    def _resized(
        self, operation: str, shape: tuple[int, ...], memory_format: MemoryFormat
    ) -> Self:
        if self.tracked:
            raise RuntimeError(
                explain(
                    operation,
                    "cannot resize variables that require grad",
                    self,
                    remedy="detach() it first",
                )
            )
        layout = self.operand.layout
        if layout.shape != shape or memory_format is not contiguous_format:
            fresh = formatted(operation, Layout.contiguous(shape), memory_format)
            self.operand = self.operand.under(fresh._replace(offset=layout.offset))
            _, end = self.operand.layout.span
            ensure_capacity(self, end * self.operand.dtype.itemsize)
        return self
