"""Python numbers as operands: where they may stand, and those whose value must survive, such as
bounds, exponents and scales.
"""

from __future__ import annotations

import math

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar, bool_
from gnomon.errors import explain


def number_as(operation: str, number: Scalar, dtype: DType) -> Scalar:
    """Return ``number`` as an operand among ``dtype``; an integer dtype cuts off its fraction.

    Raises RuntimeError for a number out of an integer dtype's range, where an operand of a sum
    would wrap.

    >>> from gnomon.dtypes import int8
    >>> number_as("clamp", 2.5, int8)
    2
    """
    if dtype.is_floating_point:
        return number
    if dtype is bool_:
        return bool(number)
    whole = int(number) if math.isfinite(number) else None
    if whole is None or dtype.convert(whole) != whole:
        raise RuntimeError(
            explain(
                operation,
                f"value {number} cannot be converted to type {dtype.name} without overflow",
                remedy="Convert the tensor to a wider dtype first",
            )
        )
    return whole


def check_tensors(operation: str, *inputs: object) -> None:
    """Raise TypeError unless all ``inputs`` are tensors."""
    for position, value in enumerate(inputs):
        if not isinstance(value, TensorCore):
            raise TypeError(
                f"{operation}: argument {position} must be a tensor, not "
                f"{type(value).__name__}. Wrap a number in gnomon.tensor()."
            )
