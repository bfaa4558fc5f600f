"""Exponential, Cauchy and geometric numbers: one double uniform each, through an inverse."""

from __future__ import annotations

import math

from gnomon.dtypes import DType, float64
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import multiply_add, round_floats
from gnomon.generator.uniform import unit_doubles


def exponential(
    generator: MersenneTwister, count: int, dtype: DType, rate: float = 1.0
) -> list[float]:
    """Return `count` exponential numbers of that rate: `Tensor.exponential_(lambd)`.

    Raises `RuntimeError` unless `rate > 0`; an infinite rate gives zeros.

    >>> exponential(MersenneTwister(0), 1, float64)
    [3.508326186707642]
    """
    require_floating("exponential_", dtype)
    require(rate > 0.0, f"exponential_: lambda must be positive, got lambda={rate}")
    factor = -1.0 / rate
    return round_floats(
        [factor * math.log1p(-value) for value in unit_doubles(generator, count)], dtype
    )


def cauchy(
    generator: MersenneTwister,
    count: int,
    dtype: DType,
    median: float = 0.0,
    sigma: float = 1.0,
) -> list[float]:
    """Return `count` Cauchy numbers: `Tensor.cauchy_`.

    Raises `RuntimeError` unless `sigma > 0`.

    >>> from gnomon.dtypes import float32
    >>> cauchy(MersenneTwister(0), 1, float32)
    [10.597729682922363]
    """
    require_floating("cauchy_", dtype)
    require(sigma > 0.0, f"cauchy_: sigma must be positive, got median={median}, sigma={sigma}")
    tangents = [math.tan(math.pi * (value - 0.5)) for value in unit_doubles(generator, count)]
    return round_floats(multiply_add(tangents, sigma, median, float64), dtype)


def geometric(
    generator: MersenneTwister, count: int, dtype: DType, probability: float
) -> list[float]:
    """Return `count` numbers of trials up to the first success: `Tensor.geometric_(p)`.

    They are whole numbers, 1 or more, rounded to `dtype` if it is a floating one and left for
    the caller to convert if it is not. Raises `RuntimeError` unless 0 < p < 1.

    >>> from gnomon.dtypes import int64
    >>> geometric(MersenneTwister(0), 3, int64, 0.5)
    [1.0, 1.0, 2.0]
    """
    require(0.0 < probability < 1.0, f"geometric_: p must lie in (0, 1), got p={probability}")
    divisor = math.log1p(-probability)
    draws = [
        float(math.ceil(math.log(value) / divisor)) if value else math.inf
        for value in unit_doubles(generator, count)
    ]
    return round_floats(draws, dtype) if dtype.is_floating_point else draws
