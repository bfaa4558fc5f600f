"""Special functions on float64 arrays, where those of NumPy and SciPy need a hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy import special

from gnomon_numpy.cells import Array

_LOG_PI: Final = np.log(np.pi)
_INVERSE_ROOT_TWO: Final = np.sqrt(0.5)
_LARGEST_EXACT_FACTORIAL: Final = 170
#: Beyond this exponent nothing of float64 is left, in either direction.
_FARTHEST: Final = 2200


def sinc(a: Array) -> Array:
    """sin(πa) / (πa), with a reduced exactly, so that whole numbers give 0."""
    rest = np.fmod(a, 2.0)
    rest = np.where(np.abs(rest) > 1, rest - np.copysign(2.0, rest), rest)
    rest = np.where(np.abs(rest) > 0.5, np.copysign(1.0, rest) - rest, rest)
    return np.where(a == 0, 1.0, np.sin(np.pi * rest) / (np.pi * a))


def sigmoid(a: Array) -> Array:
    """The logistic function, from an exponential that does not overflow."""
    decayed = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, decayed) / (1.0 + decayed)


def log_sigmoid(a: Array) -> Array:
    """The logarithm of ``sigmoid``, accurate far below zero."""
    return np.where(a < 0, a, 0.0) - np.log1p(np.exp(-np.abs(a)))


def logit(a: Array) -> Array:
    """log(a / (1 - a)), which around 1/2 is twice an inverse hyperbolic tangent."""
    central = 2.0 * np.arctanh(2.0 * a - 1.0)
    return np.where((a >= 0.25) & (a <= 0.75), central, np.log(a / (1.0 - a)))


def _exp_of_square(a: Array, scale: float) -> Array:
    """exp(scale * a²), whose rounding of a² would be magnified: most of a² is exact."""
    high = a.astype(np.float32).astype(np.float64)
    return np.exp(scale * high * high) * np.exp(scale * (a - high) * (a + high))


def erfc(a: Array) -> Array:
    """The complement of the error function, accurate in its tail."""
    tail = special.erfcx(a) * _exp_of_square(a, -1.0)
    return np.where((a > 1) & (a < 28), tail, special.erfc(a))


def erfcx(a: Array) -> Array:
    """exp(a²) erfc(a)."""
    left = 2.0 * _exp_of_square(a, 1.0) - special.erfcx(-a)
    return np.where((a > -27) & (a < -1), left, special.erfcx(a))


def ndtr(a: Array) -> Array:
    """The normal distribution function."""
    left = 0.5 * special.erfcx(-a * _INVERSE_ROOT_TWO) * _exp_of_square(a, -0.5)
    return np.where((a > -40) & (a < -1), left, special.ndtr(a))


def log_ndtr(a: Array) -> Array:
    """The logarithm of ``ndtr``."""
    return np.where(a > 0, np.log1p(-ndtr(-a)), special.log_ndtr(a))


def ldexp(a: Array, b: Array) -> Array:
    """a * 2 ** b, rounded once where b is whole."""
    whole = np.isfinite(b) & (b == np.floor(b))
    exponent = np.where(whole, np.clip(b, -_FARTHEST, _FARTHEST), 0).astype(np.int32)
    return np.where(whole, np.ldexp(a, exponent), a * np.power(2.0, b))


def lgamma(a: Array) -> Array:
    """The logarithm of the size of the gamma function; around 0 that is 1 / |a|."""
    size = np.abs(a)
    regular = np.where(np.isinf(a), np.inf, special.gammaln(a))
    return np.where(size < 1e-20, -np.log(size), regular)


def digamma(a: Array) -> Array:
    """The derivative of the logarithm of the gamma function; infinite at both zeros."""
    return np.where(a == 0, np.copysign(np.inf, -a), special.digamma(a))


def zeta(a: Array, b: Array) -> Array:
    """The Hurwitz zeta function: the sum of (b + k) ** -a over k = 0, 1, 2, ...

    For a negative b it is the two sums to either side of 0, so that its cost does not grow.
    """
    mirrored = _zeta_of_positive(a, np.ceil(b) - b) - _zeta_of_positive(a, 1.0 - b)
    right = _zeta_of_positive(a, b - np.floor(b))
    left = np.where(np.fmod(a, 2.0) == 0, right + mirrored, right - mirrored)
    left = np.where(np.isfinite(a) & (a == np.floor(a)), left, np.nan)
    pole = (a == 1) | ((b <= 0) & (b == np.floor(b)))
    undefined = (a < 1) | np.isnan(a) | np.isnan(b)
    regular = np.where(b > 0, _zeta_of_positive(a, b), left)
    return np.where(undefined, np.nan, np.where(pole, np.inf, regular))


def _zeta_of_positive(a: Array, b: Array) -> Array:
    """The same for b > 0: the first term where that overflows, or vanishes."""
    whole = special.zeta(a, np.maximum(b, 0))
    return np.where(np.isnan(whole), np.power(b, -a), whole)


def polygamma(n: Array, a: Array) -> Array:
    """The n-th derivative of ``digamma``: (-1) ** (n + 1) n! zeta(n + 1, a) (DLMF 25.11.12)."""
    order = np.trunc(n)
    magnitude = special.gamma(order + 1.0) * zeta(order + 1.0, a)
    signed = np.where(np.fmod(order, 2.0) == 0, -magnitude, magnitude)
    return np.where(order == 0, digamma(a), signed)


def multivariate_lgamma(a: Array, p: Array) -> Array:
    """p (p - 1) / 4 log(π) plus the logarithms of gamma(a - j / 2), j below p (DLMF 35.3.4)."""
    p = np.trunc(p)
    total = 0.25 * p * (p - 1) * _LOG_PI + np.zeros_like(a)
    for j in range(int(np.max(p))):
        total = total + np.where(j < p, lgamma(a - 0.5 * j), 0.0)
    return total


def odd(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Return an odd function of SciPy's with the sign of its input at -0.0, too."""
    return lambda a: np.copysign(function(a), a)


def modified_bessel(order: int, a: Array) -> Array:
    """I of order 0 or 1. exp(a) overflows a little before I(a) does, so it is taken twice."""
    size = np.abs(a)
    half = np.exp(0.5 * size)
    decayed = special.i1e(size) if order else special.i0e(size)
    near = special.i1(size) if order else special.i0(size)
    found = np.where(size < 700, near, np.where(np.isinf(a), size, half * (half * decayed)))
    return np.copysign(found, a) if order else found


def bessel(order: int, a: Array) -> Array:
    """J of order 0 or 1; from 30 on its asymptotic series (DLMF 10.17.3), 0 at infinities."""
    size = np.abs(a)
    term, even, odd = np.ones_like(a), np.ones_like(a), np.zeros_like(a)
    for k in range(1, 24):
        term = term * ((4 * order**2 - (2 * k - 1) ** 2) / (8 * k)) / size
        signed = term if k % 4 in (0, 1) else -term
        even, odd = (even, odd + signed) if k % 2 else (even + signed, odd)
    # √2 times the cosine and the sine of size - π/4 - order π/2, without that rounding.
    sine, cosine = np.sin(size), np.cos(size)
    phase = (sine - cosine, -sine - cosine) if order else (cosine + sine, sine - cosine)
    far = (phase[0] * even - phase[1] * odd) / np.sqrt(np.pi * size)
    far = np.where(np.isinf(a), 0.0, np.copysign(1.0, a) * far if order else far)
    near = np.where(size < 1e-200, 0.5 * a, special.j1(a)) if order else special.j0(a)
    return np.where(size > 30, far, near)
