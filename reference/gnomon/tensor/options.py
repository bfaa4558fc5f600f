"""What the functions that make tensors have in common: dtype, device, ``out=``, the flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex, TypeAlias

from gnomon.backend import Backend, Operand
from gnomon.devices import Device, get_default_device
from gnomon.dispatch import allocate
from gnomon.dtypes import (
    DType,
    Kind,
    Scalar,
    bool_,
    finfo,
    float64,
    get_default_dtype,
    iinfo,
    int64,
)
from gnomon.errors import explain
from gnomon.formats import MemoryFormat, preserve_format
from gnomon.graph.modes import modes
from gnomon.layout import Layout
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.op.output import check_writable, count_write, resize
from gnomon.registry import backend_for
from gnomon.tensor.tensor import Tensor

DeviceLike: TypeAlias = Device | str | int | None
#: A dtype, or the Python type that stands for one: bool, int (int64) or float (float64).
DTypeLike: TypeAlias = DType | type[int] | type[float]


def backend_of(device: DeviceLike) -> Backend:
    """Return the backend of ``device``, by default the default device's."""
    return backend_for(get_default_device() if device is None else Device(device))


def dtype_of(operation: str, dtype: DTypeLike) -> DType:
    """Return the dtype that ``dtype`` names; TypeError if it names none.

    >>> dtype_of("zeros", int), dtype_of("zeros", float), dtype_of("zeros", bool)
    (torch.int64, torch.float64, torch.bool)
    """
    if isinstance(dtype, DType):
        return dtype
    if dtype is bool:
        return bool_
    if dtype is int:
        return int64
    if dtype is float:
        return float64
    raise TypeError(
        f"{operation}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}"
    )


def shape_of(
    operation: str, sizes: tuple[IntegerArgument, ...], size: Sequence[SupportsIndex] | None
) -> tuple[int, ...]:
    """Return the shape given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""
    if size is None:
        if not sizes:
            raise TypeError(f"{operation}(): missing the argument 'size'. Give () for 0-d.")
        return integers(operation, sizes)
    if sizes:
        raise TypeError(f"{operation}() got multiple values for argument 'size'")
    return integers(operation, (size,))


def check_pinning(operation: str, pin_memory: bool) -> None:
    """Raise RuntimeError when pinned memory is asked for: no device here has it."""
    if pin_memory:
        raise RuntimeError(
            f"{operation}: pin_memory=True requires an accelerator that has it, and there is "
            "none. Leave pin_memory away."
        )


def checked(operation: str, value: Scalar, dtype: DType, *, floats: bool = True) -> Scalar:
    """Return ``value`` as an element of ``dtype``.

    Raises RuntimeError when it is out of the dtype's range: ``-max`` to ``max`` for an unsigned
    dtype, where negative numbers wrap. With ``floats`` False, a floating dtype takes any.
    """
    if dtype.kind >= Kind.FLOAT:
        fits = not floats or value in (_INFINITY, -_INFINITY) or value != value
        fits = fits or abs(value) <= finfo(dtype).max
    elif dtype is bool_:
        fits = True
    else:
        limits = iinfo(dtype)
        least = limits.min if dtype.is_signed else -limits.max
        fits = least <= value <= limits.max
    if not fits:
        raise RuntimeError(
            f"{operation}: value {value} cannot be converted to type {dtype.name} without "
            "overflow. Give a wider dtype, or convert after creation, which wraps."
        )
    return dtype.convert(value)


_INFINITY = float("inf")


def number(operation: str, name: str, value: Scalar | Tensor) -> Scalar:
    """Return the Python number that the argument ``name`` is, or holds as a 0-d tensor."""
    if isinstance(value, bool | int | float):
        return value
    if not isinstance(value, Tensor):
        return foreign_number(operation, name, value)
    if value.operand.layout.shape or value.tracked:
        raise TypeError(
            f"{operation}(): argument {name!r} must be Number, not a tensor, given "
            f"{value.describe()}. Take one number with item()."
        )
    return value.item()


def foreign_number(operation: str, name: str, value: object) -> Scalar:
    """Return the Python number that a number of another library, such as NumPy, stands for."""
    if isinstance(value, SupportsIndex):
        return value.__index__()
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError(
        f"{operation}(): argument {name!r} must be Number, not {type(value).__name__}"
    )


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


def requiring_grad(operation: str, tensor: Tensor, requires_grad: bool) -> Tensor:
    """Return ``tensor``, a leaf that requires grad if asked.

    Raises RuntimeError unless such a tensor is of a floating-point dtype.
    """
    if requires_grad:
        if not tensor.operand.dtype.is_floating_point:
            raise RuntimeError(
                explain(
                    operation,
                    "only Tensors of floating point and complex dtype can require gradients",
                    tensor,
                    remedy="Give a floating-point dtype",
                )
            )
        tensor.autograd_state().requires_grad = True
    return tensor


def formatted(operation: str, given: Layout, memory_format: MemoryFormat) -> Layout:
    """Return the layout of a fresh tensor of ``given``'s shape in ``memory_format``.

    Raises RuntimeError when the format is for another number of dims.
    """
    if memory_format is preserve_format:
        return given.dense_like()
    if memory_format is MemoryFormat.CONTIGUOUS:
        return Layout.contiguous(given.shape)
    rank = 4 if memory_format is MemoryFormat.CHANNELS_LAST else 5
    if given.ndim != rank:
        raise RuntimeError(
            f"{operation}: required rank {rank} tensor to use {memory_format.value} format, "
            f"given shape {list(given.shape)}. Use contiguous_format."
        )
    return given.channels_last()


def like_operand(
    operation: str,
    input: Tensor,
    dtype: DTypeLike | None,
    device: DeviceLike,
    memory_format: MemoryFormat,
    pin_memory: bool = False,
) -> Operand:
    """Return a fresh operand of ``input``'s shape, and of its dtype and device unless given."""
    check_pinning(operation, pin_memory)
    storage, given, given_dtype = input.operand
    backend = storage.backend if device is None else backend_of(device)
    chosen = given_dtype if dtype is None else dtype_of(operation, dtype)
    return allocate(backend, formatted(operation, given, memory_format), chosen)
