"""NumPy's arrays without importing NumPy: their dtype, and tensors that share their memory."""

from __future__ import annotations

import sys
import warnings
from typing import Protocol, TypedDict

from gnomon.backend import Operand, Storage
from gnomon.devices import CPU
from gnomon.dtypes import (
    DType,
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
from gnomon.memory import borrowed
from gnomon.registry import backend_for


class ArrayInterface(TypedDict):
    """What an array says of its memory:
    https://numpy.org/doc/stable/reference/arrays.interface.html
    """

    shape: tuple[int, ...]
    typestr: str
    data: tuple[int, bool]
    strides: tuple[int, ...] | None


class NumPyArray(Protocol):
    """``numpy.ndarray``, as far as it is looked at here."""

    @property
    def __array_interface__(self) -> ArrayInterface: ...
    @property
    def strides(self) -> tuple[int, ...]: ...
    def tolist(self) -> object: ...
    def copy(self) -> NumPyArray: ...
    def __dlpack__(self, *, max_version: tuple[int, int] = ...) -> object: ...
    def astype(self, dtype: object, *, copy: bool = True) -> NumPyArray: ...


class NumPyDType(Protocol):
    """``numpy.dtype``: its name."""

    @property
    def name(self) -> str: ...


class NumPyScalar(Protocol):
    """``numpy.generic``: a NumPy number."""

    @property
    def dtype(self) -> NumPyDType: ...
    def item(self) -> bool | int | float: ...


#: By kind and size, as in the ``typestr`` of an array.
DTYPES: dict[str, DType] = {
    "b1": bool_,
    "u1": uint8,
    "u2": uint16,
    "u4": uint32,
    "u8": uint64,
    "i1": int8,
    "i2": int16,
    "i4": int32,
    "i8": int64,
    "f2": float16,
    "f4": float32,
    "f8": float64,
}
_NATIVE = "<" if sys.byteorder == "little" else ">"


def is_array(value: object) -> bool:
    """Return whether ``value`` is a NumPy array; False where NumPy was never imported."""
    return _is_instance(value, "ndarray")


def is_numpy_scalar(value: object) -> bool:
    """Return whether ``value`` is one of NumPy's numbers."""
    return _is_instance(value, "generic")


def _is_instance(value: object, name: str) -> bool:
    kind = type(value)
    if kind.__module__ == "builtins":
        return False
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, name))


def dtype_of_array(array: NumPyArray) -> DType:
    """Return the dtype of an array's elements.

    Raises TypeError for elements that no dtype here is made of, ValueError for bytes in the
    order of another machine.
    """
    typestr = array.__array_interface__["typestr"]
    dtype = DTYPES.get(typestr[1:])
    if dtype is None:
        raise TypeError(
            f"from_numpy: can't convert np.ndarray of type {typestr!r}. The only supported "
            f"types are: {', '.join(dtype.name for dtype in DTYPES.values())}."
        )
    if typestr[0] not in ("|", _NATIVE):
        raise ValueError(
            "from_numpy: given numpy array has byte order different from the native byte "
            "order. Convert it with array.astype(array.dtype.newbyteorder('='))."
        )
    return dtype


def dtype_of_numpy_scalar(scalar: NumPyScalar) -> DType:
    """Return the dtype of a NumPy number; TypeError if there is none."""
    name = scalar.dtype.name
    for dtype in DTYPES.values():
        if dtype.name == name:
            return dtype
    raise TypeError(f"tensor: no dtype here is numpy's {name}.")


def shared_with_array(array: NumPyArray) -> Operand:
    """Return an operand over the memory of ``array``, of its shape and strides.

    Warns when the array is read-only. Raises as :func:`dtype_of_array` does, and ValueError for
    strides that are negative or no multiple of the element's size.
    """
    dtype = dtype_of_array(array)
    interface = array.__array_interface__
    shape, (address, read_only) = interface["shape"], interface["data"]
    strides = []
    for stride in array.strides:
        if stride < 0:
            raise ValueError(
                "from_numpy: at least one stride in the given numpy array is negative, and "
                "tensors with negative strides are not supported. Copy it with array.copy()."
            )
        if stride % dtype.itemsize:
            raise ValueError(
                "from_numpy: given numpy array strides are not a multiple of the element byte "
                "size. Copy it with array.copy()."
            )
        strides.append(stride // dtype.itemsize)
    if read_only:
        warnings.warn(
            "from_numpy: the given NumPy array is not writable; writing to the tensor would "
            "write to it all the same. Copy it with array.copy().",
            UserWarning,
            stacklevel=3,
        )
    layout = Layout(shape, tuple(strides), 0)
    if 0 in shape:
        layout = Layout(shape, (0,) * len(shape), 0)
    _, end = layout.span
    memory = borrowed(address, end * dtype.itemsize, array)
    return Operand(Storage(backend_for(CPU), memory), layout, dtype)
