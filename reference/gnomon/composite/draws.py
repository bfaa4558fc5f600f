"""Draws that devices make themselves, of the uniform and exponential numbers of their streams.

Every accelerator gives the same but for what its own rounding decides: which of two categories
is ahead whose quotients, or sums, are next to each other.
"""

from __future__ import annotations

import math
from typing import Final, TypeVar

from gnomon.composite.searching import searchsorted
from gnomon.core import TensorCore
from gnomon.dispatch import allocate
from gnomon.dtypes import DType, float32, float64, int64
from gnomon.generator.requirements import require
from gnomon.graph.modes import no_grad
from gnomon.layout import Layout
from gnomon.op.copying import to_dtype
from gnomon.op.random_generator import GeneratorCore
from gnomon.op.random_source import RandomSource
from gnomon.op.sort import sort_along
from gnomon.ops.arithmetic import div, mul
from gnomon.ops.comparison import ge, gt, le, lt, where
from gnomon.ops.leading import leading
from gnomon.ops.logic import logical_and
from gnomon.ops.random import EXPONENTIAL, RANDINT, UNIFORM
from gnomon.ops.reduction import AMAX, ARGMAX
from gnomon.ops.scans import cummax, cumsum
from gnomon.ops.selection import clamp_below
from gnomon.ops.slicing import narrow
from gnomon.ops.truth import ANY, holds

T = TypeVar("T", bound=TensorCore)

#: Words of 64 bits lie from -_WORD to below it.
_WORD: Final = 2**63
#: Less than any number of ``exponential`` but 0.
_SHORTEST: Final = 2.0**-25


def bernoulli_by(chances: T, generator: GeneratorCore | None) -> T:
    """Return bools that are true with the probabilities ``chances``.

    Raises RuntimeError for a probability outside [0, 1].
    """
    with no_grad():
        possible = logical_and(ge(chances, 0.0), le(chances, 1.0))
        require(holds(possible), "bernoulli: every p must lie in [0, 1]. Clamp them.")
        shape = chances.operand.layout.shape
        units = _drawn(chances, shape, UNIFORM, (0.0, 1.0), generator)
        return lt(units, to_dtype(chances, units.operand.dtype))


def categories_by(
    weights: T, count: int, replacement: bool, generator: GeneratorCore | None
) -> T:
    """Return ``count`` indices drawn by the weights along the last dim, as int64.

    Several draws with replacement invert the cumulative weights, all else is the exponential
    race. Raises RuntimeError for weights that are negative, not finite or all zero.
    """
    shape, last = weights.operand.layout.shape, weights.operand.layout.ndim - 1
    with no_grad():
        finite = logical_and(ge(weights, 0.0), lt(weights, math.inf))
        require(holds(finite), "multinomial: every weight must be finite and not negative")
        require(
            holds(ANY.over(gt(weights, 0.0), (last,), False)),
            f"multinomial: the {shape[-1]} weights must not all be zero",
        )
        if replacement and count > 1:
            units = _drawn(weights, (*shape[:-1], count), UNIFORM, (0.0, 1.0), generator)
            running = _running_sums(to_dtype(weights, units.operand.dtype), last)
            # A number below 1, times the total, is below the total when rounded.
            reached = mul(units, narrow(running, last, shape[-1] - 1, 1))
            return searchsorted(running, reached, right=True)
        waits = _drawn(weights, shape, EXPONENTIAL, (1.0,), generator)
        waits = clamp_below(waits, _SHORTEST)
        speeds = div(to_dtype(weights, waits.operand.dtype), waits)
        if count == 1:
            return ARGMAX.over(speeds, (last,), True)
        return leading(speeds, last, count, True)


def _running_sums(weights: T, last: int) -> T:
    """Return the sums of each weight, over the largest, and all before it along the last dim.

    A device adds up parts, which may make a sum smaller than the one before: each is at least
    what the last positive weight has come to, and of no weight just that.
    """
    shares = div(weights, AMAX(weights, last, True))
    sums = where(gt(weights, 0.0), cumsum(shares, last), -math.inf)
    return cummax(sums, last).values


def permutation_of(length: int, like: T, generator: GeneratorCore | None) -> T:
    """Return 0, 1, ..., ``length`` - 1 in the order of as many random words, as int64 on the
    device of ``like``.
    """
    words = _fresh(like, (length,), int64)
    RANDINT.fill(words.operand, (-_WORD, _WORD), generator)
    with no_grad():
        return sort_along(words, 0, False, "")[1]


def _drawn(
    like: T,
    shape: tuple[int, ...],
    source: RandomSource,
    parameters: tuple[float, ...],
    generator: GeneratorCore | None,
) -> T:
    """Return numbers of ``shape`` from a source: in float64 for it, in float32 for others."""
    made = _fresh(like, shape, float64 if like.operand.dtype is float64 else float32)
    source.fill(made.operand, parameters, generator)
    return made


def _fresh(like: T, shape: tuple[int, ...], dtype: DType) -> T:
    backend = like.operand.storage.backend
    return like.like(allocate(backend, Layout.contiguous(shape), dtype))
