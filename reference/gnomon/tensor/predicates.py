"""Questions about objects, tensors and dtypes that PyTorch has at the top level."""

from __future__ import annotations

from typing import TypeGuard

from gnomon.core import TensorCore
from gnomon.dispatch import common_dtype
from gnomon.dtypes import DType, Scalar
from gnomon.dtypes import can_cast as can_cast
from gnomon.op.numpy_names import numpy_names
from gnomon.tensor.options import number
from gnomon.tensor.storages import TypedStorage, UntypedStorage
from gnomon.tensor.tensor import Tensor

__all__ = [
    "_assert",
    "can_cast",
    "get_device",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_storage",
    "is_tensor",
    "numel",
    "result_type",
    "typename",
]


def _assert(condition: object, message: str) -> None:
    """Raise AssertionError with ``message`` unless ``condition`` holds."""
    assert condition, message


def is_tensor(obj: object, /) -> TypeGuard[Tensor]:
    """Return whether ``obj`` is a tensor.

    >>> is_tensor(3)
    False
    """
    return isinstance(obj, Tensor)


def is_storage(obj: object, /) -> TypeGuard[TypedStorage | UntypedStorage]:
    """Return whether ``obj`` is a storage."""
    return isinstance(obj, TypedStorage | UntypedStorage)


@numpy_names
def is_floating_point(input: Tensor) -> bool:
    """Return whether the dtype of ``input`` is a floating-point one."""
    return _tensor("is_floating_point", input).is_floating_point()


@numpy_names
def is_complex(input: Tensor) -> bool:
    """Return whether the dtype of ``input`` is a complex one."""
    return _tensor("is_complex", input).is_complex()


@numpy_names
def is_signed(input: Tensor) -> bool:
    """Return whether the dtype of ``input`` has negative values."""
    return _tensor("is_signed", input).is_signed()


@numpy_names
def is_nonzero(input: Tensor) -> bool:
    """Return whether the only element of ``input`` is not zero; RuntimeError if it has
    others.
    """
    return bool(_tensor("is_nonzero", input))


@numpy_names
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Return whether both tensors have the same shape."""
    return _tensor("is_same_size", input).shape == _tensor("is_same_size", other).shape


@numpy_names
def numel(input: Tensor) -> int:
    """Return the number of elements of ``input``."""
    return _tensor("numel", input).numel()


@numpy_names
def get_device(input: Tensor) -> int:
    """Return the index of the device of ``input``; -1 on the CPU."""
    return _tensor("get_device", input).get_device()


def _tensor(operation: str, input: Tensor) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{operation}(): argument 'input' (position 1) must be Tensor, not "
            f"{type(input).__name__}"
        )
    return input


def result_type(tensor1: Tensor | Scalar, tensor2: Tensor | Scalar) -> DType:
    """Return the dtype in which an operation on both arguments computes.

    >>> import gnomon as torch
    >>> result_type(torch.tensor([1, 2], dtype=torch.int8), 1.5)
    torch.float32
    """
    operands = [
        value if isinstance(value, TensorCore) else number("result_type", name, value)
        for name, value in (("tensor1", tensor1), ("tensor2", tensor2))
    ]
    return common_dtype(operands)


def typename(obj: object, /) -> str:
    """Return the name of the type of ``obj``: a tensor's as ``Tensor.type()`` gives it.

    >>> import gnomon as torch
    >>> typename(torch.zeros(1)), typename(3), typename(torch.strided)
    ('torch.FloatTensor', 'int', 'gnomon.formats.TensorLayout')
    """
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    name = str(getattr(kind, "__qualname__", ""))
    module = getattr(kind, "__module__", None)
    return name if module in (None, "builtins", "__builtin__") else f"{module}.{name}"
