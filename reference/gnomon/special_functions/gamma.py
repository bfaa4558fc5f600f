"""The logarithm of the gamma function, its derivatives, and the Hurwitz zeta function.

Every table below was computed to 60 digits from the expression beside it and rounded once.
"""

import math
from collections.abc import Callable

from .elementary import exp, power
from .logistic import sin_pi

_LOG_PI = 1.1447298858494002
_HALF_LOG_2_PI = 0.9189385332046728
_ONE_MINUS_EULER = 0.42278433509846713  # 1 - γ

# ζ(k) - 1 for k = 2, 3, ...
_ZETA_MINUS_1 = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993,
    0.01734306198444914, 0.008349277381922827, 0.00407735619794434, 0.0020083928260822143,
    0.0009945751278180853, 0.0004941886041194645, 0.0002460865533080483, 0.00012271334757848915,
    6.124813505870483e-05, 3.058823630702049e-05, 1.528225940865187e-05, 7.637197637899763e-06,
    3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08,
    1.4901554828365043e-08, 7.45071178983543e-09, 3.725334024788457e-09, 1.862659723513049e-09,
    9.313274324196682e-10, 4.656629065033784e-10,
)  # fmt: skip

# The positive root of digamma, as a sum of two floats, and ψ⁽ᵏ⁾(root) / k! for k = 1, 2, ...
_ROOT_HIGH, _ROOT_LOW = 1.4616321449683622, 9.549995429965697e-17
_TAYLOR_AT_ROOT = (
    0.9676722454476212, -0.4427631689835921, 0.258499760955651, -0.16394270544240652,
    0.10782405069126237, -0.07219956125645471, 0.04880428816414311, -0.03316112647484736,
    0.022597648232218104, -0.01542476590494896, 0.010538791616612175, -0.007204534386356869,
    0.004926781395729853, -0.003369801655439328, 0.002305126326734928, -0.0015769367714301972,
    0.0010788252019162967, -0.0007380709389960052, 0.000504953265834602, -0.0003454680251063077,
    0.00023635601564027053, -0.00016170622091974803, 0.0001106337276874741,
    -7.569179582195066e-05, 5.178575795222081e-05, -3.5430070947659604e-05,
    2.424006611860132e-05, -1.6584242271854135e-05, 1.134638458466385e-05,
    -7.762817668462094e-06, 5.3110609208898636e-06, -3.6336507898010456e-06,
    2.486022733129538e-06, -1.7008538854332607e-06, 1.1636675363548843e-06,
    -7.96142543124197e-07, 5.446941930669446e-07, -3.7266161283438227e-07,
    2.549626552021554e-07, -1.7443695117727745e-07,
)  # fmt: skip

# B₂ₖ / (2k (2k - 1)), B₂ₖ / 2k and B₂ₖ / (2k)! for k = 1, 2, ..., B the Bernoulli numbers.
_STIRLING = (
    0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
    0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
    0.17964437236883057,
)  # fmt: skip
_DIGAMMA_ASYMPTOTIC = (
    0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
    0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
    3.0539543302701198,
)  # fmt: skip
_EULER_MACLAURIN = (
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11,
    -3.3896802963225827e-13, 8.586062056277845e-15, -2.174868698558062e-16,
    5.5090028283602295e-18, -1.3954464685812522e-19,
)  # fmt: skip


def lgamma(x: float) -> float:
    """Return log|Γ(x)|.

    Around 2 it is the series of DLMF 5.7.3, from 12 on Stirling's (DLMF 5.11.1), elsewhere the
    recurrence or the reflection formula leads there. Measured error: at most 6 ULP for x > 0;
    near the roots on the negative axis 6 ULP of the larger of the two terms that cancel.

    | x                 | lgamma |
    |-------------------|--------|
    | 0, -1, -2, ...    | inf    |
    | ±inf              | inf    |
    | x > 2.55e305      | inf    |

    >>> lgamma(1.0), lgamma(-3.0), lgamma(0.5)
    (0.0, inf, 0.5723649429247001)
    """
    if math.isnan(x):
        return x
    if math.isinf(x) or (x <= 0 and x.is_integer()):
        return math.inf
    if x < -0.5:
        return _LOG_PI - math.log(abs(x * sin_pi(x))) - lgamma(-x)
    if x < 0.5:
        return _lgamma_around_2(x) - math.log1p(x) - math.log(abs(x))
    if x < 1.5:
        return _lgamma_around_2(x - 1.0) - math.log1p(x - 1.0)
    if x < 12:
        product = 1.0
        while x > 2.5:
            x -= 1.0
            product *= x
        return math.log(product) + _lgamma_around_2(x - 2.0)
    series = 0.0
    for coefficient in reversed(_STIRLING):
        series = series / x / x + coefficient
    return (x - 0.5) * (math.log(x) - 1.0) + ((_HALF_LOG_2_PI - 0.5) + series / x)


def _lgamma_around_2(t: float) -> float:
    """Return log Γ(2 + t) for |t| <= 1/2, with full relative accuracy at t = 0."""
    series = 0.0
    for k in range(len(_ZETA_MINUS_1) + 1, 1, -1):
        series = _ZETA_MINUS_1[k - 2] / k - t * series
    return t * (_ONE_MINUS_EULER + t * series)


def multigammaln(a: float, p: int) -> float:
    """Return the log of the multivariate gamma function of dimension p >= 1 (DLMF 35.3.4).

    That is p (p - 1) / 4 log(π) plus lgamma(a - j / 2) for j = 0 ... p - 1; inf at the poles.

    >>> multigammaln(2.0, 1), multigammaln(0.5, 2)
    (0.0, inf)
    """
    terms = [lgamma(a - 0.5 * j) for j in range(p)]
    return sum(terms, 0.25 * p * (p - 1) * _LOG_PI)


def digamma(x: float) -> float:
    """Return ψ(x), the derivative of log Γ.

    On [1, 2] it is the Taylor series about the positive root, so that the root keeps its
    relative accuracy; from 10 on the series of DLMF 5.11.2; elsewhere the recurrence or the
    reflection formula leads there. Measured error: at most 5 ULP for x > 0; near the roots on
    the negative axis 5 ULP of the larger of the two terms that cancel.

    | x              | digamma |
    |----------------|---------|
    | 0              | -inf    |
    | -0             | inf     |
    | -1, -2, ...    | nan     |
    | inf            | inf     |
    | -inf           | nan     |

    >>> digamma(1.0), digamma(-0.0), digamma(-1.0)
    (-0.5772156649015329, inf, nan)
    """
    if x == 0:
        return math.copysign(math.inf, -x)
    if x < 0:
        if math.isinf(x) or x.is_integer():
            return math.nan
        if x > -0.5:
            return digamma(1.0 + x) - 1.0 / x
        return digamma(1.0 - x) - math.pi * _cot_pi(x)
    if x < 1:
        return _digamma_around_root(x + 1.0) - 1.0 / x
    if x < 10:
        reciprocals = []
        while x > 2:
            x -= 1.0
            reciprocals.append(1.0 / x)
        return math.fsum([_digamma_around_root(x), *reciprocals])
    series = 0.0
    for coefficient in reversed(_DIGAMMA_ASYMPTOTIC):
        series = (series + coefficient) / x / x
    return math.log(x) - (0.5 / x + series) if x < math.inf else x


def _digamma_around_root(x: float) -> float:
    t = (x - _ROOT_HIGH) - _ROOT_LOW
    series = 0.0
    for coefficient in reversed(_TAYLOR_AT_ROOT):
        series = series * t + coefficient
    return series * t


def _cot_pi(x: float) -> float:
    """Return cot(πx) for x not an integer, with x reduced exactly."""
    reduced = math.remainder(x, 1.0)
    if abs(reduced) <= 0.25:
        return 1.0 / math.tan(math.pi * reduced)
    return math.copysign(math.tan(math.pi * (0.5 - abs(reduced))), reduced)


def zeta(s: float, q: float) -> float:
    """Return the Hurwitz zeta function, the sum of (q + k)^-s over k = 0, 1, 2, ...

    Ten terms are summed, the rest is the Euler-Maclaurin formula (DLMF 25.11.28). For q < 0 and
    an integer s the sum is that of the two one-sided sums beside the gap at 0, so that its cost
    does not grow with -q. Measured error: at most 5 ULP for s <= 10 and q > 0; s ULP beyond.

    | s                     | q               | zeta                     |
    |-----------------------|-----------------|--------------------------|
    | 1                     | any             | inf                      |
    | s < 1                 | any             | nan                      |
    | s > 1                 | 0, -1, ..., -inf | inf                     |
    | s > 1, not an integer | q < 0           | nan (a complex power)    |
    | inf                   | q < 1, 1, q > 1 | inf, 1, 0                |
    | s > 1                 | inf             | 0                        |

    >>> zeta(2.0, 1.0), zeta(1.0, 2.0), zeta(3.0, -1.0), zeta(2.5, -0.5)
    (1.6449340668482264, inf, inf, nan)
    """
    return _hurwitz(s, q, lambda base, s: power(base, -s))


def _hurwitz(s: float, q: float, decay: Callable[[float, float], float]) -> float:
    """Return the sum of decay(q + k, s), where decay(base, s) is a multiple of base^-s."""
    if math.isnan(s) or math.isnan(q) or s < 1:
        return math.nan
    if s == 1 or (q <= 0 and (math.isinf(q) or q.is_integer())):
        return math.inf
    if q > 0:
        return _hurwitz_right(s, q, decay)
    if math.isinf(s) or not s.is_integer():
        return math.nan
    mirrored = _hurwitz_right(s, math.ceil(q) - q, decay) - _hurwitz_right(s, 1.0 - q, decay)
    right = _hurwitz_right(s, q - math.floor(q), decay)
    return right - mirrored if math.fmod(s, 2.0) else right + mirrored


def _hurwitz_right(s: float, q: float, decay: Callable[[float, float], float]) -> float:
    """Return `_hurwitz` for s > 1 and q > 0."""
    first = decay(q, s)
    if math.isinf(s) or math.isinf(q) or math.isinf(first):
        return first
    shifted = q + 10.0
    scale = decay(shifted, s)
    # The integral of what is left may be far from 0 where each term of it underflows.
    integral = decay(shifted, s - 1.0) / (s - 1.0)
    terms = [first, *(decay(q + k, s) for k in range(1, 10)), integral, 0.5 * scale]
    if scale == 0:  # and so is all that follows; its factors may overflow
        return sum(reversed(terms))
    factor = scale * s / shifted
    for k, coefficient in enumerate(_EULER_MACLAURIN):
        terms.append(factor * coefficient)
        factor *= (s + 2 * k + 1) / shifted * ((s + 2 * k + 2) / shifted)
    return sum(reversed(terms))


def polygamma(n: int, x: float) -> float:
    """Return the n-th derivative of digamma, n >= 0: (-1)^(n+1) n! zeta(n + 1, x).

    (DLMF 25.11.12.) Measured error: at most 6 ULP for n <= 9 and x > 0. Beyond n = 170, where
    n! overflows, each term is the exponential of a sum, with an error of up to 2 n log(n) ULP.
    A negative n is a ValueError.

    | x                     | polygamma, n >= 1   |
    |-----------------------|---------------------|
    | 0, -1, -2, ..., -inf  | inf, n even: -inf   |
    | inf                   | 0, n even: -0       |

    PyTorch gives a large finite number at the poles when n = 1, from sin of the rounded π.

    >>> polygamma(1, 1.0), polygamma(2, -1.0), polygamma(0, 1.0)
    (1.6449340668482264, -inf, -0.5772156649015329)
    """
    if n < 0:
        raise ValueError(f"polygamma: n = {n} is no order of a derivative; give n >= 0")
    if n == 0:
        return digamma(x)
    s = n + 1.0
    if n <= 170:
        magnitude = float(math.factorial(n)) * zeta(s, x)
    else:
        log_factorial = lgamma(s)
        magnitude = _hurwitz(s, x, lambda base, s: exp(log_factorial - s * math.log(base)))
    return magnitude if n % 2 else -magnitude
