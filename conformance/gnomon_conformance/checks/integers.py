"""Integers at which kernels go wrong that divide by a reciprocal or shift as machines do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from random import Random
from typing import Final, TypeAlias

from gnomon.backend import DType, Scalar
from gnomon.records import Elementwise
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.inventory import defined_on, elementwise_records
from gnomon_conformance.judging import Evidence, judge_launch
from gnomon_conformance.launches import ElementwiseLaunch
from gnomon_conformance.target import Target
from gnomon_conformance.values import integer_range

LEVEL = Level.ELEMENTWISE
#: What is on the left of an operation, and what on the right.
Pair: TypeAlias = tuple[int, int]

_DIVISIONS: Final = ("floor_divide", "trunc_divide", "remainder", "fmod")
_SHIFTS: Final = ("bitwise_left_shift", "bitwise_right_shift")
#: Up to which number all divide: among them are 49, 98, 103 and others that, times their
#: reciprocal in float64, are less than 1.
_ALL_UP_TO: Final = 200
#: Divisors and counts of bits that are Python numbers.
_DIVISORS: Final = (3, 10, 49, 107, -49)
_COUNTS: Final = (0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, -1)
_COUNTS_AS_NUMBERS: Final = (7, 8, 16, 31, 32, 63, 64)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of divisions and shifts, of each dtype of integers."""
    for record in elementwise_records():
        if record.name not in (*_DIVISIONS, *_SHIFTS):
            continue
        divides = record.name in _DIVISIONS
        for compute, _ in defined_on(record):
            if not compute.is_floating_point:
                yield Case(
                    level=LEVEL,
                    family="quotients" if divides else "shift-counts",
                    subject=record.name,
                    dtype=compute.name,
                    check=partial(_quotients if divides else _shifted, record, compute, seed),
                )


def _quotients(record: Elementwise, dtype: DType, seed: int, target: Target) -> Evidence:
    """Multiples of divisors, and what lies beside them; some of the divisors are numbers."""
    chooser = Random(f"{record.name} {dtype.name} {seed}")
    evidence = judge_launch(target, _launch(record, dtype, _multiples(dtype, chooser)))
    low, high = integer_range(dtype)
    for divisor in _DIVISORS:
        if low <= divisor:
            beside = [divisor * times + step for times in range(-60, 61) for step in (0, 1, -1)]
            pairs = [(each, divisor) for each in beside if low <= each <= high]
            evidence += judge_launch(target, _by_number(_launch(record, dtype, pairs)))
    return evidence


def _multiples(dtype: DType, chooser: Random) -> list[Pair]:
    """Return numbers with what divides them, or one beside them: a divisor itself, a few times
    it and any number of times, in all signs.
    """
    low, high = integer_range(dtype)
    ends = [high, high - 1, high // 2, high // 3, chooser.randint(high // 4, high)]
    pairs: list[Pair] = []
    for divisor in (*range(1, min(_ALL_UP_TO, high) + 1), *ends):
        most = high // divisor
        few, any_number = chooser.randint(1, min(most, 99)), chooser.randint(1, most)
        for times, step in ((1, 0), (few, 0), (few, -1), (any_number, 0), (any_number, 1)):
            pairs += product((divisor * times + step, -divisor * times - step), (divisor,))
        pairs += [(divisor, -divisor), (-divisor * few, -divisor), (-high, -divisor)]
    pairs += [(low, 1), (low, high), (low, low or 1), (high, low or 1)]
    return [pair for pair in pairs if all(low <= each <= high for each in pair)]


def _shifted(record: Elementwise, dtype: DType, seed: int, target: Target) -> Evidence:
    """Numbers of every size by counts of bits at and about the widths of integers."""
    chooser = Random(f"{record.name} {dtype.name} {seed}")
    low, high = integer_range(dtype)
    numbers = [
        1,
        3,
        0,
        low,
        high,
        low // 2 - 1,
        -1,
        *[chooser.randint(low, high) for _ in range(4)],
    ]
    numbers = [each for each in numbers if low <= each <= high]
    counts = [each for each in _COUNTS if low <= each <= high]
    evidence = judge_launch(target, _launch(record, dtype, [*product(numbers, counts)]))
    for count in _COUNTS_AS_NUMBERS:
        launch = _launch(record, dtype, [(each, count) for each in numbers])
        evidence += judge_launch(target, _by_number(launch))
    return evidence


def _launch(record: Elementwise, dtype: DType, pairs: list[Pair]) -> ElementwiseLaunch:
    stores: list[bytes] = []
    layout = zoo.contiguous((len(pairs),))
    columns: list[list[Scalar]] = [[*column] for column in zip(*pairs, strict=True)]
    inputs = [zoo.placed(stores, column, layout, dtype) for column in columns]
    return ElementwiseLaunch(
        record=record,
        compute=dtype,
        inputs=tuple(inputs),
        outputs=(zoo.blank(stores, layout, dtype),),
        stores=tuple(stores),
    )


def _by_number(launch: ElementwiseLaunch) -> ElementwiseLaunch:
    """Return the launch with its right operand, the same throughout, as a Python number."""
    number, *_ = launch.column(launch.inputs[1])
    return replace(launch, inputs=(launch.inputs[0], number))
