"""Copies: between all dtypes, all layouts and of all lengths, and numbers that fill."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from zlib import crc32

from gnomon.backend import ALL_DTYPES, DType, Scalar, bool_, float32, int16, int64
from gnomon.records import Domain
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import epsilon, largest, smallest_normal, unit
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import CopyLaunch
from gnomon_conformance.target import Target
from gnomon_conformance.values import columns, integer_range

LEVEL = Level.MEMORY
_REALS = Domain(float("-inf"), float("inf"))
#: One dtype of each size.
_MAIN = (bool_, int16, float32, int64)
#: How many elements a long conversion has: more than a block, and no multiple of a vector.
_LONG = 4099
#: Sizes of which many layouts do not collapse.
_DIMS = (2, 2, 3, 2, 2, 3)
_SHAPES: tuple[tuple[int, ...], ...] = ((5, 4, 6), (6, 20), (8, 16))


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of copies."""
    for source in ALL_DTYPES:
        for result in ALL_DTYPES:
            turn = crc32(f"{source.name} {result.name}".encode())
            kind = zoo.ALL[turn % len(zoo.ALL)]
            output = zoo.INJECTIVE[turn // 16 % len(zoo.INJECTIVE)]
            if source is result:
                kind, output = zoo.contiguous, zoo.contiguous
            yield Case(
                level=LEVEL if source is result else Level.ELEMENTWISE,
                family="convert",
                subject=f"{source.name}-to-{result.name}",
                dtype=result.name,
                layout=f"{kind.__name__}-{output.__name__}",
                check=partial(_convert, source, result, kind, output, seed),
            )
    for dtype in ALL_DTYPES:
        yield Case(
            level=LEVEL,
            family="copy-layouts",
            subject="copy",
            dtype=dtype.name,
            tier=Tier.QUICK if dtype in _MAIN else Tier.DEFAULT,
            check=partial(_layouts, dtype, seed),
        )
        yield Case(
            level=LEVEL,
            family="fill",
            subject="copy",
            dtype=dtype.name,
            check=partial(_fill, dtype, seed),
        )
        for family, lengths in (("copy-lengths", zoo.LENGTHS), ("copy-long", zoo.LONG)):
            yield Case(
                level=LEVEL,
                family=family,
                subject="copy",
                dtype=dtype.name,
                tier=Tier.QUICK if dtype in _MAIN else Tier.DEFAULT,
                check=partial(_lengths, dtype, lengths, seed),
            )


def _drawn(source: DType, count: int, key: str, seed: int) -> list[Scalar]:
    return columns([source], [_REALS], count, key, seed)[0]


def _around(source: DType, result: DType) -> list[Scalar]:
    """Return floats around the ends of an integer dtype and halves, which are to be cut."""
    if not source.is_floating_point or result.is_floating_point:
        return []
    low, high = integer_range(result)
    edges = [low, high, low - 1, high + 1, 2**31, -(2**31), 2**63, -(2**63), 2**32, 2**16, 256]
    edges += [3 * 2**62]  # of unsigned integers, the upper half
    near = [edge + step for edge in edges for step in (-0.75, 0.0, 0.5, 0.99)]
    return [float(source.round(float(each))) for each in (*near, 0.99, -0.99, 2.5, -3.5)]


def _convert(
    source: DType, result: DType, kind: zoo.Kind, output: zoo.Kind, seed: int, target: Target
) -> Evidence:
    key = f"{source.name} {result.name}"
    values = [*_drawn(source, 120, key, seed), *_around(source, result)]
    if source.kind == result.kind and result.is_floating_point:
        values += _ties(source, result)
    if not source.is_floating_point and result.is_floating_point:
        values += _beside_ties(source, result)
    rows, rest = divmod(len(values), 7)
    shape: tuple[int, ...] = (rows + bool(rest), 7)
    stores: list[bytes] = []
    # What an expanded operand repeats would hide values: they come in a second, dense launch.
    tried = [(shape, layout, output) for layout in dict.fromkeys((zoo.contiguous, kind))]
    tried.append(((0,), zoo.contiguous, zoo.contiguous))
    if source in _MAIN and result in _MAIN:
        tried.append((_DIMS, zoo.turned, zoo.turned))
    evidence = NOTHING
    for sizes, layout, written in tried:
        stores = []
        place = zoo.placed(stores, values, layout(sizes), source)
        launch = CopyLaunch(
            inputs=(place,),
            outputs=(zoo.blank(stores, written(sizes), result),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    # Thousands in a row, of which a vector or a block may leave some out.
    long, period = (_LONG,), min(len(values), _LONG)
    stores = []
    launch = CopyLaunch(
        inputs=(zoo.placed(stores, values, zoo.contiguous(long), source),),
        outputs=(zoo.blank(stores, zoo.contiguous(long), result),),
        stores=tuple(stores),
        period=period,
    )
    return evidence + judge_launch(target, launch)


def _ties(source: DType, result: DType) -> list[Scalar]:
    """Return numbers that lie half-way between two of the result's, and just beside it."""
    chooser = Random(f"{source.name} {result.name} ties")
    found: list[Scalar] = []
    ordinary = [chooser.uniform(-9.0, 9.0) * 2.0 ** chooser.randint(-6, 6) for _ in range(40)]
    # Where the result's numbers end: the largest and the smallest, subnormal ones.
    least = smallest_normal(result)
    ends = [largest(result), -largest(result), 0.0, -0.0]
    ends += [least * part for part in (0.3, -0.7, 1 - epsilon(result))]
    for each in (*ordinary, *ends):
        start = float(result.round(each))
        for fraction in (0.25, 0.5, 0.500001, 0.75):
            away = math.copysign(fraction * unit(start, result), start)
            found.append(float(source.round(start + away)))
    return found


def _beside_ties(source: DType, result: DType) -> list[Scalar]:
    """Return integers one beside half-way points, which a dtype between the two would lose."""
    _, most = integer_range(source)
    found: list[Scalar] = []
    for bits in range(10, most.bit_length()):
        start = 2**bits + int(unit(2.0**bits, result)) // 2
        found += [start - 1, start, start + 1]
    return [each for each in found if each <= most]


def _layouts(dtype: DType, seed: int, target: Target) -> Evidence:
    """From every layout to every layout one can write to, in several shapes."""
    evidence = NOTHING
    for number, kind in enumerate((*zoo.ALL, zoo.exchanged, zoo.expanded_middle)):
        for other, output in enumerate((*zoo.INJECTIVE, zoo.exchanged)):
            shape = _SHAPES[(number + other) % len(_SHAPES)]
            stores: list[bytes] = []
            values = _drawn(dtype, 120, f"{dtype.name} {number} {other}", seed)
            place = zoo.placed(stores, values, kind(shape), dtype)
            launch = CopyLaunch(
                inputs=(place,),
                outputs=(zoo.blank(stores, output(shape), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    for number, shape in enumerate(zoo.SHAPES):
        for turn in range(2):
            kind = zoo.ALL[(number + 4 * turn) % len(zoo.ALL)]
            output = zoo.INJECTIVE[(number + turn) % len(zoo.INJECTIVE)]
            stores = []
            place = zoo.placed(stores, _drawn(dtype, 80, f"{shape}", seed), kind(shape), dtype)
            launch = CopyLaunch(
                inputs=(place,),
                outputs=(zoo.blank(stores, output(shape), dtype),),
                stores=tuple(stores),
            )
            evidence += judge_launch(target, launch)
    return evidence


def _fill(dtype: DType, seed: int, target: Target) -> Evidence:
    """A number fills an output of any layout, one number after the other."""
    evidence = NOTHING
    values = _drawn(dtype, 24, f"{dtype.name} fill", seed)
    for number, value in enumerate(values):
        kind = zoo.INJECTIVE[number % len(zoo.INJECTIVE)]
        shape = ((5, 7), (), (33,), (2, 3, 4), (0, 3), (1025,), (2, 2, 3, 2, 3), (4101,))[
            number % 8
        ]
        stores: list[bytes] = []
        launch = CopyLaunch(
            inputs=(value,),
            outputs=(zoo.blank(stores, kind(shape), dtype),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence


def _lengths(dtype: DType, lengths: Sequence[int], seed: int, target: Target) -> Evidence:
    """Every length around which loops are cut; the same dtype is moved bit for bit."""
    evidence = NOTHING
    for number, length in enumerate(lengths):
        data = Random(f"{dtype.name} {length} {seed}").randbytes(length * dtype.itemsize)
        if dtype.name == "bool":
            data = bytes(byte & 1 for byte in data)
        kind = (zoo.contiguous, zoo.shifted(number // 3 % 4), zoo.stepped)[number % 3]
        output = (zoo.contiguous, zoo.contiguous, zoo.shifted(number // 9 % 4))[number // 3 % 3]
        values = dtype.unpack(memoryview(data).cast(dtype.cell))
        stores: list[bytes] = []
        place = zoo.placed(stores, list(values), kind((length,)), dtype)
        launch = CopyLaunch(
            inputs=(place,),
            outputs=(zoo.blank(stores, output((length,)), dtype),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence
