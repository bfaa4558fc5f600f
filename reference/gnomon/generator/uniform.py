"""Uniform numbers and the draws that compare one with a probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from gnomon.dtypes import DType, float32, float64
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import multiply_add, round_floats, round_single

_DOUBLE_STEP: Final = 2.0**-53
_SINGLE_STEP: Final = 2.0**-24


def unit_doubles(generator: MersenneTwister, count: int) -> list[float]:
    """Return `count` multiples of 2**-53 in [0, 1): the low 53 bits of a 64-bit draw each.

    >>> unit_doubles(MersenneTwister(0), 1)
    [0.9700530018065531]
    """
    words = generator.words(2 * count)
    return [
        ((high & 0x1F_FFFF) * 4294967296 + low) * _DOUBLE_STEP
        for high, low in zip(words[::2], words[1::2], strict=True)
    ]


def unit_double(generator: MersenneTwister) -> float:
    """Return one multiple of 2**-53 in [0, 1), for draws that reject."""
    return (generator.random64() & 0x1F_FFFF_FFFF_FFFF) * _DOUBLE_STEP


def unit_singles(generator: MersenneTwister, count: int) -> list[float]:
    """Return `count` multiples of 2**-24 in [0, 1): the low 24 bits of a 32-bit draw each.

    >>> unit_singles(MersenneTwister(0), 1)
    [0.49625658988952637]
    """
    return [(word & 0xFF_FFFF) * _SINGLE_STEP for word in generator.words(count)]


def uniform_bounds(low: float, high: float, dtype: DType) -> tuple[float, float]:
    """Return both bounds rounded to `dtype`; `RuntimeError` when they do not bound anything."""
    low_rounded, high_rounded, distance = round_floats((low, high, high - low), dtype)
    bounds = f"uniform_: low={low}, high={high}, dtype {dtype!r}"
    require(math.isfinite(low_rounded), f"{bounds}: low is out of bounds of the dtype")
    require(math.isfinite(high_rounded), f"{bounds}: high is out of bounds of the dtype")
    require(low <= high, f"{bounds}: low must not exceed high; swap them")
    require(distance < math.inf, f"{bounds}: high - low exceeds the dtype's largest number")
    return low_rounded, high_rounded


def uniform(
    generator: MersenneTwister, count: int, dtype: DType, low: float = 0.0, high: float = 1.0
) -> list[float]:
    """Return `count` numbers of a floating `dtype` uniform in [low, high): `Tensor.uniform_`.

    A float64 takes 53 bits, every other dtype 24. The 16-bit dtypes round the float32 number;
    one that reaches `high` by that becomes `low`. Raises `RuntimeError` when `low > high`, a
    bound is not finite in `dtype`, or their distance is not.

    >>> from gnomon.dtypes import float16
    >>> uniform(MersenneTwister(0), 2, float32)
    [0.49625658988952637, 0.7682217955589294]
    >>> uniform(MersenneTwister(0), 2, float16, -1.0, 1.0)
    [-0.007488250732421875, 0.53662109375]
    """
    require_floating("uniform_", dtype)
    low_rounded, high_rounded = uniform_bounds(low, high, dtype)
    if dtype is float64:
        units = unit_doubles(generator, count)
        return multiply_add(units, high - low, low, dtype) if (low, high) != (0, 1) else units
    units = unit_singles(generator, count)
    if (low, high) != (0.0, 1.0):
        low, high = round_single(low), round_single(high)
        units = multiply_add(units, round_single(high - low), low, float32)
    if dtype is float32:
        return units
    return [
        low_rounded if value >= high_rounded else value for value in round_floats(units, dtype)
    ]


def bernoulli(generator: MersenneTwister, count: int, probability: float) -> list[bool]:
    """Return `count` draws that are true with one `probability`: `Tensor.bernoulli_(p)`.

    The same for every dtype: a double uniform below `probability`. Dropout draws this way with
    `1 - p` and divides what it keeps by `1 - p`. Raises `RuntimeError` outside [0, 1].

    >>> bernoulli(MersenneTwister(0), 4, 0.5)
    [False, False, True, False]
    """
    require(
        0.0 <= probability <= 1.0,
        f"bernoulli_: p must lie in [0, 1], got p={probability}",
    )
    return [value < probability for value in unit_doubles(generator, count)]


def bernoulli_each(
    generator: MersenneTwister, probabilities: Sequence[float], dtype: DType
) -> list[bool]:
    """Return one draw per probability: `torch.bernoulli`, `Tensor.bernoulli_(tensor)`.

    `dtype` is the probabilities' own: float64 compares 53-bit uniforms, the others 24-bit
    ones, so the dtype decides how much of the generator's stream is used. Raises
    `RuntimeError` for a probability outside [0, 1].

    >>> bernoulli_each(MersenneTwister(0), [0.0, 0.5, 1.0], float32)
    [False, False, True]
    """
    require_floating("bernoulli", dtype)
    for probability in probabilities:
        require(
            0.0 <= probability <= 1.0,
            f"bernoulli: every p must lie in [0, 1], got p={probability}",
        )
    draw = unit_doubles if dtype is float64 else unit_singles
    units = draw(generator, len(probabilities))
    return [unit < chance for unit, chance in zip(units, probabilities, strict=True)]
