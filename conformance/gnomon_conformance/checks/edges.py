"""Where functions change: next to overflow, underflow, poles, roots, and the ends of domains.

The places are looked for, not listed. Between two points of a grid at which results are of
another class (NaN, infinite, zero, subnormal, one, by sign) the place where they change is
found by halving; the launch then has that number and others nearer and farther on both sides.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from functools import cache, partial
from random import Random
from typing import Final, TypeAlias

from gnomon.backend import DType, Scalar
from gnomon.records import Elementwise
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import epsilon, largest, rounded, smallest_normal
from gnomon_conformance.inventory import arity_of, defined_on, elementwise_records
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import ElementwiseLaunch, domains_of
from gnomon_conformance.target import Target

LEVEL = Level.ELEMENTWISE
#: How many of the places are tried, of a periodic function; as many again next to 0.
_MOST: Final = 12
#: How far from a place the numbers of a launch are, counted in numbers of the dtype; and as
#: parts of what there is between a power of two and the next.
_AWAY: Final = (0, 1, 2, 7, 60, 1000)
_PARTS_AWAY: Final = (1 / 128, 1 / 8, 1 / 2)
#: What the other operand is, where there are two.
_OTHERS: Final = (3.0, 0.75, -1.5)

#: How memory holds ranks, by their bytes.
_UNSIGNED: Final = {2: "H", 4: "I", 8: "Q"}

#: NaN, an infinity, a zero, a subnormal number, one, or another number; and the sign.
_Class: TypeAlias = tuple[str, bool]


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of records of one and two floats."""
    for record in elementwise_records():
        if arity_of(record) > 2 or record.conditions:
            continue
        for compute, result in defined_on(record):
            if not compute.is_floating_point:
                continue
            narrow = compute.itemsize == 2
            for operand, domain in enumerate(domains_of(record, arity_of(record))):
                if domain.whole:
                    continue
                yield Case(
                    level=LEVEL,
                    family="edges",
                    subject=record.name,
                    dtype=compute.name,
                    mode=f"operand{operand}",
                    tier=Tier.DEFAULT if narrow and arity_of(record) > 1 else Tier.QUICK,
                    check=partial(_edges, record, compute, result, operand, seed),
                )


def _edges(
    record: Elementwise,
    compute: DType,
    result: DType,
    operand: int,
    seed: int,
    target: Target,
) -> Evidence:
    evidence = NOTHING
    count = arity_of(record)
    domain = domains_of(record, count)[1 - operand] if count > 1 else None
    for other in _OTHERS if domain is not None else (0.0,):
        if domain is not None and not (domain.low <= other <= domain.high and not domain.whole):
            continue
        places = _changes(record, compute, operand, other, Random(f"{record.name} {seed}"))
        near = _around(places, compute)
        column: list[Scalar] = [*_of_ranks(near, compute)]
        columns = [column] if domain is None else [column, [compute.round(other)]]
        stores: list[bytes] = []
        shape = (len(column),)
        inputs = [
            zoo.placed(stores, each, zoo.contiguous(shape), compute)
            for each in (columns if operand == 0 else columns[::-1])
        ]
        launch = ElementwiseLaunch(
            record=record,
            compute=compute,
            flushes=target.flushes(compute),
            inputs=tuple(inputs),
            outputs=(zoo.blank(stores, zoo.contiguous(shape), result),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence if evidence.comparisons else Evidence(1)


def _changes(
    record: Elementwise, dtype: DType, operand: int, other: float, chooser: Random
) -> list[int]:
    """Return the last numbers, as ranks, before the class of the result changes."""

    def classes(ranks: Sequence[int]) -> list[_Class]:
        column: list[Scalar] = [*_of_ranks(ranks, dtype)]
        columns = [column]
        if arity_of(record) > 1:
            columns.insert(1 - operand, [dtype.round(other)] * len(column))
        results = rounded(dtype, [*record.values(columns, dtype, total=True)])
        least = smallest_normal(dtype)
        return [_class_of(each, least) for each in results]

    grid = _grid(dtype)
    found = classes(grid)
    brackets = [
        (low, high)
        for low, high, below, above in zip(grid, grid[1:], found, found[1:], strict=False)
        if below != above
    ]
    brackets.sort(key=lambda bracket: abs(sum(bracket)))
    if len(brackets) > 2 * _MOST:
        brackets[_MOST:] = chooser.sample(brackets[_MOST:], _MOST)
    lows, highs = [low for low, _ in brackets], [high for _, high in brackets]
    lower = classes(lows)
    while any(high - low > 1 for low, high in zip(lows, highs, strict=True)):
        middles = [(low + high) // 2 for low, high in zip(lows, highs, strict=True)]
        for number, each in enumerate(classes(middles)):
            if each == lower[number]:
                lows[number] = middles[number]
            else:
                highs[number] = middles[number]
    return lows


def _class_of(result: float, least: float) -> _Class:
    """Return the class of a result whose dtype has ``least`` as its smallest normal number."""
    if result != result:
        return "nan", False
    size, negative = abs(result), math.copysign(1.0, result) < 0
    if size in (0.0, 1.0, math.inf):
        return str(size), negative
    return ("subnormal" if size < least else "number"), negative


@cache
def _grid(dtype: DType) -> list[int]:
    """Return the ranks of all powers of two, and of numbers spread evenly from -50 to 50."""
    reach = int(math.log2(largest(dtype)))
    step = 1 if dtype.itemsize < 8 else 7
    powers = [math.ldexp(1.0, exponent) for exponent in range(-reach - 20, reach + 1, step)]
    even = [0.37 + 0.61 * number for number in range(82)]
    ranks = {*_ranks_of([0.0, math.inf, 1.0, *powers, *even], dtype)}
    return sorted({*ranks, *[-each for each in ranks]})


def _around(places: Sequence[int], dtype: DType) -> list[int]:
    """Return ranks at and about those of places."""
    (most,) = _ranks_of([math.inf], dtype)
    away = [*_AWAY, *[int(part / epsilon(dtype)) for part in _PARTS_AWAY]]
    near = {rank + sign * far for rank in places for far in away for sign in (1, -1)}
    return sorted(rank for rank in near if -most <= rank <= most) or [0]


def _ranks_of(sizes: Sequence[float], dtype: DType) -> list[int]:
    """Return the number of each number, none of them negative, once rounded: that of the next
    larger one is one more.

    >>> from gnomon import float32
    >>> _ranks_of([0.0, 2.0**-149, 2.0**-148], float32)
    [0, 1, 2]
    """
    return [*array(_UNSIGNED[dtype.itemsize], dtype.pack(sizes).tobytes())]


def _of_ranks(ranks: Sequence[int], dtype: DType) -> list[float]:
    """Return the numbers that ranks are of; that of a negative number is the negative one.

    >>> from gnomon import float32
    >>> _of_ranks([0, 1, -2], float32) == [0.0, 2.0**-149, -(2.0**-148)]
    True
    """
    cells = array(_UNSIGNED[dtype.itemsize], map(abs, ranks)).tobytes()
    sizes = dtype.unpack(memoryview(cells).cast(dtype.cell))
    return [
        -float(size) if rank < 0 else float(size)
        for rank, size in zip(ranks, sizes, strict=True)
    ]
