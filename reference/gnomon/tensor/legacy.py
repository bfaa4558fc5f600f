"""The constructors of PyTorch's early days: ``Tensor(2, 3)``, ``FloatTensor([1, 2])``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, cast, final

from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import (
    ALL_DTYPES,
    DType,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from gnomon.layout import Layout, Size
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.tensor.nested import Data, copied
from gnomon.tensor.numpy_arrays import is_array
from gnomon.tensor.options import DeviceLike, backend_of

if TYPE_CHECKING:
    from gnomon.backend import Operand

#: What such a constructor takes: sizes, or one argument that holds the elements.
LegacyArgument: TypeAlias = "IntegerArgument | Data"

_NAMES: dict[DType, str] = {
    float32: "Float",
    float64: "Double",
    float16: "Half",
    bfloat16: "BFloat16",
    uint8: "Byte",
    int8: "Char",
    int16: "Short",
    int32: "Int",
    int64: "Long",
    bool_: "Bool",
}


def type_name(dtype: DType) -> str:
    """Return PyTorch's name for the type of a tensor of ``dtype``.

    >>> type_name(float32), type_name(int8)
    ('torch.FloatTensor', 'torch.CharTensor')
    """
    name = _NAMES.get(dtype) or dtype.name.replace("uint", "UInt")
    return f"torch.{name}Tensor"


def dtype_of_type(name: str) -> DType:
    """Return the dtype of the tensor type called ``name``; ValueError for any other name.

    >>> dtype_of_type("torch.LongTensor")
    torch.int64
    """
    for dtype in ALL_DTYPES:
        if type_name(dtype) == name:
            return dtype
    raise ValueError(f"type: invalid type: {name!r}. Give a dtype, such as gnomon.float32.")


def legacy_operand(
    name: str, arguments: tuple[LegacyArgument, ...], dtype: DType, device: DeviceLike
) -> Operand:
    """Return the operand that ``name(*arguments)`` makes: of sizes, not filled, or of data.

    Raises TypeError for a single argument that holds no elements, such as a float.
    """
    if len(arguments) == 1 and not isinstance(arguments[0], Size):
        (data,) = arguments
        if isinstance(data, TensorCore):
            return data.operand
        if isinstance(data, list | tuple) or is_array(data) or hasattr(data, "__getitem__"):
            return copied(name, cast(Data, data), dtype, device)
        if isinstance(data, bool | float) or not hasattr(data, "__index__"):
            raise TypeError(
                f"{name}: data must be a sequence (got {type(data).__name__}). For a 0-d "
                "tensor use gnomon.tensor()."
            )
    shape = integers(name, cast("tuple[IntegerArgument, ...]", arguments or (0,)))
    return allocate(backend_of(device), Layout.contiguous(shape), dtype)


@final
class LegacyType:
    """A type of tensors of one dtype: makes them, and knows them with ``isinstance``."""

    def __init__(self, dtype: DType, over: Callable[[Operand], TensorCore]) -> None:
        self.dtype = dtype
        self.__name__ = type_name(dtype).removeprefix("torch.")
        self._over = over

    def __call__(self, *arguments: LegacyArgument, device: DeviceLike = None) -> TensorCore:
        """Return a tensor of sizes, with undefined content, or of one sequence of elements."""
        operand = legacy_operand(self.__name__, arguments, self.dtype, device)
        if operand.dtype is not self.dtype:
            raise TypeError(
                f"{self.__name__}: expected a tensor of dtype {self.dtype.name} (got "
                f"{operand.dtype.name}). Convert it with .to()."
            )
        return self._over(operand)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, TensorCore) and instance.operand.dtype is self.dtype

    def __repr__(self) -> str:
        return f"<class 'torch.{self.__name__}'>"
