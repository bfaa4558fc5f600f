"""``FloatTensor`` and its like, and the default that is named by one of them."""

from __future__ import annotations

from gnomon.dtypes import (
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from gnomon.tensor.legacy import LegacyType, dtype_of_type
from gnomon.tensor.tensor import Tensor

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "set_default_tensor_type",
]

FloatTensor = LegacyType(float32, Tensor.over)
DoubleTensor = LegacyType(float64, Tensor.over)
HalfTensor = LegacyType(float16, Tensor.over)
BFloat16Tensor = LegacyType(bfloat16, Tensor.over)
ByteTensor = LegacyType(uint8, Tensor.over)
CharTensor = LegacyType(int8, Tensor.over)
ShortTensor = LegacyType(int16, Tensor.over)
IntTensor = LegacyType(int32, Tensor.over)
LongTensor = LegacyType(int64, Tensor.over)
BoolTensor = LegacyType(bool_, Tensor.over)


def set_default_tensor_type(t: LegacyType | str, /) -> None:
    """Make the dtype of the tensor type ``t`` the default; ``set_default_dtype`` is newer.

    Raises TypeError unless it is a floating-point one.

    >>> set_default_tensor_type("torch.DoubleTensor")
    >>> set_default_tensor_type(FloatTensor)
    """
    if isinstance(t, str):
        set_default_dtype(dtype_of_type(t))
    elif isinstance(t, LegacyType):
        set_default_dtype(t.dtype)
    else:
        raise TypeError(
            f"set_default_tensor_type: invalid type object {t!r}. Use set_default_dtype(dtype)."
        )
