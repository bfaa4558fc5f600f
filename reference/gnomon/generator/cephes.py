"""Float32 logarithm, sine and cosine, step for step as PyTorch's vectorised normal has them.

Polynomials and constants: Cephes single precision library (S. Moshier, netlib.org/cephes,
`logf` and `sinf`), in the order of operations of J. Pommier's SIMD version with multiply-adds
fused. Each step runs over the whole list and is rounded to float32; the fused steps round from
a double, which differs from a single rounding about once in 2**29.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Final

SQRT_HALF: Final = 0.7071067690849304
"""The float32 nearest to sqrt(1/2), where the logarithm's reduction switches exponent."""


LOG_COEFFICIENTS: Final = array(
    "f",
    (
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ),
)
LOG_TWO_PARTS: Final = array("f", (-2.12194440e-4, 0.693359375))
SINE_COEFFICIENTS: Final = array("f", (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1))
COSINE_COEFFICIENTS: Final = array(
    "f", (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
)
_FOUR_OVER_PI: Final = array("f", (1.27323954473516,))[0]
_MINUS_QUARTER_PI_PARTS: Final = array(
    "f", (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
)


def _horner(coefficients: Sequence[float], x: Sequence[float]) -> array[float]:
    """Evaluate a polynomial, highest coefficient first, one fused step a coefficient."""
    total = array("f", [coefficients[0]]) * len(x)
    for coefficient in coefficients[1:]:
        total = array("f", [t * v + coefficient for t, v in zip(total, x, strict=True)])
    return total


def split(values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Return x and e with value = (1 + x) * 2**e and 1 + x in [sqrt(1/2), sqrt(2)), exactly.

    >>> split([1.0, 0.75, 0.5])
    ([0.0, -0.25, 0.0], [0, 0, -1])
    """
    reduced: list[float] = []
    exponents: list[int] = []
    for value in values:
        mantissa, exponent = math.frexp(value)
        small = mantissa < SQRT_HALF
        reduced.append(2.0 * mantissa - 1.0 if small else mantissa - 1.0)
        exponents.append(exponent - small)
    return reduced, exponents


def log(values: Sequence[float]) -> array[float]:
    """Return the float32 natural logarithm of positive, normal float32 numbers.

    >>> log([1.0, 0.5]).tolist()
    [0.0, -0.6931471824645996]
    """
    low_part, high_part = LOG_TWO_PARTS
    reduced, exponents = split(values)
    square = array("f", [x * x for x in reduced])
    polynomial = _horner(LOG_COEFFICIENTS, reduced)
    cubic = array("f", [p * x for p, x in zip(polynomial, reduced, strict=True)])
    tail = array("f", [e * low_part for e in exponents])
    y = array("f", [c * z + t for c, z, t in zip(cubic, square, tail, strict=True)])
    y = array("f", [v - 0.5 * z for v, z in zip(y, square, strict=True)])
    y = array("f", [x + v for x, v in zip(reduced, y, strict=True)])
    return array("f", [e * high_part + v for e, v in zip(exponents, y, strict=True)])


def sincos(angles: Sequence[float]) -> tuple[array[float], array[float]]:
    """Return the float32 sines and cosines of float32 angles in [0, 8192).

    >>> [part.tolist() for part in sincos([0.0])]
    [[0.0], [1.0]]
    """
    scaled = array("f", [angle * _FOUR_OVER_PI for angle in angles])
    octants = [int(s) + 1 & ~1 for s in scaled]
    x: Sequence[float] = angles
    for part in _MINUS_QUARTER_PI_PARTS:
        x = array("f", [o * part + v for o, v in zip(octants, x, strict=True)])
    square = array("f", [v * v for v in x])
    cosine = _cosine_kernel(square)
    sine = _sine_kernel(x, square)
    sines, cosines = array("f"), array("f")
    for octant, s, c in zip(octants, sine, cosine, strict=True):
        if octant & 2:
            s, c = c, s
        sines.append(-s if octant & 4 else s)
        cosines.append(-c if octant + 2 & 4 else c)
    return sines, cosines


def _cosine_kernel(square: Sequence[float]) -> array[float]:
    y = _horner(COSINE_COEFFICIENTS, square)
    y = array("f", [v * z for v, z in zip(y, square, strict=True)])
    y = array("f", [v * z - 0.5 * z for v, z in zip(y, square, strict=True)])
    return array("f", [v + 1.0 for v in y])


def _sine_kernel(x: Sequence[float], square: Sequence[float]) -> array[float]:
    y = _horner(SINE_COEFFICIENTS, square)
    y = array("f", [v * z for v, z in zip(y, square, strict=True)])
    return array("f", [v * a + a for v, a in zip(y, x, strict=True)])
