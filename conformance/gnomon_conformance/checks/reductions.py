"""Reductions and scans: every record, over any dims, of any number of elements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, combinations
from random import Random
from typing import TypeVar
from zlib import crc32

from gnomon.backend import (
    DType,
    Kind,
    Layout,
    Scalar,
    float16,
    float32,
    int64,
)
from gnomon.records import ProductOfTerms, Reduction, Scan
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import epsilon, rounded
from gnomon_conformance.inventory import defined_on, records_of
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import Launch, ReduceLaunch, ScanLaunch
from gnomon_conformance.target import Target
from gnomon_conformance.values import DISTINCT, integer_range, pool, specials

LEVEL = Level.REDUCTION
Folding = TypeVar("Folding", Reduction, Scan)
#: The dtypes whose lengths are all tried in quick runs, too.
_MAIN = (float32, int64)
#: Lengths of more than one block, which every dtype is tried with.
_BLOCKS = (33, 130, 257, 258, 1025, 1026)
#: From how many elements on sums of anything but whole numbers say little.
_MANY = 2000
#: Of several blocks, one element more than so many vectors, and one less.
_LONG = (4097, 8191)
#: Lengths at which rows of equal elements and with one that is special are tried, too.
_SEVERAL_BLOCKS = (1026, 4097)
#: Places on both sides of where blocks meet.
_MEETINGS = (127, 128, 255, 256, 511, 512, 1023, 1024)
#: Lengths that a power of two, or one beside it, makes special to some.
_POWERS = (63, 64, 65, 255, 256, 1023, 1024, 4095, 4096)
#: Shapes with dims to fold: few rows and many columns, the other way round, folded dims before,
#: between and behind kept ones.
_EXTENTS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 301), (0,)),
    ((3, 37, 9), (1,)),
    ((301, 3), (1,)),
    ((4, 3, 65), (0, 2)),
    ((33, 34), (0,)),
    ((2, 66, 5), (0, 1)),
    ((3, 2, 4, 2, 5), (1, 3)),
    ((2, 1031), (0,)),
    ((2, 3, 2, 2, 3, 2), (0, 2, 5)),
    ((5, 2, 70), (1, 2)),
    ((2, 2, 3, 2, 2, 2), (2,)),
)
_OF_ALL_DTYPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3, 4, 5), (0, 1, 2)),
    ((3, 2, 4, 3), (1, 3)),
)
#: Of how many of them a dtype that is not one of the main ones has one.
_SHARES = 5
#: Parameters between and beyond a record's samples, for which there is no shorter way.
_BETWEEN: dict[str, tuple[tuple[Scalar, ...], ...]] = {
    "var": ((0.5,), (7.0,)),
    "std": ((1.5,), (7.0,)),
    "vector_norm": ((4.0,), (-1.0,), (1.5,), (-2.0,), (-0.5,)),
}
_ADDING = ("sum", "amax", "argmax", "cumsum")
#: Those that stand for the others where a few long rows are done in parts.
_IN_PARTS = ("sum", "argmax", "logsumexp", "var", "cumsum", "cummax_positions", "logcumsumexp")


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of reductions and scans."""
    records: list[Reduction | Scan] = [*records_of(Reduction), *records_of(Scan)]
    for record in records:
        family = "reduce" if isinstance(record, Reduction) else "scan"
        # Those that stand for the others have all lengths tried, the rest every third.
        lengths = zoo.LENGTHS if record.name in _ADDING else zoo.LENGTHS[1::3]
        for compute, result in defined_on(record):
            main = compute in _MAIN
            checks = {
                "values": partial(_values, record, compute, result, seed),
                "dims": partial(_dims, record, compute, result, seed),
                "lengths": partial(_lengths, record, compute, result, lengths, seed),
                "long": partial(_lengths, record, compute, result, _LONG, seed),
                "longer": partial(_lengths, record, compute, result, zoo.LONG[:5], seed),
                "powers": partial(_powers, record, compute, result, seed),
                "extents": partial(_extents, record, compute, result, seed),
                "blocks": partial(_lengths, record, compute, result, _BLOCKS, seed),
                "huge": partial(_lengths, record, compute, result, (zoo.MANY_ROWS,), seed),
                "narrow": partial(_narrow, record, compute, result, seed),
                "places": partial(_places, record, compute, result, seed),
                "empty": partial(_empty, record, compute, result, seed),
                "many-rows": partial(_many_rows, record, compute, result, seed),
                "long-rows": partial(_long_rows, record, compute, result, seed),
            }
            quick = {"values", "empty", "blocks", "extents", "powers", "narrow"}
            if main:
                quick |= {*checks} - {"many-rows", "long-rows", "huge", "longer"}
            if record.name in ("sum", "cumsum") and compute is int64:
                quick |= {"many-rows"}
            if record.name in (*_ADDING, "mean") and compute is float32:
                quick |= {"huge"}
            if record.name in _IN_PARTS and compute is float32:
                quick |= {"long-rows"}
            if compute is float16:
                quick |= {"long", "places"}
            for mode, check in checks.items():
                yield Case(
                    level=LEVEL,
                    family=family,
                    subject=record.name,
                    dtype=compute.name,
                    mode=mode,
                    tier=Tier.QUICK if mode in quick else Tier.DEFAULT,
                    check=check,
                )


def launches_of(
    record: Reduction | Scan,
    compute: DType,
    result: DType,
    values: Sequence[Scalar],
    layout: Layout,
    dims: tuple[int, ...],
    output: zoo.Kind,
) -> Iterator[Launch]:
    """Yield the launch of a record over ``dims``, with each of its sample parameters and some
    between; of a scan one for each dim.
    """
    shape = layout.shape
    if isinstance(record, Reduction):
        for parameters in (*record.samples, *_BETWEEN.get(record.name, ())):
            stores: list[bytes] = []
            place = zoo.placed(stores, values, layout, compute)
            kept = tuple([1 if dim in dims else size for dim, size in enumerate(shape)])
            yield ReduceLaunch(
                record=record,
                dims=dims,
                parameters=parameters,
                inputs=(place,),
                outputs=(zoo.blank(stores, output(kept), result),),
                stores=tuple(stores),
            )
        return
    for dim in dims:
        stores = []
        place = zoo.placed(stores, values, layout, compute)
        yield ScanLaunch(
            record=record,
            dim=dim,
            inputs=(place,),
            outputs=(zoo.blank(stores, output(shape), result),),
            stores=tuple(stores),
        )


def _has_value(record: Reduction | Scan, parameters: tuple[Scalar, ...]) -> bool:
    """Whether an empty list of elements has a result."""
    if isinstance(record, Scan):
        return True
    smallest = any(isinstance(each, float) and each == -math.inf for each in parameters)
    return record.has_identity and not smallest


def ordinary(
    record: Reduction | Scan, dtype: DType, count: int, key: str, seed: int
) -> list[Scalar]:
    """Return elements that a fold of many keeps finite: of moderate size, near 1 for products
    and norms.

    Half of the keys give whole numbers, whose sums are exact in every order, and of many it is
    always these: what a sum of others may be off by grows with the square of their number. A
    spread of 16-bit floats is of numbers whose mean these do not hold.
    """
    chooser = Random(f"{key} {seed}")
    drawn = min(count, DISTINCT)
    whole = count > _MANY or crc32(key.encode()) % 2
    if dtype.is_floating_point and isinstance(record.tolerance, ProductOfTerms):
        far = 0.03 if count > _MANY else 0.1
        signs = chooser.choices((1, -1), k=drawn)
        near = [chooser.uniform(1 - far, 1 + far) * sign for sign in signs]
        values: list[Scalar] = rounded(dtype, near)
    elif dtype.is_floating_point and whole:
        if record.name in ("var", "std") and dtype.itemsize == 2:
            values = far_from_zero(dtype, chooser.choices(range(9), k=drawn))
        else:
            values = chooser.choices([float(each) for each in range(-4, 5)], k=drawn)
    else:
        values = ordinary_values(dtype, drawn, chooser)
    return (values * -(-count // DISTINCT))[:count]


def far_from_zero(dtype: DType, steps: Sequence[int]) -> list[Scalar]:
    """Return elements so many steps from the first, between which a dtype holds none; their
    mean it doesn't hold either, as a rule, but their squares."""
    first = 128.0
    return [first * (1 + step * epsilon(dtype)) for step in steps]


def ordinary_values(dtype: DType, count: int, chooser: Random) -> list[Scalar]:
    """Return elements of moderate size; of integers every fifth may be any."""
    if dtype.kind is Kind.BOOL:
        return [chooser.random() < 0.5 for _ in range(count)]
    if dtype.is_floating_point:
        return rounded(dtype, [chooser.uniform(-2.0, 2.0) for _ in range(count)])
    low, high = integer_range(dtype)
    values: list[Scalar] = [*chooser.choices(range(max(low, -9), 10), k=count)]
    values[4::5] = [chooser.randint(low, high) for _ in values[4::5]]
    return values


def _values(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Rows of special values, alone among ordinary ones and mixed, and rows of drawn ones."""
    turn = crc32(f"{record.name} {compute.name}".encode())
    chooser = Random(f"{turn} {seed}")
    domain = record.domain
    assert not isinstance(domain, tuple)
    drawn = pool(compute, domain, seed)
    special = specials(compute)
    length, rows = 5, neighbours(compute, 5)
    for value in special:
        row = chooser.choices(drawn, k=length)
        row[chooser.randrange(length)] = value
        rows.append(row)
        rows.append([value] * length)
    if compute.is_floating_point:  # squares add up to more than a half holds, not in float32
        rows.append([190.0, -190.0, 188.0, -186.0, 190.0])
        rows.append(far_from_zero(compute, (1, 3, 2, 1, 1)))
        rows.append([1.0, math.inf, 2.0, -math.inf, 0.0])
    for _ in range(24):
        rows.append(chooser.choices(special, k=length))
        rows.append(chooser.choices(drawn, k=length))
    shape = (len(rows), length)
    values = [*chain.from_iterable(rows)]
    evidence = NOTHING
    for number in range(2):
        layout = zoo.INJECTIVE[(turn + 2 * number) % len(zoo.INJECTIVE)](shape)
        output = zoo.INJECTIVE[(turn // 8 + number) % len(zoo.INJECTIVE)]
        for launch in launches_of(record, compute, result, values, layout, (1,), output):
            evidence += judge_launch(target, launch, twice=not number)
    columns = [values[column::length] for column in range(length)]
    upright = [*chain.from_iterable(columns)]
    layout = zoo.contiguous((length, len(rows)))
    for launch in launches_of(record, compute, result, upright, layout, (0,), zoo.contiguous):
        evidence += judge_launch(target, launch)
    return evidence


def neighbours(dtype: DType, length: int) -> list[list[Scalar]]:
    """Return rows in which two numbers of a dtype take turns that a narrower one would take for
    equal.
    """
    pairs: list[tuple[Scalar, Scalar]] = []
    if dtype.is_floating_point:
        pairs = [(1.0, 1.0 + epsilon(dtype))]
    elif dtype.itemsize > 2:
        _, high = integer_range(dtype)
        pairs = [(high - 1, high), (2**24, 2**24 + 1)]
    return [
        [pair[(k + first) % 2] for k in range(length)] for pair in pairs for first in (0, 1)
    ]


def _dims(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Every choice of dims of a shape with equal sizes, in every layout, with each of the
    record's sample parameters by turns; of the records that others stand for, every other one.
    """
    evidence = NOTHING
    for number, kind in enumerate(zoo.ALL):
        shape = ((3, 3, 3), (3, 4, 3, 2), (4, 4), (2, 3, 2, 1, 2))[number % 4]
        every = range(len(shape))
        subsets = chain.from_iterable(combinations(every, count) for count in (1, 2, 3, 4))
        count = math.prod(shape)
        for turn, dims in enumerate(subsets):
            if isinstance(record, Scan) and len(dims) > 1:
                continue
            if record.name not in _ADDING and (number + turn) % 2:
                continue
            key = f"{record.name} {compute.name} {number} {turn}"
            values = ordinary(record, compute, count, key, seed)
            output = zoo.INJECTIVE[(number + turn) % len(zoo.INJECTIVE)]
            found = [*launches_of(record, compute, result, values, kind(shape), dims, output)]
            evidence += judge_launch(target, found[(number + turn) % len(found)])
    return evidence


def _lengths(
    record: Reduction | Scan,
    compute: DType,
    result: DType,
    lengths: Sequence[int],
    seed: int,
    target: Target,
) -> Evidence:
    """Rows and columns of every length around which loops are cut into pieces."""
    evidence = NOTHING
    for number, length in enumerate(lengths):
        if not length:
            continue
        # A different key makes whole numbers, whose sums show every lost term.
        key = f"{record.name} {compute.name} {length} {number % 3}"
        wide = 3 if length < 300 else 2 if length < 3000 else 1
        values = ordinary(record, compute, wide * length, key, seed)
        upright = number % 2 == 1
        shape, dim = ((length, wide), 0) if upright else ((wide, length), 1)
        kind = (zoo.contiguous, zoo.permuted, zoo.stepped, zoo.padded)[number // 2 % 4]
        found = launches_of(
            record, compute, result, values, kind(shape), (dim,), zoo.contiguous
        )
        for count, launch in enumerate(found):
            if count and number % 4:
                break
            evidence += judge_launch(target, launch, twice=number % 7 == 0)
        if number % 5 == 0 and isinstance(record, Reduction):
            flat = launches_of(
                record, compute, result, values, kind(shape), (0, 1), zoo.contiguous
            )
            evidence += judge_launch(target, next(flat))
    return evidence


def _narrow(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Long rows of one number, which every narrower dtype rounds to the same side."""
    evidence = NOTHING
    value = 1 + 1.5 * 2.0**-10 + 1.25 * 2.0**-24 if compute.is_floating_point else 1
    for shape, dim in (((1500, 1), 0), ((1, 4200), 1)):
        values = [compute.convert(value)] * math.prod(shape)
        layout = zoo.contiguous(shape)
        for launch in launches_of(
            record, compute, result, values, layout, (dim,), zoo.contiguous
        ):
            evidence += judge_launch(target, launch)
    return evidence


def _powers(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """One row, of a power of two elements, one more or one less, from any element on."""
    evidence = NOTHING
    turn = crc32(f"{record.name} {compute.name}".encode())
    for number, length in enumerate(_POWERS):
        if compute not in _MAIN and (turn + number) % len(_POWERS):
            continue
        key = f"{record.name} {compute.name} {length}"
        values = ordinary(record, compute, length, key, seed)
        layout = zoo.shifted(number % 4 + zoo.FAR * (number == 2))((length,))
        found = [*launches_of(record, compute, result, values, layout, (0,), zoo.contiguous)]
        evidence += judge_launch(target, found[number // 2 % len(found)])
    return evidence


def _extents(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Rows and columns of all proportions, in layouts by turns; each dtype has its share."""
    evidence = NOTHING
    turn = crc32(f"{record.name} {compute.name}".encode())
    kinds = (zoo.contiguous, zoo.exchanged, zoo.turned, zoo.expanded_first, zoo.expanded_middle)
    for number, (shape, dims) in enumerate((*_EXTENTS, *_OF_ALL_DTYPES)):
        if number < len(_EXTENTS) and compute not in _MAIN and (turn + number) % _SHARES:
            continue
        key = f"{record.name} {compute.name} {shape}"
        values = ordinary(record, compute, math.prod(shape), key, seed)
        kind = kinds[(turn + number) % len(kinds)]
        if (shape, dims) == _OF_ALL_DTYPES[-1]:
            kind = zoo.turned
        output = zoo.turned if len(shape) > 5 else zoo.INJECTIVE[number % 3 * 2]
        found = [*launches_of(record, compute, result, values, kind(shape), dims, output)]
        evidence += judge_launch(target, found[(turn + number) % len(found)])
    return evidence


def _many_rows(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """More rows than a grid of small counters has room for, with gaps and turned."""
    evidence = NOTHING
    for kind in (zoo.padded, zoo.permuted):
        values = ordinary(record, compute, 500, f"{record.name} {kind.__name__}", seed)
        layout = kind((zoo.MANY_ROWS, 2))
        found = launches_of(record, compute, result, values, layout, (1,), zoo.contiguous)
        evidence += judge_launch(target, next(found))
    return evidence


def _long_rows(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Several rows and columns that are long, each of which may be done in parts."""
    evidence = NOTHING
    for shape, dim in (((3, 40001), 1), ((2049, 66), 0)):
        key = f"{record.name} {shape}"
        values = ordinary(record, compute, math.prod(shape), key, seed)
        layout = zoo.contiguous(shape)
        found = launches_of(record, compute, result, values, layout, (dim,), zoo.contiguous)
        evidence += judge_launch(target, next(found))
    return evidence


def _places(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """An extreme, a NaN or a tie at each place of a row: no block of it may be forgotten; and
    nothing but equal elements, whatever stands behind them.
    """
    evidence = NOTHING
    low, high = (-3, 3) if compute.is_signed else (1, 3)
    marks: list[tuple[Scalar, Scalar]] = [(0, 1), (1, 0)]
    if compute.kind is not Kind.BOOL:
        marks = [(1, high), (1, low), (0, 1), (low, low + 1), (high, high - 1)]
    if compute.is_floating_point:
        marks += [(-0.0, 0.0), (1.0, math.nan), (0.0, -0.0), (1.0, math.inf)]
        marks += [(1.0, -math.inf), (-math.inf, -math.inf)]
    marks = [(compute.convert(plain), compute.convert(mark)) for plain, mark in marks]
    for number, length in enumerate((1, 2, 3, 5, 8, 17, 33, 65, 130, 257)):
        places = sorted({0, length // 2, length - 1})
        rows = [[compute.convert(plain)] * length for plain in (low, 0)]
        for plain, mark in marks:
            for place in places:
                row = [plain] * length
                row[place] = mark
                rows.append([*row])
                row[length - 1 - place // 2] = mark
                rows.append(row)
        kind = (zoo.contiguous, zoo.permuted, zoo.padded)[number % 3]
        values = [*chain.from_iterable(rows)]
        layout = kind((len(rows), length))
        found = launches_of(record, compute, result, values, layout, (1,), zoo.contiguous)
        evidence += judge_launch(target, next(found))
    for number, length in enumerate(_SEVERAL_BLOCKS):
        rows = [[compute.convert(plain)] * length for plain in (low, 0)]
        few = length > _MANY
        for turn, (plain, mark) in enumerate(marks[:: 2 if few else 1]):
            # The first two are extremes, which are looked for where blocks meet.
            between = _MEETINGS if turn < 2 and not few else ()
            for place in (-1,) if few else (-1, 0, *between):
                row = [plain] * length
                row[place] = mark
                rows.append(row)
        values = [*chain.from_iterable(rows)]
        layout = zoo.contiguous((len(rows), length))
        every = [*launches_of(record, compute, result, values, layout, (1,), zoo.contiguous)]
        for launch in every[number::2] or every:
            evidence += judge_launch(target, launch)
    return evidence


def _empty(
    record: Reduction | Scan, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Nothing to fold gives the identity for each row; no row gives nothing at all."""
    evidence = Evidence(1)
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((3, 0), (1,)),
        ((0, 4), (0,)),
        ((2, 0, 3), (0, 1)),
        ((0, 4), (1,)),
        ((0,), (0,)),
        ((1,), (0,)),
        ((1, 1), (0, 1)),
        ((7, 1), (1,)),
        ((), ()),
        ((3, 4), ()),
    ]
    for shape, dims in shapes:
        count = math.prod(shape)
        values = ordinary(record, compute, count, f"{record.name} {shape}", seed)
        layout = zoo.stepped(shape)
        for launch in launches_of(record, compute, result, values, layout, dims, zoo.offset):
            terms = math.prod([shape[dim] for dim in dims])
            parameters = launch.parameters if isinstance(launch, ReduceLaunch) else ()
            if terms or _has_value(record, parameters):
                evidence += judge_launch(target, launch)
    return evidence
