"""What a loss makes of one prediction and one target; ``composite.losses`` reduces the terms.

Tolerances add up those of the parts, from the OpenCL C specification's relative-error tables,
full profile, on domains where the terms do not cancel.
"""

from __future__ import annotations

import math

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.dtypes import Scalar
from gnomon.op.claims import POSITIVE, PROBABILITY, Domain, Ulps
from gnomon.op.elementwise import Binary, Ternary
from gnomon.op.foundation import add
from gnomon.op.rules import floating
from gnomon.ops import arithmetic
from gnomon.ops.arithmetic import div, mul, neg, sign, sub
from gnomon.ops.comparison import lt, ne, where
from gnomon.ops.exponentials import log, log1p
from gnomon.ops.logistic import log_sigmoid, sigmoid
from gnomon.ops.piecewise_activations import hardtanh_of
from gnomon.ops.selection import clamp_below

_NEGATIVE = Domain(-math.inf, 0.0)
# PyTorch's: the logarithm of a probability is taken for no less than this, and the slope's
# denominator for no less than the other.
_LOWEST_LOGARITHM = -100.0
_LOWEST_VARIANCE = 1e-12

squared_error: Binary = Binary(
    name="mse_loss",
    definition="(input - other) ** 2",
    dtype=floating,
    scalar=lambda x, y: (x - y) * (x - y),
    vjp=(
        lambda g, x, y, _r: mul(g, mul(sub(x, y), 2.0)),
        lambda g, x, y, _r: mul(g, mul(sub(x, y), -2.0)),
    ),
    tolerance=Ulps(2, 2, 2),
    domain=(POSITIVE, _NEGATIVE),
)


def _smooth_absolute(x: Scalar, y: Scalar, beta: Scalar) -> Scalar:
    error = abs(x - y)
    return 0.5 * error * error / beta if error < beta else error - 0.5 * beta


def _huber(x: Scalar, y: Scalar, delta: Scalar) -> Scalar:
    error = abs(x - y)
    return 0.5 * error * error if error <= delta else delta * (error - 0.5 * delta)


#: A parabola within ``beta`` (third, a number) of the target, straight lines beyond.
smooth_absolute_error: Ternary = Ternary(
    name="smooth_l1_loss",
    definition=(
        "e ** 2 / (2 * third) where e = abs(input - other) is below third, a number, and e - "
        "third / 2 elsewhere"
    ),
    node_name="SmoothL1LossBackward0",
    dtype=floating,
    scalar=_smooth_absolute,
    vjp=(
        lambda g, x, y, beta, _r: mul(g, hardtanh_of(div(sub(x, y), beta), -1.0, 1.0)),
        lambda g, x, y, beta, _r: neg(mul(g, hardtanh_of(div(sub(x, y), beta), -1.0, 1.0))),
        None,
    ),
    # At worst e ** 2 adds 3 ULP, and the division 2.5, or a half where it is rounded rightly.
    tolerance=Ulps(5.5, 3.5, 4),
    domain=(POSITIVE, _NEGATIVE, Domain(0.5, 2.0)),
)


def _within(error: TensorCore, delta: TensorCore) -> TensorCore:
    """Return ``error``, or ``delta`` with its sign where it is not smaller; NaN of NaN."""
    limit = where(ne(error, error), math.nan, mul(sign(error), delta))
    return where(lt(arithmetic.abs(error), delta), error, limit)


#: A parabola within ``delta`` (third, a number) of the target, straight lines beyond.
huber_error: Ternary = Ternary(
    name="huber_loss",
    definition=(
        "e ** 2 / 2 where e = abs(input - other) is at most third, a number, and third * (e - "
        "third / 2) elsewhere"
    ),
    dtype=floating,
    scalar=_huber,
    vjp=(
        lambda g, x, y, delta, _r: mul(g, _within(sub(x, y), delta)),
        lambda g, x, y, delta, _r: neg(mul(g, _within(sub(x, y), delta))),
        None,
    ),
    # At worst, where e is just above third, e adds 2 ULP, e - third / 2 one, the product 0.5.
    tolerance=Ulps(3.5, 3.5, 3.5),
    domain=(POSITIVE, _NEGATIVE, Domain(0.5, 2.0)),
)


def _cross_entropy(x: Scalar, y: Scalar) -> Scalar:
    hit = max(special.log(x), _LOWEST_LOGARITHM)
    miss = max(special.log1p(-x), _LOWEST_LOGARITHM)
    return (y - 1.0) * miss - y * hit


binary_cross_entropy_of: Binary = Binary(
    name="binary_cross_entropy",
    definition=(
        "-other * log(input) - (1 - other) * log(1 - input), the cross entropy of two "
        "probabilities"
    ),
    special_cases="either logarithm counts as -100 at least",
    dtype=floating,
    scalar=_cross_entropy,
    vjp=(
        lambda g, x, y, _r: mul(
            g, div(sub(x, y), clamp_below(mul(sub(1.0, x), x), _LOWEST_VARIANCE))
        ),
        lambda g, x, _y, _r: mul(g, sub(log1p(neg(x)), log(x))),
    ),
    tolerance=Ulps(5, 5, 4),
    domain=(PROBABILITY, PROBABILITY),
)
logit_cross_entropy: Binary = Binary(
    name="binary_cross_entropy_with_logits",
    definition="the cross entropy of the probability other and sigmoid(input)",
    dtype=floating,
    scalar=lambda x, y: (1.0 - y) * x - special.log_sigmoid(x),
    vjp=(
        lambda g, x, y, _r: mul(g, sub(sigmoid(x), y)),
        lambda g, x, _y, _r: neg(mul(g, x)),
    ),
    tolerance=Ulps(8, 8, 6),
    domain=(POSITIVE, PROBABILITY),
)
weighted_logit_cross_entropy: Ternary = Ternary(
    name="weighted_binary_cross_entropy_with_logits",
    definition=(
        "the cross entropy of other and sigmoid(input), the part of other weighing third "
        "times as much"
    ),
    node_name="BinaryCrossEntropyWithLogitsBackward0",
    dtype=floating,
    scalar=lambda x, y, p: (1.0 - y) * x - (1.0 + (p - 1.0) * y) * special.log_sigmoid(x),
    vjp=(
        lambda g, x, y, p, _r: mul(
            g, sub(mul(add(sub(mul(y, p), y), 1.0), sigmoid(x)), mul(y, p))
        ),
        lambda g, x, _y, p, _r: mul(g, sub(log_sigmoid(neg(x)), mul(p, log_sigmoid(x)))),
        None,
    ),
    tolerance=Ulps(10, 10, 8),
    domain=(POSITIVE, PROBABILITY, Domain(1.0, 4.0)),
)
soft_margin: Binary = Binary(
    name="soft_margin_loss",
    definition="log(1 + exp(-input * other)), for targets other of 1 and -1",
    dtype=floating,
    scalar=lambda x, y: -special.log_sigmoid(x * y),
    vjp=(lambda g, x, y, _r: neg(mul(mul(g, y), sigmoid(neg(mul(x, y))))), None),
    tolerance=Ulps(7, 7, 6),
    domain=(Domain(-40.0, 40.0), Domain(-1.0, 1.0)),
)
