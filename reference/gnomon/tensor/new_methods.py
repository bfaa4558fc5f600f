"""New tensors of a tensor's dtype and device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, SupportsIndex

from gnomon.core import TensorCore
from gnomon.dispatch import allocate, filled
from gnomon.dtypes import Scalar
from gnomon.formats import TensorLayout, strided
from gnomon.layout import Layout
from gnomon.op.arguments import IntegerArgument, integer_sequence
from gnomon.op.index_arguments import number_for
from gnomon.tensor.legacy import LegacyArgument, legacy_operand
from gnomon.tensor.nested import Data, copied
from gnomon.tensor.options import (
    DeviceLike,
    DTypeLike,
    backend_of,
    check_pinning,
    dtype_of,
    number,
    requiring_grad,
    shape_of,
)

if TYPE_CHECKING:
    from typing import Self

    from gnomon.backend import Backend
    from gnomon.dtypes import DType


class NewMethods(TensorCore):
    """Tensors made like this one: its dtype and device, unless others are given."""

    def new(self, *data: LegacyArgument, device: DeviceLike = None) -> Self:
        """Return a tensor of sizes, not filled, or of a sequence: PyTorch's legacy form."""
        backend, dtype = self._options("new", None, device, False)
        return self.like(legacy_operand("new", data, dtype, backend.device))

    def new_tensor(
        self,
        data: Data,
        *,
        dtype: DTypeLike | None = None,
        device: DeviceLike = None,
        requires_grad: bool = False,
        layout: TensorLayout = strided,
        pin_memory: bool = False,
    ) -> Self:
        """Return a tensor that holds a copy of ``data``, as ``gnomon.tensor`` makes it."""
        backend, chosen = self._options("new_tensor", dtype, device, pin_memory)
        result = self.like(copied("new_tensor", data, chosen, backend.device))
        return requiring_grad("new_tensor", result, requires_grad)

    def new_empty(
        self,
        *sizes: IntegerArgument,
        size: Sequence[SupportsIndex] | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike = None,
        requires_grad: bool = False,
        layout: TensorLayout = strided,
        pin_memory: bool = False,
    ) -> Self:
        """Return a tensor of undefined content."""
        backend, chosen = self._options("new_empty", dtype, device, pin_memory)
        shape = shape_of("new_empty", sizes, size)
        result = self.like(allocate(backend, Layout.contiguous(shape), chosen))
        return requiring_grad("new_empty", result, requires_grad)

    def new_empty_strided(
        self,
        size: Sequence[SupportsIndex],
        stride: Sequence[SupportsIndex],
        dtype: DTypeLike | None = None,
        layout: TensorLayout = strided,
        device: DeviceLike = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
    ) -> Self:
        """Return a tensor of undefined content with these strides."""
        backend, chosen = self._options("new_empty_strided", dtype, device, pin_memory)
        shape = integer_sequence("new_empty_strided", size)
        strides = integer_sequence("new_empty_strided", stride)
        whole = Layout.contiguous(shape).as_strided(shape, strides, 0)
        _, end = whole.span
        dense = allocate(backend, Layout.contiguous((end,)), chosen)
        result = self.like(dense.under(whole))
        return requiring_grad("new_empty_strided", result, requires_grad)

    def new_full(
        self,
        size: Sequence[SupportsIndex],
        fill_value: Scalar | TensorCore,
        *,
        dtype: DTypeLike | None = None,
        device: DeviceLike = None,
        requires_grad: bool = False,
        layout: TensorLayout = strided,
        pin_memory: bool = False,
    ) -> Self:
        """Return a tensor full of ``fill_value``."""
        backend, chosen = self._options("new_full", dtype, device, pin_memory)
        value = number_for("new_full", number("new_full", "fill_value", fill_value), chosen)
        shape = integer_sequence("new_full", size)
        result = self.like(filled(backend, shape, chosen, value))
        return requiring_grad("new_full", result, requires_grad)

    def new_zeros(
        self,
        *sizes: IntegerArgument,
        size: Sequence[SupportsIndex] | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike = None,
        requires_grad: bool = False,
        layout: TensorLayout = strided,
        pin_memory: bool = False,
    ) -> Self:
        """Return a tensor of zeros."""
        backend, chosen = self._options("new_zeros", dtype, device, pin_memory)
        shape = shape_of("new_zeros", sizes, size)
        result = self.like(filled(backend, shape, chosen, 0))
        return requiring_grad("new_zeros", result, requires_grad)

    def new_ones(
        self,
        *sizes: IntegerArgument,
        size: Sequence[SupportsIndex] | None = None,
        dtype: DTypeLike | None = None,
        device: DeviceLike = None,
        requires_grad: bool = False,
        layout: TensorLayout = strided,
        pin_memory: bool = False,
    ) -> Self:
        """Return a tensor of ones."""
        backend, chosen = self._options("new_ones", dtype, device, pin_memory)
        shape = shape_of("new_ones", sizes, size)
        result = self.like(filled(backend, shape, chosen, 1))
        return requiring_grad("new_ones", result, requires_grad)

    def _options(
        self,
        operation: str,
        dtype: DTypeLike | None,
        device: DeviceLike,
        pin_memory: bool,
    ) -> tuple[Backend, DType]:
        check_pinning(operation, pin_memory)
        storage, _, own = self.operand
        backend = storage.backend if device is None else backend_of(device)
        return backend, own if dtype is None else dtype_of(operation, dtype)
