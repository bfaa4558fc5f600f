"""Smooth activations. Their parameters are Python numbers, given as further operands.

Tolerances add up those of the parts, from the OpenCL C specification's relative-error tables,
full profile.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.op.claims import EXPONENTS, POSITIVE, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, Ternary, Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace
from gnomon.op.rules import floating
from gnomon.ops.arithmetic import mul, sub
from gnomon.ops.comparison import gt, where
from gnomon.ops.error_functions import ndtr, normal_density
from gnomon.ops.hyperbolic import tanh
from gnomon.ops.logistic import sigmoid

__all__ = ["selu", "selu_"]

T = TypeVar("T", bound=TensorCore)

# G. Klambauer et al., "Self-Normalizing Neural Networks" (2017), equation 14: the fixed point
# of zero mean and unit variance, to double precision.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
# D. Hendrycks and K. Gimpel, "Gaussian Error Linear Units" (2016), section 2.
_GELU_CUBIC = 0.044715
_ROOT_TWO_OVER_PI = math.sqrt(2.0 / math.pi)

#: Of functions that are their operand where it is large, and subnormal where -x is.
_LINEAR_ABOVE = Domain(EXPONENTS.low, math.inf)
# expm1 3, and the two products 0.5 each.
_EXPONENTIAL_LINEAR = Ulps(4, 4, 3)


def _elu(x: Scalar, alpha: Scalar, input_scale: Scalar) -> Scalar:
    return x if x > 0 else alpha * special.expm1(input_scale * x)


def _elu_slope(x: Scalar, alpha: Scalar, input_scale: Scalar) -> Scalar:
    return 1.0 if x > 0 else alpha * input_scale * special.exp(input_scale * x)


elu_of: Ternary = Ternary(
    name="elu",
    definition=(
        "the input where it is positive, other * (exp(third * input) - 1) elsewhere; other "
        "and third are numbers"
    ),
    special_cases="-other at -inf",
    dtype=floating,
    scalar=_elu,
    vjp=(
        lambda g, x, alpha, scale, _r: mul(g, elu_slope(x, alpha, scale)),
        None,
        None,
    ),
    tolerance=_EXPONENTIAL_LINEAR,
    domain=(REALS, Domain(0.5, 2.0), Domain(0.5, 2.0)),
)
#: The record of celu: elu, under the name PyTorch gives its node.
celu_of: Ternary = replace(elu_of, name="celu")
elu_slope: Ternary = Ternary(
    name="elu_slope",
    definition=(
        "the derivative of elu: 1 where the input is positive, other * third * exp(third * "
        "input) elsewhere"
    ),
    dtype=floating,
    scalar=_elu_slope,
    vjp=(
        lambda g, x, _alpha, scale, r: where(gt(x, 0), 0.0, mul(g, mul(r, scale))),
        None,
        None,
    ),
    tolerance=_EXPONENTIAL_LINEAR,
    domain=(REALS, Domain(0.5, 2.0), Domain(0.5, 2.0)),
)
selu: Unary = Unary(
    name="selu",
    definition=(
        "1.0507 * elu(input), with 1.6733 for elu's factor: the fixed point of zero mean and "
        "unit variance"
    ),
    special_cases="-1.7581 at -inf",
    node_name="EluBackward0",
    dtype=floating,
    scalar=lambda x: _SELU_SCALE * _elu(x, _SELU_ALPHA, 1.0),
    vjp=lambda g, x, _y: mul(g, mul(elu_slope(x, _SELU_ALPHA, 1.0), _SELU_SCALE)),
    tolerance=_EXPONENTIAL_LINEAR,
    domain=REALS,
)
# The normal distribution function 16 and the product 0.5. Far below 0 it underflows.
gelu_exact: Unary = Unary(
    name="gelu",
    definition="input * ndtr(input), with the exact normal distribution",
    special_cases="NaN at -inf",
    dtype=floating,
    scalar=lambda x: x * special.ndtr(x),
    vjp=lambda g, x, _y: mul(g, add(ndtr(x), mul(x, normal_density(x)))),
    tolerance=Ulps(17, 17, 5),
    domain=POSITIVE,
)
# 0.5 * (1 + tanh(u)) is sigmoid(2u), in which nothing cancels where u is negative. Sigmoid 6,
# the product 0.5, and of what 2u is off by, four roundings at most, sigmoid passes on 0.28.
gelu_tanh: Unary = Unary(
    name="gelu_tanh",
    definition=(
        "gelu with tanh(√(2/π) * (input + 0.044715 * input ** 3)) in place of the error "
        "function"
    ),
    special_cases="NaN at -inf",
    node_name="GeluBackward0",
    dtype=floating,
    scalar=lambda x: x * special.sigmoid(2.0 * _ROOT_TWO_OVER_PI * _cubic(x)),
    vjp=lambda g, x, _y: mul(g, _gelu_tanh_slope(x)),
    tolerance=Ulps(8, 8, 5),
    domain=POSITIVE,
)
silu_of: Unary = Unary(
    name="silu",
    definition="input * sigmoid(input)",
    special_cases="NaN at -inf",
    dtype=floating,
    scalar=lambda x: x * special.sigmoid(x),
    vjp=lambda g, x, _y: mul(g, _silu_slope(x, sigmoid(x))),
    tolerance=Ulps(7, 7, 5),  # sigmoid 6 and the product
    domain=_LINEAR_ABOVE,
)
# exp 3, log1p 2, tanh 5 and the product 0.5.
mish_of: Unary = Unary(
    name="mish",
    definition="input * tanh(softplus(input))",
    special_cases="NaN at -inf",
    dtype=floating,
    scalar=lambda x: x * math.tanh(special.softplus(x)),
    vjp=lambda g, x, _y: mul(g, _mish_slope(x, tanh(softplus_of(x, 1.0, 20.0)))),
    tolerance=Ulps(11, 11, 7),
    domain=_LINEAR_ABOVE,
)
softplus_of: Ternary = Ternary(
    name="softplus",
    definition="log(1 + exp(other * input)) / other; other is a number",
    special_cases="the input itself where other * input is above third; 0 at -inf",
    dtype=floating,
    scalar=special.softplus,
    vjp=(
        lambda g, x, beta, threshold, _r: mul(g, softplus_slope(x, beta, threshold)),
        None,
        None,
    ),
    # exp 3, log1p 2, the division 2.5, the sum and product 0.5 each.
    tolerance=Ulps(9, 9, 6),
    domain=(EXPONENTS, Domain(0.5, 2.0), Domain(10.0, 20.0)),
)
softplus_slope: Ternary = Ternary(
    name="softplus_slope",
    definition="the derivative of softplus: sigmoid(other * input)",
    special_cases="1 where other * input is above third",
    dtype=floating,
    scalar=lambda x, beta, threshold: (
        1.0 if beta * x > threshold else special.sigmoid(beta * x)
    ),
    vjp=(
        lambda g, _x, beta, _t, r: mul(g, mul(mul(r, sub(1.0, r)), beta)),
        None,
        None,
    ),
    tolerance=Ulps(7, 7, 5),
    domain=(EXPONENTS, Domain(0.5, 2.0), Domain(10.0, 20.0)),
)
glu_of: Binary = Binary(
    name="glu",
    definition="input * sigmoid(other)",
    special_cases="0 where other is -inf, unless input is infinite",
    dtype=floating,
    scalar=lambda x, gate: x * special.sigmoid(gate),
    vjp=(
        lambda g, _x, gate, _r: mul(g, sigmoid(gate)),
        lambda g, x, gate, _r: mul(g, mul(x, _sigmoid_slope(sigmoid(gate)))),
    ),
    tolerance=Ulps(7, 7, 5),
    domain=(REALS, EXPONENTS),
)


def _cubic(x: Scalar) -> Scalar:
    return x + _GELU_CUBIC * x * x * x


def _gelu_tanh_slope(x: T) -> T:
    square = mul(x, x)
    cubic = mul(x, add(mul(square, _GELU_CUBIC), 1.0))
    gate = sigmoid(mul(cubic, 2.0 * _ROOT_TWO_OVER_PI))
    steep = mul(add(mul(square, 3.0 * _GELU_CUBIC), 1.0), 2.0 * _ROOT_TWO_OVER_PI)
    return mul(gate, add(mul(mul(x, sub(1.0, gate)), steep), 1.0))


def _sigmoid_slope(value: T) -> T:
    return mul(value, sub(1.0, value))


def _silu_slope(x: T, gate: T) -> T:
    return mul(gate, add(mul(x, sub(1.0, gate)), 1.0))


def _mish_slope(x: T, gate: T) -> T:
    return add(gate, mul(mul(x, sigmoid(x)), sub(1.0, mul(gate, gate))))


selu_ = InPlace(selu)
