"""Random draws that fill a tensor: the records, and what they are called in place.

On the CPU the numbers are PyTorch's for the same seed; on accelerators they are those of the
Philox stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeVar

from gnomon.core import TensorCore
from gnomon.dtypes import DType, Scalar, bool_, float64, int64
from gnomon.errors import explain
from gnomon.generator import continuous, integers, normal, philox, philox_normal, uniform
from gnomon.generator.requirements import require, require_floating
from gnomon.op.arguments import integers as integers_of
from gnomon.op.random_generator import GeneratorCore
from gnomon.op.random_source import RandomSource

T = TypeVar("T", bound=TensorCore)


def _check_uniform(operation: str, dtype: DType, bounds: Sequence[Scalar]) -> None:
    require_floating(operation, dtype)
    low, high = bounds
    uniform.uniform_bounds(low, high, dtype)


def _check_normal(operation: str, dtype: DType, shape: Sequence[Scalar]) -> None:
    require_floating(operation, dtype)
    mean, std = shape
    require(std >= 0.0, f"{operation}: std must not be negative, got mean={mean}, std={std}")


def _check_log_normal(operation: str, dtype: DType, shape: Sequence[Scalar]) -> None:
    require_floating(operation, dtype)
    mean, std = shape
    require(std > 0.0, f"{operation}: std must be positive, got mean={mean}, std={std}")


def _check_exponential(operation: str, dtype: DType, rate: Sequence[Scalar]) -> None:
    _require_continuous(operation, dtype)
    require(rate[0] > 0.0, f"{operation}: lambda must be positive, got lambda={rate[0]}")


def _check_cauchy(operation: str, dtype: DType, shape: Sequence[Scalar]) -> None:
    _require_continuous(operation, dtype)
    median, sigma = shape
    require(
        sigma > 0.0, f"{operation}: sigma must be positive, got median={median}, sigma={sigma}"
    )


def _check_geometric(operation: str, dtype: DType, chance: Sequence[Scalar]) -> None:
    if dtype is bool_:
        raise NotImplementedError(
            explain(operation, "not defined on bool", remedy="Fill an int64 tensor")
        )
    require(0.0 < chance[0] < 1.0, f"{operation}: p must lie in (0, 1), got p={chance[0]}")


def _check_bernoulli(operation: str, dtype: DType, chance: Sequence[Scalar]) -> None:
    require(0.0 <= chance[0] <= 1.0, f"{operation}: p must lie in [0, 1], got p={chance[0]}")


def _require_continuous(operation: str, dtype: DType) -> None:
    require(
        dtype.is_floating_point,
        f"{operation}: a continuous distribution needs a floating-point dtype, got "
        f"{dtype.name}. Draw in float32, then convert.",
    )


def _accept(operation: str, dtype: DType, parameters: Sequence[Scalar]) -> None:
    """Check nothing: the draw is defined on every dtype, and its bounds come checked."""


UNIFORM: RandomSource = RandomSource(
    name="uniform",
    definition="numbers uniform in [low, high), the parameters",
    check=_check_uniform,
    samples=((0.0, 1.0), (-2.5, 7.0)),
    twister=lambda g, n, dtype, bounds, _: uniform.uniform(g, n, dtype, *bounds),
    philox=lambda seed, at, n, dtype, bounds: philox.uniform(seed, at, n, dtype, *bounds),
)
NORMAL: RandomSource = RandomSource(
    name="normal",
    definition="normal numbers, with mean and standard deviation as parameters",
    special_cases="every one the mean for a standard deviation of 0",
    check=_check_normal,
    samples=((0.0, 1.0), (3.0, 0.5), (2.0, 0.0)),
    twister=lambda g, n, dtype, shape, contiguous: normal.normal(
        g, n, dtype, *shape, contiguous=contiguous
    ),
    philox=lambda seed, at, n, dtype, shape: philox_normal.normal(seed, at, n, dtype, *shape),
)
LOG_NORMAL: RandomSource = RandomSource(
    name="log_normal",
    definition=(
        "numbers whose logarithms are normal, with mean and standard deviation as parameters"
    ),
    check=_check_log_normal,
    samples=((1.0, 2.0),),
    twister=lambda g, n, dtype, shape, _: normal.log_normal(g, n, dtype, *shape),
)
EXPONENTIAL: RandomSource = RandomSource(
    name="exponential",
    definition="exponential numbers, with the rate as parameter",
    special_cases="all positive",
    check=_check_exponential,
    samples=((1.0,), (4.0,)),
    twister=lambda g, n, dtype, rate, _: continuous.exponential(g, n, dtype, *rate),
    philox=lambda seed, at, n, dtype, rate: philox_normal.exponential(
        seed, at, n, dtype, *rate
    ),
)
CAUCHY: RandomSource = RandomSource(
    name="cauchy",
    definition=(
        "Cauchy numbers around the first parameter, half of them within the second of it"
    ),
    check=_check_cauchy,
    samples=((0.0, 1.0),),
    twister=lambda g, n, dtype, shape, _: continuous.cauchy(g, n, dtype, *shape),
)
GEOMETRIC: RandomSource = RandomSource(
    name="geometric",
    definition=(
        "how many trials it takes up to the first success, whose probability is the parameter"
    ),
    special_cases="1 or more",
    check=_check_geometric,
    samples=((0.3,),),
    twister=lambda g, n, dtype, chance, _: dtype.convert_all(
        continuous.geometric(g, n, dtype, *chance), float64
    ),
)
BERNOULLI: RandomSource = RandomSource(
    name="bernoulli",
    definition="1 with the probability that is the parameter, else 0",
    check=_check_bernoulli,
    samples=((0.5,), (0.0,), (1.0,), (0.3,)),
    twister=lambda g, n, dtype, chance, _: dtype.convert_all(
        uniform.bernoulli(g, n, *chance), bool_
    ),
    philox=lambda seed, at, n, dtype, chance: dtype.convert_all(
        philox.bernoulli(seed, at, n, *chance), bool_
    ),
)
#: ``low``, ``high``, as :func:`gnomon.generator.integers.bounds_within` gives them
RANDINT: RandomSource = RandomSource(
    name="random",
    definition="integers uniform in [low, high), the parameters",
    check=_accept,
    samples=((0, 2), (0, 100), (-7, 9)),
    twister=lambda g, n, dtype, bounds, _: integers.randint(g, n, dtype, *map(int, bounds)),
    philox=lambda seed, at, n, dtype, bounds: dtype.convert_all(
        philox.randint(seed, at, n, *map(int, bounds)), int64
    ),
)
RANDOM_FROM: RandomSource = RandomSource(
    name="random_from",
    definition="integers uniform from the parameter up to the largest of the dtype",
    check=_accept,
    samples=((3,),),
    twister=lambda g, n, dtype, low, _: integers.random_from(g, n, dtype, *map(int, low)),
)
RANDOM_FULL: RandomSource = RandomSource(
    name="random_full",
    definition="integers uniform from 0 to the largest of the dtype",
    special_cases="to the largest that a float dtype counts to without gaps",
    check=_accept,
    twister=lambda g, n, dtype, _parameters, _: integers.random_full(g, n, dtype),
)
RANDPERM: RandomSource = RandomSource(
    name="randperm",
    definition="0, 1, 2, ... in a random order, each order as likely as any other",
    check=_accept,
    twister=lambda g, n, dtype, _parameters, _: dtype.convert_all(
        integers.randperm(g, n), int64
    ),
)


def uniform_(
    input: T, low: float = 0.0, /, to: float = 1.0, *, generator: GeneratorCore | None = None
) -> T:
    """Fill with numbers uniform in ``[low, to)``."""
    return UNIFORM(input, float(low), float(to), generator=generator)


def normal_(
    input: T, mean: float = 0.0, std: float = 1.0, *, generator: GeneratorCore | None = None
) -> T:
    """Fill with normal numbers of ``mean`` and standard deviation ``std``."""
    return NORMAL(input, float(mean), float(std), generator=generator)


def log_normal_(
    input: T, mean: float = 1.0, std: float = 2.0, *, generator: GeneratorCore | None = None
) -> T:
    """Fill with numbers whose logarithms are normal, of ``mean`` and ``std``."""
    return LOG_NORMAL(input, float(mean), float(std), generator=generator)


def exponential_(input: T, lambd: float = 1.0, *, generator: GeneratorCore | None = None) -> T:
    """Fill with exponential numbers of the rate ``lambd``."""
    return EXPONENTIAL(input, float(lambd), generator=generator)


def cauchy_(
    input: T, median: float = 0.0, sigma: float = 1.0, *, generator: GeneratorCore | None = None
) -> T:
    """Fill with Cauchy numbers around ``median``, half of them within ``sigma`` of it."""
    return CAUCHY(input, float(median), float(sigma), generator=generator)


def geometric_(input: T, p: float, *, generator: GeneratorCore | None = None) -> T:
    """Fill with numbers of trials up to the first success, whose probability is ``p``."""
    return GEOMETRIC(input, float(p), generator=generator)


def random_(
    input: T,
    *bounds: SupportsIndex | None,
    to: SupportsIndex | None = None,
    generator: GeneratorCore | None = None,
) -> T:
    """Fill with integers: all the dtype has from 0 on, those below ``to``, or those in between.

    ``random_(low, None)`` draws from ``low`` to the largest integer of the dtype.
    """
    given = (*bounds, to) if to is not None else bounds
    if not given:
        return RANDOM_FULL(input, generator=generator, label="RandomBackward2")
    if len(given) > 2:
        raise TypeError(f"random_: expected at most two bounds, got {len(given)}.")
    *low, high = given
    lowest = low[0] if low else 0
    if lowest is None:
        raise TypeError("random_: the first of two bounds must be an integer, not None.")
    (start,) = integers_of("random_", (lowest,))
    if high is None:
        return RANDOM_FROM(input, start, generator=generator, label="RandomBackward0")
    (end,) = integers_of("random_", (high,))
    start, end = integers.bounds_within(input.operand.dtype, start, end)
    label = "RandomBackward0" if low else "RandomBackward1"
    return RANDINT(input, start, end, generator=generator, label=label)
