"""The draws that are compared with PyTorch: each once, named, with the parameters tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import gnomon.dtypes as dtypes
from gnomon.dtypes import DType
from gnomon.generator import MersenneTwister
from gnomon.generator.categories import multinomial
from gnomon.generator.continuous import cauchy, exponential, geometric
from gnomon.generator.counting import binomial, poisson
from gnomon.generator.gamma import standard_gamma
from gnomon.generator.integers import randint, random_from, random_full, randperm
from gnomon.generator.normal import log_normal, normal
from gnomon.generator.uniform import bernoulli, bernoulli_each, uniform

Numbers: TypeAlias = Sequence[int] | Sequence[float]
Arguments: TypeAlias = tuple[float, ...]
Draw: TypeAlias = Callable[[MersenneTwister, int, DType, Arguments], Numbers]

COUNTS: Final = (1, 5, 15, 16, 17, 23, 100)
FLOATING: Final = ("float16", "bfloat16", "float32", "float64")
WIDE: Final = ("float32", "float64")
INTEGER: Final = ("bool", "uint8", "int8", "int16", "int32", "int64")
MANTISSA_BITS: Final = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}


def ramp(count: int, dtype: DType) -> list[float]:
    """Return `count` different numbers of `dtype` in (0, 1), for draws with one per element."""
    return [float(dtype.round((7 * index % 61 + 1) / 63)) for index in range(count)]


def whole(*arguments: float) -> list[int]:
    return [int(argument) for argument in arguments]


def rates(count: int, dtype: DType, factor: float) -> list[float]:
    return [float(dtype.round(value * factor)) for value in ramp(count, dtype)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One draw: gnomon's function, the dtypes and the parameters to try.

    `ulps` is 0 where only exact arithmetic takes part, and 2 where the C library's logarithms
    and cosines do: it may differ from the one PyTorch was run with.
    """

    draw: Draw
    dtypes: Sequence[str]
    arguments: Sequence[Arguments] = ((),)
    ulps: int = 0


FAMILIES: Final[dict[str, Family]] = {
    "uniform": Family(
        draw=lambda g, n, d, a: uniform(g, n, d, *a),
        dtypes=FLOATING,
        arguments=((0.0, 1.0), (-0.3, 0.7), (-1000.1, 3.3), (1.0, 1.01), (2.0, 2.0)),
    ),
    "normal": Family(
        draw=lambda g, n, d, a: normal(g, n, d, *a),
        dtypes=FLOATING,
        arguments=((0.0, 1.0), (3.3, 0.7), (-1000.0, 0.001), (2.0, 0.0)),
        ulps=2,
    ),
    "normal, strided": Family(
        draw=lambda g, n, d, a: normal(g, n, d, *a, contiguous=False),
        dtypes=FLOATING,
        arguments=((0.0, 1.0), (3.3, 0.7)),
        ulps=2,
    ),
    "log_normal": Family(
        draw=lambda g, n, d, a: log_normal(g, n, d, *a),
        dtypes=FLOATING,
        arguments=((0.0, 0.25),),
        ulps=2,
    ),
    "exponential": Family(
        draw=lambda g, n, d, a: exponential(g, n, d, *a),
        dtypes=FLOATING,
        arguments=((1.0,), (0.3,), (math.inf,)),
        ulps=2,
    ),
    "cauchy": Family(
        draw=lambda g, n, d, a: cauchy(g, n, d, *a),
        dtypes=FLOATING,
        arguments=((0.0, 1.0), (1.5, 0.3)),
        ulps=2,
    ),
    "geometric": Family(
        draw=lambda g, n, d, a: geometric(g, n, d, *a),
        dtypes=(*FLOATING, "int32", "int64"),
        arguments=((0.1,), (0.5,), (0.99,)),
    ),
    "bernoulli": Family(
        draw=lambda g, n, d, a: bernoulli(g, n, *a),
        dtypes=(*FLOATING, *INTEGER),
        arguments=((0.0,), (0.1,), (0.5,), (1.0,)),
    ),
    "bernoulli, each": Family(
        draw=lambda g, n, d, a: bernoulli_each(g, ramp(n, d), d), dtypes=FLOATING
    ),
    "randint": Family(
        draw=lambda g, n, d, a: randint(g, n, d, *whole(*a)),
        dtypes=(*FLOATING, *INTEGER[1:]),
        arguments=((0, 1), (0, 100), (2, 99)),
    ),
    "randint, wide": Family(
        draw=lambda g, n, d, a: randint(g, n, d, *whole(*a)),
        dtypes=("int64", "bfloat16", "float32", "float64"),
        arguments=(
            (5, 2**28 + 4),
            (5, 2**28 + 5),
            (-(2**31), 2**31),
            (257, 1000),
            (2**24 + 1, 2**25 + 3),
        ),
    ),
    "random_from": Family(
        draw=lambda g, n, d, a: random_from(g, n, d, *whole(*a)),
        dtypes=(*FLOATING, *INTEGER[1:]),
        arguments=((0,), (3,), (100,)),
    ),
    "random_from, 64 bits": Family(
        draw=lambda g, n, d, a: random_from(g, n, d, *whole(*a)),
        dtypes=("int64", "bfloat16", "float32", "float64"),
        arguments=((-(2**63),),),
    ),
    "random_full": Family(
        draw=lambda g, n, d, a: random_full(g, n, d), dtypes=(*FLOATING, *INTEGER)
    ),
    "randperm": Family(draw=lambda g, n, d, a: randperm(g, n), dtypes=("int64", "float32")),
    "multinomial, one": Family(
        draw=lambda g, n, d, a: multinomial(g, ramp(n, d), 1, d), dtypes=FLOATING
    ),
    "multinomial, few": Family(
        draw=lambda g, n, d, a: multinomial(g, ramp(n, d), (n + 1) // 2, d), dtypes=WIDE
    ),
    "multinomial, replacement": Family(
        draw=lambda g, n, d, a: multinomial(g, ramp(n, d), 50, d, replacement=True),
        dtypes=FLOATING,
    ),
    "poisson": Family(
        draw=lambda g, n, d, a: poisson(g, rates(n, d, *a), d),
        dtypes=FLOATING,
        arguments=((3.0,), (50.0,)),
    ),
    "binomial": Family(
        draw=lambda g, n, d, a: binomial(g, [*a] * n, ramp(n, d), d),
        dtypes=WIDE,
        arguments=((10.0,), (1000.0,)),
    ),
    "standard_gamma": Family(
        draw=lambda g, n, d, a: standard_gamma(g, rates(n, d, *a), d),
        dtypes=WIDE,
        arguments=((0.3,), (5.0,)),
        ulps=2,
    ),
}


def dtype_named(name: str) -> DType:
    return next(dtype for dtype in dtypes.ALL_DTYPES if dtype.name == name)


def assert_close(actual: Numbers, expected: Numbers, family: Family, dtype: str) -> None:
    """Check numbers to the family's ULPs, those of the largest term where terms are added."""
    assert len(actual) == len(expected)
    if family.ulps == 0:
        assert list(actual) == list(expected)
        return
    location = max(
        (abs(arguments[0]) for arguments in family.arguments if arguments[1:]), default=0
    )
    for index, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        unit = math.ulp(max(abs(theirs), location)) * 2.0 ** (53 - MANTISSA_BITS[dtype])
        assert abs(ours - theirs) <= family.ulps * unit, f"element {index}"
