"""Tensors made of Python data: ``tensor``, ``as_tensor``, ``asarray`` and their relatives."""

from __future__ import annotations

import warnings
from typing import cast

from gnomon.backend import Backend, Operand, Storage
from gnomon.devices import CPU
from gnomon.dtypes import DType, Scalar, get_default_dtype
from gnomon.formats import TensorLayout, strided
from gnomon.layout import Layout
from gnomon.memory import HostMemory
from gnomon.op.copying import clone, to_backend, to_dtype
from gnomon.op.index_arguments import number_for
from gnomon.registry import backend_for
from gnomon.tensor.factories import fill, fresh_or_out
from gnomon.tensor.nested import Data, copied
from gnomon.tensor.nested import from_values as from_values
from gnomon.tensor.numpy_arrays import (
    NumPyArray,
    is_array,
    is_numpy_scalar,
    shared_with_array,
)
from gnomon.tensor.options import (
    DeviceLike,
    DTypeLike,
    backend_of,
    check_pinning,
    dtype_of,
    number,
    requiring_grad,
)
from gnomon.tensor.tensor import Tensor

__all__ = [
    "as_tensor",
    "asarray",
    "from_dlpack",
    "from_numpy",
    "frombuffer",
    "scalar_tensor",
    "tensor",
]


def tensor(
    data: Data,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor that holds a copy of ``data``: a number, or nested sequences of numbers.

    Without ``dtype``, floats become the default dtype, integers int64, and elements of tensors
    and NumPy arrays keep theirs. Raises ValueError for sequences of unequal lengths,
    RuntimeError for a number out of the range of an integer ``dtype``.

    >>> tensor([[1, 2], [3, 4]]).shape
    torch.Size([2, 2])
    """
    check_pinning("tensor", pin_memory)
    if isinstance(data, Tensor):
        warnings.warn(
            "tensor: to copy a tensor, use source.clone().detach(), and .requires_grad_() "
            "after it if it shall require grad.",
            UserWarning,
            stacklevel=2,
        )
    result = Tensor.over(copied("tensor", data, dtype, device))
    return requiring_grad("tensor", result, requires_grad)


def _converted(given: Tensor, dtype: DType | None, backend: Backend | None) -> Tensor:
    result = given if dtype is None else to_dtype(given, dtype)
    return result if backend is None else to_backend(result, backend)


def as_tensor(data: Data, dtype: DTypeLike | None = None, device: DeviceLike = None) -> Tensor:
    """Return ``data`` as a tensor, sharing memory and history where dtype and device allow it.

    >>> given = tensor([1.0])
    >>> as_tensor(given) is given
    True
    """
    if isinstance(data, Tensor) or is_array(data):
        chosen = None if dtype is None else dtype_of("as_tensor", dtype)
        if isinstance(data, Tensor):
            return _converted(data, chosen, None if device is None else backend_of(device))
        shared = Tensor.over(shared_with_array(cast(NumPyArray, data)))
        return _converted(shared, chosen, backend_of(device))
    return Tensor.over(copied("as_tensor", data, dtype, device))


def asarray(
    obj: Data,
    *,
    dtype: DTypeLike | None = None,
    device: DeviceLike = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return ``obj`` as a tensor, sharing memory and history unless ``copy``.

    A buffer, such as ``bytearray``, is read as elements of ``dtype`` (default: the default
    dtype). Raises ValueError where ``copy=False`` can't be had.

    >>> import gnomon as torch
    >>> asarray(bytearray(b"abc"), dtype=torch.uint8)
    tensor([97, 98, 99], dtype=torch.uint8)
    """
    if isinstance(obj, Tensor):
        given: Tensor | None = obj
    elif is_array(obj):
        given = Tensor.over(shared_with_array(cast(NumPyArray, obj)))
    elif is_buffer(obj) and not is_numpy_scalar(obj):
        cells = get_default_dtype() if dtype is None else dtype_of("asarray", dtype)
        given = Tensor.over(shared_with_buffer("asarray", obj, cells))
    else:
        given = None
    if given is None:
        if copy is False:
            raise ValueError(
                f"asarray: can't alias arbitrary sequence into a tensor: {type(obj).__name__}. "
                "Leave copy=False away."
            )
        result = Tensor.over(copied("asarray", obj, dtype, device))
    else:
        chosen = None if dtype is None else dtype_of("asarray", dtype)
        result = _converted(given, chosen, None if device is None else backend_of(device))
        if copy is False and result is not given:
            raise ValueError(
                f"asarray: can't alias tensor with dtype {given.dtype} on {given.device} into "
                f"dtype {result.dtype} on {result.device}. Leave copy=False away."
            )
        if copy and result is given:
            result = clone(result)
    return requiring_grad("asarray", result, requires_grad and not result.tracked)


def from_numpy(ndarray: NumPyArray) -> Tensor:
    """Return a tensor that shares the memory of a NumPy array, its strides included.

    Raises TypeError for what is no array or has no dtype here, ValueError for negative strides.
    """
    if not is_array(ndarray):
        raise TypeError(
            f"from_numpy: expected np.ndarray (got {type(ndarray).__name__}). Use as_tensor()."
        )
    return Tensor.over(shared_with_array(ndarray))


def from_dlpack(
    ext_tensor: object, *, device: DeviceLike = None, copy: bool | None = None
) -> Tensor:
    """Return a tensor over the memory of another library's array, or of its DLPack capsule.

    ``device`` and ``copy`` ask for a copy elsewhere, or in any case. Raises BufferError for
    memory that can't be shared, TypeError for an object that hands nothing over.
    """
    from gnomon.tensor import dlpack  # imports ctypes, which few programs need

    shared = Tensor.over(dlpack.imported(ext_tensor))
    if device is not None:
        moved = to_backend(shared, backend_of(device))
        if moved is not shared:
            return moved
    return clone(shared) if copy else shared


def frombuffer(
    buffer: object,
    *,
    dtype: DTypeLike,
    count: int = -1,
    offset: int = 0,
    requires_grad: bool = False,
) -> Tensor:
    """Return a 1-d tensor over ``count`` elements of a buffer (all if negative), from a byte
    on.

    A buffer that can be written to is shared, any other is copied. Raises ValueError when the
    buffer is empty or does not hold what is asked for.

    >>> import gnomon as torch
    >>> frombuffer(bytearray(b"abcd"), dtype=torch.uint8, offset=2)
    tensor([ 99, 100], dtype=torch.uint8)
    """
    if not is_buffer(buffer):
        raise ValueError(
            f"frombuffer: {type(buffer).__name__} does not implement Python buffer protocol. "
            "Use tensor()."
        )
    chosen = dtype_of("frombuffer", dtype)
    operand = shared_with_buffer("frombuffer", buffer, chosen, count, offset)
    return requiring_grad("frombuffer", Tensor.over(operand), requires_grad)


def is_buffer(value: object) -> bool:
    """Return whether ``value`` gives access to its bytes."""
    try:
        memoryview(value)  # type: ignore[arg-type]  # the question is whether it is one
    except TypeError:
        return False
    return True


def shared_with_buffer(
    operation: str, buffer: object, dtype: DType, count: int = -1, offset: int = 0
) -> Operand:
    """Return an operand over the bytes of ``buffer``; a copy of them if it is read-only."""
    view = memoryview(buffer)  # type: ignore[arg-type]  # is_buffer() said that it is one
    if not view.c_contiguous:
        raise RuntimeError(
            f"{operation}: could not retrieve a contiguous buffer. Copy it first."
        )
    nbytes, itemsize = view.nbytes, dtype.itemsize
    if not nbytes or not count:
        raise ValueError(f"{operation}: both buffer length ({nbytes}) and count must not be 0.")
    if not 0 <= offset < nbytes:
        raise ValueError(
            f"{operation}: offset ({offset} bytes) must be non-negative and no greater than "
            f"buffer length ({nbytes} bytes) minus 1."
        )
    available = nbytes - offset
    if count < 0 and available % itemsize:
        raise ValueError(
            f"{operation}: buffer length ({available} bytes) after offset ({offset} bytes) "
            f"must be a multiple of element size ({itemsize})."
        )
    length = available // itemsize if count < 0 else count
    if length * itemsize > available:
        raise ValueError(
            f"{operation}: requested buffer length ({length} * {itemsize} bytes) after offset "
            f"({offset} bytes) must not be greater than actual buffer length ({nbytes} bytes)."
        )
    cells = view.cast("B")[offset : offset + length * itemsize]
    memory = HostMemory(memoryview(bytearray(cells)) if view.readonly else cells)
    storage = Storage(backend_for(CPU), memory)
    return Operand(storage, Layout.contiguous((length,)), dtype)


def scalar_tensor(
    s: Scalar | Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the 0-d tensor of a number, in the default dtype unless another is given.

    >>> scalar_tensor(3)
    tensor(3.)
    """
    check_pinning("scalar_tensor", pin_memory)
    value = number("scalar_tensor", "s", s)
    result = fresh_or_out("scalar_tensor", (), dtype, device)
    fill(result, number_for("scalar_tensor", value, result.dtype))
    return requiring_grad("scalar_tensor", result, requires_grad)
