"""Dtype rules: in which dtype a record computes, and which dtype it returns.

A rule is given the operation's name and the dtype its operands promote to. It returns the dtype
to compute in and the dtype of the result, or raises for a dtype the operation does not take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from gnomon.dtypes import DType, Kind, bool_, get_default_dtype, int64
from gnomon.errors import explain

DTypeRule: TypeAlias = Callable[[str, DType], tuple[DType, DType]]


def same(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype, which is also the result's."""
    return dtype, dtype


def numeric(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype but bool."""
    if dtype is bool_:
        raise RuntimeError(
            explain(
                operation,
                "not defined on bool",
                remedy="Convert to an integer dtype, or use logical_not or logical_xor",
            )
        )
    return dtype, dtype


def integers_and_floats(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype but bool."""
    if dtype is bool_:
        raise NotImplementedError(
            explain(operation, "not defined on bool", remedy="Convert to an integer dtype")
        )
    return dtype, dtype


def int_to_float(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Floats as they are; bool and integers in the default dtype."""
    if dtype.kind >= Kind.FLOAT:
        return dtype, dtype
    default = get_default_dtype()
    return default, default


def floating(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Floats only."""
    if dtype.kind < Kind.FLOAT:
        raise NotImplementedError(
            explain(
                operation,
                f"not defined on {dtype.name}, only on floating-point dtypes",
                remedy="Convert first, with .to(gnomon.float32)",
            )
        )
    return dtype, dtype


def integral(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Bool and integers only."""
    if dtype.kind >= Kind.FLOAT:
        raise NotImplementedError(
            explain(
                operation,
                f"not defined on {dtype.name}, only on bool and integer dtypes",
                remedy="Convert first, with .to(gnomon.int64)",
            )
        )
    return dtype, dtype


def to_bool(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype; the result is bool."""
    return dtype, bool_


def to_int64(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype; the result is int64."""
    return dtype, int64


def integers_to_int64(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Bool and integers are summed in int64, floats in their own dtype."""
    return (dtype, dtype) if dtype.kind >= Kind.FLOAT else (dtype, int64)
