"""Powers, whose meaning depends on which operand is a Python number."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import common_dtype
from gnomon.dtypes import Scalar, float64
from gnomon.errors import explain
from gnomon.op.copying import to_dtype
from gnomon.op.elementwise import Binary, apply
from gnomon.op.in_place import apply_in_place, write_elementwise
from gnomon.op.numbers import number_as
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import powers

__all__ = ["float_power", "pow", "xlogy", "xlogy_"]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def pow(input: T | Scalar, exponent: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input`` to the power ``exponent``, with the special values of C's ``pow``.

    Integers give integers, modulo the range of their dtype; a negative power of one is the
    exact one cut to an integer. Raises RuntimeError for an integer tensor to a negative int.

    >>> import gnomon as torch
    >>> torch.pow(2, torch.tensor([1, 2, 3]))
    tensor([2, 4, 8])
    """
    return apply(_power("pow", input, exponent), (input, exponent), out)


def pow_(input: T, exponent: T | Scalar) -> T:
    """Raise ``input`` to the power ``exponent`` in place."""
    return apply_in_place(_power("pow_", input, exponent), input, exponent)


def _power(operation: str, input: TensorCore | Scalar, exponent: TensorCore | Scalar) -> Binary:
    """Return the record for these operands; raise for an exponent integers have no power of."""
    if isinstance(exponent, TensorCore):
        return powers.pow_tensor if isinstance(input, TensorCore) else powers.pow_of_number
    dtype = common_dtype((input, exponent))
    if not dtype.is_floating_point:
        if exponent < 0:
            raise RuntimeError(
                explain(
                    operation,
                    f"Integers to negative integer powers are not allowed, found {exponent}",
                    remedy="Give the exponent as a float, or convert the tensor to one",
                )
            )
        number_as(operation, exponent, dtype)
    return powers.pow_number


@numpy_names
def float_power(input: T | Scalar, exponent: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input`` to the power ``exponent``, computed and returned in float64.

    Raises RuntimeError for an ``out`` of another dtype.

    >>> import gnomon as torch
    >>> torch.float_power(torch.tensor([2, 3]), -1)
    tensor([0.5000, 0.3333], dtype=torch.float64)
    """
    if out is not None:
        _require_float64("float_power", "output", out)
    return pow(_as_float64(input), _as_float64(exponent), out=out)


def float_power_(input: T, exponent: T | Scalar) -> T:
    """Raise ``input``, which must be float64, to the power ``exponent`` in place."""
    _require_float64("float_power_", "base", input)
    return pow_(input, _as_float64(exponent))


def _as_float64(value: T | Scalar) -> T | Scalar:
    return to_dtype(value, float64) if isinstance(value, TensorCore) else float(value)


def _require_float64(operation: str, role: str, tensor: TensorCore) -> None:
    dtype = tensor.operand.dtype
    if dtype is not float64:
        raise RuntimeError(
            explain(
                operation,
                f"the {role} has dtype {dtype.name}, but the result has dtype float64",
                tensor,
                remedy="Convert it with .double(), or use pow",
            )
        )


# PyTorch's graph tells which operand is the number.
_XLOGY_OF_NUMBER: Binary = replace(powers.xlogy, number_node_name="XlogyBackward1")


@numpy_names
def xlogy(input: T | Scalar, other: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input * log(other)``, and 0 where ``input`` is 0 unless ``other`` is NaN.

    >>> import gnomon as torch
    >>> torch.xlogy(torch.tensor([0.0, 2.0]), torch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    record = powers.xlogy if isinstance(input, TensorCore) else _XLOGY_OF_NUMBER
    return apply(record, (input, other), out)


@numpy_names
def xlogy_(input: T, other: T | Scalar) -> T:
    """Multiply ``input`` by the logarithm of ``other`` in place."""
    return write_elementwise(powers.xlogy, input, (input, other))
