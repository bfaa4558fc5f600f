"""The logistic function and its kin, and entropies.

Tolerances add up those of the parts, from the OpenCL C specification's relative-error tables,
full profile.
"""

from __future__ import annotations

import math
from typing import TypeVar

from gnomon import special_functions as special
from gnomon.core import TensorCore
from gnomon.op.claims import EXPONENTS, POSITIVE, REALS, Domain, Ulps
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.foundation import add
from gnomon.op.in_place import InPlace, apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.op.rules import floating, int_to_float
from gnomon.ops.arithmetic import div, mul, neg, sub
from gnomon.ops.comparison import eq, ge, gt, le, lt, where
from gnomon.ops.exponentials import log, log1p
from gnomon.ops.logic import logical_and

__all__ = ["logit", "logit_", "sigmoid", "sigmoid_"]

T = TypeVar("T", bound=TensorCore)

# exp 3, the sum 0.5, the division 2.5.
sigmoid: Unary = Unary(
    name="sigmoid",
    definition="1 / (1 + exp(-input))",
    special_cases="0 at -inf, 1 at inf",
    dtype=int_to_float,
    scalar=special.sigmoid,
    vjp=lambda g, _x, y: mul(g, mul(y, sub(1.0, y))),
    tolerance=Ulps(6, 6, 4),
    domain=REALS,
)
# exp 3, log1p 2, the difference 0.5.
log_sigmoid: Unary = Unary(
    name="log_sigmoid",
    definition="log(sigmoid(input)), accurate far below zero",
    special_cases="-inf at -inf, 0 at inf",
    dtype=floating,
    scalar=special.log_sigmoid,
    vjp=lambda g, x, _y: mul(g, sigmoid(neg(x))),
    tolerance=Ulps(6, 6, 5),
    domain=Domain(-math.inf, EXPONENTS.high),
)
_LOG_ODDS = Ulps(6, 6, 4)  # the division 2.5 and log 3, away from the zero at 1/2

log_odds: Unary = Unary(
    name="logit",
    definition="log(input / (1 - input))",
    special_cases="-inf at 0, inf at 1; NaN outside [0, 1]",
    dtype=int_to_float,
    scalar=special.logit,
    vjp=lambda g, x, _y: mul(g, _log_odds_slope(x)),
    tolerance=_LOG_ODDS,
    domain=Domain(0.0, 0.4),
)
clamped_log_odds: Binary = Binary(
    name="logit_clamped",
    definition=(
        "log(x / (1 - x)) of x, the input limited to [other, 1 - other]; other is a number"
    ),
    special_cases="no gradient flows where the input was limited",
    node_name="LogitBackward0",
    dtype=int_to_float,
    scalar=special.logit,
    vjp=(lambda g, x, eps, _r: mul(g, _clamped_log_odds_slope(x, eps)), None),
    tolerance=_LOG_ODDS,
    domain=(Domain(0.0, 0.4), Domain(0.0, 0.1)),
)


def _log_odds_slope(x: T) -> T:
    """Return 1 / (x (1 - x)); NaN outside [0, 1]."""
    variance = mul(x, sub(1.0, x))
    return where(ge(variance, 0), div(1.0, variance), math.nan)


def _clamped_log_odds_slope(x: TensorCore, eps: TensorCore) -> TensorCore:
    """Return 1 / (x (1 - x)); 0 where x was clamped."""
    slope = div(1.0, mul(x, sub(1.0, x)))
    return where(lt(x, eps), 0.0, where(gt(x, sub(1.0, eps)), 0.0, slope))


# log 3 and the product 0.5, away from the zero at 1.
entr: Unary = Unary(
    name="special_entr",
    definition="-input * log(input), a term of an entropy",
    special_cases="0 at 0; -inf below zero and at inf",
    dtype=int_to_float,
    scalar=special.entr,
    vjp=lambda g, x, _y: mul(g, neg(add(log(x), 1.0))),
    tolerance=Ulps(4, 4, 3),
    domain=Domain(0.0, 0.5),
)
xlog1py: Binary = Binary(
    name="special_xlog1py",
    definition="input * log(1 + other)",
    special_cases="0 where input is 0, unless other is NaN",
    node_name="SpecialXlog1PyBackward0",
    number_node_name="SpecialXlog1PyBackward2",
    dtype=int_to_float,
    scalar=special.xlog1py,
    vjp=(
        lambda g, x, y, _r: where(logical_and(eq(x, 0), le(y, -1)), 0, mul(g, log1p(y))),
        lambda g, x, y, _r: mul(g, div(x, add(y, 1.0))),
    ),
    tolerance=Ulps(3, 3, 3),
    domain=(REALS, POSITIVE),
)


@numpy_names
def logit(input: T, eps: float | None = None, *, out: T | None = None) -> T:
    """Return log(input / (1 - input)), the inverse of ``sigmoid``; integers give floats.

    With ``eps`` the input is clamped to [eps, 1 - eps] first; without, 0 gives -inf, 1 gives
    inf and what is outside [0, 1] NaN.

    >>> import gnomon as torch
    >>> torch.logit(torch.tensor([0.5, 0.0, 2.0]))
    tensor([0., -inf, nan])
    >>> torch.logit(torch.tensor([0.5, 0.0]), eps=0.25)
    tensor([ 0.0000, -1.0986])
    """
    if eps is None:
        return log_odds(input, out=out)
    return clamped_log_odds(input, eps, out=out)


@numpy_names
def logit_(input: T, eps: float | None = None) -> T:
    """Replace each element by its log-odds, in place."""
    if eps is None:
        return apply_in_place(log_odds, input)
    return apply_in_place(clamped_log_odds, input, eps)


sigmoid_ = InPlace(sigmoid)
