"""Activations made of straight lines; their parameters are numbers, given as further operands.

Each is exact or a product away from it. Their derivatives are records as well, which leave out
what has no slope even where the cotangent is infinite or NaN; their own slope by the input is 0
and not "no gradient", as PyTorch's is.
"""

from __future__ import annotations

from dataclasses import replace

from gnomon.dtypes import DType, bool_
from gnomon.errors import explain
from gnomon.op.claims import EXACT, POSITIVE, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, Quaternary, Ternary, Unary
from gnomon.op.foundation import add, no_slope
from gnomon.op.in_place import InPlace
from gnomon.op.rules import floating, integers_and_floats
from gnomon.ops.arithmetic import mul
from gnomon.ops.comparison import gt, le, lt, where

__all__ = ["relu", "relu_"]

_ONE_PRODUCT = Ulps(0.5, 0.5, 0.5)
_THIRD = 1.0 / 3.0
_SIXTH = 1.0 / 6.0


def _numbers(operation: str, dtype: DType) -> tuple[DType, DType]:
    """Any dtype but bool."""
    if dtype is bool_:
        raise RuntimeError(
            explain(operation, "not defined on bool", remedy="Convert to an integer dtype")
        )
    return dtype, dtype


threshold_backward: Ternary = Ternary(
    name="threshold_backward",
    definition="input where other is above third, a number, and 0 elsewhere",
    special_cases="input where other is NaN",
    dtype=integers_and_floats,
    scalar=lambda g, x, threshold: 0 if x <= threshold else g,
    vjp=(
        lambda g, _g, x, threshold, _r: threshold_backward(g, x, threshold),
        lambda g, _g, _x, _threshold, _r: no_slope(g),
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, REALS),
)
relu: Unary = Unary(
    name="relu",
    definition="the input where it is positive, 0 elsewhere",
    special_cases="NaN stays NaN; -0.0 stays -0.0",
    dtype=_numbers,
    scalar=lambda x: 0 if x < 0 else x,
    vjp=lambda g, _x, y: threshold_backward(g, y, 0),
    tolerance=EXACT,
    domain=REALS,
)
threshold_of: Ternary = Ternary(
    name="threshold",
    definition="the input where it is above other, third elsewhere; both are numbers",
    special_cases="NaN stays NaN",
    dtype=integers_and_floats,
    scalar=lambda x, threshold, value: value if x <= threshold else x,
    vjp=(
        lambda g, x, threshold, _v, _r: threshold_backward(g, x, threshold),
        None,
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, REALS),
)
hardtanh_of: Ternary = Ternary(
    name="hardtanh",
    definition="the input limited to [other, third], which are numbers",
    special_cases="NaN stays NaN",
    dtype=_numbers,
    scalar=lambda x, low, high: low if x < low else high if x > high else x,
    vjp=(
        lambda g, x, low, high, _r: between(g, x, low, high),
        None,
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, Domain(-2.0, 0.0), Domain(0.0, 2.0)),
)


between: Quaternary = Quaternary(
    name="between_backward",
    definition=(
        "input where other lies strictly between third and fourth, numbers, and 0 elsewhere"
    ),
    special_cases="0 where other is NaN",
    dtype=integers_and_floats,
    scalar=lambda g, x, low, high: g if low < x < high else 0,
    vjp=(
        lambda g, _g, x, low, high, _r: between(g, x, low, high),
        lambda g, _g, _x, _low, _high, _r: no_slope(g),
        None,
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, Domain(-2.0, 0.0), Domain(0.0, 2.0)),
)
leaky_relu_of: Binary = Binary(
    name="leaky_relu",
    definition="input where it is positive, input * other elsewhere; other is a number",
    special_cases="NaN stays NaN",
    dtype=floating,
    scalar=lambda x, slope: x if x > 0 else x * slope,
    vjp=(
        lambda g, x, slope, _r: leaky_relu_backward(g, x, slope),
        None,
    ),
    tolerance=_ONE_PRODUCT,
    domain=(REALS, Domain(0.0, 1.0)),
)
leaky_relu_backward: Ternary = Ternary(
    name="leaky_relu_backward",
    definition="input where other is positive, input * third elsewhere",
    special_cases="input * third where other is NaN",
    dtype=floating,
    scalar=lambda g, x, slope: g if x > 0 else g * slope,
    vjp=(
        lambda g, _g, x, slope, _r: leaky_relu_backward(g, x, slope),
        lambda g, _g, _x, _slope, _r: no_slope(g),
        lambda g, cotangent, x, _slope, _r: where(gt(x, 0), 0.0, mul(g, cotangent)),
    ),
    tolerance=_ONE_PRODUCT,
    domain=(REALS, REALS, Domain(0.0, 1.0)),
)
prelu_of: Binary = Binary(
    name="prelu",
    definition=(
        "input where it is positive, input * other elsewhere; other is a tensor that learns"
    ),
    special_cases="NaN stays NaN",
    node_name="PreluKernelBackward0",
    dtype=floating,
    scalar=lambda x, weight: x if x > 0 else x * weight,
    vjp=(
        lambda g, x, weight, _r: leaky_relu_backward(g, x, weight),
        lambda g, x, _w, _r: where(gt(x, 0), 0.0, mul(g, x)),
    ),
    tolerance=_ONE_PRODUCT,
    domain=(REALS, REALS),
)
#: The record of rrelu, whose slopes below 0 are random.
rrelu_of: Binary = replace(prelu_of, name="rrelu", node_name="RreluWithNoiseBackward0")
hardsigmoid_of: Unary = Unary(
    name="hardsigmoid",
    definition="0 up to -3, 1 from 3 on, input / 6 + 1/2 in between",
    special_cases="NaN stays NaN",
    dtype=floating,
    scalar=lambda x: 0.0 if x <= -3 else 1.0 if x >= 3 else x * _SIXTH + 0.5,
    vjp=lambda g, x, _y: mul(between(g, x, -3, 3), _SIXTH),
    # Near -3 the sum cancels: the error is that of its terms, not of the result.
    tolerance=Ulps(2, 2, 2),
    domain=POSITIVE,
)
hardswish_of: Unary = Unary(
    name="hardswish",
    definition="input * hardsigmoid(input)",
    special_cases="NaN at -inf, as PyTorch has it",
    dtype=floating,
    scalar=lambda x: x * (0.0 if x <= -3 else 1.0 if x >= 3 else x * _SIXTH + 0.5),
    vjp=lambda g, x, _y: where(
        le(x, -3), 0.0, where(lt(x, 3), mul(g, add(mul(x, _THIRD), 0.5)), g)
    ),
    tolerance=Ulps(3, 3, 3),
    domain=POSITIVE,
)
hardshrink_of: Binary = Binary(
    name="hardshrink",
    definition="0 where input lies in [-other, other], input elsewhere; other is a number",
    special_cases="NaN stays NaN",
    dtype=floating,
    scalar=lambda x, width: 0.0 if -width <= x <= width else x,
    vjp=(lambda g, x, width, _r: shrink_backward(g, x, width), None),
    tolerance=EXACT,
    domain=(REALS, Domain(0.0, 2.0)),
)
softshrink_of: Binary = Binary(
    name="softshrink",
    definition="input moved toward 0 by other, a number, and 0 where it lies within other of 0",
    special_cases="NaN stays NaN",
    dtype=floating,
    scalar=lambda x, width: x - width if x > width else x + width if x < -width else x * 0.0,
    vjp=(lambda g, x, width, _r: shrink_backward(g, x, width), None),
    tolerance=_ONE_PRODUCT,
    domain=(REALS, Domain(0.0, 2.0)),
)
shrink_backward: Ternary = Ternary(
    name="shrink_backward",
    definition="0 where other lies in [-third, third], input elsewhere",
    special_cases="input where other is NaN",
    dtype=floating,
    scalar=lambda g, x, width: 0.0 if -width <= x <= width else g,
    vjp=(
        lambda g, _g, x, width, _r: shrink_backward(g, x, width),
        lambda g, _g, _x, _width, _r: no_slope(g),
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, Domain(0.0, 2.0)),
)

relu_ = InPlace(relu)
