"""Gamma numbers and the Dirichlet vectors made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from gnomon.dtypes import DType
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.normal import standard_normal
from gnomon.generator.requirements import require_floating
from gnomon.generator.rounding import round_floats
from gnomon.generator.uniform import unit_double

_SMALLEST_NORMAL: Final = {
    "float16": 2.0**-14,
    "bfloat16": 2.0**-126,
    "float32": 2.0**-126,
    "float64": 2.0**-1022,
}


def standard_gamma(
    generator: MersenneTwister, shapes: Sequence[float], dtype: DType
) -> list[float]:
    """Return one gamma number of unit scale per shape parameter: `torch._standard_gamma`.

    None is below the dtype's smallest normal number.

    >>> from gnomon.dtypes import float64
    >>> standard_gamma(MersenneTwister(0), [2.0], float64)
    [4.0]
    """
    require_floating("_standard_gamma", dtype)
    smallest = _SMALLEST_NORMAL[dtype.name]
    draws = [_standard_gamma(generator, shape) for shape in shapes]
    return [max(smallest, value) for value in round_floats(draws, dtype)]


def dirichlet(
    generator: MersenneTwister, concentration: Sequence[float], dtype: DType
) -> list[float]:
    """Return one vector of positive numbers of sum 1: a row of `torch._sample_dirichlet`.

    >>> from gnomon.dtypes import float64
    >>> sum(dirichlet(MersenneTwister(0), [1.0, 2.0, 3.0], float64))
    1.0
    """
    require_floating("_sample_dirichlet", dtype)
    draws = [_standard_gamma(generator, shape) for shape in concentration]
    total = sum(draws)
    smallest = _SMALLEST_NORMAL[dtype.name]
    return [max(smallest, value) for value in round_floats([x / total for x in draws], dtype)]


def _standard_gamma(generator: MersenneTwister, shape: float) -> float:
    """Marsaglia and Tsang, "A simple method for generating gamma variables", 2000."""
    scale = 1.0
    if shape < 1.0:
        if shape == 0.0:
            return 0.0
        scale = math.pow(1.0 - unit_double(generator), 1.0 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = standard_normal(generator)
        y = 1.0 + c * x
        if y <= 0.0:
            continue
        v = y * y * y
        u = 1.0 - unit_double(generator)
        square = x * x
        if u < 1.0 - 0.0331 * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v
