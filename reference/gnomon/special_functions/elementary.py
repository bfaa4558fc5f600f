"""Elementary functions that `math` has, made total: an IEEE special value where `math` raises.

The results inside the domain are those of `math`, that is of the C library: within one or two
units in the last place (ULP) on the platforms in use.
"""

import math

LOG_2 = 0.6931471805599453


def divide(x: float, y: float) -> float:
    """Return `x / y` as IEEE 754 defines it.

    | x / ±0 | ±0 / ±0 | inf / inf |
    |--------|---------|-----------|
    | ±inf   | nan     | nan       |

    >>> divide(-1.0, 0.0)
    -inf
    """
    if y == 0:
        if x == 0 or math.isnan(x):
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)
    return x / y


def sqrt(x: float) -> float:
    """Return the square root; nan below zero (-0.0 is its own root).

    >>> sqrt(-1.0)
    nan
    """
    return math.nan if x < 0 else math.sqrt(x)


def exp(x: float) -> float:
    """Return e to the power x; inf where that overflows.

    >>> exp(1000.0)
    inf
    """
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def exp2(x: float) -> float:
    """Return 2 to the power x; inf where that overflows.

    >>> exp2(-3.0), exp2(1024.0)
    (0.125, inf)
    """
    return power(2.0, x)


def expm1(x: float) -> float:
    """Return exp(x) - 1 without the cancellation near zero; inf where it overflows.

    >>> expm1(1e-20), expm1(1000.0)
    (1e-20, inf)
    """
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


def log(x: float) -> float:
    """Return the natural logarithm; -inf at zero, nan below.

    >>> log(-0.0), log(-1.0)
    (-inf, nan)
    """
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def log2(x: float) -> float:
    """Return the logarithm to base 2; -inf at zero, nan below.

    >>> log2(8.0), log2(0.0)
    (3.0, -inf)
    """
    if x > 0:
        return math.log2(x)
    return -math.inf if x == 0 else math.nan


def log10(x: float) -> float:
    """Return the logarithm to base 10; -inf at zero, nan below.

    >>> log10(1000.0), log10(0.0)
    (3.0, -inf)
    """
    if x > 0:
        return math.log10(x)
    return -math.inf if x == 0 else math.nan


def log1p(x: float) -> float:
    """Return log(1 + x) without the cancellation near zero; -inf at -1, nan below.

    >>> log1p(1e-20), log1p(-1.0)
    (1e-20, -inf)
    """
    if x > -1:
        return math.log1p(x)
    return -math.inf if x == -1 else math.nan


def sin(x: float) -> float:
    """Return the sine; nan at the infinities.

    >>> sin(float("inf"))
    nan
    """
    return math.nan if math.isinf(x) else math.sin(x)


def cos(x: float) -> float:
    """Return the cosine; nan at the infinities.

    >>> cos(float("inf"))
    nan
    """
    return math.nan if math.isinf(x) else math.cos(x)


def tan(x: float) -> float:
    """Return the tangent; nan at the infinities.

    >>> tan(float("inf"))
    nan
    """
    return math.nan if math.isinf(x) else math.tan(x)


def asin(x: float) -> float:
    """Return the arc sine; nan outside [-1, 1].

    >>> asin(2.0)
    nan
    """
    return math.nan if abs(x) > 1 else math.asin(x)


def acos(x: float) -> float:
    """Return the arc cosine; nan outside [-1, 1].

    >>> acos(2.0)
    nan
    """
    return math.nan if abs(x) > 1 else math.acos(x)


def sinh(x: float) -> float:
    """Return the hyperbolic sine; ±inf where it overflows.

    >>> sinh(-1000.0)
    -inf
    """
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def cosh(x: float) -> float:
    """Return the hyperbolic cosine; inf where it overflows.

    >>> cosh(-1000.0)
    inf
    """
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def acosh(x: float) -> float:
    """Return the inverse hyperbolic cosine; nan below 1.

    >>> acosh(0.5)
    nan
    """
    return math.nan if x < 1 else math.acosh(x)


def atanh(x: float) -> float:
    """Return the inverse hyperbolic tangent; ±inf at ±1, nan outside [-1, 1].

    >>> atanh(-1.0), atanh(2.0)
    (-inf, nan)
    """
    if abs(x) < 1 or math.isnan(x):
        return math.atanh(x)
    return math.copysign(math.inf, x) if abs(x) == 1 else math.nan


def power(x: float, y: float) -> float:
    """Return x to the power y with the special values of C's `pow` (C17 F.10.4.4).

    | x              | y                   | result                            |
    |----------------|---------------------|-----------------------------------|
    | anything       | 0                   | 1 (nan too)                       |
    | 1              | anything            | 1 (nan too)                       |
    | -1             | ±inf                | 1                                 |
    | ±0             | odd integer < 0     | ±inf                              |
    | ±0             | other y < 0         | inf                               |
    | finite x < 0   | finite, no integer  | nan                               |
    | overflow       |                     | inf, with the sign of the product |

    >>> power(-0.0, -3.0), power(-8.0, 1 / 3), power(-10.0, 309.0)
    (-inf, nan, -inf)
    """
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and _is_odd(y) else math.inf
    except ValueError:
        if x != 0:
            return math.nan
        return math.copysign(math.inf, x) if _is_odd(y) else math.inf


def _is_odd(y: float) -> bool:
    return math.fmod(y, 2.0) in (1.0, -1.0)


def hypot(x: float, y: float) -> float:
    """Return sqrt(x² + y²) without overflow on the way; inf if either is infinite, even by nan.

    >>> hypot(3e200, 0.0), hypot(float("nan"), float("inf"))
    (3e+200, inf)
    """
    return math.hypot(x, y)


def logaddexp(x: float, y: float) -> float:
    """Return log(exp(x) + exp(y)), from the larger argument and a correction in (0, log 2].

    Equal infinities give themselves, nan gives nan. Where the result nears zero (x and y near
    -log 2) the error is one ULP of the arguments, not of the result.

    >>> logaddexp(1000.0, 1000.0)
    1000.6931471805599
    """
    if math.isinf(x) and x == y:
        return x
    return max(x, y) + math.log1p(math.exp(-abs(x - y)))


def logaddexp2(x: float, y: float) -> float:
    """Return log2(2^x + 2^y); special values and accuracy as for `logaddexp`.

    >>> logaddexp2(-1.0, -1.0)
    0.0
    """
    if math.isinf(x) and x == y:
        return x
    return max(x, y) + math.log1p(exp2(-abs(x - y))) / LOG_2
