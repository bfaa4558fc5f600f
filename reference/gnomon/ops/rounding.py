"""Rounding to integers: exact, and the identity on integers; every derivative is zero.

Infinities and NaN stay as they are, and a result of zero keeps the sign of its input.
"""

from __future__ import annotations

import math
from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar, float32
from gnomon.op.claims import EXACT, REALS, Domain
from gnomon.op.elementwise import Binary, BinaryMeaning, Unary, UnaryMeaning
from gnomon.op.foundation import no_slope
from gnomon.op.in_place import InPlace, apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating, integers_and_floats

__all__ = [
    "ceil",
    "ceil_",
    "fix",
    "fix_",
    "floor",
    "floor_",
    "frac",
    "frac_",
    "round",
    "round_",
    "trunc",
    "trunc_",
]

T = TypeVar("T", bound=TensorCore)


def _signed(to_integer: UnaryMeaning) -> UnaryMeaning:
    """Return ``to_integer`` as a float, with the sign of zero that IEEE 754 gives it."""
    return lambda x: math.copysign(float(to_integer(x)), x)


def _unchanged(x: Scalar) -> Scalar:
    return x


floor: Unary = Unary(
    name="floor",
    definition="the largest integer not above the input",
    special_cases="infinities, NaN, zeros and integers stay themselves",
    dtype=integers_and_floats,
    scalar=_signed(math.floor),
    integer=_unchanged,
    undefined=_unchanged,
    vjp=lambda g, _x, _y: no_slope(g),
    tolerance=EXACT,
    domain=REALS,
)
ceil: Unary = Unary(
    name="ceil",
    definition="the smallest integer not below the input",
    special_cases="infinities, NaN, zeros and integers stay themselves; -0.0 between -1 and 0",
    dtype=integers_and_floats,
    scalar=_signed(math.ceil),
    integer=_unchanged,
    undefined=_unchanged,
    vjp=lambda g, _x, _y: no_slope(g),
    tolerance=EXACT,
    domain=REALS,
)
trunc: Unary = Unary(
    name="trunc",
    definition="the integer part of the input, rounded toward zero",
    special_cases=(
        "infinities, NaN, zeros and integers stay themselves; a zero has the sign of the input"
    ),
    dtype=integers_and_floats,
    scalar=_signed(math.trunc),
    integer=_unchanged,
    undefined=_unchanged,
    vjp=lambda g, _x, _y: no_slope(g),
    tolerance=EXACT,
    domain=REALS,
)
fix = trunc
frac: Unary = Unary(
    name="frac",
    definition="the input less its integer part: it has the sign of the input",
    special_cases="NaN at infinities and NaN; 0.0 at nonzero integers",
    dtype=floating,
    scalar=lambda x: x - math.trunc(x),
    undefined=lambda _x: math.nan,
    vjp=lambda g, _x, _y: g,
    tolerance=EXACT,
    domain=REALS,
)
round_to_even: Unary = Unary(
    name="round",
    definition="the integer nearest the input, of two the even one",
    special_cases=(
        "infinities, NaN, zeros and integers stay themselves; a zero has the sign of the input"
    ),
    dtype=integers_and_floats,
    scalar=special.round_to_integer,
    integer=_unchanged,
    vjp=lambda g, _x, _y: no_slope(g),
    tolerance=EXACT,
    domain=REALS,
)


def _scaled_rounding(dtype: DType) -> BinaryMeaning:
    """Return the rounding to a number of digits whose every step is rounded, as PyTorch's is.

    Steps are rounded to ``dtype``, those of float16 and bfloat16 to float32.
    """
    working = dtype if dtype.itemsize > 2 else float32

    def step(x: float) -> float:
        return float(working.round(x))

    return lambda x, decimals: special.round_half_even(x, int(decimals), step)


round_to_decimals: Binary = Binary(
    name="round_decimals",
    definition=(
        "the input rounded to other digits after the point, before it if negative; ties to even"
    ),
    special_cases=(
        "the input is scaled, rounded and scaled back, each step rounded to the dtype, or to "
        "float32 for 16-bit floats"
    ),
    node_name="RoundBackward1",
    dtype=floating,
    scalar=lambda x, decimals: special.round_half_even(x, int(decimals)),
    floating=_scaled_rounding,
    vjp=(lambda g, _x, _decimals, _r: no_slope(g), None),
    tolerance=EXACT,
    domain=(REALS, Domain(-3.0, 3.0, whole=True)),
)


@numpy_names
def round(input: T, *, decimals: int = 0, out: T | None = None) -> T:
    """Round to ``decimals`` digits after the point (before it if negative), ties to even.

    With ``decimals`` the input is scaled by a power of ten, rounded and scaled back, each step
    rounded to its dtype, or to float32: the tie is judged after the scaling, so that 1.005
    gives 1.0 for two digits. Integers round to themselves; with ``decimals`` they raise
    NotImplementedError, as bool always does.

    >>> import gnomon as torch
    >>> torch.round(torch.tensor([0.5, 1.5, -0.2]))
    tensor([0., 2., -0.])
    >>> torch.round(torch.tensor([12.345, -0.005]), decimals=2)
    tensor([12.3400, -0.0000])
    """
    if decimals == 0:
        return round_to_even(input, out=out)
    floating("round", input.operand.dtype)
    return round_to_decimals(input, decimals, out=out)


@numpy_names
def round_(input: T, *, decimals: int = 0) -> T:
    """Round to ``decimals`` digits, in place."""
    if decimals == 0:
        return apply_in_place(round_to_even, input)
    floating("round_", input.operand.dtype)
    return apply_in_place(round_to_decimals, input, decimals)


floor_ = InPlace(floor)
ceil_ = InPlace(ceil)
trunc_ = InPlace(trunc)
fix_ = trunc_
frac_ = InPlace(frac)
