"""Another dtype, another device, another memory format; and what the present ones are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, overload

from gnomon.core import TensorCore
from gnomon.devices import CPU, Device, aliased
from gnomon.dtypes import (
    DType,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from gnomon.formats import MemoryFormat, TensorLayout, preserve_format, strided
from gnomon.op.copying import clone_as, to_backend
from gnomon.op.formatting import formatted
from gnomon.op.numpy_names import numpy_names
from gnomon.registry import backend_for
from gnomon.tensor.legacy import LegacyType, dtype_of_type, type_name
from gnomon.tensor.options import DeviceLike, DTypeLike, dtype_of

if TYPE_CHECKING:
    from typing import Self


#: A tensor to be like, a dtype, a device, or the flags ``non_blocking`` and ``copy``.
ToArgument: TypeAlias = TensorCore | DTypeLike | DeviceLike | bool


class Target(NamedTuple):
    """What ``to`` was asked for; None keeps what there is."""

    device: Device | None
    dtype: DType | None
    non_blocking: bool
    copy: bool


def parse_to(
    arguments: tuple[ToArgument, ...],
    device: DeviceLike = None,
    dtype: DTypeLike | None = None,
    non_blocking: bool = False,
    copy: bool = False,
) -> Target:
    """Return what the arguments of ``to`` mean: a dtype, a device and a dtype, or a tensor.

    Raises TypeError for any other combination.

    >>> parse_to(("cpu", float64)).dtype, parse_to((float16,)).device
    (torch.float64, None)
    """
    rest = list(arguments)
    first = rest[0] if rest else True
    if isinstance(first, TensorCore):
        operand = first.operand
        device, dtype = operand.storage.backend.device, operand.dtype
        del rest[0]
    elif isinstance(first, DType | type):
        dtype = first
        del rest[0]
    elif rest and not isinstance(first, bool):
        device = device if first is None else first
        del rest[0]
        if rest and (rest[0] is None or isinstance(rest[0], DType | type)):
            dtype = dtype if rest[0] is None else rest[0]
            del rest[0]
    if len(rest) > 2 or not all(isinstance(flag, bool) for flag in rest):
        listed = ", ".join(type(argument).__name__ for argument in arguments)
        raise TypeError(
            f"to() received an invalid combination of arguments - got ({listed}). Give a "
            "dtype, a device and perhaps a dtype, or a tensor, then non_blocking and copy."
        )
    flags = [bool(flag) for flag in rest]
    if flags:
        non_blocking = flags[0]
    if len(flags) > 1:
        copy = flags[1]
    return Target(
        None if device is None else Device(device),
        None if dtype is None else dtype_of("to", dtype),
        non_blocking,
        copy,
    )


class ConversionMethods(TensorCore):
    """Another dtype, device or memory format."""

    @overload
    def to(
        self,
        dtype: DTypeLike,
        non_blocking: bool = False,
        copy: bool = False,
        *,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self: ...
    @overload
    def to(
        self,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        non_blocking: bool = False,
        copy: bool = False,
        *,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self: ...
    @overload
    def to(
        self,
        other: TensorCore,
        /,
        non_blocking: bool = False,
        copy: bool = False,
        *,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self: ...
    def to(
        self,
        *arguments: ToArgument,
        device: DeviceLike = None,
        dtype: DTypeLike | None = None,
        non_blocking: bool = False,
        copy: bool = False,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self:
        """Return the tensor as another dtype, on another device, or both.

        It is the tensor itself when nothing is to change and ``copy`` is False. Every copy is
        complete when this returns, so ``non_blocking`` changes nothing.

        >>> import gnomon as torch
        >>> torch.tensor([1, 2]).to(torch.float64)
        tensor([1., 2.], dtype=torch.float64)
        """
        target = parse_to(arguments, device, dtype, non_blocking, copy)
        return self._converted("to", target.device, target.dtype, target.copy, memory_format)

    def _converted(
        self,
        operation: str,
        device: Device | None,
        dtype: DType | None,
        copy: bool = False,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self:
        storage, _, own = self.operand
        backend = storage.backend if device is None else backend_for(device)
        chosen = dtype or own
        if storage.backend is not backend and storage.backend.device != CPU:
            # The CPU knows every dtype, the device perhaps not.
            return to_backend(self, backend)._converted(
                operation, None, chosen, False, memory_format
            )
        result = self
        if copy or chosen is not own or not self._suits(memory_format):
            layout = formatted(operation, self.operand.layout, memory_format)
            result = clone_as(self, layout, chosen, "ToCopyBackward0")
        return to_backend(result, backend)

    def _suits(self, memory_format: MemoryFormat) -> bool:
        """Whether ``to`` leaves the strides as they are: PyTorch's suggested memory format."""
        if memory_format is preserve_format:
            return True
        layout = self.operand.layout
        suggested = MemoryFormat.CONTIGUOUS
        if layout.prefers_channels_last:
            four = layout.ndim == 4
            suggested = MemoryFormat.CHANNELS_LAST if four else MemoryFormat.CHANNELS_LAST_3D
        return memory_format is suggested

    @overload
    def type(self, dtype: None = None, non_blocking: bool = False) -> str: ...
    @overload
    def type(self, dtype: DType | LegacyType | str, non_blocking: bool = False) -> Self: ...
    def type(
        self, dtype: DType | LegacyType | str | None = None, non_blocking: bool = False
    ) -> str | Self:
        """Return the name of the tensor's type, or the tensor as another type or dtype.

        Raises ValueError for a name of no type.

        >>> import gnomon as torch
        >>> torch.tensor([1.0]).type()
        'torch.FloatTensor'
        """
        if dtype is None:
            return type_name(self.operand.dtype)
        if isinstance(dtype, LegacyType):
            dtype = dtype.dtype
        elif not isinstance(dtype, DType):
            dtype = dtype_of_type(str(dtype))
        return self._converted("type", None, dtype)

    @numpy_names
    def type_as(self, other: TensorCore) -> Self:
        """Return the tensor as the dtype and on the device of ``other``."""
        storage, _, dtype = other.operand
        return self._converted("type_as", storage.backend.device, dtype)

    def cpu(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor on the CPU."""
        return self._converted("cpu", CPU, None, memory_format=memory_format)

    def cuda(
        self,
        device: DeviceLike = None,
        non_blocking: bool = False,
        memory_format: MemoryFormat = preserve_format,
    ) -> Self:
        """Return the tensor on the device that "cuda" means, see ``gnomon.cuda``.

        Raises RuntimeError when it means none.
        """
        index = f"cuda:{device}" if isinstance(device, int) else device
        target = Device("cuda" if index is None else index)
        return self._converted("cuda", target, None, memory_format=memory_format)

    @property
    def is_cpu(self) -> bool:
        """Whether the elements live in the memory of the CPU."""
        return self.operand.storage.backend.device == CPU

    @property
    def is_cuda(self) -> bool:
        """Whether the elements live on the device that "cuda" means."""
        device = self.operand.storage.backend.device
        return (
            device != CPU and aliased("cuda") is not None and Device("cuda").type == device.type
        )

    @property
    def is_meta(self) -> bool:
        """False: every tensor here has elements."""
        return False

    @property
    def is_sparse(self) -> bool:
        """False: every tensor here is strided."""
        return False

    @property
    def is_quantized(self) -> bool:
        """False: there are no quantized dtypes."""
        return False

    @property
    def layout(self) -> TensorLayout:
        """How the elements are stored: ``gnomon.strided``."""
        return strided

    def get_device(self) -> int:
        """Return the index of the device; -1 on the CPU."""
        device = self.operand.storage.backend.device
        return -1 if device == CPU else device.index or 0

    def is_pinned(self) -> bool:
        """Return False: no device here has pinned memory."""
        return False

    def double(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as float64."""
        return self._converted("double", None, float64, memory_format=memory_format)

    def float(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as float32."""
        return self._converted("float", None, float32, memory_format=memory_format)

    def half(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as float16."""
        return self._converted("half", None, float16, memory_format=memory_format)

    def bfloat16(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as bfloat16."""
        return self._converted("bfloat16", None, bfloat16, memory_format=memory_format)

    def long(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as int64."""
        return self._converted("long", None, int64, memory_format=memory_format)

    def int(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as int32."""
        return self._converted("int", None, int32, memory_format=memory_format)

    def short(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as int16."""
        return self._converted("short", None, int16, memory_format=memory_format)

    def char(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as int8."""
        return self._converted("char", None, int8, memory_format=memory_format)

    def byte(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as uint8."""
        return self._converted("byte", None, uint8, memory_format=memory_format)

    def bool(self, memory_format: MemoryFormat = preserve_format) -> Self:
        """Return the tensor as bool."""
        return self._converted("bool", None, bool_, memory_format=memory_format)
