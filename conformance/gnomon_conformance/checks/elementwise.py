"""Elementwise launches: every record on every dtype, in every layout, form and size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from zlib import crc32

from gnomon.backend import (
    DType,
    Kind,
    Layout,
    Scalar,
    bool_,
    float16,
    float32,
    int32,
    int64,
)
from gnomon.records import Elementwise, Ulps
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level, Tier
from gnomon_conformance.correct import largest
from gnomon_conformance.inventory import (
    arity_of,
    defined_on,
    elementwise_records,
    given_dtypes,
    number_for,
)
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch, judge_refusal
from gnomon_conformance.launches import (
    ElementwiseLaunch,
    Place,
    domains_of,
    tolerance_of,
)
from gnomon_conformance.target import Target
from gnomon_conformance.values import DISTINCT, REALS, columns, integer_range, lies_in

LEVEL = Level.ELEMENTWISE
EXACT = Ulps(0, 0, 0)
_DIVISIONS = ("floor_divide", "trunc_divide", "remainder", "fmod")
#: Shapes of divisors, which of them is 0, and how they lie; of those that repeat, the last is.
_ZEROS: tuple[tuple[tuple[int, ...], int, zoo.Kind], ...] = (
    ((1,), 0, zoo.contiguous),
    ((7,), 3, zoo.stepped),
    ((64,), 63, zoo.contiguous),
    ((65,), 0, zoo.stepped),
    ((1000,), 998, zoo.contiguous),
    ((), 0, zoo.contiguous),
    ((3, 5), 14, zoo.contiguous),
    ((4, 6), 0, zoo.permuted),
    ((5, 9), 44, zoo.expanded_first),
    ((5, 9), 44, zoo.expanded_last),
    ((2, 3, 4), 13, zoo.turned),
    ((2, 2, 3, 2), 11, zoo.padded),
    ((33, 32), 1055, zoo.expanded_all),
)
_NUMBERED = (float32, int32)
_IN_PLACE = (float32, float16, int64)


def cases(seed: int) -> Iterator[Case]:
    """Yield the cases of elementwise launches."""
    for record in elementwise_records():
        for compute, result in defined_on(record):
            yield from _cases_of(record, compute, result, seed)
    for record in elementwise_records():
        if record.name in _DIVISIONS:
            yield from _cases_of_divisions(record)
    for subject in ("dtypes", "records"):
        yield Case(
            level=LEVEL, family="caches", subject=subject, check=partial(_caches, subject, seed)
        )
    for kind in (zoo.padded, zoo.permuted):
        yield Case(
            level=LEVEL,
            family="many-rows",
            subject="add",
            dtype="float32",
            layout=kind.__name__,
            check=partial(_many_rows, kind, seed),
        )


def _cases_of(record: Elementwise, compute: DType, result: DType, seed: int) -> Iterator[Case]:
    turn = crc32(f"{record.name} {compute.name}".encode())
    for rotation in range(4):
        kinds, output = _laid_out(arity_of(record), turn, rotation)
        yield Case(
            level=LEVEL,
            family="values",
            subject=record.name,
            dtype=compute.name,
            layout="-".join(kind.__name__ for kind in (*kinds, output)),
            mode="" if rotation == 0 else f"again{rotation}",
            tier=(Tier.QUICK, Tier.DEFAULT, Tier.DEFAULT, Tier.THOROUGH)[rotation],
            check=partial(_values, record, compute, result, kinds, output, rotation, seed),
        )
    # Some dtypes of every record, and by turns a third of the others.
    often = compute in _IN_PLACE or not turn % 3
    tier = Tier.QUICK if often else Tier.DEFAULT
    yield Case(
        level=LEVEL,
        family="in-place",
        subject=record.name,
        dtype=compute.name,
        tier=tier if result is compute else Tier.THOROUGH,
        check=partial(_in_place, record, compute, result, seed),
    )
    # Two numbers for each operand in turn: a kernel that keeps the first is found out.
    quick = compute in _NUMBERED or (record.precise_numbers and compute is float16)
    quick = quick or record.name == "add"
    for operand in range(record.conditions, arity_of(record)):
        if arity_of(record) > 1:
            yield Case(
                level=LEVEL,
                family="numbers",
                subject=record.name,
                dtype=compute.name,
                mode=f"operand{operand}",
                tier=Tier.QUICK if quick else Tier.DEFAULT,
                check=partial(_numbers, record, compute, result, operand, seed),
            )


def _laid_out(count: int, turn: int, rotation: int) -> tuple[list[zoo.Kind], zoo.Kind]:
    """Return the layouts of operands and output.

    The first time no operand repeats its elements, so that all values meet all; half of the
    combinations are dense throughout, as fast paths want it, half are not at all.
    """
    if rotation:
        kinds = [zoo.ALL[(turn + rotation * 3 + 7 * k) % len(zoo.ALL)] for k in range(count)]
        return kinds, zoo.INJECTIVE[(turn // 16 + rotation) % len(zoo.INJECTIVE)]
    some = zoo.DENSE if turn % 2 else zoo.SPARSE
    *kinds, output = [some[(turn // 2 + 3 * k) % len(some)] for k in range(count + 1)]
    return kinds, output


def _moderate(value: Scalar, dtype: DType) -> Scalar:
    """Return a number whose products with three like it neither overflow nor underflow, which
    a computation in several steps may do in between.
    """
    reach = largest(dtype) ** 0.25
    if not value or not math.isfinite(value) or 1 / reach < abs(value) < reach:
        return value
    return math.copysign(3.0 if abs(value) > 1 else 0.25, value)


def operands(
    record: Elementwise,
    compute: DType,
    kinds: Sequence[zoo.Kind],
    shape: tuple[int, ...],
    key: str,
    seed: int,
) -> tuple[list[bytes], list[Place]]:
    """Return operands of a record with values from its domains, and their storages."""
    dtypes = given_dtypes(record, compute)
    count = min(max(Layout.contiguous(shape).numel, 1), DISTINCT)
    drawn = columns(dtypes, domains_of(record, len(dtypes)), count, key, seed)
    if len(dtypes) > 2 and tolerance_of(record) != EXACT and compute.is_floating_point:
        drawn = [[_moderate(value, compute) for value in column] for column in drawn]
    stores: list[bytes] = []
    places = [
        zoo.placed(stores, column, kind(shape), dtype)
        for column, kind, dtype in zip(drawn, kinds, dtypes, strict=True)
    ]
    return stores, places


def judged(
    target: Target,
    record: Elementwise,
    compute: DType,
    drawn: tuple[list[bytes], list[Place]],
    output: Layout,
    result: DType,
    period: int = 0,
) -> Evidence:
    """Judge the launch of drawn ``operands`` that writes to a storage of its own."""
    stores, places = drawn
    launch = ElementwiseLaunch(
        record=record,
        compute=compute,
        flushes=target.flushes(compute),
        period=period,
        inputs=tuple(places),
        outputs=(zoo.blank(stores, output, result),),
        stores=tuple(stores),
    )
    return judge_launch(target, launch)


def _values(
    record: Elementwise,
    compute: DType,
    result: DType,
    kinds: Sequence[zoo.Kind],
    output: zoo.Kind,
    rotation: int,
    seed: int,
    target: Target,
) -> Evidence:
    turn = crc32(f"{record.name} {compute.name} {rotation}".encode())
    shapes = zoo.FEW if arity_of(record) == 1 else zoo.SOME
    shape = shapes[turn // 32 % len(shapes)]
    if compute in (float32, int64) and rotation == 0:
        # More than a block, and no multiple of anything; or a multiple of much.
        shape = ((41, 25), (36, 48))[turn // 64 % 2]
    if compute is bool_:
        shape = (3, 7)
    key = f"{record.name} {compute.name} {rotation}"
    drawn = operands(record, compute, kinds, shape, key, seed)
    return judged(target, record, compute, drawn, output(shape), result)


def _in_place(
    record: Elementwise, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """The output is one of the operands, each in turn."""
    evidence = NOTHING
    dtypes = given_dtypes(record, compute)
    for number, dtype in enumerate(dtypes):
        if dtype is not result:
            continue
        turn = crc32(f"{record.name} {compute.name}".encode())
        shape = zoo.WRITTEN[(turn // 32 + number) % len(zoo.WRITTEN)]
        kinds, _ = _laid_out(len(dtypes), turn, 0)
        key = f"{record.name} {compute.name} in place"
        stores, places = operands(record, compute, kinds, shape, key, seed)
        launch = ElementwiseLaunch(
            record=record,
            compute=compute,
            flushes=target.flushes(compute),
            inputs=tuple(places),
            outputs=(places[number],),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
        if len({*domains_of(record, len(dtypes)), *dtypes}) == 2:  # one domain, one dtype
            all_one = launch.mapped(partial(_replaced, places[number]))
            evidence += judge_launch(target, all_one)
    return evidence if evidence.comparisons else Evidence(1)


def _replaced(by: Place, place: Place) -> Place:
    return by


def _numbers(
    record: Elementwise,
    compute: DType,
    result: DType,
    operand: int,
    seed: int,
    target: Target,
) -> Evidence:
    """One operand is a Python number, and then another one."""
    evidence = NOTHING
    shape = (6, 10)  # so that all special values stand beside the number
    key = f"{record.name} {compute.name} number {operand}"
    some = zoo.DENSE if crc32(key.encode()) % 2 else zoo.SPARSE
    kinds = [some[(operand + k) % len(some)] for k in range(arity_of(record))]
    stores, places = operands(record, compute, kinds, shape, key, seed)
    domain = domains_of(record, len(places))[operand]
    other = 1 - operand
    beside = domains_of(record, len(places))[other]
    if len(places) == 2:  # special values beside the number, not pairs of few
        (values,) = columns([compute], [beside], math.prod(shape), key, seed)
        stores = []
        places[other] = zoo.placed(stores, values, kinds[other](shape), compute)
    precise = record.precise_numbers and compute.is_floating_point
    (column,) = columns([float32 if precise else compute], [domain], 60, key, seed)
    inside = [each for each in column if each == each and domain.low <= each <= domain.high]
    numbers = [*dict.fromkeys(inside[-6:])][:3]
    # Those for which kernels, and those who write them, know something shorter.
    known = (1, 2, 8, 3, -1) if compute.kind < Kind.FLOAT else (1.0, 2.0, 0.5, -0.5, -1.0, 3.0)
    numbers += [each for each in known if inside and lies_in(each, domain)]
    if domain != REALS and domain.low <= 0 <= domain.high and not domain.nonzero:
        numbers.append(0.0 if compute.is_floating_point else 0)
    if len(places) > 2 and tolerance_of(record) != EXACT and compute.is_floating_point:
        numbers = [_moderate(number, compute) for number in numbers]
    if compute.is_floating_point and domain == REALS:
        numbers += [0.0, -0.0, math.nan, math.inf]  # the first two are equal, and differ
    if compute.kind in (Kind.SIGNED, Kind.UNSIGNED) and domain == REALS:
        numbers += integer_range(compute)  # no smaller dtype holds both
    given: list[Place | Scalar] = [number_for(record, each, compute) for each in numbers]
    if len(places) == 2 and domain == beside:
        given.append(places[other])  # and the other operand itself
    for each in given:
        inputs: list[Place | Scalar] = [*places]
        inputs[operand] = each
        launch = ElementwiseLaunch(
            record=record,
            compute=compute,
            flushes=target.flushes(compute),
            inputs=tuple(inputs),
            outputs=(zoo.blank(own := [*stores], zoo.contiguous(shape), result),),
            stores=tuple(own),
        )
        evidence += judge_launch(target, launch)
    return evidence


def _launch(
    record: Elementwise,
    compute: DType,
    result: DType,
    kinds: Sequence[zoo.Kind],
    shape: tuple[int, ...],
    seed: int,
) -> ElementwiseLaunch:
    """Return a launch of a record, with a contiguous output."""
    key = f"{record.name} {compute.name}"
    stores, places = operands(record, compute, kinds, shape, key, seed)
    return ElementwiseLaunch(
        record=record,
        compute=compute,
        inputs=tuple(places),
        outputs=(zoo.blank(stores, zoo.contiguous(shape), result),),
        stores=tuple(stores),
    )


def _caches(subject: str, seed: int, target: Target) -> Evidence:
    """Launches that differ in nothing but dtype, record or layout, one after the other, twice:
    what is remembered of one must not serve another.
    """
    evidence = NOTHING
    records = {record.name: record for record in elementwise_records()}
    names = ("add",) if subject == "dtypes" else ("add", "sub", "mul", "maximum", "minimum")
    launches = []
    for name in names:
        for compute, result in defined_on(records[name]):
            if subject == "records" and compute not in _NUMBERED:
                continue
            for kinds in ((zoo.contiguous, zoo.contiguous), (zoo.permuted, zoo.stepped)):
                launches.append(_launch(records[name], compute, result, kinds, (4, 4), seed))
    for launch in [*launches, *launches[::-1]]:
        evidence += judge_launch(target, launch)
    return evidence


def _many_rows(kind: zoo.Kind, seed: int, target: Target) -> Evidence:
    """More rows than a small counter has room for, which do not collapse into one."""
    record = next(each for each in elementwise_records() if each.name == "add")
    shape = (zoo.MANY_ROWS, 2)
    stores: list[bytes] = []
    places = []
    for number, one in enumerate((kind, zoo.stepped)):
        values = [float(k * (number + 1) % 499) for k in range(1000)]
        places.append(zoo.placed(stores, values, one(shape), float32))
    launch = ElementwiseLaunch(
        record=record,
        compute=float32,
        inputs=tuple(places),
        outputs=(zoo.blank(stores, zoo.padded(shape), float32),),
        stores=tuple(stores),
    )
    return judge_launch(target, launch)


def _cases_of_divisions(record: Elementwise) -> Iterator[Case]:
    for compute, result in defined_on(record):
        if not compute.is_floating_point:
            yield Case(
                level=LEVEL,
                family="division-by-zero",
                subject=record.name,
                dtype=compute.name,
                check=partial(_by_zero, record, compute, result),
            )


def _by_zero(record: Elementwise, compute: DType, result: DType, target: Target) -> Evidence:
    """One zero among integer divisors, wherever it stands and however they lie, is a
    RuntimeError; so is a divisor that is the number 0.
    """
    for number, (shape, place, kind) in enumerate(_ZEROS):
        divisors: list[Scalar] = [1 + k % 5 for k in range(math.prod(shape))]
        divisors[place] = 0
        stores: list[bytes] = []
        divided = (zoo.contiguous, zoo.permuted, zoo.expanded_first)[number % 3]
        launch = ElementwiseLaunch(
            record=record,
            compute=compute,
            inputs=(
                zoo.placed(stores, [7], divided(shape), compute),
                zoo.placed(stores, divisors, kind(shape), compute),
            ),
            outputs=(zoo.blank(stores, zoo.contiguous(shape), result),),
            stores=tuple(stores),
        )
        where = f"a zero at place {place} of {list(shape)}"
        _refused(target, launch, f"{record.name}: {where}")
        if result is compute and divided is not zoo.expanded_first:
            (dividend, _) = launch.inputs
            assert isinstance(dividend, Place)
            in_place = replace(launch, outputs=(dividend,))
            _refused(target, in_place, f"{record.name} in place: {where}")
        if number < 2:
            by_number = replace(launch, inputs=(launch.inputs[0], compute.convert(0)))
            _refused(target, by_number, f"{record.name}: the number 0")
    return Evidence(len(_ZEROS) + 2)


def _refused(target: Target, launch: ElementwiseLaunch, what: str) -> None:
    in_place = launch.outputs[0] in launch.inputs
    judge_refusal(target.backend, launch, RuntimeError, what, keeps_output=in_place)
