"""Functions of a float as a written number: digits, neighbours, sign and exponent."""

import math
from collections.abc import Callable

from .elementary import power

# From the smallest number of float64 to the largest is a smaller power of two.
_FARTHEST = 2200.0


def _exactly(x: float) -> float:
    return x


def round_to_integer(x: float) -> float:
    """Return the nearest integer, ties to even; keeps -0.0, infinities and nan.

    >>> round_to_integer(2.5), round_to_integer(-0.3), round_to_integer(math.inf)
    (2.0, -0.0, inf)
    """
    if not abs(x) < 2**52:
        return x
    return math.copysign(float(round(x)), x)


def round_half_even(
    x: float, decimals: int = 0, round_to_dtype: Callable[[float], float] = _exactly
) -> float:
    """Round to `decimals` digits after the point (before it if negative), as PyTorch does it.

    The number is scaled by a power of ten, rounded with ties to even and scaled back, each step
    rounded to the dtype by `round_to_dtype` (float64 needs none). So the tie is judged after
    the scaling (1.005 to two digits is 1.0), and a scale that overflows gives inf or nan.

    >>> round_half_even(0.125, 2), round_half_even(12345.0, -1), round_half_even(1e308, 2)
    (0.12, 12340.0, inf)
    """
    if decimals == 0:
        return round_to_integer(x)
    scale = round_to_dtype(power(10.0, abs(decimals)))
    if decimals > 0:
        return round_to_dtype(round_to_integer(round_to_dtype(x * scale)) / scale)
    return round_to_dtype(round_to_integer(round_to_dtype(x / scale)) * scale)


def nextafter(
    x: float, toward: float, significand_bits: int = 53, minimum_exponent: int = -1022
) -> float:
    """Return the neighbour of x in the direction of `toward`, in an IEEE binary format.

    `significand_bits` counts the implicit bit and `minimum_exponent` is that of the smallest
    normal number: float32 has 24 and -126, float16 11 and -14, bfloat16 8 and -126.
    x must be a number of that format. Equal arguments give `toward` (so 0.0 to -0.0 is -0.0),
    nan gives nan; beyond the largest number lies infinity.

    >>> nextafter(1.0, 2.0, significand_bits=8, minimum_exponent=-126)
    1.0078125
    """
    if math.isnan(x) or math.isnan(toward):
        return math.nan
    if x == toward:
        return toward
    smallest = math.ldexp(1.0, minimum_exponent - significand_bits + 1)
    if x == 0:
        return math.copysign(smallest, toward)
    # IEEE formats are symmetric: the largest exponent is 1 - minimum_exponent.
    largest = math.ldexp(2.0 - math.ldexp(1.0, 1 - significand_bits), 1 - minimum_exponent)
    if math.isinf(x):
        return math.copysign(largest, x)
    outward = (toward > x) == (x > 0)
    if outward and abs(x) == largest:
        return math.copysign(math.inf, x)
    fraction, exponent = math.frexp(abs(x))  # |x| = fraction * 2^exponent, fraction >= 1/2
    if not outward and fraction == 0.5:
        exponent -= 1  # below a power of two the numbers lie twice as close
    step = max(math.ldexp(1.0, exponent - significand_bits), smallest)
    return math.copysign(abs(x) + (step if outward else -step), x)


def copysign(x: float, y: float) -> float:
    """Return |x| with the sign of y, zeros and nan included.

    >>> copysign(3.0, -0.0)
    -3.0
    """
    return math.copysign(x, y)


def ldexp(x: float, exponent: float) -> float:
    """Return x * 2^exponent; for an integer exponent rounded once, whatever the power alone is.

    | x   | exponent | result |
    |-----|----------|--------|
    | 0   | 2000     | 0      |
    | 0   | inf      | nan    |
    | inf | -inf     | nan    |

    >>> ldexp(0.75, 2.0), ldexp(5e-324, 1100.0), ldexp(0.0, 2000.0), ldexp(1.0, 0.5)
    (3.0, 67108864.0, 0.0, 1.4142135623730951)
    """
    if not (math.isfinite(exponent) and exponent == math.floor(exponent)):
        return x * power(2.0, exponent)
    try:
        return math.ldexp(x, int(max(-_FARTHEST, min(exponent, _FARTHEST))))
    except OverflowError:
        return math.copysign(math.inf, x)


def frexp(x: float) -> tuple[float, int]:
    """Return m and e with x = m * 2^e and 1/2 <= |m| < 1; zero, inf and nan give (x, 0).

    >>> frexp(-3.0), frexp(math.inf)
    ((-0.75, 2), (inf, 0))
    """
    return math.frexp(x)


def heaviside(x: float, at_zero: float) -> float:
    """Return 0 below zero, 1 above, `at_zero` at zero (either sign); nan counts as below.

    >>> heaviside(-0.0, 0.5), heaviside(math.nan, 0.5)
    (0.5, 0.0)
    """
    if x == 0:
        return at_zero
    return 1.0 if x > 0 else 0.0
