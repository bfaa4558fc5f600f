"""Normal and exponential numbers of the Philox stream, in float32 steps any device repeats.

The steps below are the definition; `f` marks a float32 constant.

    log(u), u = n * 2**-24, n in 1 ... 2**24
        m, e = frexp(u)                                 # m in [0.5, 1)
        if m < 0.70710677f:  e = e - 1, x = (m - 1) + m
        else:               x = m - 1
        z = x * x
        y = P(x) * x * z                                # left to right; Horner, 9 terms
        y = y + e * -2.12194440e-4f
        y = y - z * 0.5f
        return (x + y) + e * 0.693359375f

    sqrt(a), a >= 0
        r = float with bits (0x5f3759df - (bits of a >> 1))
        three times:  r = r * (1.5f - ((a * 0.5f) * r) * r)
        s = a * r
        return s + (a - s * s) * (r * 0.5f)

    cos, sin of n * 2**-24 turns, n in 0 ... 2**24 - 1
        quarter = (n + 2**21) >> 22                     # the nearest quarter turn, 0 ... 4
        x = (n - quarter * 2**22) * 3.7450704e-7f       # 2 pi / 2**24, bits 34c90fdb
        z = x * x
        c = ((C(z) * z) * z - z * 0.5f) + 1.0f          # C by Horner, 3 terms
        s = (S(z) * z) * x + x                          # S by Horner, 3 terms
        cos, sin = (c, s), (-s, c), (-c, -s), (s, -c)   # for quarter mod 4 = 0, 1, 2, 3

Horner's rule is `t = t * x`, then `t = t + coefficient`, each rounded. The coefficients are
those of Cephes' `logf`, `sinf` and `cosf` (S. Moshier, netlib.org/cephes).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import add, mul, sub
from typing import Final

from gnomon.dtypes import DType, float64
from gnomon.generator.cephes import (
    COSINE_COEFFICIENTS,
    LOG_COEFFICIENTS,
    LOG_TWO_PARTS,
    SINE_COEFFICIENTS,
    split,
)
from gnomon.generator.philox import words
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import round_floats, round_single

_STEP: Final = 2.0**-24
_QUARTER: Final = 2**22
_TURN_STEP: Final = 6.2831854820251465 * _STEP
_ROOT_MAGIC: Final = 0x5F37_59DF


def normal(
    seed: int, offset: int, count: int, dtype: DType, mean: float = 0.0, std: float = 1.0
) -> list[float]:
    """Return `count` normal numbers of a floating `dtype` (Box and Muller, 1958).

    Elements `2 j` and `2 j + 1` share `n1 = word(2 j) >> 8` and `n2 = word(2 j + 1) >> 8`:
    `radius = sqrt((0 - log((n1 + 1) * 2**-24)) * 2)`, times the cosine and the sine of
    `n2 * 2**-24` turns. Then `r = r * std`, `r = r + mean`, in float32 with both rounded to it
    and `r` rounded to a 16-bit dtype; for float64 the float32 sample is widened first. Raises
    `RuntimeError` unless `std >= 0`.

    >>> from gnomon.dtypes import float32
    >>> normal(0, 0, 2, float32)
    [0.9911374449729919, -0.9246627688407898]
    """
    require_floating("normal_", dtype)
    require(std >= 0.0, f"normal_: std must not be negative, got mean={mean}, std={std}")
    drawn = words(seed, offset, count + count % 2)
    logarithms = log([word >> 8 for word in drawn[::2]])
    radii = sqrt(_times(_minus(repeat(0.0), logarithms), repeat(2.0)))
    cosines, sines = turn([word >> 8 for word in drawn[1::2]])
    samples = array("f", bytes(4 * len(drawn)))
    samples[::2] = _times(radii, cosines)
    samples[1::2] = _times(radii, sines)
    del samples[count:]
    if dtype is float64:
        return [sample * std + mean for sample in samples]
    scaled = _times(samples, repeat(round_single(std)))
    return round_floats(_plus(scaled, repeat(round_single(mean))), dtype)


def exponential(
    seed: int, offset: int, count: int, dtype: DType, rate: float = 1.0
) -> list[float]:
    """Return `count` exponential numbers of a floating `dtype`.

    `r = (0 - log(((word(i) >> 8) + 1) * 2**-24)) * scale` with `scale` the double `1 / rate`
    rounded to float32; then rounded or widened to `dtype`. Raises `RuntimeError` unless
    `rate > 0`.

    >>> from gnomon.dtypes import float32
    >>> exponential(0, 0, 2, float32)
    [0.9186773896217346, 0.12724238634109497]
    """
    require_floating("exponential_", dtype)
    require(rate > 0.0, f"exponential_: lambda must be positive, got lambda={rate}")
    logarithms = log([word >> 8 for word in words(seed, offset, count)])
    scale = repeat(round_single(1.0 / rate))
    return round_floats(_times(_minus(repeat(0.0), logarithms), scale), dtype)


def log(steps: Sequence[int]) -> array[float]:
    """Return the logarithms of `(n + 1) * 2**-24` for each n in 0 ... 2**24 - 1.

    >>> log([2**24 - 1, 2**23 - 1]).tolist()
    [0.0, -0.6931471824645996]
    """
    reduced, exponents = split([(step + 1) * _STEP for step in steps])
    low_part, high_part = map(repeat, LOG_TWO_PARTS)
    square = _times(reduced, reduced)
    y = _times(_times(_horner(LOG_COEFFICIENTS, reduced), reduced), square)
    y = _plus(y, _times(exponents, low_part))
    y = _minus(y, _times(square, repeat(0.5)))
    return _plus(_plus(reduced, y), _times(exponents, high_part))


def sqrt(values: array[float]) -> array[float]:
    """Return square roots of float32 numbers that are zero or normal.

    >>> sqrt(array("f", (0.0, 4.0))).tolist()
    [0.0, 2.0]
    """
    bits = array("I", values.tobytes())
    guess = array("I", [_ROOT_MAGIC - (pattern >> 1) for pattern in bits])
    inverse = array("f", guess.tobytes())
    half = _times(values, repeat(0.5))
    for _ in range(3):
        excess = _times(_times(half, inverse), inverse)
        inverse = _times(inverse, _minus(repeat(1.5), excess))
    root = _times(values, inverse)
    remainder = _minus(values, _times(root, root))
    return _plus(root, _times(remainder, _times(inverse, repeat(0.5))))


def turn(steps: Sequence[int]) -> tuple[array[float], array[float]]:
    """Return the cosines and sines of `n * 2**-24` turns for each n in 0 ... 2**24 - 1.

    >>> [part.tolist() for part in turn([0, 2**22, 2**23])]
    [[1.0, -0.0, -1.0], [0.0, 1.0, -0.0]]
    """
    quarters = [step + _QUARTER // 2 >> 22 for step in steps]
    rests = [step - quarter * _QUARTER for step, quarter in zip(steps, quarters, strict=True)]
    x = _times(rests, repeat(_TURN_STEP))
    square = _times(x, x)
    c = _times(_times(_horner(COSINE_COEFFICIENTS, square), square), square)
    c = _plus(_minus(c, _times(square, repeat(0.5))), repeat(1.0))
    s = _plus(_times(_times(_horner(SINE_COEFFICIENTS, square), square), x), x)
    cosines, sines = array("f"), array("f")
    for quarter, cosine, sine in zip(quarters, c, s, strict=True):
        if quarter & 1:
            cosine, sine = -sine, cosine
        cosines.append(-cosine if quarter & 2 else cosine)
        sines.append(-sine if quarter & 2 else sine)
    return cosines, sines


def _times(left: Iterable[float], right: Iterable[float]) -> array[float]:
    return array("f", map(mul, left, right))


def _plus(left: Iterable[float], right: Iterable[float]) -> array[float]:
    return array("f", map(add, left, right))


def _minus(left: Iterable[float], right: Iterable[float]) -> array[float]:
    return array("f", map(sub, left, right))


def _horner(coefficients: Sequence[float], x: Sequence[float]) -> array[float]:
    total = array("f", [coefficients[0]]) * len(x)
    for coefficient in coefficients[1:]:
        total = _plus(_times(total, x), repeat(coefficient))
    return total
