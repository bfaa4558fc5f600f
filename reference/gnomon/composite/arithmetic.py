"""Arithmetic with options: scaled sums, rounded quotients, products that are added."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import common_dtype
from gnomon.dtypes import Scalar, bool_
from gnomon.errors import explain
from gnomon.op.elementwise import Binary, Elementwise, apply
from gnomon.op.foundation import add as plain_add
from gnomon.op.in_place import apply_in_place, write_elementwise
from gnomon.op.numbers import check_tensors, number_as
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating
from gnomon.ops import arithmetic

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "lerp",
    "positive",
    "rsub",
    "sub",
    "subtract",
    "true_divide",
]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def add(input: T | Scalar, other: T | Scalar, *, alpha: Scalar = 1, out: T | None = None) -> T:
    """Return ``input + alpha * other``, rounded once.

    Raises RuntimeError for a float ``alpha`` of integers and a bool ``alpha`` of numbers.

    >>> import gnomon as torch
    >>> torch.add(torch.tensor([1, 2]), torch.tensor([10, 20]), alpha=2)
    tensor([21, 42])
    """
    record, inputs = _sum("add", input, other, alpha)
    return apply(record, inputs, out)


def add_(input: T, other: T | Scalar, *, alpha: Scalar = 1) -> T:
    """Add ``alpha * other`` to ``input`` in place."""
    record, inputs = _sum("add", input, other, alpha)
    return write_elementwise(record, input, inputs)


@numpy_names
def sub(input: T | Scalar, other: T | Scalar, *, alpha: Scalar = 1, out: T | None = None) -> T:
    """Return ``input - alpha * other``, rounded once; RuntimeError for bool operands.

    >>> import gnomon as torch
    >>> torch.sub(torch.tensor([1, 2]), 1)
    tensor([0, 1])
    """
    record, inputs = _difference("sub", input, other, alpha)
    return apply(record, inputs, out)


def sub_(input: T, other: T | Scalar, *, alpha: Scalar = 1) -> T:
    """Subtract ``alpha * other`` from ``input`` in place."""
    record, inputs = _difference("sub", input, other, alpha)
    return write_elementwise(record, input, inputs)


@numpy_names
def rsub(input: T, other: T | Scalar, *, alpha: Scalar = 1) -> T:
    """Return ``other - alpha * input``: ``sub`` with its operands exchanged.

    >>> import gnomon as torch
    >>> torch.rsub(torch.tensor([1, 2]), 10)
    tensor([9, 8])
    """
    check_tensors("rsub", input)
    record, inputs = _difference("rsub", other, input, alpha)
    return apply(record, inputs, None)


def _sum(
    operation: str, input: T | Scalar, other: T | Scalar, alpha: Scalar
) -> tuple[Elementwise, tuple[T | Scalar, ...]]:
    """Return the record and the inputs of ``input + alpha * other``."""
    if alpha == 1 and alpha is not True:
        return plain_add, (input, other)
    scale = _scale(operation, input, other, alpha)
    return arithmetic.add_scaled, (input, other, scale)


def _difference(
    operation: str, input: T | Scalar, other: T | Scalar, alpha: Scalar
) -> tuple[Elementwise, tuple[T | Scalar, ...]]:
    """Return the record and the inputs of ``input - alpha * other``."""
    for operand in (input, other):
        if _is_bool(operand):
            raise RuntimeError(
                explain(
                    operation,
                    "subtraction with a bool is not supported",
                    remedy="Use ~ to invert a mask, ^ or logical_xor to compare two",
                )
            )
    exchanged = operation == "rsub"
    if alpha == 1 and alpha is not True:
        return (arithmetic.reversed_sub if exchanged else arithmetic.sub), (input, other)
    scale = _scale(operation, input, other, alpha)
    record = arithmetic.reversed_sub_scaled if exchanged else arithmetic.sub_scaled
    return record, (input, other, scale)


def _is_bool(operand: TensorCore | Scalar) -> bool:
    if isinstance(operand, TensorCore):
        return operand.operand.dtype is bool_
    return isinstance(operand, bool)


def _scale(
    operation: str, input: TensorCore | Scalar, other: TensorCore | Scalar, alpha: Scalar
) -> Scalar:
    """Return ``alpha`` as the operands' dtype takes it, without a say in what that dtype is."""
    dtype = common_dtype((input, other))
    if isinstance(alpha, bool) and dtype is not bool_:
        rule = "Boolean alpha only supported for Boolean results"
    elif isinstance(alpha, float) and not dtype.is_floating_point:
        rule = "For integral input tensors, argument alpha must not be a floating point number"
    else:
        return bool(alpha) if dtype is bool_ else alpha
    raise RuntimeError(
        explain(operation, f"{rule}, found alpha={alpha!r}", remedy="Give an int as alpha")
    )


@numpy_names
def div(
    input: T | Scalar,
    other: T | Scalar,
    *,
    rounding_mode: str | None = None,
    out: T | None = None,
) -> T:
    """Return the quotient: true, or rounded with ``rounding_mode`` "floor" or "trunc".

    The true quotient of integers is a float; a rounded one is an integer, and a zero divisor
    then is a RuntimeError. A rounded quotient has the derivative zero.

    >>> import gnomon as torch
    >>> torch.div(torch.tensor([-7, 7]), 2)
    tensor([-3.5000,  3.5000])
    >>> torch.div(torch.tensor([-7, 7]), 2, rounding_mode="trunc")
    tensor([-3,  3])
    """
    return apply(_division(rounding_mode), (input, other), out)


def div_(input: T, other: T | Scalar, *, rounding_mode: str | None = None) -> T:
    """Divide ``input`` in place."""
    return apply_in_place(_division(rounding_mode), input, other)


def _division(rounding_mode: str | None) -> Binary:
    if rounding_mode is None:
        return arithmetic.div
    if rounding_mode == "floor":
        return arithmetic.floor_divide
    if rounding_mode == "trunc":
        return arithmetic.trunc_divide
    raise RuntimeError(
        explain(
            "div",
            "expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"{rounding_mode!r}",
        )
    )


@numpy_names
def true_divide(input: T | Scalar, other: T | Scalar, *, out: T | None = None) -> T:
    """Return the true quotient, ``div`` without a rounding mode."""
    return apply(arithmetic.div, (input, other), out)


@numpy_names
def positive(input: T) -> T:
    """Return ``input`` itself; RuntimeError for bool."""
    if input.operand.dtype is bool_:
        raise RuntimeError(
            explain("positive", "the + operator on a bool tensor is not supported", input)
        )
    return input


@numpy_names
def addcmul(
    input: T,
    tensor1: T | Scalar,
    tensor2: T | Scalar,
    *,
    value: Scalar = 1,
    out: T | None = None,
) -> T:
    """Return ``input + value * tensor1 * tensor2``, rounded once.

    >>> import gnomon as torch
    >>> torch.addcmul(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor(5.0))
    tensor([16., 22.])
    """
    scale = number_as("addcmul", value, common_dtype((input, tensor1, tensor2)))
    return arithmetic.add_product(input, tensor1, tensor2, scale, out=out)


def addcmul_(input: T, tensor1: T | Scalar, tensor2: T | Scalar, *, value: Scalar = 1) -> T:
    """Add ``value * tensor1 * tensor2`` to ``input`` in place."""
    scale = number_as("addcmul_", value, common_dtype((input, tensor1, tensor2)))
    return apply_in_place(arithmetic.add_product, input, tensor1, tensor2, scale)


@numpy_names
def addcdiv(
    input: T,
    tensor1: T | Scalar,
    tensor2: T | Scalar,
    *,
    value: Scalar = 1,
    out: T | None = None,
) -> T:
    """Return ``input + value * tensor1 / tensor2``, rounded once.

    Raises RuntimeError when ``tensor1`` and ``tensor2`` are both integers.

    >>> import gnomon as torch
    >>> torch.addcdiv(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor(2.0))
    tensor([2.5000, 4.0000])
    """
    scale = _scale_of_quotient(input, tensor1, tensor2, value)
    return arithmetic.add_quotient(input, tensor1, tensor2, scale, out=out)


def addcdiv_(input: T, tensor1: T | Scalar, tensor2: T | Scalar, *, value: Scalar = 1) -> T:
    """Add ``value * tensor1 / tensor2`` to ``input`` in place."""
    scale = _scale_of_quotient(input, tensor1, tensor2, value)
    return apply_in_place(arithmetic.add_quotient, input, tensor1, tensor2, scale)


def _scale_of_quotient(
    input: TensorCore,
    tensor1: TensorCore | Scalar,
    tensor2: TensorCore | Scalar,
    value: Scalar,
) -> Scalar:
    if not common_dtype((tensor1, tensor2)).is_floating_point:
        raise RuntimeError(
            explain(
                "addcdiv",
                "tensor1 and tensor2 are both integers, whose quotient is not one",
                remedy="Convert one to a float, or use div with a rounding_mode and add",
            )
        )
    return number_as("addcdiv", value, common_dtype((input, tensor1, tensor2)))


@numpy_names
def lerp(input: T, end: T, weight: T | Scalar, *, out: T | None = None) -> T:
    """Return ``input + weight * (end - input)``: the point at ``weight`` on the way to ``end``.

    Raises RuntimeError unless all tensors have one dtype.

    >>> import gnomon as torch
    >>> torch.lerp(torch.tensor([0.0, 10.0]), torch.tensor([1.0, 20.0]), 0.25)
    tensor([ 0.2500, 12.5000])
    """
    _check_one_dtype("lerp", input, end, weight)
    return arithmetic.lerp(input, end, weight, out=out)


def lerp_(input: T, end: T, weight: T | Scalar) -> T:
    """Move ``input`` in place, by ``weight`` of the way to ``end``."""
    _check_one_dtype("lerp_", input, end, weight)
    return apply_in_place(arithmetic.lerp, input, end, weight)


def _check_one_dtype(operation: str, input: TensorCore, *others: TensorCore | Scalar) -> None:
    """Raise unless all are floats of one dtype: a float weight makes no floats of integers."""
    floating(operation, input.operand.dtype)
    for name, other in zip(("end", "weight"), others, strict=True):
        if isinstance(other, TensorCore) and other.operand.dtype is not input.operand.dtype:
            raise RuntimeError(
                explain(
                    operation,
                    f"expected dtype {input.operand.dtype.name} for `{name}`",
                    input,
                    other,
                    remedy="Convert one with .to(dtype)",
                )
            )


divide = div
subtract = sub
