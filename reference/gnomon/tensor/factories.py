"""Tensors of a given shape, and tensors like another one."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from math import ceil, isfinite
from typing import SupportsIndex, overload

from gnomon.backend import Backend, Operand
from gnomon.devices import Device, get_default_device
from gnomon.dispatch import allocate, filled
from gnomon.dtypes import DType, Scalar, dtype_of_scalar, get_default_dtype, int64
from gnomon.errors import explain
from gnomon.formats import MemoryFormat, TensorLayout, preserve_format, strided
from gnomon.layout import Layout
from gnomon.op.output import deliver
from gnomon.ops import sources
from gnomon.registry import backend_for
from gnomon.tensor.sizes import Sizes, sizes_of
from gnomon.tensor.tensor import Tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "empty_strided",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

DeviceLike = Device | str | int | None


def backend_of(device: DeviceLike) -> Backend:
    """Return the backend of ``device``, by default the default device's."""
    return backend_for(get_default_device() if device is None else Device(device))


def finished(
    operation: str, operand: Operand, requires_grad: bool = False, out: Tensor | None = None
) -> Tensor:
    """Return ``operand`` as a tensor: a leaf that requires grad if asked, or copied into ``out``."""
    result = Tensor.over(operand)
    if out is not None:
        return deliver(operation, result, out)
    if requires_grad:
        if not operand.dtype.is_floating_point:
            raise RuntimeError(
                explain(
                    operation,
                    "only Tensors of floating point and complex dtype can require gradients",
                    operand,
                    remedy="Give a floating-point dtype",
                )
            )
        result.autograd_state().requires_grad = True
    return result


def empty(
    *size: Sizes,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = MemoryFormat.CONTIGUOUS,
) -> Tensor:
    """Return a tensor of undefined content.

    ``pin_memory`` is accepted for programs that ask for it; no device here distinguishes such memory.

    >>> empty(2, 3).shape
    torch.Size([2, 3])
    """
    shape = sizes_of("empty", size)
    memory = _formatted(Layout.contiguous(shape), memory_format)
    operand = allocate(backend_of(device), memory, _dtype_for(dtype, out))
    return finished("empty", operand, requires_grad, out)


def zeros(
    *size: Sizes,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of zeros.

    >>> zeros(2)
    tensor([0., 0.])
    """
    operand = filled(backend_of(device), sizes_of("zeros", size), _dtype_for(dtype, out), 0)
    return finished("zeros", operand, requires_grad, out)


def ones(
    *size: Sizes,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of ones.

    >>> ones(2, dtype=int64)
    tensor([1, 1])
    """
    operand = filled(backend_of(device), sizes_of("ones", size), _dtype_for(dtype, out), 1)
    return finished("ones", operand, requires_grad, out)


def full(
    size: Sequence[SupportsIndex],
    fill_value: Scalar | Tensor,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor full of ``fill_value``, whose kind decides the dtype unless one is given.

    >>> full((2,), 7), full((2,), 0.5)
    (tensor([7, 7]), tensor([0.5000, 0.5000]))
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    chosen = dtype or (out.dtype if out is not None else dtype_of_scalar(value))
    operand = filled(
        backend_of(device), sizes_of("full", (size,)), chosen, chosen.convert(value)
    )
    return finished("full", operand, requires_grad, out)


def _dtype_for(dtype: DType | None, out: Tensor | None) -> DType:
    return dtype or (get_default_dtype() if out is None else out.dtype)


def _formatted(memory: Layout, memory_format: MemoryFormat) -> Layout:
    """Return the layout of a fresh tensor of ``memory``'s shape in ``memory_format``."""
    if memory_format is preserve_format:
        return memory.dense_like()
    if memory_format is MemoryFormat.CONTIGUOUS:
        return Layout.contiguous(memory.shape)
    return memory.channels_last()


def empty_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor of ``input``'s shape, dtype, device and (if dense) strides, of undefined content.

    >>> empty_like(ones(2, 3)).stride()
    (3, 1)
    """
    storage, given, given_dtype = input.operand
    backend = storage.backend if device is None else backend_of(device)
    operand = allocate(backend, _formatted(given, memory_format), dtype or given_dtype)
    return finished("empty_like", operand, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Scalar | Tensor,
    *,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return a tensor like ``input``, full of ``fill_value``.

    >>> full_like(ones(2), 3)
    tensor([3., 3.])
    """
    storage, given, given_dtype = input.operand
    backend = storage.backend if device is None else backend_of(device)
    chosen = dtype or given_dtype
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    dense = filled(backend, given.shape, chosen, chosen.convert(value))
    operand = dense._replace(layout=_formatted(given, memory_format))
    return finished("full_like", operand, requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return zeros like ``input``.

    >>> zeros_like(ones(2))
    tensor([0., 0.])
    """
    return full_like(
        input,
        0,
        dtype=dtype,
        device=device,
        requires_grad=requires_grad,
        memory_format=memory_format,
    )


def ones_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Return ones like ``input``.

    >>> ones_like(zeros(2))
    tensor([1., 1.])
    """
    return full_like(
        input,
        1,
        dtype=dtype,
        device=device,
        requires_grad=requires_grad,
        memory_format=memory_format,
    )


def empty_strided(
    size: Sequence[SupportsIndex],
    stride: Sequence[int],
    *,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return a tensor of undefined content with these strides.

    >>> empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    shape = sizes_of("empty_strided", (size,))
    memory = Layout.contiguous(()).as_strided(shape, tuple(stride), 0)
    _, end = memory.span
    dense = allocate(
        backend_of(device), Layout.contiguous((end,)), dtype or get_default_dtype()
    )
    return finished("empty_strided", dense._replace(layout=memory), requires_grad)


@overload
def arange(
    end: Scalar | Tensor,
    /,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor: ...
@overload
def arange(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    step: Scalar | Tensor = 1,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
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
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the values from ``start`` up to but without ``end``, ``step`` apart.

    int64 if all three are integers, else the default dtype.

    >>> arange(1, 6, 2)
    tensor([1, 3, 5])
    """
    if end is None:
        start, end = 0, start
    first, last, stride = _number(start), _number(end), _number(step)
    if not isfinite(first) or not isfinite(last):
        raise RuntimeError(f"arange: unsupported range: {first} -> {last}. Give finite bounds.")
    if stride == 0:
        raise RuntimeError("arange: step must be nonzero.")
    if (last - first) * stride < 0:
        raise RuntimeError(
            f"arange: upper bound and lower bound inconsistent with step sign: {first} -> {last} by "
            f"{stride}. Swap the bounds, or negate the step."
        )
    numbers = (first, last, stride)
    if dtype is None and out is not None:
        dtype = out.dtype
    if dtype is None:
        floats = any(isinstance(number, float) for number in numbers)
        dtype = get_default_dtype() if floats else int64
    if not dtype.is_floating_point:
        first, last, stride = int(first), int(last), int(stride)
    count = builtins.max(ceil((last - first) / stride), 0)
    operand = sources.arange(backend_of(device), (count,), dtype, (first, stride))
    return finished("arange", operand, requires_grad, out)


def _number(value: Scalar | Tensor) -> Scalar:
    return value.item() if isinstance(value, Tensor) else value


def linspace(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``steps`` evenly spaced values from ``start`` to ``end``, both included.

    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    _check_steps("linspace", steps)
    parameters = (_number(start), _number(end), steps)
    operand = sources.linspace(backend_of(device), (steps,), _dtype_for(dtype, out), parameters)
    return finished("linspace", operand, requires_grad, out)


def logspace(
    start: Scalar | Tensor,
    end: Scalar | Tensor,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return ``base`` to the power of ``steps`` evenly spaced exponents from ``start`` to ``end``.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    _check_steps("logspace", steps)
    parameters = (_number(start), _number(end), steps, base)
    operand = sources.logspace(backend_of(device), (steps,), _dtype_for(dtype, out), parameters)
    return finished("logspace", operand, requires_grad, out)


def _check_steps(operation: str, steps: int) -> None:
    if steps < 0:
        raise RuntimeError(f"{operation}: number of steps must be non-negative, got {steps}.")


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    layout: TensorLayout = strided,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """Return the matrix of ``n`` rows and ``m`` columns (by default ``n``) with ones on its diagonal.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    for name, count in (("n", n), ("m", n if m is None else m)):
        if count < 0:
            raise RuntimeError(f"eye: {name} must be greater or equal to 0, got {count}.")
    columns = n if m is None else m
    operand = sources.eye(backend_of(device), (n, columns), _dtype_for(dtype, out), (columns,))
    return finished("eye", operand, requires_grad, out)
