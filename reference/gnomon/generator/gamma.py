"""Gamma numbers and the Dirichlet vectors made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from gnomon.dtypes import DType, float64
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.normal import standard_normal
from gnomon.generator.requirements import require_floating
from gnomon.generator.rounding import round_floats, round_single
from gnomon.generator.uniform import unit_double

# PyTorch writes these two constants in float32, whatever the dtype: its numbers depend on it.
_THIRD: Final = 0.3333333432674408
_SQUEEZE: Final = 0.033100001513957977

_SMALLEST_NORMAL: Final = {
    "bfloat16": 2.0**-126,
    "float32": 2.0**-126,
    "float64": 2.0**-1022,
}


def standard_gamma(
    generator: MersenneTwister, shapes: Sequence[float], dtype: DType
) -> list[float]:
    """Return one gamma number of unit scale per shape parameter: `torch._standard_gamma`.

    None is below the dtype's smallest normal number.

    >>> standard_gamma(MersenneTwister(0), [2.0], float64)
    [4.552622805135891]
    """
    require_floating("_standard_gamma", dtype)
    smallest = _SMALLEST_NORMAL[dtype.name]
    draw = _gamma_double if dtype is float64 else _gamma_single
    draws = [draw(generator, shape) for shape in shapes]
    return [max(smallest, value) for value in round_floats(draws, dtype)]


def dirichlet(
    generator: MersenneTwister, concentration: Sequence[float], dtype: DType
) -> list[float]:
    """Return one vector of positive numbers of sum 1: a row of `torch._sample_dirichlet`.

    >>> sum(dirichlet(MersenneTwister(0), [1.0, 2.0, 3.0], float64))
    1.0
    """
    require_floating("_sample_dirichlet", dtype)
    draws = [_gamma_double(generator, shape) for shape in concentration]
    total = math.fsum(draws)
    smallest = _SMALLEST_NORMAL[dtype.name]
    return [max(smallest, value) for value in round_floats([x / total for x in draws], dtype)]


def _gamma_double(generator: MersenneTwister, shape: float) -> float:
    if shape == 0.0:
        return 0.0
    if shape >= 1.0:
        return _marsaglia_tsang(generator, shape - _THIRD, 1.0)
    scale = math.pow(1.0 - unit_double(generator), 1.0 / shape)
    return _marsaglia_tsang(generator, shape + 1.0 - _THIRD, scale)


def _gamma_single(generator: MersenneTwister, shape: float) -> float:
    """Do the arithmetic on the shape, and no other, in float32."""
    if shape == 0.0:
        return 0.0
    if shape >= 1.0:
        return _marsaglia_tsang(generator, round_single(shape - _THIRD), 1.0)
    scale = math.pow(1.0 - unit_double(generator), round_single(1.0 / shape))
    raised = round_single(shape + 1.0)
    return _marsaglia_tsang(generator, round_single(raised - _THIRD), scale)


def _marsaglia_tsang(generator: MersenneTwister, d: float, scale: float) -> float:
    """Draw a gamma number of shape d + 1/3, which is 1 or more, times `scale`.

    Marsaglia and Tsang, "A simple method for generating gamma variables", 2000.
    """
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = standard_normal(generator)
        y = 1.0 + c * x
        if y <= 0.0:
            continue
        v = y * y * y
        u = 1.0 - unit_double(generator)
        square = x * x
        if u < 1.0 - _SQUEEZE * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v
