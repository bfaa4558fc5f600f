"""Every elementwise record where otherwise a few stand for all: in long launches, broadcast, of
many dims, in place in each of these, and on operands that are views of one storage.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final, NamedTuple, final
from zlib import crc32

from gnomon.backend import DType, Layout, Scalar, bool_, float32, int8, int16, int32, int64
from gnomon.records import Domain, Elementwise
from gnomon_conformance import zoo
from gnomon_conformance.cases import Case, Level
from gnomon_conformance.checks.elementwise import EXACT
from gnomon_conformance.correct import rounded
from gnomon_conformance.inventory import (
    arity_of,
    defined_on,
    elementwise_records,
    given_dtypes,
    number_for,
)
from gnomon_conformance.judging import NOTHING, Evidence, judge_launch
from gnomon_conformance.launches import ElementwiseLaunch, Place, domains_of, tolerance_of
from gnomon_conformance.target import Target
from gnomon_conformance.values import integer_range, lies_in, pool

LEVEL = Level.ELEMENTWISE
#: How many rows of operands are repeated throughout a long launch: a prime, so that no block or
#: vector is like another.
_PERIOD: Final = 97
#: A power of two, which is a special case to some; and what leaves a rest of every size.
_WHOLE: Final = 4096
_SHORT: Final = 1027
_FEW: Final = 33
_RESTS: Final = (4099, 4097, 4102, 4109)
#: How large operands are, where domains allow it.
_MODERATE: Final = 3.0
_WHOLE_MODERATE: Final = 99
#: The part of a number that a float of 16 bits has no room for.
_BITS: Final = 2.0**-13
#: From which element on operands and output begin, in a few records of dtypes of every size.
_SHIFTS: Final = (
    *((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (2, 0, 2), (0, 2, 1), (2, 2, 2)),
    *((3, 1, 0), (0, 3, 2), (2, 3, 1), (3, 3, 3), (1, 2, 3)),
    *((zoo.FAR, 0, 0), (0, zoo.FAR, 1), (1, 0, zoo.FAR)),
)
_SHIFTED: Final = ("neg", "add", "lt", "where")
_OF_EACH_SIZE: Final = (int8, int16, float32, int64)
#: The dtypes of which a record has its forms tried: the first that it is defined on.
_MAIN: Final = (float32, int32, bool_)


@final
class Form(NamedTuple):
    """How operands lie, each in its turn; the output, unless it is one of them, too."""

    shape: tuple[int, ...]
    kinds: tuple[zoo.Kind, ...]
    output: zoo.Kind | None


_FORMS: Final = (
    Form((4, 3, 6), (zoo.exchanged, zoo.expanded_middle, zoo.contiguous), zoo.exchanged),
    Form((2, 2, 3, 2, 2, 2), (zoo.turned, zoo.contiguous, zoo.permuted), zoo.contiguous),
    Form((2, 3, 4, 3), (zoo.turned, zoo.expanded_middle, zoo.contiguous), None),
)
#: Operands that do not lie in a row, beside a number.
_APART: Final = Form((3, 11), (zoo.turned, zoo.stepped, zoo.permuted), zoo.padded)
#: A row, a column, and a single element, with another operand that has all there are; and the
#: shapes that take turns, of whole vectors and not.
_BROADCAST: Final = (
    (zoo.contiguous, zoo.expanded_first, zoo.expanded_last),
    (zoo.expanded_last, zoo.contiguous, zoo.expanded_all),
    (zoo.expanded_all, zoo.contiguous, zoo.expanded_first),
    (zoo.expanded_last, zoo.expanded_first, zoo.contiguous),
)
_BROADCAST_TO: Final = ((9, 13), (8, 16))
#: Views of one storage that operands are, from any of them on: a matrix, the transposed one and
#: one of its columns for all; some rows, those from the next on, and others; every other
#: element, those between, and all from one on.
_VIEWS: Final = (
    (Layout((4, 4), (4, 1), 0), Layout((4, 4), (1, 4), 0), Layout((4, 4), (4, 0), 1)),
    (Layout((3, 4), (4, 1), 0), Layout((3, 4), (4, 1), 4), Layout((3, 4), (4, 1), 12)),
    (Layout((11,), (2,), 0), Layout((11,), (2,), 1), Layout((11,), (1,), 7)),
)
_VIEWED: Final = 24
#: Elements of an operand that is each of a launch's.
_SAME: Final = 96


def cases(seed: int) -> Iterator[Case]:
    """Yield a case of long launches for each record and dtype, and of forms and of views of one
    storage for some.
    """
    for record in elementwise_records():
        defined = dict(defined_on(record))
        main = next(dtype for dtype in _MAIN if dtype in defined)
        for compute, result in defined.items():
            for family, check in _CHECKS.items():
                if family == "shared" and not (compute is main and _may_share(record)):
                    continue
                if family == "tails" or compute is main or _turn(record, compute) % 4 == 0:
                    yield Case(
                        level=LEVEL,
                        family=family,
                        subject=record.name,
                        dtype=compute.name,
                        check=partial(check, record, compute, result, compute is main, seed),
                    )
    for record in elementwise_records():
        if record.name in _SHIFTED:
            for compute, result in defined_on(record):
                if compute in _OF_EACH_SIZE:
                    yield Case(
                        level=LEVEL,
                        family="shifts",
                        subject=record.name,
                        dtype=compute.name,
                        check=partial(_shifts, record, compute, result, seed),
                    )


def _turn(record: Elementwise, compute: DType) -> int:
    """Return a number by which what is tried of each record and dtype takes turns."""
    return crc32(f"{record.name} {compute.name}".encode())


def _is_cheap(record: Elementwise, compute: DType) -> bool:
    """Whether the reference computes thousands of elements at once."""
    exact = tolerance_of(record) == EXACT or not compute.is_floating_point
    return exact or arity_of(record) == 2


def _operands(record: Elementwise, compute: DType, seed: int) -> list[list[Scalar]]:
    """Return numbers of moderate size from the record's domains, whose results tell."""
    dtypes = given_dtypes(record, compute)
    chooser = Random(f"{record.name} {compute.name} {seed}")
    return [
        _moderate(dtype, domain, chooser)
        for dtype, domain in zip(dtypes, domains_of(record, len(dtypes)), strict=True)
    ]


def _moderate(dtype: DType, domain: Domain, chooser: Random) -> list[Scalar]:
    if dtype is bool_:
        return [chooser.random() < 0.5 for _ in range(_PERIOD)]
    least, most = -_MODERATE, _MODERATE
    if not dtype.is_floating_point:
        least, most = (-_WHOLE_MODERATE if dtype.is_signed else 0), _WHOLE_MODERATE
    low, high = max(least, domain.low), min(most, max(domain.high, domain.low))
    if domain.low >= most:
        low, high = domain.low, min(domain.low + most, domain.high)
    if dtype.is_floating_point and not domain.whole:
        return rounded(dtype, [chooser.uniform(low, high) for _ in range(_PERIOD)])
    whole = range(math.ceil(low), math.floor(high) + 1)
    elements = [dtype.convert(each or int(domain.nonzero)) for each in whole]
    return chooser.choices(elements, k=_PERIOD)


def _launch(
    record: Elementwise,
    compute: DType,
    result: DType,
    form: Form,
    written: int,
    columns: Sequence[Sequence[Scalar]],
    target: Target,
) -> ElementwiseLaunch:
    """Return a launch in a form; where that has no output, operand ``written`` is it."""
    shape, kinds, output = form
    stores: list[bytes] = []
    turned = [kinds[(number - written) % len(kinds)] for number in range(len(columns))]
    places = [
        zoo.placed(stores, column, kind(shape), dtype)
        for column, kind, dtype in zip(
            columns, turned, given_dtypes(record, compute), strict=True
        )
    ]
    written_to = places[written]
    if output is not None:
        written_to = zoo.blank(stores, output(shape), result)
    return ElementwiseLaunch(
        record=record,
        compute=compute,
        flushes=target.flushes(compute),
        inputs=tuple(places),
        outputs=(written_to,),
        stores=tuple(stores),
    )


def _tails(
    record: Elementwise,
    compute: DType,
    result: DType,
    main: bool,
    seed: int,
    target: Target,
) -> Evidence:
    """Thousands of elements in a row, with and without a rest, and in place; none at all; and a
    few with numbers.
    """
    columns = _operands(record, compute, seed)
    dtypes = given_dtypes(record, compute)
    turn = _turn(record, compute)
    aside = Form((_RESTS[turn % len(_RESTS)],), (zoo.contiguous,), zoo.contiguous)
    over_operand = Form((_SHORT,), (zoo.contiguous,), None)
    forms = [aside if main or _is_cheap(record, compute) else aside._replace(shape=(_SHORT,))]
    if compute in (float32, int64) and _is_cheap(record, compute):
        forms.append(aside._replace(shape=(_WHOLE,)))
    forms.append(aside._replace(shape=(0,)))
    places = [number for number, dtype in enumerate(dtypes) if dtype is result]
    if places:
        forms.append(over_operand if main else over_operand._replace(shape=(_FEW,)))
    evidence = NOTHING
    for form in forms:
        written = places[turn % len(places)] if form.output is None else 0
        launch = _launch(record, compute, result, form, written, columns, target)
        evidence += judge_launch(target, replace(launch, period=_PERIOD))
    few = aside._replace(shape=(_FEW,)) if turn // 16 % 2 else _APART
    domains = domains_of(record, len(dtypes))
    for chosen in _numbered(record, turn):
        (last, *_) = chosen
        numbers = {each: _precise(columns[each][0], domains[each]) for each in chosen}
        extreme = {last: _extreme(compute, turn)}
        tried = [numbers]
        if len(chosen) == 1 and lies_in(extreme[last], domains[last]):
            tried.append(extreme)
        for given in tried:
            near = [
                column if number in given else _beside(column, dtype, domain, given)
                for number, (column, dtype, domain) in enumerate(
                    zip(columns, dtypes, domains, strict=True)
                )
            ]
            launch = _launch(record, compute, result, few, 0, near, target)
            inputs: list[Place | Scalar] = [*launch.inputs]
            for number, each in given.items():
                inputs[number] = number_for(record, each, compute)
            launch = replace(launch, inputs=tuple(inputs))
            evidence += judge_launch(target, launch)
            if given is numbers and (main or turn // 64 % 3 == 0):
                evidence += _over_an_operand(launch, target)
    return evidence


def _beside(
    column: Sequence[Scalar], dtype: DType, domain: Domain, numbers: Mapping[int, Scalar]
) -> list[Scalar]:
    """Return an operand's column, with the numbers beside it among its elements, and what 32
    bits hold of them.
    """
    if dtype is bool_:
        return [*column]
    alike: list[Scalar] = []
    for number in numbers.values():
        half = float32.round(number) if isinstance(number, float) else int32.convert(number)
        alike += [dtype.convert(each) for each in (number, half) if lies_in(each, domain)]
    return [*alike, *column[len(alike) :]]


def _over_an_operand(launch: ElementwiseLaunch, target: Target) -> Evidence:
    """Judge a launch on numbers and operands in place of one of these, if there is any of the
    output's dtype.
    """
    (output,) = launch.outputs
    for each in launch.inputs:
        if isinstance(each, Place) and each.dtype is output.dtype:
            return judge_launch(target, replace(launch, outputs=(each,)))
    return NOTHING


def _precise(number: Scalar, domain: Domain) -> Scalar:
    """Return a number that no float of 16 bits holds, where it may be one."""
    may_be = isinstance(number, float) and not domain.whole
    return number * (1.0 + _BITS) if may_be else number


def _extreme(dtype: DType, turn: int) -> Scalar:
    """Return a number that no smaller dtype holds, or that is special among floats."""
    if dtype.is_floating_point:
        return (math.nan, -0.0, math.inf)[turn // 8 % 3]
    low, high = integer_range(dtype)
    return low if dtype.is_signed and turn // 8 % 2 else high


def _numbered(record: Elementwise, turn: int) -> Iterator[Sequence[int]]:
    """Yield which operands are to be numbers: one, and of three and more the last and all but
    the first.
    """
    count, first = arity_of(record), record.conditions
    if count > 1:
        chosen = turn % (count - first) + first
        yield (chosen,)
        if chosen < count - 1 and count > 2:
            yield (count - 1,)
    if count > 2:
        yield range(1, count)


def _shifts(
    record: Elementwise, compute: DType, result: DType, seed: int, target: Target
) -> Evidence:
    """Contiguous operands that begin anywhere, so that no vector of them is aligned."""
    columns = _operands(record, compute, seed)
    evidence = NOTHING
    for number, shifts in enumerate(_SHIFTS):
        *first, last = map(zoo.shifted, shifts)
        form = Form(((67,), (128,), (259,))[number % 3], (*first, *first[::-1]), last)
        launch = _launch(record, compute, result, form, 0, columns, target)
        evidence += judge_launch(target, launch)
    return evidence


def _forms(
    record: Elementwise,
    compute: DType,
    result: DType,
    main: bool,
    seed: int,
    target: Target,
) -> Evidence:
    """Every form, or one where the dtype is not the main one; where a form has no output, each
    operand is it in turn.
    """
    columns = _operands(record, compute, seed)
    dtypes = given_dtypes(record, compute)
    evidence = NOTHING
    turn = _turn(record, compute)
    forms = [*_FORMS]
    if len(dtypes) > 1:
        forms += [
            Form(_BROADCAST_TO[(turn + number) % 2], kinds, zoo.contiguous)
            for number, kinds in enumerate(_BROADCAST)
        ]
    if not main:
        forms = [forms[turn // 4 % len(forms)]]
    for form in forms:
        places = [number for number, dtype in enumerate(dtypes) if dtype is result]
        for written in places if form.output is None else [0]:
            launch = _launch(record, compute, result, form, written, columns, target)
            evidence += judge_launch(target, launch)
    return evidence if evidence.comparisons else Evidence(1)


def _shared(
    record: Elementwise,
    compute: DType,
    result: DType,
    main: bool,
    seed: int,
    target: Target,
) -> Evidence:
    """Operands are different views of one storage; conditions have one of their own."""
    dtypes = given_dtypes(record, compute)
    domain = _common(record)
    chooser = Random(f"{record.name} {compute.name} shared {seed}")
    turn = _turn(record, compute)
    evidence = NOTHING
    for views in _VIEWS:
        values = _moderate(compute, domain, chooser)[:_VIEWED]
        stores: list[bytes] = []
        whole = zoo.placed(stores, values, zoo.contiguous((_VIEWED,)), compute)
        shape = views[0].shape
        places = [
            zoo.placed(stores, _moderate(bool_, domain, chooser), zoo.contiguous(shape), bool_)
            for _ in range(record.conditions)
        ]
        places += [
            whole._replace(layout=views[(place + turn) % len(views)])
            for place in range(len(dtypes) - record.conditions)
        ]
        launch = ElementwiseLaunch(
            record=record,
            compute=compute,
            flushes=target.flushes(compute),
            inputs=tuple(places),
            outputs=(zoo.blank(stores, zoo.contiguous(shape), result),),
            stores=tuple(stores),
        )
        evidence += judge_launch(target, launch)
    return evidence + judge_launch(target, _of_itself(record, compute, result, seed, target))


def _of_itself(
    record: Elementwise, compute: DType, result: DType, seed: int, target: Target
) -> ElementwiseLaunch:
    """Return the launch on one operand in the place of each: of values of all sorts where there
    are two, which are not multiplied on the way to what is of moderate size again.
    """
    domain = _common(record)
    values = [*pool(compute, domain, seed)[:_SAME]]
    if arity_of(record) > 2:
        values = _moderate(compute, domain, Random(f"{record.name} same {seed}"))[:_SAME]
    if compute.is_floating_point and math.isinf(domain.low) and math.isinf(domain.high):
        values[:3] = [math.nan, math.inf, -math.inf]
    layout = zoo.contiguous((_SAME,))
    stores: list[bytes] = []
    whole = zoo.placed(stores, values, layout, compute)
    conditions = [
        zoo.placed(stores, [True, False, False], layout, bool_)
        for _ in range(record.conditions)
    ]
    return ElementwiseLaunch(
        record=record,
        compute=compute,
        flushes=target.flushes(compute),
        inputs=(*conditions, *[whole] * (arity_of(record) - record.conditions)),
        outputs=(zoo.blank(stores, layout, result),),
        stores=tuple(stores),
    )


def _may_share(record: Elementwise) -> bool:
    """Whether there are operands that may be of the same numbers, more than one."""
    domain = _common(record)
    return arity_of(record) - record.conditions > 1 and domain.low < domain.high


def _common(record: Elementwise) -> Domain:
    """Return the numbers that lie in the domain of each operand but conditions."""
    domains = domains_of(record, arity_of(record))[record.conditions :]
    return Domain(
        max(each.low for each in domains),
        min(each.high for each in domains),
        any(each.nonzero for each in domains),
        any(each.whole for each in domains),
    )


_CHECKS: Final = {"forms": _forms, "tails": _tails, "shared": _shared}
