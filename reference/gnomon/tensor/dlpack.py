"""DLPack: handing the memory of a tensor to another library, and taking another's.

The structures are those of ``dlpack.h``, https://dmlc.github.io/dlpack/latest/c_api.html,
version 0.x, which every library reads. A tensor of the CPU is exported without a copy.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final, NamedTuple, Protocol, final, runtime_checkable

from gnomon.backend import Operand, Storage
from gnomon.core import TensorCore
from gnomon.devices import CPU
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
    uint16,
    uint32,
    uint64,
)
from gnomon.layout import Layout
from gnomon.memory import HostMemory, address_of, borrowed
from gnomon.registry import backend_for

CPU_DEVICE: Final = (1, 0)
"""``kDLCPU``, and the index of the device."""

_NAME: Final = b"dltensor"
_USED_NAME: Final = b"used_dltensor"

# DLDataTypeCode and bits.
_CODES: Final[dict[DType, tuple[int, int]]] = {
    int8: (0, 8),
    int16: (0, 16),
    int32: (0, 32),
    int64: (0, 64),
    uint8: (1, 8),
    uint16: (1, 16),
    uint32: (1, 32),
    uint64: (1, 64),
    float16: (2, 16),
    float32: (2, 32),
    float64: (2, 64),
    bfloat16: (4, 16),
    bool_: (6, 8),
}
_DTYPES: Final = {code: dtype for dtype, code in _CODES.items()}


@runtime_checkable
class Exporter(Protocol):
    """An object that another library lets us look into."""

    def __dlpack__(self) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...


class _Tensor(ctypes.Structure):
    """``DLTensor``, its device and data type written out."""

    data: int | None
    device_type: int
    device_id: int
    ndim: int
    code: int
    bits: int
    lanes: int
    shape: ctypes.Array[ctypes.c_int64]
    strides: ctypes.Array[ctypes.c_int64]
    byte_offset: int

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class _ManagedTensor(ctypes.Structure):
    """``DLManagedTensor``."""

    tensor: _Tensor
    deleter: int | None

    _fields_ = (
        ("tensor", _Tensor),
        ("manager_context", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
    )


_POINTER_FUNCTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_capsule_new = ctypes.PYFUNCTYPE(
    ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
)(("PyCapsule_New", ctypes.pythonapi))
_capsule_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)
_capsule_rename = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_SetName", ctypes.pythonapi)
)
_capsule_is_valid = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_IsValid", ctypes.pythonapi)
)


class _Export(NamedTuple):
    """What a capsule hands over, with all that it refers to."""

    capsule: object
    managed: _ManagedTensor
    shape: ctypes.Array[ctypes.c_int64]
    strides: ctypes.Array[ctypes.c_int64]
    memory: HostMemory


# By address: what was handed over and is still in use.
_exports: dict[int, _Export] = {}


def _release(address: int) -> None:
    _exports.pop(address, None)


_DELETER: Final = _POINTER_FUNCTION(_release)


def _release_forgotten() -> None:
    """Drop the capsules that nobody took over and nobody else holds any more.

    The usual way, a destructor of the capsule, would run Python code while an error of the
    consumer may be on its way, which Python does not survive.
    """
    for address, export in list(_exports.items()):
        unused = _capsule_is_valid(export.capsule, _NAME)
        # The tuple's reference, and that of the call itself.
        if unused and sys.getrefcount(export.capsule) <= 2:
            _release(address)


def check_exportable(tensor: TensorCore) -> HostMemory:
    """Return the memory of ``tensor``, if it can be handed over.

    Raises BufferError for a tensor that requires grad, or is not on the CPU.
    """
    storage = tensor.operand.storage
    memory = storage.memory
    if tensor.tracked:
        raise BufferError(
            "__dlpack__: Can't export tensors that require gradient. Use tensor.detach()."
        )
    if storage.device != CPU or not isinstance(memory, HostMemory):
        raise BufferError(
            f"__dlpack__: the tensor is on {storage.device}, and only the CPU's memory can be "
            "handed over. Use tensor.cpu()."
        )
    return memory


def exported(tensor: TensorCore) -> object:
    """Return a capsule that hands over the memory of ``tensor``, which it keeps alive.

    Raises BufferError for a tensor that requires grad, or is not on the CPU.
    """
    memory = check_exportable(tensor)
    _, layout, dtype = tensor.operand
    counts = ctypes.c_int64 * max(len(layout.shape), 1)
    shape, strides = counts(*layout.shape), counts(*layout.strides)
    managed = _ManagedTensor()
    described = managed.tensor
    described.data = address_of(memory)
    described.device_type, described.device_id = CPU_DEVICE
    described.ndim = len(layout.shape)
    described.code, described.bits = _CODES[dtype]
    described.lanes = 1
    described.shape, described.strides = shape, strides
    described.byte_offset = layout.offset * dtype.itemsize
    managed.deleter = ctypes.cast(_DELETER, ctypes.c_void_p).value
    address = ctypes.addressof(managed)
    capsule: object = _capsule_new(address, _NAME, None)
    _release_forgotten()
    _exports[address] = _Export(capsule, managed, shape, strides, memory)
    return capsule


@final
class _Imported:
    """Memory of another library, given back when nothing here uses it any more."""

    __slots__ = ("_address", "_deleter")

    def __init__(self, address: int, deleter: int | None) -> None:
        self._address = address
        self._deleter = deleter

    def __del__(self) -> None:
        if self._deleter:
            _POINTER_FUNCTION(self._deleter)(self._address)


def imported(source: object) -> Operand:
    """Return an operand over the memory that ``source``, or its DLPack capsule, hands over.

    Raises BufferError for memory of another device, for dtypes that are not of here, and for
    negative strides; TypeError for an object that hands nothing over.
    """
    capsule = source
    if isinstance(source, Exporter):
        if tuple(map(int, source.__dlpack_device__())) != CPU_DEVICE:
            raise BufferError(
                "from_dlpack: only memory of the CPU can be taken over. Copy the data there."
            )
        capsule = source.__dlpack__()
    if type(capsule).__name__ != "PyCapsule":
        raise TypeError(
            f"from_dlpack: {type(source).__name__} has no __dlpack__. Use as_tensor()."
        )
    try:
        address = _capsule_pointer(capsule, _NAME)
    except ValueError as error:
        raise RuntimeError(
            "from_dlpack: the DLPack capsule was used already. Make a new one for every use."
        ) from error
    managed = _ManagedTensor.from_address(address)
    described = managed.tensor
    dtype = _DTYPES.get((described.code, described.bits))
    shape = tuple(described.shape[dim] for dim in range(described.ndim))
    strides = Layout.contiguous(shape).strides
    if described.strides:
        strides = tuple(described.strides[dim] for dim in range(described.ndim))
    if dtype is None or described.lanes != 1 or any(stride < 0 for stride in strides):
        raise BufferError(
            f"from_dlpack: elements of DLPack type code {described.code} with {described.bits} "
            f"bits and strides {strides} have no counterpart here. Copy them to another array."
        )
    layout = Layout(shape, strides, 0)
    _, end = layout.span
    start = (described.data or 0) + described.byte_offset
    owner = _Imported(address, managed.deleter)
    _capsule_rename(capsule, _USED_NAME)
    memory = borrowed(start, end * dtype.itemsize, owner)
    return Operand(Storage(backend_for(CPU), memory), layout, dtype)
