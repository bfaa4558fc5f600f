"""Memory, and the elements of operands as NumPy arrays.

Two dtypes are not NumPy's own: a bool is any byte that is not 0, and bfloat16 is the upper half
of a float32, kept as a 16-bit integer. Everything computed is converted here, once, to the
cells of the operand it is written to.
"""

from __future__ import annotations

from typing import Final, TypeAlias, final

import numpy as np

from gnomon.backend import (
    ALL_DTYPES,
    DType,
    Operand,
    Scalar,
    bfloat16,
    bool_,
    float16,
    int8,
    int16,
    int32,
    int64,
    uint16,
    uint64,
)

Array: TypeAlias = np.ndarray

#: How NumPy keeps each dtype in memory.
STORED: Final = {
    dtype: np.dtype({"bool": "uint8", "bfloat16": "uint16"}.get(dtype.name, dtype.name))
    for dtype in ALL_DTYPES
}
_THROUGH_INT32: Final = (int8, int16, int32, uint16)
_NAN_BITS: Final = np.uint32(0x7FC0)


@final
class ArrayMemory:
    """Bytes of this process, which a NumPy array owns."""

    __slots__ = ("bytes",)

    def __init__(self, nbytes: int) -> None:
        self.bytes: Array = np.empty(nbytes, np.uint8)

    @property
    def nbytes(self) -> int:
        return self.bytes.nbytes


def bytes_of(operand: Operand) -> Array:
    """Return all bytes of the operand's storage."""
    memory = operand.storage.memory
    assert isinstance(memory, ArrayMemory)
    return memory.bytes


def window(operand: Operand) -> Array:
    """Return the operand's cells: an array that shares memory with its storage."""
    shape, strides, offset = operand.layout
    stored = STORED[operand.dtype]
    if 0 in shape:
        return np.empty(shape, stored)
    steps = [stride * stored.itemsize for stride in strides]
    return np.ndarray(shape, stored, bytes_of(operand), offset * stored.itemsize, steps)


def elements(operand: Operand, *, wide: bool = False) -> Array:
    """Return the operand's elements: those of the 16-bit floats as float32, and any floats as
    float64 if ``wide``.
    """
    values = decoded(window(operand), operand.dtype)
    return values.astype(np.float64) if wide and operand.dtype.is_floating_point else values


def elements_or_number(value: Operand | Scalar, dtype: DType, *, wide: bool) -> Array:
    """Return the elements of an operand, or a number as an element of ``dtype`` like them."""
    if isinstance(value, Operand):
        return elements(value, wide=wide)
    if dtype.is_floating_point:
        return np.asarray(value, np.float64 if wide else np.float32)
    return np.asarray(bool(value)) if dtype is bool_ else wrapped(value).astype(STORED[dtype])


def wrapped(value: Scalar) -> Array:
    """Return an integer modulo 2**64."""
    return np.asarray(int(value) % 2**64, np.uint64)


def store(operand: Operand, values: Array) -> None:
    """Convert ``values`` to the operand's dtype and write them to its positions."""
    window(operand)[...] = encoded(values, operand.dtype)


def decoded(cells: Array, dtype: DType) -> Array:
    """Return the elements that ``cells`` of ``dtype`` hold."""
    if dtype is bool_:
        return np.asarray(cells != 0)
    if dtype is bfloat16:
        return np.asarray(cells.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return cells.astype(np.float32) if dtype is float16 else cells


def encoded(values: Array, dtype: DType) -> Array:
    """Return cells of ``dtype`` for ``values`` of any kind: floats are rounded once to nearest
    even, integers wrap, and docs/semantics/dtypes.md says what floats are as integers.
    """
    values = np.asarray(values)
    if dtype is bool_:
        return np.asarray(values != 0).view(np.uint8)
    if dtype is bfloat16:
        return _upper_halves(values)
    if values.dtype.kind == "f" and not dtype.is_floating_point:
        values = _truncated(values, dtype)
    return values.astype(STORED[dtype], copy=False)


def rounded(values: Array, dtype: DType) -> Array:
    """Return ``values`` rounded to elements of ``dtype``."""
    return decoded(encoded(values, dtype), dtype)


def _truncated(values: Array, dtype: DType) -> Array:
    """Cut floats within a register, whose lowest number stands for NaN and all beyond it."""
    if dtype is uint64:
        upper = values >= 2.0**63
        fitting = np.where(upper & (values < 2.0**64), values, 0).astype(np.uint64)
        return np.where(upper, fitting, _truncated(values, int64).astype(np.uint64))
    limit = 2.0**31 if dtype in _THROUGH_INT32 else 2.0**63
    inside = (values >= -limit) & (values < limit)
    return np.where(inside, values, -limit).astype(np.int64)


def _upper_halves(values: Array) -> Array:
    """Round to bfloat16, as 16-bit integers."""
    single = _to_single(values)
    bits = single.view(np.uint32)
    halves = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return np.where(np.isnan(single), _NAN_BITS, halves).astype(np.uint16)


def _to_single(values: Array) -> Array:
    """Convert to float32 so that rounding again to 16 bits gives what rounding once would.

    What float32 cannot hold is rounded to an odd number, which is no tie of bfloat16 (Boldo and
    Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
    """
    if values.dtype.itemsize < 4 or values.dtype == np.float32:
        return values.astype(np.float32)
    double = values.astype(np.float64)
    if values.dtype.itemsize == 8 and values.dtype.kind in "iu":
        coarse = (values >> 16 | ((values & 0xFFFF) != 0)) * 65536.0
        double = np.where(np.abs(double) < 2.0**53, double, coarse)
    single = np.asarray(double.astype(np.float32))
    bits = single.view(np.uint32) - (np.abs(single) > np.abs(double))
    return np.asarray(bits | (single != double), np.uint32).view(np.float32)
