"""Scans and sorting give on the device what they give on the reference."""

from __future__ import annotations

import math
import random

import pytest

import gnomon
from gnomon.backend import Operand, Storage
from gnomon.dtypes import ALL_DTYPES, DType, Scalar, bool_, float16, float32, float64, int64
from gnomon.layout import Layout
from gnomon.op.scan import Scan
from gnomon.ops.leading import leading
from gnomon.ops.scans import (
    CUMMAX_POSITIONS,
    CUMMIN_POSITIONS,
    CUMPROD,
    CUMSUM,
    LOGCUMSUMEXP,
    running_extremes,
)

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import BACKENDS, elements, pair

LAYOUTS = (
    (Layout.contiguous((4, 37)), 1),
    (Layout.contiguous((4, 37)), 0),
    (Layout.contiguous((70, 5)), 1),
    (Layout((3, 67, 4), (600, 8, 2), 1), 2),
    (Layout((5, 6), (1, 5), 2), 1),
    (Layout.contiguous((2, 3, 20)), 1),
    (Layout((3, 8), (16, 2), 1), 1),
    (Layout((40, 3), (0, 1), 0), 0),
    (Layout.contiguous((0, 3)), 1),
    (Layout.contiguous((3, 0)), 1),
    (Layout.contiguous((1,)), 0),
    (Layout.contiguous((20001,)), 0),
    (Layout.contiguous((17000, 2)), 0),
)
SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0)


def _drawn(dtype: DType, count: int, draw: random.Random, special: bool) -> list[Scalar]:
    if dtype is bool_:
        return [draw.random() < 0.5 for _ in range(count)]
    if not dtype.is_floating_point:
        bits = 8 * dtype.itemsize
        low = -(2 ** (bits - 1)) if dtype.is_signed else 0
        return [draw.choice([draw.randint(low, low + 2**bits - 1), 1, 2]) for _ in range(count)]
    values: list[Scalar] = [round(draw.uniform(-2, 2), 1) or 0.5 for _ in range(count)]
    if special:
        for place in range(draw.randrange(count), count, 11):
            values[place] = draw.choice(SPECIAL)
    return values


def _fresh(like: Operand, dtype: DType) -> Operand:
    """Return an operand of ``like``'s shape whose dims lie in the opposite order."""
    shape = like.layout.shape
    layout = Layout.contiguous(shape[::-1]).permute(range(len(shape))[::-1])
    backend = like.storage.backend
    size = max(layout.numel, 1) * dtype.itemsize
    return Operand(Storage(backend, backend.allocate(size)), layout, dtype)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float32, float16, float64, int64), ids=lambda d: d.name)
@pytest.mark.parametrize(
    "record",
    (CUMSUM, CUMPROD, LOGCUMSUMEXP, CUMMAX_POSITIONS, CUMMIN_POSITIONS),
    ids=lambda record: record.name,
)
def test_scan(record: Scan, dtype: DType, traits: str) -> None:
    try:
        compute, result = record.dtype(record.name, dtype)
    except (RuntimeError, NotImplementedError):
        pytest.skip("the record is not defined on the dtype")
    if compute is not dtype:
        pytest.skip("the operands are converted first")
    backend = BACKENDS[traits]()
    draw = random.Random(f"{record.name} {dtype.name}")
    for layout, dim in LAYOUTS:
        for special in (False, True):
            values = _drawn(dtype, max(layout.span[1], 1), draw, special)
            if record is CUMPROD:
                # Products that neither leave the floats nor fill pages of Python's integers.
                values = [
                    1 + value / 2**20 if dtype.is_floating_point and abs(value) <= 2 else value
                    for value in (values if dtype.is_floating_point else [-1, 1, 3, 1, 1, 1])
                ]
            inputs = pair(backend, values, layout, dtype)
            outputs = [_fresh(operand, result) for operand in inputs]
            for operand, output in zip(inputs, outputs, strict=True):
                operand.storage.backend.scan(record, operand, dim, output)
            expected, found = map(elements, outputs)
            terms = layout.shape[dim]
            for other, mine in zip(expected, found, strict=True):
                assert _is_near(mine, other, result, terms), (record.name, layout, dim)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: dtype.name)
def test_extremes_that_are_the_first_element(dtype: DType, traits: str) -> None:
    backend = BACKENDS[traits]()
    if dtype.is_floating_point:
        ends: list[Scalar] = [-math.inf, math.inf, math.nan]
    elif dtype is bool_:
        ends = [False, True]
    else:
        limits = gnomon.iinfo(dtype)
        ends = [limits.min, limits.max]
    for first in ends:
        for rest in ends:
            for layout, dim in LAYOUTS[:3]:
                values = [rest] * layout.numel
                for place in range(0, layout.numel, 3):
                    values[place] = first
                inputs = pair(backend, values, layout, dtype)
                for record in (CUMMAX_POSITIONS, CUMMIN_POSITIONS):
                    outputs = [_fresh(operand, int64) for operand in inputs]
                    for operand, output in zip(inputs, outputs, strict=True):
                        operand.storage.backend.scan(record, operand, dim, output)
                    host, device = map(elements, outputs)
                    assert host == device, (record.name, first, rest)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda d: d.name)
def test_running_extremes(dtype: DType, traits: str) -> None:
    backend = BACKENDS[traits]()
    kernel = running_extremes.kernel_on(backend)
    assert kernel is not None
    if not backend.supports("copy", (dtype,)):
        pytest.skip("the device has no such dtype")
    draw = random.Random(dtype.name)
    like = gnomon.tensor(0.0).like
    for number, (layout, dim) in enumerate(LAYOUTS):
        values = _drawn(dtype, max(layout.span[1], 1), draw, bool(number % 3))
        host, device = pair(backend, values, layout, dtype)
        for is_largest in (True, False):
            whole = Layout.contiguous(layout.shape)
            outputs = [pair(backend, [0], whole, each).device for each in (dtype, int64)]
            kernel(device, dim, is_largest, *outputs)
            results = running_extremes.decompose(like(host), dim, is_largest)
            for output, result in zip(outputs, results, strict=True):
                right, found = elements(result.operand), elements(output)
                for mine, other in zip(found, right, strict=True):
                    assert mine == other or (mine != mine and other != other)


def _is_near(mine: Scalar, other: Scalar, dtype: DType, terms: int) -> bool:
    if mine == other or (mine != mine and other != other):
        return True
    if not dtype.is_floating_point or not (math.isfinite(mine) and math.isfinite(other)):
        return False
    # At most 2 * terms is added up in magnitude, with a rounding a step, and one at the end.
    working = 2.0**-52 if dtype.itemsize == 8 else 2.0**-23
    rounding = {"float16": 2.0**-10}.get(dtype.name, 4 * working)
    return abs(mine - other) <= working * 2 * terms * terms + rounding * abs(other)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("descending", (False, True))
@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: dtype.name)
def test_sort(dtype: DType, descending: bool, traits: str) -> None:
    backend = BACKENDS[traits]()
    draw = random.Random(dtype.name)
    for layout, dim in LAYOUTS:
        values = _drawn(dtype, max(layout.span[1], 1), draw, True)
        inputs = pair(backend, values, layout, dtype)
        found = []
        for operand in inputs:
            sorted_values = _fresh(operand, dtype)
            indices = _fresh(operand, int64)
            operand.storage.backend.sort(operand, dim, descending, sorted_values, indices)
            found.append((elements(indices), list(map(repr, elements(sorted_values)))))
        assert found[0] == found[1]


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", (float32, float16, float64, int64), ids=lambda d: d.name)
@pytest.mark.parametrize("largest", (False, True))
def test_first_of_order(traits: str, dtype: DType, largest: bool) -> None:
    draw = random.Random(f"{dtype.name} {largest}")
    backend = BACKENDS[traits]()
    for layout, dim in LAYOUTS:
        values = _drawn(dtype, max(layout.span[1], 1), draw, special=True)
        theirs, mine = (
            gnomon.zeros(()).like(each) for each in pair(backend, values, layout, dtype)
        )
        size = layout.shape[dim]
        for count in {0, 1, min(5, size), min(64, size), min(65, size)} & {*range(size + 1)}:
            found, right = (
                leading(each, dim, count, largest).operand for each in (mine, theirs)
            )
            assert elements(found) == elements(right), (layout, dim, count)
