"""Tensors of a given shape, and tensors like another one.

``layout`` has one value here, ``strided``, and ``pin_memory`` changes nothing: it must
be False unless "cuda" means a device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

from gnomon.dispatch import allocate
from gnomon.dtypes import DType, Scalar, dtype_of_scalar, get_default_dtype
from gnomon.formats import MemoryFormat, TensorLayout, preserve_format, strided
from gnomon.graph.modes import modes
from gnomon.layout import Layout
from gnomon.op.arguments import IntegerArgument, integer_sequence
from gnomon.op.copy import COPY
from gnomon.op.formatting import formatted
from gnomon.op.index_arguments import number_for
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import check_writable, count_write, resize
from gnomon.ops import sources
from gnomon.tensor.options import (
    DeviceLike,
    DTypeLike,
    backend_of,
    check_pinning,
    dtype_of,
    like_operand,
    number,
    requiring_grad,
    shape_of,
)
from gnomon.tensor.tensor import Tensor

__all__ = [
    "empty",
    "empty_like",
    "empty_strided",
    "eye",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


def fresh_or_out(
    operation: str,
    shape: tuple[int, ...],
    dtype: DTypeLike | None,
    device: DeviceLike,
    out: Tensor | None = None,
    default: DType | None = None,
) -> Tensor:
    """Return the tensor to fill: ``out`` resized to ``shape``, or a fresh contiguous one.

    The dtype is ``dtype``, else that of ``out``, else ``default``, else the default dtype.
    Raises RuntimeError when ``out`` has another dtype or device than asked for, or requires
    grad.
    """
    if out is None:
        chosen = default or get_default_dtype() if dtype is None else dtype_of(operation, dtype)
        return Tensor.over(allocate(backend_of(device), Layout.contiguous(shape), chosen))
    if dtype is not None and dtype_of(operation, dtype) is not out.dtype:
        raise RuntimeError(
            f"{operation}: dtype {dtype} does not match dtype of out parameter ({out.dtype}). "
            "Leave dtype away."
        )
    if device is not None and backend_of(device) is not out.operand.storage.backend:
        raise RuntimeError(
            f"{operation}: device {device} does not match device of out parameter "
            f"({out.device}). Leave device away."
        )
    if out.tracked and modes.grad:
        raise RuntimeError(
            f"{operation}: functions with out=... arguments don't support automatic "
            "differentiation, but out requires grad. Call it inside gnomon.no_grad()."
        )
    if out.operand.layout.shape != shape:
        resize(out, shape)
    check_writable(operation, out)
    count_write(out)
    return out


def empty(
    *sizes: IntegerArgument,
    size: Sequence[SupportsIndex] | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = MemoryFormat.CONTIGUOUS,
) -> Tensor:
    """Return a tensor of undefined content.

    >>> empty(2, 3).shape
    torch.Size([2, 3])
    """
    check_pinning("empty", pin_memory)
    shape = shape_of("empty", sizes, size)
    if memory_format is preserve_format:
        raise RuntimeError(
            "empty: unsupported memory format Preserve. Nothing is there to keep."
        )
    result = fresh_or_out("empty", shape, dtype, device, out)
    if memory_format is not MemoryFormat.CONTIGUOUS:
        given = result.operand
        result.operand = given.under(formatted("empty", given.layout, memory_format))
    return requiring_grad("empty", result, requires_grad)


def zeros(
    *sizes: IntegerArgument,
    size: Sequence[SupportsIndex] | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of zeros.

    >>> zeros(2)
    tensor([0., 0.])
    """
    check_pinning("zeros", pin_memory)
    result = fresh_or_out("zeros", shape_of("zeros", sizes, size), dtype, device, out)
    fill(result, 0)
    return requiring_grad("zeros", result, requires_grad)


def ones(
    *sizes: IntegerArgument,
    size: Sequence[SupportsIndex] | None = None,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of ones.

    >>> ones(2)
    tensor([1., 1.])
    """
    check_pinning("ones", pin_memory)
    result = fresh_or_out("ones", shape_of("ones", sizes, size), dtype, device, out)
    fill(result, 1)
    return requiring_grad("ones", result, requires_grad)


def full(
    size: Sequence[SupportsIndex],
    fill_value: Scalar | Tensor,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor full of ``fill_value``, whose kind decides the dtype unless one is given.

    Raises RuntimeError for a value out of the dtype's range.

    >>> full((2,), 7), full((2,), 0.5)
    (tensor([7, 7]), tensor([0.5000, 0.5000]))
    """
    check_pinning("full", pin_memory)
    value = number("full", "fill_value", fill_value)
    shape = integer_sequence("full", size)
    result = fresh_or_out("full", shape, dtype, device, out, dtype_of_scalar(value))
    fill(result, number_for("full", value, result.dtype))
    return requiring_grad("full", result, requires_grad)


def fill(target: Tensor, value: Scalar) -> None:
    """Write ``value`` to every element of ``target``, which no graph knows of."""
    target.operand.storage.backend.elementwise(COPY, (value,), target.operand)


@numpy_names
def empty_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor of ``input``'s shape, dtype, device and (if dense) strides, not filled.

    >>> empty_like(ones(2, 3)).stride()
    (3, 1)
    """
    operand = like_operand("empty_like", input, dtype, device, memory_format, pin_memory)
    return requiring_grad("empty_like", Tensor.over(operand), requires_grad)


@numpy_names
def full_like(
    input: Tensor,
    fill_value: Scalar | Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor like ``input``, full of ``fill_value``.

    >>> full_like(ones(2), 3)
    tensor([3., 3.])
    """
    value = number("full_like", "fill_value", fill_value)
    operand = like_operand("full_like", input, dtype, device, memory_format, pin_memory)
    result = Tensor.over(operand)
    fill(result, number_for("full_like", value, operand.dtype))
    return requiring_grad("full_like", result, requires_grad)


@numpy_names
def zeros_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor like ``input``, of zeros.

    >>> zeros_like(ones(2))
    tensor([0., 0.])
    """
    operand = like_operand("zeros_like", input, dtype, device, memory_format, pin_memory)
    result = Tensor.over(operand)
    fill(result, 0)
    return requiring_grad("zeros_like", result, requires_grad)


@numpy_names
def ones_like(
    input: Tensor,
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout | None = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor like ``input``, of ones.

    >>> ones_like(zeros(2))
    tensor([1., 1.])
    """
    operand = like_operand("ones_like", input, dtype, device, memory_format, pin_memory)
    result = Tensor.over(operand)
    fill(result, 1)
    return requiring_grad("ones_like", result, requires_grad)


def empty_strided(
    size: Sequence[SupportsIndex],
    stride: Sequence[SupportsIndex],
    *,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of undefined content with these strides.

    >>> empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    check_pinning("empty_strided", pin_memory)
    shape = integer_sequence("empty_strided", size)
    strides = integer_sequence("empty_strided", stride)
    whole = Layout.contiguous(shape).as_strided(shape, strides, 0)
    _, end = whole.span
    chosen = get_default_dtype() if dtype is None else dtype_of("empty_strided", dtype)
    dense = allocate(backend_of(device), Layout.contiguous((end,)), chosen)
    result = Tensor.over(dense.under(whole))
    return requiring_grad("empty_strided", result, requires_grad)


def eye(
    n: SupportsIndex,
    m: SupportsIndex | None = None,
    *,
    out: Tensor | None = None,
    dtype: DTypeLike | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ones on the diagonal of ``n`` rows and ``m`` columns, ``n`` unless given.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_pinning("eye", pin_memory)
    rows, columns = integer_sequence("eye", (n, n if m is None else m))
    for name, count in (("n", rows), ("m", columns)):
        if count < 0:
            raise RuntimeError(f"eye: {name} must be greater or equal to 0, got {count}.")
    result = fresh_or_out("eye", (rows, columns), dtype, device, out)
    sources.eye.fill(result.operand, (columns,))
    return requiring_grad("eye", result, requires_grad)
