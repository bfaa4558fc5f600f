"""Drawing categories by weight."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from gnomon.dtypes import DType, float64
from gnomon.generator.continuous import exponential
from gnomon.generator.mersenne import MersenneTwister
from gnomon.generator.requirements import require, require_floating
from gnomon.generator.rounding import round_floats, round_single
from gnomon.generator.uniform import unit_doubles

_MOST_CATEGORIES: Final = 2**24
"""Beyond it float32 weights could not tell neighbours apart; PyTorch's limit."""


def multinomial(
    generator: MersenneTwister,
    weights: Sequence[float],
    count: int,
    dtype: DType,
    *,
    replacement: bool = False,
) -> list[int]:
    """Return `count` category indices drawn by weight: `torch.multinomial` of one row.

    `weights` are numbers of `dtype` that need not sum to one. A matrix is its rows drawn one
    after another. Several draws with replacement invert the cumulative weights; all else is
    the exponential race (the greatest `weight / exponential` come first, ties by index), so
    it takes one exponential per category whatever `count` is. PyTorch leaves the order of ties
    open; they are common in the 16-bit dtypes only.

    Raises `RuntimeError` for a bad weight, all weights zero, or too many draws.

    >>> multinomial(MersenneTwister(0), [0.0, 10.0, 3.0, 0.0], 2, float64)
    [1, 2]
    """
    require_floating("multinomial", dtype)
    check_count(len(weights), count, replacement)
    require(
        all(0.0 <= weight < math.inf for weight in weights),
        "multinomial: every weight must be finite and not negative",
    )
    require(any(weights), f"multinomial: the {len(weights)} weights must not all be zero")
    if replacement and count > 1:
        return _inverted(generator, weights, count, dtype)
    waits = exponential(generator, len(weights), dtype)
    speeds = round_floats(map(_divide, weights, waits), dtype)
    if count == 1:
        return [max(range(len(speeds)), key=speeds.__getitem__)]
    return sorted(range(len(speeds)), key=lambda index: -speeds[index])[:count]


def check_count(categories: int, count: int, replacement: bool) -> None:
    """Raise RuntimeError unless ``count`` of so many categories can be drawn."""
    require(count > 0, f"multinomial: num_samples must be positive, got {count}")
    require(
        replacement or count <= categories,
        f"multinomial: cannot draw {count} of {categories} categories without replacement; "
        "draw fewer or pass replacement=True",
    )
    require(
        categories <= _MOST_CATEGORIES,
        f"multinomial: at most 2**24 categories, got {categories}",
    )


def _divide(weight: float, wait: float) -> float:
    if wait:
        return weight / wait
    return math.inf if weight else math.nan


def _inverted(
    generator: MersenneTwister, weights: Sequence[float], count: int, dtype: DType
) -> list[int]:
    """Look up double uniforms among the normalised running sums, kept in float32 or float64."""
    cumulative: list[float]
    if dtype is float64:
        cumulative = list(accumulate(weights))
        scaled = [value / cumulative[-1] for value in cumulative]
    else:
        cumulative = list(accumulate(weights, lambda total, w: round_single(total + w)))
        scaled = [round_single(value / cumulative[-1]) for value in cumulative]
    return [bisect_left(scaled, value) for value in unit_doubles(generator, count)]
