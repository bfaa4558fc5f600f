"""Selection: results that are one of the operands, such as the larger.

``maximum``, ``minimum`` and ``clamp`` give NaN where any operand is NaN; ``fmax`` and ``fmin``
only where both are. Of equal operands the first is taken, which the sign of a zero shows.
"""

from __future__ import annotations

import math

from gnomon.dtypes import Scalar
from gnomon.op.claims import EXACT, REALS
from gnomon.op.elementwise import Binary, Quaternary, Ternary
from gnomon.op.rules import floating, integers_and_floats, same
from gnomon.ops.arithmetic import div
from gnomon.ops.comparison import eq, ge, gt, isfinite, isnan, le, lt, where
from gnomon.ops.logic import logical_and, logical_or

__all__ = ["fmax", "fmin", "maximum", "minimum"]


def _larger(x: Scalar, y: Scalar) -> Scalar:
    return x if x >= y or x != x else y


def _smaller(x: Scalar, y: Scalar) -> Scalar:
    return x if x <= y or x != x else y


maximum: Binary = Binary(
    name="maximum",
    definition="the larger of input and other",
    special_cases=(
        "NaN if either is; of equals input, which the sign of a zero shows; a tie gives half "
        "the cotangent to each"
    ),
    tensors=2,
    dtype=same,
    scalar=_larger,
    vjp=(
        lambda g, x, y, _r: where(eq(x, y), div(g, 2), where(lt(x, y), 0, g)),
        lambda g, x, y, _r: where(eq(x, y), div(g, 2), where(gt(x, y), 0, g)),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
minimum: Binary = Binary(
    name="minimum",
    definition="the smaller of input and other",
    special_cases=(
        "NaN if either is; of equals input, which the sign of a zero shows; a tie gives half "
        "the cotangent to each"
    ),
    tensors=2,
    dtype=same,
    scalar=_smaller,
    vjp=(
        lambda g, x, y, _r: where(eq(x, y), div(g, 2), where(gt(x, y), 0, g)),
        lambda g, x, y, _r: where(eq(x, y), div(g, 2), where(lt(x, y), 0, g)),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
fmax: Binary = Binary(
    name="fmax",
    definition="the larger of input and other, ignoring NaN",
    special_cases="NaN only if both are; of equals input, which also gets the whole cotangent",
    tensors=2,
    dtype=same,
    scalar=lambda x, y: x if x >= y or y != y else y,
    vjp=(
        lambda g, x, y, _r: where(logical_or(ge(x, y), isnan(y)), g, 0),
        lambda g, x, y, _r: where(logical_or(ge(x, y), isnan(y)), 0, g),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
fmin: Binary = Binary(
    name="fmin",
    definition="the smaller of input and other, ignoring NaN",
    special_cases="NaN only if both are; of equals input, which also gets the whole cotangent",
    tensors=2,
    dtype=same,
    scalar=lambda x, y: x if x <= y or y != y else y,
    vjp=(
        lambda g, x, y, _r: where(logical_or(le(x, y), isnan(y)), g, 0),
        lambda g, x, y, _r: where(logical_or(le(x, y), isnan(y)), 0, g),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
#: ``clamp_both(input, min, max)``; where ``min > max``, the result is ``max``.
clamp_both: Ternary = Ternary(
    name="clamp",
    definition="the input, but other where it is less and third where it is more",
    special_cases="third where other is above third; NaN if any of the three is",
    number_node_name="ClampBackward1",
    dtype=integers_and_floats,
    scalar=lambda x, low, high: _smaller(_larger(x, low), high),
    vjp=(
        lambda g, x, low, high, _r: where(logical_and(ge(x, low), le(x, high)), g, 0),
        lambda g, x, low, high, _r: where(logical_and(lt(x, low), lt(low, high)), g, 0),
        lambda g, x, low, high, _r: where(logical_or(gt(x, high), gt(low, high)), g, 0),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, REALS),
)
clamp_below: Binary = Binary(
    name="clamp_min",
    definition="the input, but other where the input is less",
    special_cases="NaN if either is",
    tensors=1,
    node_name="ClampMinBackward1",
    number_node_name="ClampMinBackward0",
    dtype=same,
    scalar=_larger,
    vjp=(
        lambda g, x, low, _r: where(ge(x, low), g, 0),
        lambda g, x, low, _r: where(lt(x, low), g, 0),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)
clamp_above: Binary = Binary(
    name="clamp_max",
    definition="the input, but other where the input is more",
    special_cases="NaN if either is",
    tensors=1,
    node_name="ClampMaxBackward1",
    number_node_name="ClampMaxBackward0",
    dtype=same,
    scalar=_smaller,
    vjp=(
        lambda g, x, high, _r: where(le(x, high), g, 0),
        lambda g, x, high, _r: where(gt(x, high), g, 0),
    ),
    tolerance=EXACT,
    domain=(REALS, REALS),
)


def _number_for(x: Scalar, nan: Scalar, posinf: Scalar, neginf: Scalar) -> Scalar:
    if math.isfinite(x):
        return x
    if x != x:
        return nan
    return posinf if x > 0 else neginf


#: ``nan_to_num(input, nan, posinf, neginf)``, all three given.
replace_nonfinite: Quaternary = Quaternary(
    name="nan_to_num",
    definition=(
        "the input, but other for NaN, third for positive infinity and fourth for negative "
        "infinity"
    ),
    special_cases="no gradient flows to what was replaced",
    dtype=floating,
    scalar=_number_for,
    vjp=(
        lambda g, x, _nan, _posinf, _neginf, _r: where(isfinite(x), g, 0),
        None,
        None,
        None,
    ),
    tolerance=EXACT,
    domain=(REALS, REALS, REALS, REALS),
)
