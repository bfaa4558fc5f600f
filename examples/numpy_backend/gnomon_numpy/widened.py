"""Formulas of several steps: floats arrive as float64, and the result is rounded once.

Inputs are called ``a``, ``b``, ``c`` and ``d``. On integers, which some of them take, they
wrap.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import special as scipy_special

from gnomon_numpy import special
from gnomon_numpy.cells import Array
from gnomon_numpy.tables import table

_SIXTH: Final = 1.0 / 6.0
_ROOT_TWO_OVER_PI: Final = np.sqrt(2.0 / np.pi)
# The constants of selu: G. Klambauer et al., "Self-Normalizing Neural Networks" (2017).
_SELU_ALPHA: Final = 1.6732632423543772
_SELU_SCALE: Final = 1.0507009873554805


def _floor_divide(a: Array, b: Array) -> Array:
    """The quotient rounded down: what the exact remainder leaves is divided."""
    rest = np.fmod(a, b)
    quotient = np.rint((a - rest) / b - ((rest != 0) & ((rest < 0) != (b < 0))))
    signed = np.where(quotient == 0, np.copysign(0.0, a) * np.copysign(1.0, b), quotient)
    return np.where(b == 0, a / b, signed)


def _pow(a: Array, b: Array) -> Array:
    """C's powers; NumPy takes the root for the power 1/2, with other signs and infinities."""
    return np.where((b == 0.5) & ((a == 0) | np.isinf(a)), np.abs(a), np.power(a, b))


def _lerp(a: Array, b: Array, c: Array) -> Array:
    return np.where((c > -0.5) & (c < 0.5), a + c * (b - a), b - (b - a) * (1 - c))


def _hardsigmoid(a: Array) -> Array:
    return np.where(a <= -3, 0.0, np.where(a >= 3, 1.0, a * _SIXTH + 0.5))


def _elu(a: Array, b: Array | float, c: Array | float) -> Array:
    return np.where(a > 0, a, b * np.expm1(c * a))


def _softplus(a: Array, b: Array | float, c: Array | float) -> Array:
    product = a * b
    soft = np.maximum(product, 0) + np.log1p(np.exp(-np.abs(product)))
    return np.where(product > c, a, soft / b)


def _gelu_tanh(a: Array) -> Array:
    return 0.5 * a * (1.0 + np.tanh(_ROOT_TWO_OVER_PI * (a + 0.044715 * a * a * a)))


def _smooth_l1(a: Array, b: Array, c: Array) -> Array:
    error = np.abs(a - b)
    return np.where(error < c, 0.5 * error * error / c, error - 0.5 * c)


def _huber(a: Array, b: Array, c: Array) -> Array:
    error = np.abs(a - b)
    return np.where(error <= c, 0.5 * error * error, c * (error - 0.5 * c))


def _cross_entropy(a: Array, b: Array) -> Array:
    hit, miss = np.maximum(np.log(a), -100), np.maximum(np.log1p(-a), -100)
    return (b - 1.0) * miss - b * hit


#: What each of these records means on float64, and on integers where it takes them.
WIDENED: Final = table(
    {
        "rsqrt": lambda a: 1 / np.sqrt(a),
        "exp": np.exp,
        "exp2": np.exp2,
        "expm1": np.expm1,
        "log": np.log,
        "log2": np.log2,
        "log10": np.log10,
        "log1p": np.log1p,
        "sin": np.sin,
        "cos": np.cos,
        "tan": np.tan,
        "asin": np.arcsin,
        "acos": np.arccos,
        "atan": np.arctan,
        "sinh": np.sinh,
        "cosh": np.cosh,
        "tanh": np.tanh,
        "asinh": np.arcsinh,
        "acosh": np.arccosh,
        "atanh": np.arctanh,
        "sinc": special.sinc,
        "deg2rad": lambda a: a * (np.pi / 180.0),
        "rad2deg": lambda a: a * (180.0 / np.pi),
        "sigmoid": special.sigmoid,
        "log_sigmoid": special.log_sigmoid,
        "logit": special.logit,
        "special_entr": scipy_special.entr,
        "hardsigmoid": _hardsigmoid,
        "hardswish": lambda a: a * _hardsigmoid(a),
        "selu": lambda a: _SELU_SCALE * _elu(a, _SELU_ALPHA, 1.0),
        "gelu": lambda a: a * special.ndtr(a),
        "gelu_tanh": _gelu_tanh,
        "silu": lambda a: a * special.sigmoid(a),
        "mish": lambda a: a * np.tanh(_softplus(a, 1.0, 20.0)),
        "erf": scipy_special.erf,
        "erfc": special.erfc,
        "erfinv": special.odd(scipy_special.erfinv),
        "special_erfcx": special.erfcx,
        "special_ndtr": special.ndtr,
        "special_ndtri": scipy_special.ndtri,
        "special_log_ndtr": special.log_ndtr,
        "lgamma": special.lgamma,
        "digamma": special.digamma,
        "i0": lambda a: special.modified_bessel(0, a),
        "special_i1": lambda a: special.modified_bessel(1, a),
        "special_i0e": scipy_special.i0e,
        "special_i1e": special.odd(scipy_special.i1e),
        "special_bessel_j0": lambda a: special.bessel(0, a),
        "special_bessel_j1": lambda a: special.bessel(1, a),
    },
    {
        "floor_divide": _floor_divide,
        "pow": _pow,
        "hypot": np.hypot,
        "ldexp": special.ldexp,
        "atan2": np.arctan2,
        "logaddexp": np.logaddexp,
        "logaddexp2": np.logaddexp2,
        "xlogy": scipy_special.xlogy,
        "special_xlog1py": scipy_special.xlog1py,
        "logit_clamped": lambda a, b: special.logit(
            np.where(a < b, b, np.where(a > 1 - b, 1 - b, a))
        ),
        "glu": lambda a, b: a * special.sigmoid(b),
        "mse_loss": lambda a, b: (a - b) * (a - b),
        "binary_cross_entropy": _cross_entropy,
        "binary_cross_entropy_with_logits": lambda a, b: (1 - b) * a - special.log_sigmoid(a),
        "soft_margin_loss": lambda a, b: -special.log_sigmoid(a * b),
        "polygamma": lambda a, b: special.polygamma(b, a),
        "mvlgamma": special.multivariate_lgamma,
        "special_zeta": special.zeta,
    },
    {
        "add_scaled": lambda a, b, c: a + c * b,
        "sub_scaled": lambda a, b, c: a - c * b,
        "lerp": _lerp,
        "elu": _elu,
        "celu": _elu,
        "elu_slope": lambda a, b, c: np.where(a > 0, 1.0, b * c * np.exp(c * a)),
        "softplus": _softplus,
        "softplus_slope": lambda a, b, c: np.where(b * a > c, 1.0, special.sigmoid(b * a)),
        "smooth_l1_loss": _smooth_l1,
        "huber_loss": _huber,
        "weighted_binary_cross_entropy_with_logits": lambda a, b, c: (
            (1 - b) * a - (1 + (c - 1) * b) * special.log_sigmoid(a)
        ),
    },
    {
        "addcmul": lambda a, b, c, d: a + d * b * c,
        "addcdiv": lambda a, b, c, d: a + d * b / c,
    },
)
