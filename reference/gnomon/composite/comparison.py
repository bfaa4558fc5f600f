"""Comparisons of whole tensors, and comparisons with a tolerance."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import common_backend
from gnomon.dtypes import get_default_dtype
from gnomon.errors import explain
from gnomon.graph.modes import no_grad
from gnomon.op.copying import to_dtype
from gnomon.op.foundation import add
from gnomon.op.numbers import check_tensors
from gnomon.op.numpy_names import numpy_names
from gnomon.ops.arithmetic import abs, mul, sub
from gnomon.ops.comparison import eq, isfinite, isnan, le
from gnomon.ops.logic import logical_and, logical_or
from gnomon.ops.truth import are_all

__all__ = ["allclose", "equal", "isclose"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def equal(input: TensorCore, other: TensorCore) -> bool:
    """Return whether the tensors have the same shape and equal elements; NaN equals nothing.

    >>> import gnomon as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
    True
    """
    check_tensors("equal", input, other)
    common_backend("equal", (input, other))
    if input.operand.layout.shape != other.operand.layout.shape:
        return False
    return are_all(eq(input, other))


@numpy_names
def isclose(
    input: T, other: T, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> T:
    """Return, element by element, whether ``|input - other| <= atol + rtol * |other|``.

    Equal infinities are close, and NaN is close to NaN if ``equal_nan``. Raises RuntimeError
    for operands of different dtypes and for a negative tolerance.

    >>> import gnomon as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    check_tensors("isclose", input, other)
    if input.operand.dtype is not other.operand.dtype:
        raise RuntimeError(
            explain(
                "isclose",
                "the dtypes differ",
                input,
                other,
                remedy="Convert one with .to(dtype)",
            )
        )
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(
                explain(
                    "isclose",
                    f"{name} must be greater than or equal to zero, but got {tolerance}",
                )
            )
    with no_grad():
        close = eq(input, other)
        if equal_nan and input.operand.dtype.is_floating_point:
            close = logical_or(close, logical_and(isnan(input), isnan(other)))
        if rtol == 0 and atol == 0:
            return close
        if not input.operand.dtype.is_floating_point:
            input, other = (to_dtype(each, get_default_dtype()) for each in (input, other))
        allowed = add(abs(mul(other, rtol)), atol)
        actual = abs(sub(input, other))
        return logical_or(close, logical_and(isfinite(actual), le(actual, allowed)))


@numpy_names
def allclose(
    input: TensorCore,
    other: TensorCore,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Return whether all elements are close, as :func:`isclose` has it.

    >>> import gnomon as torch
    >>> torch.allclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.1]))
    False
    """
    close = isclose(input, other, rtol, atol, equal_nan)
    return are_all(close)
