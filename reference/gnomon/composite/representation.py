"""Mantissa and exponent as one result; the step function, which asks for one dtype."""

from __future__ import annotations

from typing import TypeVar

from gnomon import return_types
from gnomon.core import TensorCore
from gnomon.errors import explain
from gnomon.op.in_place import apply_in_place
from gnomon.op.numbers import check_tensors
from gnomon.op.numpy_names import numpy_names
from gnomon.op.output import deliver
from gnomon.ops import representation

__all__ = ["frexp", "heaviside"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def frexp(input: T, *, out: tuple[T, T] | None = None) -> return_types.frexp[T]:
    """Return mantissas in [0.5, 1) and exponents: ``input == mantissa * 2 ** exponent``.

    The mantissas carry the sign; zero, NaN and infinities are their own, with the exponent 0.
    The exponents are int32. Raises RuntimeError for integers.

    >>> import gnomon as torch
    >>> mantissa, exponent = torch.frexp(torch.tensor([3.0, -0.5]))
    >>> mantissa, exponent
    (tensor([ 0.7500, -0.5000]), tensor([2, 0], dtype=torch.int32))
    """
    if not input.operand.dtype.is_floating_point:
        raise RuntimeError(
            explain(
                "frexp",
                "only supports floating-point dtypes",
                input,
                remedy="Convert first, with .to(gnomon.float32)",
            )
        )
    mantissa = representation.frexp_mantissa(input)
    exponent = representation.frexp_exponent(input)
    if out is not None:
        mantissa = deliver("frexp", mantissa, out[0], (input,))
        exponent = deliver("frexp", exponent, out[1], (input,))
    return return_types.frexp((mantissa, exponent))


@numpy_names
def heaviside(input: T, values: T, *, out: T | None = None) -> T:
    """Return 0 where ``input`` is negative or NaN, 1 where it is positive, ``values`` where 0.

    Raises RuntimeError for tensors of different dtypes. The result is outside any graph.

    >>> import gnomon as torch
    >>> torch.heaviside(torch.tensor([-1.5, 0.0, 2.0]), torch.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    _check_one_dtype(input, values)
    return representation.heaviside_at(input, values, out=out)


def heaviside_(input: T, values: T) -> T:
    """Make ``input`` its step function in place."""
    _check_one_dtype(input, values)
    return apply_in_place(representation.heaviside_at, input, values)


def _check_one_dtype(input: TensorCore, values: TensorCore) -> None:
    check_tensors("heaviside", input, values)
    if input.operand.dtype is not values.operand.dtype:
        raise RuntimeError(
            explain(
                "heaviside",
                "not defined for tensors with different dtypes",
                input,
                values,
                remedy="Convert one with .to(dtype)",
            )
        )
