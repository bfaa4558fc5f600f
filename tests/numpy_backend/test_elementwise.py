"""Every elementwise record means on NumPy arrays what it means on the reference."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from gnomon.backend import ALL_DTYPES, DType, Layout, Operand, Scalar, bool_
from gnomon.op.claims import Domain
from gnomon.op.copy import COPY
from gnomon.op.elementwise import Binary, Elementwise, Quaternary, Ternary, Unary
from gnomon.records import all_records

from .twins import (
    LAYOUTS,
    NUMPY,
    REFERENCE,
    Twins,
    allowed,
    assert_equal,
    drawn,
    dtypes_of,
    outputs,
    twins,
)

RECORDS = {
    found.record.name: found.record
    for found in all_records()
    if isinstance(found.record, Elementwise)
}
ARITY = {Unary: 1, Binary: 2, Ternary: 3, Quaternary: 4}
#: Records whose special values are tested on the domain alone: they are defined by few digits
#: elsewhere, or take a small whole number.
WITHIN_DOMAIN = frozenset({"polygamma", "mvlgamma", "special_zeta", "round_decimals"})
DIVISIONS = frozenset({"floor_divide", "trunc_divide", "remainder", "fmod"})


def domains_of(record: Elementwise) -> Sequence[Domain]:
    domain = record.domain
    return domain if isinstance(domain, tuple) else [domain] * ARITY[type(record)]


def values_for(
    domain: Domain, dtype: DType, count: int, draw: random.Random, special: bool
) -> list[Scalar]:
    if dtype is bool_ or not dtype.is_floating_point or special:
        return drawn(dtype, count, draw, special)
    low, high = max(domain.low, -50.0), min(domain.high, 50.0)
    values = [draw.uniform(low, high) for _ in range(count)]
    if domain.whole:
        values = [float(round(value)) for value in values]
    return [dtype.convert(value) or float(domain.nonzero) for value in values]


def columns(record: Elementwise, dtype: DType, count: int, special: bool) -> list[list[Scalar]]:
    draw = random.Random(f"{record.name} {dtype.name} {special}")
    found = []
    for position, domain in enumerate(domains_of(record)):
        own = bool_ if position < record.conditions else dtype
        found.append(values_for(domain, own, count, draw, special))
    if record.name in DIVISIONS and not dtype.is_floating_point:
        found[1] = [value or 1 for value in found[1]]
    return found


def check(
    record: Elementwise, dtype: DType, result: DType, inputs: list[Twins | Scalar]
) -> None:
    shape = next(each for each in inputs if isinstance(each, Twins)).reference.layout.shape
    output = outputs(shape, result)
    given: list[list[Operand | Scalar]] = [
        [each[place] if isinstance(each, Twins) else each for each in inputs]
        for place in (0, 1)
    ]
    REFERENCE.elementwise(record, given[0], output.reference)
    NUMPY.elementwise(record, given[1], output.numpy)
    assert_equal(output, result, allowed(record.tolerance, result))


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_means_the_same(name: str) -> None:
    record = RECORDS[name]
    layout = Layout((7, 9), (1, 7), 2)
    for dtype, result in dtypes_of(record):
        assert NUMPY.supports(name, [dtype])
        for special in (False, True):
            if special and name in WITHIN_DOMAIN and dtype.is_floating_point:
                continue
            given = columns(record, dtype, layout.span[1], special)
            operands: list[Twins | Scalar] = [
                twins(values, layout, bool_ if place < record.conditions else dtype)
                for place, values in enumerate(given)
            ]
            check(record, dtype, result, operands)
            if len(operands) > 1 and len(operands) > record.tensors:
                # Numbers take another way through NumPy than arrays do.
                numbers: list[Twins | Scalar] = [*operands[:-1], given[-1][0]]
                check(record, dtype, result, numbers)


@pytest.mark.parametrize("exponent", [0.5, -0.5, 2.0, 0.0, -1.0, 3.0, math.inf])
def test_a_power_that_numpy_takes_a_short_cut_for(exponent: float) -> None:
    from gnomon.ops.powers import pow_number

    for dtype, result in dtypes_of(pow_number):
        if dtype.is_floating_point:
            values = drawn(dtype, 60, random.Random(0), special=True)
            check(
                pow_number,
                dtype,
                result,
                [twins(values, Layout.contiguous((60,)), dtype), exponent],
            )


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_every_layout_is_read_and_nothing_else_is_written(layout: Layout) -> None:
    for name in ("add", "where", "exp", "eq"):
        record = RECORDS[name]
        for dtype, result in dtypes_of(record):
            given = columns(record, dtype, layout.span[1] + 1, special=False)
            operands: list[Twins | Scalar] = [
                twins(values, layout, bool_ if place < record.conditions else dtype)
                for place, values in enumerate(given)
            ]
            check(record, dtype, result, operands)


@pytest.mark.parametrize("source", ALL_DTYPES, ids=lambda dtype: dtype.name)
def test_a_copy_converts_as_the_reference_does(source: DType) -> None:
    draw = random.Random(source.name)
    values = [
        *drawn(source, 60, draw, special=True),
        *drawn(source, 20, draw, special=False),
        *[source.convert(value) for value in (2**53 + 1, 2**24 + 1, 2**40 + 2**16 + 1, -1.5)],
        *[source.convert(value) for value in (300.7, 3e9, 1e19, -3e9, 126.25 + 2.0**-30)],
    ]
    layout = Layout((len(values),), (1,), 0)
    for target in ALL_DTYPES:
        output = outputs(layout.shape, target)
        input = twins(values, layout, source)
        REFERENCE.elementwise(COPY, [input.reference], output.reference)
        NUMPY.elementwise(COPY, [input.numpy], output.numpy)
        assert_equal(output, target)


@pytest.mark.parametrize("name", sorted(DIVISIONS))
def test_an_integer_over_zero_is_the_error_it_is_elsewhere(name: str) -> None:
    record = RECORDS[name]
    layout = Layout.contiguous((2,))
    for dtype in ALL_DTYPES:
        if dtype is bool_ or dtype.is_floating_point:
            continue
        pair, output = twins([1, 0], layout, dtype), outputs(layout.shape, dtype)
        messages = []
        for backend, operand, target in zip((REFERENCE, NUMPY), pair, output, strict=True):
            with pytest.raises(RuntimeError, match="ZeroDivisionError") as caught:
                backend.elementwise(record, [operand, operand], target)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
