"""Poisson and binomial counts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.dtypes import DType
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import round_floats
from gnomon.generator.uniform import unit_double


def poisson(generator: MersenneTwister, rates: Sequence[float], dtype: DType) -> list[float]:
    """Return one Poisson count per rate, as numbers of `dtype`: `torch.poisson`.

    Raises `RuntimeError` for a negative rate.

    >>> from gnomon.dtypes import float32
    >>> poisson(MersenneTwister(0), [0.0, 3.0, 200.0], float32)
    [0.0, 6.0, 194.0]
    """
    require_floating("poisson", dtype)
    for rate in rates:
        require(rate >= 0.0, f"poisson: every rate must be zero or more, got {rate}")
    return round_floats([_poisson(generator, rate) for rate in rates], dtype)


def _poisson(generator: MersenneTwister, rate: float) -> float:
    if rate >= 10.0:
        return _poisson_by_rejection(generator, rate)
    if rate == 0.0:
        return 0.0
    # Arrivals at exponential intervals, counted until a unit of time has passed.
    threshold = math.exp(-rate)
    count, product = 0, unit_double(generator)
    while product > threshold:
        count += 1
        product *= unit_double(generator)
    return float(count)


def _poisson_by_rejection(generator: MersenneTwister, rate: float) -> float:
    """Hoermann, "The transformed rejection method for generating Poisson random variables",
    Insurance: Mathematics and Economics 12, 1993, algorithm PTRS."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    acceptance = 0.9277 - 3.6224 / (b - 2.0)
    log_rate = math.log(rate)
    while True:
        u = unit_double(generator) - 0.5
        v = unit_double(generator)
        margin = 0.5 - abs(u)
        if margin == 0.0:
            continue
        count = math.floor((2.0 * a / margin + b) * u + rate + 0.43)
        if margin >= 0.07 and v <= acceptance:
            return float(count)
        if count < 0 or (margin < 0.013 and v > margin):
            continue
        height = _log(v) + math.log(inverse_alpha) - math.log(a / (margin * margin) + b)
        if height <= -rate + count * log_rate - math.lgamma(count + 1):
            return float(count)


def binomial(
    generator: MersenneTwister,
    trials: Sequence[float],
    probabilities: Sequence[float],
    dtype: DType,
) -> list[float]:
    """Return one count of successes per pair of trials and probability: `torch.binomial`.

    Computed in double whatever the dtype; NaN where the probability is.

    >>> from gnomon.dtypes import float64
    >>> binomial(MersenneTwister(0), [10.0, 1000.0], [0.5, 0.25], float64)
    [7.0, 253.0]
    """
    require_floating("binomial", dtype)
    pairs = zip(trials, probabilities, strict=True)
    return round_floats([_binomial(generator, n, p) for n, p in pairs], dtype)


def _binomial(generator: MersenneTwister, trials: float, probability: float) -> float:
    if math.isnan(probability):
        return math.nan
    if trials <= 0.0 or probability <= 0.0:
        return 0.0
    if probability >= 1.0:
        return trials
    if probability > 0.5:
        return trials - _binomial_below_half(generator, trials, 1.0 - probability)
    return _binomial_below_half(generator, trials, probability)


def _binomial_below_half(
    generator: MersenneTwister, trials: float, probability: float
) -> float:
    if trials * probability >= 10.0:
        return _binomial_by_rejection(generator, trials, probability)
    # Geometric waits between successes, counted until they outlast the trials.
    divisor = math.log1p(-probability)
    count, elapsed = 0, 0.0
    while True:
        value = unit_double(generator)
        elapsed += math.ceil(math.log(value) / divisor) if value else math.inf
        if elapsed > trials:
            return float(count)
        count += 1


def _binomial_by_rejection(
    generator: MersenneTwister, trials: float, probability: float
) -> float:
    """Hoermann, "The generation of binomial random variates", J. Statistical Computation and
    Simulation 46, 1993, algorithm BTRS."""
    deviation = math.sqrt(trials * probability * (1.0 - probability))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * probability
    c = trials * probability + 0.5
    acceptance = 0.92 - 4.2 / b
    odds = probability / (1.0 - probability)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((trials + 1.0) * probability)
    while True:
        u = unit_double(generator) - 0.5
        v = unit_double(generator)
        margin = 0.5 - abs(u)
        if margin == 0.0:
            continue
        count = math.floor((2.0 * a / margin + b) * u + c)
        if margin >= 0.07 and v <= acceptance:
            return float(count)
        if count < 0 or count > trials:
            continue
        height = _log(v * alpha / (a / (margin * margin) + b))
        if height <= _log_odds_against_mode(trials, odds, mode, count):
            return float(count)


def _log_odds_against_mode(trials: float, odds: float, mode: float, count: float) -> float:
    """Return the logarithm of the probability of `count` over that of `mode`."""
    above_mode, above = trials - mode + 1.0, trials - count + 1.0
    return (
        (mode + 0.5) * math.log((mode + 1.0) / (odds * above_mode))
        + (trials + 1.0) * math.log(above_mode / above)
        + (count + 0.5) * math.log(odds * above / (count + 1.0))
        + _stirling_tail(mode)
        + _stirling_tail(trials - mode)
        - _stirling_tail(count)
        - _stirling_tail(trials - count)
    )


def _stirling_tail(k: float) -> float:
    """Return what Stirling's formula for log(k!) leaves out, by its series from k = 10 on."""
    n = k + 1.0
    if k < 10.0:
        return math.lgamma(n) - 0.5 * math.log(2.0 * math.pi) - (k + 0.5) * math.log(n) + n
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / (n * n)) / (n * n)) / n


def _log(value: float) -> float:
    return math.log(value) if value else -math.inf
