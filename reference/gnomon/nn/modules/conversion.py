"""Parameters and buffers of a module as another dtype, on another device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, overload

from gnomon.devices import Device
from gnomon.dtypes import DType, bfloat16, float16, float32, float64
from gnomon.formats import MemoryFormat, preserve_format
from gnomon.graph.modes import no_grad
from gnomon.nn.modules.core import ModuleCore
from gnomon.nn.parameter import is_lazy
from gnomon.tensor import Tensor
from gnomon.tensor.conversion_methods import ToArgument, parse_to
from gnomon.tensor.factories import empty_like
from gnomon.tensor.legacy import LegacyType
from gnomon.tensor.options import DeviceLike, DTypeLike

if TYPE_CHECKING:
    from typing import Self

TensorMap: TypeAlias = Callable[[Tensor], Tensor]


class ConversionMethods(ModuleCore):
    """Conversions in place: the parameters stay the same objects, with other contents."""

    def _apply(self, fn: TensorMap, recurse: bool = True) -> Self:
        """Replace the contents of parameters, gradients and buffers by what ``fn`` returns."""
        if recurse:
            for child in self._modules.values():
                if isinstance(child, ConversionMethods):
                    child._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                with no_grad():
                    converted = fn(parameter.data if is_lazy(parameter) else parameter)
                gradient = parameter.grad
                parameter.data = converted
                if gradient is not None:
                    with no_grad():
                        gradient.data = fn(gradient)
        for name, buffer in self._buffers.items():
            if buffer is None:
                continue
            if is_lazy(buffer):
                buffer.data = fn(buffer.data)
            else:
                self._buffers[name] = fn(buffer)
        return self

    @overload
    def to(self, dtype: DTypeLike, non_blocking: bool = False) -> Self: ...
    @overload
    def to(
        self,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        non_blocking: bool = False,
        *,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self: ...
    @overload
    def to(self, tensor: Tensor, non_blocking: bool = False) -> Self: ...
    def to(
        self,
        *args: ToArgument,
        tensor: Tensor | None = None,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        non_blocking: bool = False,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self:
        """Convert floating-point parameters and buffers, and move all of them, in place.

        Takes a dtype, a device and perhaps a dtype, or a tensor to be like. ``memory_format``
        is for tensors of 4 or 5 dims. Raises TypeError for a dtype that is not floating-point.

        >>> import gnomon as torch
        >>> torch.nn.Linear(1, 1).to(torch.float64).weight.dtype
        torch.float64
        """
        if tensor is not None:
            args = (tensor, *args)
        target = parse_to(args, device, dtype, non_blocking)
        if target.dtype is not None and not target.dtype.is_floating_point:
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={target.dtype}. Convert single tensors with Tensor.to()."
            )

        def converted(tensor: Tensor) -> Tensor:
            wanted = target.dtype if tensor.is_floating_point() else None
            formatted = memory_format if tensor.ndim in (4, 5) else preserve_format
            return tensor.to(target.device, wanted, memory_format=formatted)

        return self._apply(converted)

    def to_empty(self, *, device: DeviceLike, recurse: bool = True) -> Self:
        """Move parameters and buffers to ``device`` without their contents."""
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse)

    def type(self, dst_type: DType | LegacyType | str) -> Self:
        """Convert all parameters and buffers, integers as well, to one type."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def cpu(self) -> Self:
        """Move parameters and buffers to the CPU."""
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self, device: int | Device | None = None) -> Self:
        """Move parameters and buffers to the device that "cuda" means."""
        return self._apply(lambda tensor: tensor.cuda(device))

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._as(float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._as(float64)

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._as(float16)

    def bfloat16(self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._as(bfloat16)

    def _as(self, dtype: DType) -> Self:
        return self._apply(
            lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor
        )

    def share_memory(self) -> Self:
        """Do what ``Tensor.share_memory_`` does, which raises RuntimeError."""
        return self._apply(lambda tensor: tensor.share_memory_())
