"""`finfo` and `iinfo`: the limits of float and integer dtypes."""

from __future__ import annotations

import math
from typing import Final, final

from gnomon.dtypes.dtype import DType, Kind, require_dtype
from gnomon.dtypes.promotion import get_default_dtype

# Bits of significand (the hidden one included) and the largest exponent of each format:
# IEEE 754-2019, table 3.5; bfloat16 is binary32 with a significand of 8 bits.
_FLOAT_FORMATS = {
    "float16": (11, 15),
    "bfloat16": (8, 127),
    "float32": (24, 127),
    "float64": (53, 1023),
}


@final
class finfo:  # PyTorch's name
    """The limits of a floating-point dtype, the default dtype unless `type` is given.

    `eps` is the distance from 1 to the next number; `smallest_normal` and `tiny` are both the
    smallest positive normal number; `resolution` is that of the decimal digits which survive
    the way through this dtype; `dtype` is a name. TypeError for a dtype of another kind.

    >>> from gnomon.dtypes import float16
    >>> finfo(float16).max, finfo(float16).eps, finfo(float16).dtype
    (65504.0, 0.0009765625, 'float16')
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: DType | None = None) -> None:
        dtype = get_default_dtype() if type is None else type
        require_dtype("finfo", "type", dtype)
        if not dtype.is_floating_point:
            raise TypeError(
                f"finfo({dtype}): a floating-point dtype is needed; use iinfo for integers"
            )
        precision, exponent = _FLOAT_FORMATS[dtype.name]
        self.bits: Final = 8 * dtype.itemsize
        self.dtype: Final = dtype.name
        self.eps: Final = math.ldexp(1.0, 1 - precision)
        self.max: Final = math.ldexp(2.0 - self.eps, exponent)
        self.min: Final = -self.max
        self.smallest_normal: Final = math.ldexp(1.0, 1 - exponent)
        self.tiny: Final = self.smallest_normal
        self.resolution: Final = float(f"1e-{math.floor((precision - 1) * math.log10(2))}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, finfo) and other.dtype == self.dtype

    __hash__ = None  # type: ignore[assignment]  # PyTorch's are not hashable

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, "
            f"tiny={self.tiny:g}, dtype={self.dtype})"
        )


@final
class iinfo:  # PyTorch's name
    """The limits of an integer dtype; `dtype` is a name. TypeError for any other kind.

    >>> from gnomon.dtypes import int16
    >>> iinfo(int16)
    iinfo(min=-32768, max=32767, dtype=int16)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: DType) -> None:
        require_dtype("iinfo", "type", type)
        if type.kind not in (Kind.SIGNED, Kind.UNSIGNED):
            raise TypeError(
                f"iinfo({type}): an integer dtype is needed; use finfo for floating-point ones"
            )
        self.bits: Final = 8 * type.itemsize
        self.dtype: Final = type.name
        self.min: Final = -(1 << (self.bits - 1)) if type.is_signed else 0
        self.max: Final = self.min + (1 << self.bits) - 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, iinfo) and other.dtype == self.dtype

    __hash__ = None  # type: ignore[assignment]  # PyTorch's are not hashable

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
