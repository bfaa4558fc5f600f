"""What the functions that make tensors have in common: dtype, device, ``out=``, the flags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex, TypeAlias, TypeVar

from gnomon.backend import Backend, Operand
from gnomon.core import TensorCore
from gnomon.devices import Device, aliased, get_default_device
from gnomon.dispatch import allocate, item_of
from gnomon.dtypes import (
    DType,
    Scalar,
    bool_,
    float64,
    int64,
)
from gnomon.errors import explain
from gnomon.formats import MemoryFormat
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.op.formatting import formatted
from gnomon.registry import backend_for

T = TypeVar("T", bound=TensorCore)

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
    """Raise RuntimeError when pinned memory is asked for and "cuda" means nothing.

    No device here needs it: where "cuda" means one, memory stays as it is.
    """
    if pin_memory and aliased("cuda") is None:
        raise RuntimeError(
            f"{operation}: pin_memory=True requires an accelerator that has it, and there is "
            "none. Leave pin_memory away."
        )


def number(operation: str, name: str, value: Scalar | TensorCore) -> Scalar:
    """Return the Python number that the argument ``name`` is, or holds as a 0-d tensor."""
    if isinstance(value, bool | int | float):
        return value
    if not isinstance(value, TensorCore):
        return foreign_number(operation, name, value)
    if value.operand.layout.shape or value.tracked:
        raise TypeError(
            f"{operation}(): argument {name!r} must be Number, not a tensor, given "
            f"{value.describe()}. Take one number with item()."
        )
    return item_of(value.operand)


def foreign_number(operation: str, name: str, value: object) -> Scalar:
    """Return the Python number that a number of another library, such as NumPy, stands for."""
    if isinstance(value, SupportsIndex):
        return value.__index__()
    if isinstance(value, SupportsFloat):
        return float(value)
    raise TypeError(
        f"{operation}(): argument {name!r} must be Number, not {type(value).__name__}"
    )


def requiring_grad(operation: str, tensor: T, requires_grad: bool) -> T:
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


def like_operand(
    operation: str,
    input: TensorCore,
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
