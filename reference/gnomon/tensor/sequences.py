"""Tensors of regular values: ranges, evenly spaced values, the indices of triangles."""

from __future__ import annotations

import builtins
import warnings
from itertools import accumulate
from math import ceil, floor, isfinite
from typing import SupportsIndex, overload

from gnomon.composite.searching import searchsorted
from gnomon.dtypes import DType, Kind, Scalar, bool_, get_default_dtype, int32, int64
from gnomon.errors import explain
from gnomon.formats import TensorLayout, strided
from gnomon.op.arguments import integer_sequence
from gnomon.op.copying import to_dtype
from gnomon.op.index_arguments import number_for, table_operand
from gnomon.ops import sources
from gnomon.ops.indexing import index_select
from gnomon.ops.joining import stack
from gnomon.tensor.factories import fresh_or_out
from gnomon.tensor.options import (
    DeviceLike,
    DTypeLike,
    check_pinning,
    dtype_of,
    number,
    requiring_grad,
)
from gnomon.tensor.tensor import Tensor

__all__ = ["arange", "linspace", "logspace", "range", "tril_indices", "triu_indices"]


@overload
def arange(
    end: Scalar | Tensor,
    /,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
@overload
def arange(
    start: Scalar | Tensor = 0,
    end: Scalar | Tensor | None = None,
    step: Scalar | Tensor = 1,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
def arange(
    start: Scalar | Tensor = 0,
    end: Scalar | Tensor | None = None,
    step: Scalar | Tensor = 1,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the values from ``start`` up to but without ``end``, ``step`` apart.

    int64 if all three are integers, else the default dtype. An integer dtype takes ``start``
    and ``step`` truncated; how many values there are is reckoned before that, but for int64,
    which counts with all three truncated.

    >>> arange(1, 6, 2)
    tensor([1, 3, 5])
    """
    check_pinning("arange", pin_memory)
    if end is None:
        start, end = 0, start
    bounds = _bounds("arange", start, end, step)
    floats = any(isinstance(value, float) for value in bounds)
    default = get_default_dtype() if floats else int64
    chosen = _range_dtype("arange", dtype, out, default)
    first, last, stride = bounds
    if chosen.kind < Kind.FLOAT:
        first, last, stride = [number_for("arange", int(value), int64) for value in bounds]
    if chosen is int64:
        if stride == 0:
            raise ValueError(f"arange: step {step} is 0 as an integer. Give a floating dtype.")
        count = int(-((first - last) // stride))
    else:
        count = ceil((bounds[1] - bounds[0]) / bounds[2])
    result = fresh_or_out("arange", (count,), chosen, device, out)
    sources.arange.fill(result.operand, (first, stride))
    return requiring_grad("arange", result, requires_grad)


def range(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    step: Scalar | Tensor = 1,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the values from ``start`` to ``end``, which is included, in the default dtype.

    Deprecated, as in PyTorch: ``arange`` is what Python programmers expect.
    """
    check_pinning("range", pin_memory)
    warnings.warn(
        "range: deprecated; its end is included, unlike Python's. Use arange.",
        UserWarning,
        stacklevel=2,
    )
    first, last, stride = _bounds("range", start, end, step)
    chosen = _range_dtype("range", dtype, out, get_default_dtype())
    count = floor((last - first) / stride) + 1
    result = fresh_or_out("range", (count,), chosen, device, out)
    sources.arange.fill(result.operand, (first, stride))
    return requiring_grad("range", result, requires_grad)


def _bounds(
    operation: str, start: Scalar | Tensor, end: Scalar | Tensor, step: Scalar | Tensor
) -> tuple[Scalar, Scalar, Scalar]:
    first = number(operation, "start", start)
    last = number(operation, "end", end)
    stride = number(operation, "step", step)
    if not (isfinite(first) and isfinite(last)):
        raise RuntimeError(
            f"{operation}: unsupported range: {first} -> {last}. Give finite bounds."
        )
    if stride == 0:
        raise RuntimeError(f"{operation}: step must be nonzero.")
    if (last - first) * stride < 0:
        raise RuntimeError(
            f"{operation}: upper bound and lower bound inconsistent with step sign: {first} -> "
            f"{last} by {stride}. Swap the bounds, or negate the step."
        )
    return first, last, stride


def _range_dtype(
    operation: str, dtype: DTypeLike | None, out: Tensor | None, default: DType
) -> DType:
    chosen = default if out is None else out.dtype
    if dtype is not None:
        chosen = dtype_of(operation, dtype)
    if chosen is bool_:
        raise NotImplementedError(
            explain(operation, "not defined on bool", remedy="Give an integer dtype")
        )
    return chosen


def linspace(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    steps: SupportsIndex,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``steps`` evenly spaced values from ``start`` to ``end``, both included.

    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    check_pinning("linspace", pin_memory)
    count = _steps("linspace", steps)
    chosen = _range_dtype("linspace", dtype, out, get_default_dtype())
    first = _end("linspace", "start", start, chosen)
    parameters = (first, _end("linspace", "end", end, chosen), count)
    result = fresh_or_out("linspace", (count,), chosen, device, out)
    sources.linspace.fill(result.operand, parameters)
    return requiring_grad("linspace", result, requires_grad)


def logspace(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    steps: SupportsIndex,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``base`` to ``steps`` evenly spaced powers from ``start`` to ``end``.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    check_pinning("logspace", pin_memory)
    count = _steps("logspace", steps)
    chosen = _range_dtype("logspace", dtype, out, get_default_dtype())
    first = _end("logspace", "start", start, chosen)
    bounds = (first, _end("logspace", "end", end, chosen), count)
    result = fresh_or_out("logspace", (count,), chosen, device, out)
    sources.logspace.fill(result.operand, (*bounds, float(base)))
    return requiring_grad("logspace", result, requires_grad)


def _steps(operation: str, steps: SupportsIndex) -> int:
    (count,) = integer_sequence(operation, (steps,))
    if count < 0:
        raise RuntimeError(f"{operation}: number of steps must be non-negative, got {count}.")
    return count


def _end(operation: str, name: str, value: Scalar | Tensor, dtype: DType) -> Scalar:
    """Return a bound as a number, without its fraction for an integer dtype."""
    if isinstance(value, Tensor) and value.operand.layout.shape:
        raise RuntimeError(
            explain(
                operation,
                f"only supports 0-dimensional start and end tensors, but got {name} with "
                f"{value.ndim} dimension(s)",
                value,
            )
        )
    bound = number(operation, name, value)
    return bound if dtype.is_floating_point else int(bound)


def tril_indices(
    row: SupportsIndex,
    col: SupportsIndex,
    offset: SupportsIndex = 0,
    *,
    dtype: DTypeLike = int64,
    device: DeviceLike = None,
    layout: TensorLayout = strided,
) -> Tensor:
    """Return the indices on and below a diagonal of a matrix, row by row, as (2, n).

    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    rows, columns, offset = _matrix("tril_indices", row, col, offset)
    lasts = [min(max(place + offset + 1, 0), columns) for place in builtins.range(rows)]
    return _pairs("tril_indices", [(0, last) for last in lasts], dtype, device)


def triu_indices(
    row: SupportsIndex,
    col: SupportsIndex,
    offset: SupportsIndex = 0,
    *,
    dtype: DTypeLike = int64,
    device: DeviceLike = None,
    layout: TensorLayout = strided,
) -> Tensor:
    """Return the indices on and above a diagonal of a matrix, row by row, as (2, n).

    >>> triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    rows, columns, offset = _matrix("triu_indices", row, col, offset)
    firsts = [min(max(place + offset, 0), columns) for place in builtins.range(rows)]
    return _pairs("triu_indices", [(first, columns) for first in firsts], dtype, device)


def _matrix(
    operation: str, row: SupportsIndex, col: SupportsIndex, offset: SupportsIndex
) -> tuple[int, int, int]:
    rows, columns, diagonal = integer_sequence(operation, (row, col, offset))
    for name, count in (("row", rows), ("col", columns)):
        if count < 0:
            raise RuntimeError(f"{operation}: {name} must be non-negative, got {count}.")
    return rows, columns, diagonal


def _pairs(
    operation: str, spans: list[tuple[int, int]], dtype: DTypeLike, device: DeviceLike
) -> Tensor:
    """Return the places of a matrix of which each row has those of its span, row by row."""
    chosen = dtype_of(operation, dtype)
    if chosen not in (int32, int64):
        raise NotImplementedError(
            explain(operation, f"not defined on {chosen.name}", remedy="Give int32 or int64")
        )
    ends = list(accumulate(last - first for first, last in spans))
    places = arange(ends[-1] if ends else 0, device=device)
    backend, shape = places.operand.storage.backend, (len(spans),)
    row = searchsorted(
        Tensor.over(table_operand(backend, tuple(ends), shape)), places, right=True
    )
    shifts = tuple([last - end for (_, last), end in zip(spans, ends, strict=True)])
    column = places + index_select(Tensor.over(table_operand(backend, shifts, shape)), 0, row)
    return to_dtype(stack([row, column]), chosen)
