"""Checks of index arguments, and index tensors made of Python integers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

from gnomon.backend import Backend, Operand
from gnomon.core import TensorCore
from gnomon.dispatch import allocate, converted
from gnomon.dtypes import DType, Kind, Scalar, bool_, finfo, iinfo, int32, int64
from gnomon.errors import explain
from gnomon.layout import Layout
from gnomon.memory import cast_cells

T = TypeVar("T", bound=TensorCore)

#: Tables that are kept, and their entries at most.
_TABLES: Final = 256
_MOST_KEPT: Final = 1 << 14


def as_int64(index: T) -> T:
    """Return an integer tensor as int64, outside any graph."""
    operand = index.operand
    return index if operand.dtype is int64 else index.like(converted(operand, int64))


def check_index_dtype(
    operation: str,
    index: TensorCore,
    allowed: Sequence[DType] = (int64, int32),
    error: type[RuntimeError | IndexError] = RuntimeError,
) -> None:
    """Raise ``error`` unless ``index`` is of one of the dtypes ``allowed``."""
    dtype = index.operand.dtype
    if dtype not in allowed:
        expected = "/".join(sorted(each.name for each in allowed))
        raise error(
            explain(
                operation,
                f"{operation}(): Expected dtype {expected} for index, got {dtype.name}",
                index,
                remedy="Convert the index with .long()",
            )
        )


def check_same_dtype(operation: str, input: TensorCore, source: TensorCore) -> None:
    """Raise RuntimeError unless ``source``, to be written to ``input``, has its dtype."""
    if source.operand.dtype is not input.operand.dtype:
        raise RuntimeError(
            explain(
                operation,
                "self and source expected to have the same dtype",
                input,
                source,
                remedy=f"Convert the source with .to({input.operand.dtype})",
            )
        )


def check_same_device(operation: str, *tensors: TensorCore) -> None:
    """Raise RuntimeError unless all ``tensors`` live on one device."""
    first = tensors[0].operand.storage.backend
    for tensor in tensors[1:]:
        backend = tensor.operand.storage.backend
        if backend is not first:
            raise RuntimeError(
                explain(
                    operation,
                    "expected all tensors to be on the same device, found "
                    f"{first.device} and {backend.device}",
                    remedy="Move one with .to(device)",
                )
            )


def number_for(operation: str, value: Scalar, dtype: DType) -> Scalar:
    """Return ``value`` as an element of ``dtype``; RuntimeError for what that can't hold.

    Fractions are cut off; an unsigned dtype takes negative numbers down to minus its maximum,
    which wrap.

    >>> from gnomon.dtypes import uint8
    >>> number_for("fill", -1, uint8), number_for("fill", 2.7, int64)
    (255, 2)
    """
    if dtype is bool_ or isinstance(value, bool):
        return dtype.convert(value)
    limits = finfo(dtype) if dtype.is_floating_point else iinfo(dtype)
    if dtype.is_floating_point:
        fits = not math.isfinite(value) or limits.min <= value <= limits.max
    else:
        lowest = limits.min if dtype.kind is Kind.SIGNED else -limits.max
        fits = math.isfinite(value) and lowest <= int(value) <= limits.max
    if not fits:
        raise RuntimeError(
            explain(
                operation,
                f"value {value} cannot be converted to type {dtype.name} without overflow",
                remedy=f"Give a number from {limits.min} to {limits.max}",
            )
        )
    return dtype.convert(value)


def table_operand(
    backend: Backend, values: tuple[Scalar, ...], shape: tuple[int, ...], dtype: DType = int64
) -> Operand:
    """Return a contiguous operand of numbers that follow from shapes alone, to be read only.

    Short ones may have been made before: calls of the same shapes need not write them again,
    which keeps calls from being recorded.
    """
    make = _kept_table if len(values) <= _MOST_KEPT else index_operand
    return make(backend, values, shape, dtype)


def index_operand(
    backend: Backend, values: Sequence[Scalar], shape: tuple[int, ...], dtype: DType = int64
) -> Operand:
    """Return a fresh contiguous operand of ``values`` on the device of ``backend``."""
    operand = allocate(backend, Layout.contiguous(shape), dtype)
    backend.write(operand.storage.memory, 0, cast_cells(memoryview(dtype.pack(values)), "B"))
    return operand


_kept_table = lru_cache(_TABLES)(index_operand)
