"""Formulas of one rounding, or of none: float32 and integers are computed in as they are.

Inputs are called ``a``, ``b``, ``c`` and ``d``. Integers wrap, as NumPy's do. Choices are
comparisons: NaN is in no order with anything, and of equal zeros the one that is meant is
taken.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from gnomon_numpy.cells import Array
from gnomon_numpy.tables import table


def _larger(a: Array, b: Array) -> Array:
    return np.where((a >= b) | (a != a), a, b)


def _smaller(a: Array, b: Array) -> Array:
    return np.where((a <= b) | (a != a), a, b)


def _remainder(a: Array, b: Array) -> Array:
    """The remainder with the sign of ``b``; a zero keeps the sign of ``a``."""
    rest = np.fmod(a, b)
    return np.where((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest)


#: What each of these records means on elements of any dtype that it is defined on.
EXACT: Final = table(
    {
        "copy": lambda a: a,
        "neg": np.negative,
        "abs": np.abs,
        "sign": lambda a: np.subtract(a > 0, a < 0, dtype=a.dtype),
        "reciprocal": lambda a: 1 / a,
        "square": np.square,
        "sqrt": np.sqrt,
        "floor": np.floor,
        "ceil": np.ceil,
        "trunc": np.trunc,
        "round": np.rint,
        "frac": lambda a: a - (np.trunc(a) + 0.0),
        "isnan": np.isnan,
        "isinf": np.isinf,
        "isfinite": np.isfinite,
        "isposinf": lambda a: a == np.inf,
        "isneginf": lambda a: a == -np.inf,
        "isreal": lambda a: np.ones_like(a, np.bool),
        "signbit": np.signbit,
        "logical_not": lambda a: a == 0,
        "relu": lambda a: np.where(a < 0, 0, a),
        "frexp_mantissa": lambda a: np.frexp(a)[0],
        "frexp_exponent": lambda a: np.where(np.isfinite(a), np.frexp(a)[1], 0),
        "bitwise_not": np.invert,
    },
    {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "fmod": np.fmod,
        "remainder": _remainder,
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
        "logical_and": np.logical_and,
        "logical_or": np.logical_or,
        "logical_xor": np.logical_xor,
        "maximum": _larger,
        "minimum": _smaller,
        "fmax": lambda a, b: np.where((a >= b) | (b != b), a, b),
        "fmin": lambda a, b: np.where((a <= b) | (b != b), a, b),
        "clamp_min": _larger,
        "clamp_max": _smaller,
        "copysign": np.copysign,
        "heaviside": lambda a, b: np.where(a == 0, b, a > 0),
        "leaky_relu": lambda a, b: np.where(a > 0, a, a * b),
        "prelu": lambda a, b: np.where(a > 0, a, a * b),
        "rrelu": lambda a, b: np.where(a > 0, a, a * b),
        "hardshrink": lambda a, b: np.where((-b <= a) & (a <= b), 0, a),
        "softshrink": lambda a, b: np.where(a > b, a - b, np.where(a < -b, a + b, a * 0)),
        "bitwise_and": np.bitwise_and,
        "bitwise_or": np.bitwise_or,
        "bitwise_xor": np.bitwise_xor,
        "bitwise_left_shift": np.left_shift,
        "bitwise_right_shift": np.right_shift,
        "gcd": np.gcd,
        "lcm": np.lcm,
    },
    {
        "where": np.where,
        "clamp": lambda a, b, c: _smaller(_larger(a, b), c),
        "threshold": lambda a, b, c: np.where(a <= b, c, a),
        "threshold_backward": lambda a, b, c: np.where(b <= c, 0, a),
        "hardtanh": lambda a, b, c: np.where(a < b, b, np.where(a > c, c, a)),
        "leaky_relu_backward": lambda a, b, c: np.where(b > 0, a, a * c),
        "shrink_backward": lambda a, b, c: np.where((-c <= b) & (b <= c), 0, a),
    },
    {
        "between_backward": lambda a, b, c, d: np.where((c < b) & (b < d), a, 0),
        "nan_to_num": lambda a, b, c, d: np.where(
            np.isfinite(a), a, np.where(np.isnan(a), b, np.where(a > 0, c, d))
        ),
    },
)
