"""Tensors among other objects: Python's protocols, NumPy, DLPack."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from gnomon.core import TensorCore
from gnomon.devices import CPU
from gnomon.dispatch import values_of
from gnomon.dtypes import Scalar, bfloat16, bool_, float16
from gnomon.memory import HostMemory, cast_cells
from gnomon.op.copying import clone, to_backend
from gnomon.ops.comparison import eq
from gnomon.ops.rearranging import flip
from gnomon.registry import backend_for
from gnomon.tensor.numpy_arrays import NumPyArray, shared_with_array

if TYPE_CHECKING:
    from typing import Self


class InteropMethods(TensorCore):
    """What Python itself and other libraries ask of an array."""

    #: NumPy leaves expressions of arrays and tensors to the tensor.
    __array_priority__ = 1000

    def numpy(self, *, force: bool = False) -> NumPyArray:
        """Return a NumPy array that shares the tensor's memory.

        ``force`` detaches it and copies it to the CPU where that is needed. Raises RuntimeError
        for a tensor that requires grad, TypeError for another device or a dtype NumPy lacks.
        """
        import numpy  # optional, and slow to import

        if self.tracked and not force:
            raise RuntimeError(
                "numpy: Can't call numpy() on Tensor that requires grad. Use "
                "tensor.detach().numpy() instead."
            )
        storage, layout, dtype = self._on_host(force).operand
        if dtype is bfloat16:
            raise TypeError(
                "numpy: Got unsupported ScalarType BFloat16, which NumPy lacks. Convert it "
                "with .float()."
            )
        memory = storage.memory
        assert isinstance(memory, HostMemory)
        if not layout.numel:
            return cast(NumPyArray, numpy.empty(layout.shape, dtype.name))
        array = numpy.ndarray(
            layout.shape,
            dtype.name,
            memory.bytes,
            layout.offset * dtype.itemsize,
            [stride * dtype.itemsize for stride in layout.strides],
        )
        return cast(NumPyArray, array)

    def _on_host(self, force: bool) -> Self:
        device = self.operand.storage.device
        if device == CPU:
            return self
        if not force:
            raise TypeError(
                f"numpy: can't convert {device} device type tensor to numpy. Use Tensor.cpu() "
                "to copy the tensor to host memory first."
            )
        return to_backend(self, backend_for(CPU))

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NumPyArray:
        array = self.numpy()
        if dtype is not None:
            return array.astype(dtype, copy=bool(copy))
        return array.copy() if copy else array

    def __array_wrap__(
        self, array: NumPyArray, context: object = None, return_scalar: bool = False
    ) -> Self:
        """Return what a function of NumPy made of tensors as a tensor."""
        return self.like(shared_with_array(array))

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> object:
        """Return a DLPack capsule that hands the tensor's memory to another library.

        The CPU has no streams to wait for. Where NumPy is in use, the capsule is made by NumPy,
        in the version asked for; otherwise it is one of version 0, which every library reads.
        """
        from gnomon.tensor import dlpack  # imports ctypes, which few programs need

        if dl_device is not None and tuple(dl_device) != dlpack.CPU_DEVICE:
            raise BufferError("__dlpack__: only the CPU's memory can be handed over.")
        dlpack.check_exportable(self)
        tensor = clone(self) if copy else self
        # NumPy gives memory back even while an error is on its way, which code in Python can't.
        if "numpy" not in sys.modules or self.operand.dtype is bfloat16:
            return dlpack.exported(tensor)
        array = tensor.numpy()
        if max_version is None:
            return array.__dlpack__()
        return array.__dlpack__(max_version=max_version)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return DLPack's name of the device: (1, 0), the CPU."""
        if self.operand.storage.device != CPU:
            raise BufferError(
                f"__dlpack_device__: the tensor is on {self.operand.storage.device}, of which "
                "DLPack does not know. Use tensor.cpu()."
            )
        return 1, 0

    def __buffer__(self, flags: int, /) -> memoryview:
        """Return the memory as ``memoryview(tensor)`` asks for it, from Python 3.12 on.

        Raises BufferError unless the tensor is contiguous, on the CPU, outside the graph and of
        a dtype that a memoryview can have: neither float16 nor bfloat16.
        """
        storage, layout, dtype = self.operand
        memory = storage.memory
        known = dtype not in (bfloat16, float16) and isinstance(memory, HostMemory)
        if self.tracked or not known or not layout.is_contiguous:
            raise BufferError(
                f"memoryview: {self.describe()} is not a contiguous tensor of the CPU, outside "
                "the graph, of a dtype that memoryviews have. Use detach(), cpu() and "
                "contiguous()."
            )
        assert isinstance(memory, HostMemory)
        start = layout.offset * dtype.itemsize
        data = memory.bytes[start : start + layout.numel * dtype.itemsize]
        code = "?" if dtype is bool_ else dtype.cell
        if 0 in layout.shape:  # a memoryview's sizes are 1 or more
            return cast_cells(data, code)
        return cast_cells(data, code, layout.shape)

    def __contains__(self, element: TensorCore | Scalar) -> bool:
        if not isinstance(element, TensorCore | bool | int | float):
            raise RuntimeError(
                "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
                f"{type(element)}."
            )
        return any(values_of(eq(self, element).operand))

    def __reversed__(self) -> Self:
        return flip(self, (0,)) if self.operand.layout.shape else self
