"""The functions of the top level that write to their first argument and return it."""

from __future__ import annotations

from typing import TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import arithmetic, integers, powers, representation

__all__ = [
    "abs_",
    "gcd_",
    "lcm_",
    "ldexp_",
    "neg_",
    "negative_",
    "reciprocal_",
    "rsqrt_",
    "sqrt_",
    "square_",
]

T = TypeVar("T", bound=TensorCore)


@numpy_names
def abs_(input: T) -> T:
    """Replace ``input`` by its absolute value.

    >>> import gnomon as torch
    >>> x = torch.tensor([-1.0, 2.0])
    >>> torch.abs_(x) is x, x
    (True, tensor([1., 2.]))
    """
    return apply_in_place(arithmetic.abs, input)


@numpy_names
def neg_(input: T) -> T:
    """Change the sign of ``input``."""
    return apply_in_place(arithmetic.neg, input)


@numpy_names
def reciprocal_(input: T) -> T:
    """Replace ``input`` by its reciprocal."""
    return apply_in_place(arithmetic.reciprocal, input)


@numpy_names
def square_(input: T) -> T:
    """Replace ``input`` by its square."""
    return apply_in_place(powers.square, input)


@numpy_names
def sqrt_(input: T) -> T:
    """Replace ``input`` by its square root."""
    return apply_in_place(powers.sqrt, input)


@numpy_names
def rsqrt_(input: T) -> T:
    """Replace ``input`` by the reciprocal of its square root."""
    return apply_in_place(powers.rsqrt, input)


@numpy_names
def gcd_(input: T, other: T | Scalar) -> T:
    """Replace ``input`` by its greatest common divisor with ``other``."""
    return apply_in_place(integers.gcd, input, other)


@numpy_names
def lcm_(input: T, other: T | Scalar) -> T:
    """Replace ``input`` by its least common multiple with ``other``."""
    return apply_in_place(integers.lcm, input, other)


@numpy_names
def ldexp_(input: T, other: T | Scalar) -> T:
    """Multiply ``input`` by 2 to the power ``other``."""
    return apply_in_place(representation.ldexp, input, other)


negative_ = neg_
