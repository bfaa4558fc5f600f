"""Quotients and remainders, of floats as PyTorch's sign rules have it, and of integers."""

import math

from .elementary import divide

_WORD = 1 << 64


def fmod(x: float, y: float) -> float:
    """Return the remainder of the quotient rounded towards zero, with the sign of x; exact.

    | x    | y    | result |
    |------|------|--------|
    | ±inf | any  | nan    |
    | any  | 0    | nan    |
    | x    | ±inf | x      |

    >>> fmod(-7.0, 3.0), fmod(1.0, 0.0)
    (-1.0, nan)
    """
    if math.isinf(x) or y == 0:
        return math.nan
    return math.fmod(x, y)


def float_remainder(x: float, y: float) -> float:
    """Return the remainder of the quotient rounded down, with the sign of y.

    A zero remainder has the sign of x; a finite x of the other sign than y = ±inf gives y.
    y = 0 or an infinite x gives nan.

    >>> float_remainder(-7.0, 3.0), float_remainder(-6.0, 3.0), float_remainder(-1.0, math.inf)
    (2.0, -0.0, inf)
    """
    remainder = fmod(x, y)
    if remainder != 0 and (remainder < 0) != (y < 0):
        remainder += y
    return remainder


def float_floor_divide(x: float, y: float) -> float:
    """Return the quotient rounded down, consistent with `float_remainder`.

    The exact remainder is removed before dividing, so 1.0 // 0.1 is 9 although 1.0 / 0.1 rounds
    to 10. y = 0 gives x / y (±inf or nan); an infinite x gives nan.

    >>> float_floor_divide(1.0, 0.1), float_floor_divide(1.0, 0.0)
    (9.0, inf)
    """
    if y == 0:
        return divide(x, y)
    remainder = fmod(x, y)
    quotient = (x - remainder) / y
    if remainder != 0 and (remainder < 0) != (y < 0):
        quotient -= 1.0
    if quotient == 0:
        return math.copysign(0.0, x) * math.copysign(1.0, y)
    if not math.isfinite(quotient):
        return quotient
    # The quotient is an integer up to the rounding of the division.
    return float(round(quotient))


def integer_floor_divide(x: int, y: int) -> int:
    """Return the quotient rounded down; y = 0 is a ZeroDivisionError.

    The quotient of the smallest integer by -1 does not fit its dtype; the caller wraps it.

    >>> integer_floor_divide(-7, 2)
    -4
    """
    return x // y


def integer_trunc_divide(x: int, y: int) -> int:
    """Return the quotient rounded towards zero, as C does; y = 0 is a ZeroDivisionError.

    >>> integer_trunc_divide(-7, 2)
    -3
    """
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def integer_remainder(x: int, y: int) -> int:
    """Return the remainder of the quotient rounded down, with the sign of y; y = 0 is an error.

    >>> integer_remainder(-7, 3), integer_remainder(7, -3)
    (2, -2)
    """
    return x % y


def integer_fmod(x: int, y: int) -> int:
    """Return the remainder of the quotient rounded to zero, with the sign of x (C's %).

    y = 0 is a ZeroDivisionError.

    >>> integer_fmod(-7, 3), integer_fmod(7, -3)
    (-1, 1)
    """
    remainder = abs(x) % abs(y)
    return -remainder if x < 0 else remainder


def integer_power(x: int, y: int) -> int:
    """Return x to the power y modulo 2^64, as a signed integer; the caller wraps to its dtype.

    A negative power is the exact one cut to an integer: of 1 it is 1, of -1 it is ±1, of
    anything else (0 included) 0. That is PyTorch's rule for a tensor of exponents; it refuses
    a negative Python number as the exponent of an integer tensor.

    >>> integer_power(-3, 3), integer_power(-1, -3), integer_power(2, -1), integer_power(2, 63)
    (-27, -1, 0, -9223372036854775808)
    """
    if y < 0:
        if abs(x) != 1:
            return 0
        return x if y % 2 else 1
    residue = pow(x, y, _WORD)
    return residue - _WORD if residue >= _WORD // 2 else residue


def gcd(x: int, y: int) -> int:
    """Return the greatest common divisor, never negative; gcd(0, 0) is 0.

    >>> gcd(-12, 18)
    6
    """
    return math.gcd(x, y)


def lcm(x: int, y: int) -> int:
    """Return the least common multiple, never negative; 0 if either is 0. The caller wraps it.

    >>> lcm(-4, 6)
    12
    """
    return math.lcm(x, y)
