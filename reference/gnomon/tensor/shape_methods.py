"""Reordering, merging, splitting, adding and dropping dims: each method is the function's."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, SupportsIndex, cast, overload

from gnomon.core import TensorCore
from gnomon.dtypes import DType
from gnomon.errors import explain
from gnomon.op.arguments import IntegerArgument, integer, integer_or_integers, integers
from gnomon.op.in_place_views import take_layout
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import slicing, views
from gnomon.ops.reinterpreting import view_as_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


class ShapeMethods(TensorCore):
    """Views that show the same elements under other dims, and their in-place forms."""

    @overload
    def view(self, dtype: DType, /) -> Self: ...
    @overload
    def view(self, *size: IntegerArgument) -> Self: ...
    @overload
    def view(self, *, size: Sequence[SupportsIndex]) -> Self: ...
    @overload
    def view(self, *, dtype: DType) -> Self: ...
    def view(
        self,
        *sizes: IntegerArgument | DType,
        size: Sequence[SupportsIndex] | None = None,
        dtype: DType | None = None,
    ) -> Self:
        """Return the same elements, in the same order, as another shape; -1 infers one size.

        Given a dtype instead, return the same bytes as elements of that dtype. Raises
        RuntimeError where no strides do it.

        >>> import gnomon as torch
        >>> torch.tensor([1, 2, 3, 4]).view(2, -1)
        tensor([[1, 2],
                [3, 4]])
        """
        if dtype is not None:
            return view_as_dtype(self, dtype)
        if size is not None:
            return views.view(self, size)
        if len(sizes) == 1 and isinstance(sizes[0], DType):
            return view_as_dtype(self, sizes[0])
        # A dtype among the sizes is refused like anything else that is no integer.
        return views.view(self, _given("view", cast("tuple[IntegerArgument, ...]", sizes)))

    @numpy_names
    def view_as(self, other: TensorCore) -> Self:
        """Return ``self.view(other.size())``."""
        return views.view(self, other.operand.layout.shape)

    @overload
    def reshape(self, *shape: IntegerArgument) -> Self: ...
    @overload
    def reshape(self, *, shape: Sequence[SupportsIndex]) -> Self: ...
    def reshape(
        self, *sizes: IntegerArgument, shape: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return ``gnomon.reshape(self, shape)``."""
        return views.reshape(self, _given("reshape", sizes) if shape is None else shape)

    @numpy_names
    def reshape_as(self, other: TensorCore) -> Self:
        """Return ``self.reshape(other.size())``."""
        return views.reshape(self, other.operand.layout.shape)

    def flatten(self, start_dim: SupportsIndex = 0, end_dim: SupportsIndex = -1) -> Self:
        """Return ``gnomon.flatten(self, start_dim, end_dim)``."""
        return views.flatten(self, start_dim, end_dim)

    def unflatten(self, dim: SupportsIndex, sizes: Sequence[SupportsIndex]) -> Self:
        """Return ``gnomon.unflatten(self, dim, sizes)``."""
        return views.unflatten(self, dim, sizes)

    def ravel(self) -> Self:
        """Return ``gnomon.ravel(self)``."""
        return views.ravel(self)

    # -- dims in another order -----------------------------------------------------------

    def transpose(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Self:
        """Return ``gnomon.transpose(self, dim0, dim1)``."""
        return views.transpose(self, dim0, dim1)

    def transpose_(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Self:
        """Exchange two dims of this tensor itself."""
        first, second = integers("transpose_", (dim0, dim1))
        return take_layout(
            self,
            "transpose_",
            "TransposeBackward1",
            lambda layout: layout.transpose(first, second),
        )

    def swapaxes(self, axis0: SupportsIndex, axis1: SupportsIndex) -> Self:
        """Return ``gnomon.swapaxes(self, axis0, axis1)``."""
        return views.swapaxes(self, axis0, axis1)

    def swapaxes_(self, axis0: SupportsIndex, axis1: SupportsIndex) -> Self:
        """Exchange two dims of this tensor itself: ``transpose_`` as NumPy calls it."""
        return self.transpose_(axis0, axis1)

    def swapdims(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Self:
        """Return ``gnomon.swapdims(self, dim0, dim1)``."""
        return views.swapdims(self, dim0, dim1)

    def swapdims_(self, dim0: SupportsIndex, dim1: SupportsIndex) -> Self:
        """Exchange two dims of this tensor itself: ``transpose_`` under another name."""
        return self.transpose_(dim0, dim1)

    def t(self) -> Self:
        """Return ``gnomon.t(self)``."""
        return views.t(self)

    def t_(self) -> Self:
        """Transpose this matrix itself."""
        return take_layout(self, "t_", "TBackward1", views.MATRIX_TRANSPOSE.layout)

    @overload
    def permute(self, *dims: IntegerArgument) -> Self: ...
    @overload
    def permute(self, *, dims: Sequence[SupportsIndex]) -> Self: ...
    def permute(
        self, *order: IntegerArgument, dims: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return ``gnomon.permute(self, dims)``."""
        return views.permute(self, _given("permute", order) if dims is None else dims)

    def movedim(self, source: IntegerArgument, destination: IntegerArgument) -> Self:
        """Return ``gnomon.movedim(self, source, destination)``."""
        return views.movedim(self, source, destination)

    def moveaxis(self, source: IntegerArgument, destination: IntegerArgument) -> Self:
        """Return ``gnomon.moveaxis(self, source, destination)``."""
        return views.movedim(self, source, destination)

    @property
    def T(self) -> Self:
        """The dims in reverse order; of a matrix, its transpose.

        Warns for any other number of dims, as PyTorch does, which will take it away.
        """
        ndim = self.operand.layout.ndim
        if ndim != 2:
            warnings.warn(
                f"The use of `x.T` on tensors of {ndim} dimensions is deprecated. Use `x.mT` "
                "to transpose batches of matrices, or `x.permute(*range(x.ndim - 1, -1, -1))`.",
                UserWarning,
                stacklevel=2,
            )
        return views.permute(self, tuple(range(ndim))[::-1])

    @property
    def mT(self) -> Self:
        """The last two dims exchanged."""
        return views.matrix_transposed("mT", self)

    @property
    def H(self) -> Self:
        """The transpose of a matrix; real numbers need no conjugation."""
        ndim = self.operand.layout.ndim
        if ndim not in (0, 2):
            raise RuntimeError(
                explain(
                    "H",
                    f"only supported on matrices (2-D tensors). Got {ndim}-D tensor",
                    self,
                    remedy="Use .mH for batches of matrices",
                )
            )
        return views.matrix_transposed("H", self)

    @property
    def mH(self) -> Self:
        """The last two dims exchanged; real numbers need no conjugation."""
        return views.matrix_transposed("mH", self)

    def adjoint(self) -> Self:
        """Return ``gnomon.adjoint(self)``."""
        return views.adjoint(self)

    # -- more dims, fewer dims -----------------------------------------------------------

    @numpy_names
    def unsqueeze(self, dim: SupportsIndex) -> Self:
        """Return ``gnomon.unsqueeze(self, dim)``."""
        return views.unsqueeze(self, dim)

    @numpy_names
    def unsqueeze_(self, dim: SupportsIndex) -> Self:
        """Put a dim of size 1 into this tensor itself."""
        position = integer("unsqueeze_", dim)
        return take_layout(
            self, "unsqueeze_", "UnsqueezeBackward1", lambda layout: layout.unsqueeze(position)
        )

    @overload
    def squeeze(self, *dims: IntegerArgument) -> Self: ...
    @overload
    def squeeze(self, *, dim: IntegerArgument) -> Self: ...
    @numpy_names
    def squeeze(self, *dims: IntegerArgument, dim: IntegerArgument | None = None) -> Self:
        """Return ``gnomon.squeeze(self, dim)``; dims may be given one by one."""
        return views.squeeze(self, _dim_of(dims) if dim is None else dim)

    @overload
    def squeeze_(self, *dims: IntegerArgument) -> Self: ...
    @overload
    def squeeze_(self, *, dim: IntegerArgument) -> Self: ...
    @numpy_names
    def squeeze_(self, *dims: IntegerArgument, dim: IntegerArgument | None = None) -> Self:
        """Drop dims of size 1 from this tensor itself: all of them, or those named."""
        given = _dim_of(dims) if dim is None else dim
        if given is None:
            return take_layout(self, "squeeze_", "SqueezeBackward3", lambda it: it.squeeze())
        named = integer_or_integers("squeeze_", given)
        label = "SqueezeBackward4" if isinstance(named, int) else "SqueezeBackward5"
        return take_layout(self, "squeeze_", label, lambda layout: layout.squeeze(named))

    @overload
    def expand(self, *size: IntegerArgument) -> Self: ...
    @overload
    def expand(self, *, size: Sequence[SupportsIndex]) -> Self: ...
    def expand(
        self, *sizes: IntegerArgument, size: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return this tensor with dims of size 1 stretched by a stride of 0; -1 keeps a size.

        >>> import gnomon as torch
        >>> torch.tensor([[1], [2]]).expand(-1, 3).stride()
        (1, 0)
        """
        return views.expand(self, _given("expand", sizes) if size is None else size)

    @numpy_names
    def expand_as(self, other: TensorCore) -> Self:
        """Return ``self.expand(other.size())``."""
        return views.expand(self, other.operand.layout.shape)

    @overload
    def broadcast_to(self, *size: IntegerArgument) -> Self: ...
    @overload
    def broadcast_to(self, *, size: Sequence[SupportsIndex]) -> Self: ...
    def broadcast_to(
        self, *sizes: IntegerArgument, size: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return ``gnomon.broadcast_to(self, size)``."""
        shape = _given("broadcast_to", sizes) if size is None else size
        return views.broadcast_to(self, shape)

    # -- any strides ---------------------------------------------------------------------

    def as_strided(
        self,
        size: Sequence[SupportsIndex],
        stride: Sequence[SupportsIndex],
        storage_offset: SupportsIndex | None = None,
    ) -> Self:
        """Return ``gnomon.as_strided(self, size, stride, storage_offset)``."""
        return slicing.as_strided(self, size, stride, storage_offset)

    def as_strided_(
        self,
        size: Sequence[SupportsIndex],
        stride: Sequence[SupportsIndex],
        storage_offset: SupportsIndex | None = None,
    ) -> Self:
        """Give this tensor itself any layout of its storage."""
        layout = slicing.strided_layout("as_strided_", self, size, stride, storage_offset)
        return take_layout(self, "as_strided_", "AsStridedBackward1", lambda _whole: layout)


def _given(operation: str, arguments: tuple[IntegerArgument, ...]) -> tuple[int, ...]:
    """Return the integers a method was called with; there must be an argument."""
    if not arguments:
        raise TypeError(f"{operation}: missing the sizes or dims. Pass () for a 0-d tensor.")
    return integers(operation, arguments)


def _dim_of(dims: tuple[IntegerArgument, ...]) -> IntegerArgument | None:
    """Return what several positional dims, one dim or one sequence mean; None for nothing."""
    if not dims:
        return None
    return dims[0] if len(dims) == 1 else integers("squeeze", dims)
