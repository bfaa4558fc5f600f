"""Gathering and scattering give on the device what the reference gives."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

import gnomon
from gnomon.backend import Backend, IndexedDimension, Storage
from gnomon.dtypes import DType, bfloat16, bool_, float16, float32, float64, int8, int64
from gnomon.layout import Layout
from gnomon.op.copy import COPY
from gnomon.op.scatter_records import (
    ADD_TO,
    KEEP_LARGER,
    KEEP_SMALLER,
    MULTIPLY_BY,
    REPLACE,
    Combination,
)

pytest.importorskip("pyopencl", reason="the OpenCL backend needs pyopencl")

from .devices import BACKENDS, REFERENCE, Pair, default_backend, elements, pair, whole

SIZES = (7, 5, 6)
DRAW = random.Random(3)


def _indices(backend: Backend, size: int, layout: Layout) -> Pair:
    values = [DRAW.randrange(-size, size) for _ in range(max(layout.span[1], 1))]
    return pair(backend, values, layout, int64)


def _places(
    backend: Backend, shape: tuple[int, ...], dims: Sequence[int]
) -> tuple[Layout, list[list[IndexedDimension]]]:
    """Return the layout of a (7, 5, 6) tensor read through indices for ``dims``, and those, for
    the host and for the device; other dims of the launch are walked.
    """
    base = Layout.contiguous(SIZES)
    strides = tuple([0 if dim in dims else base.strides[dim] for dim in range(3)])
    ends: list[list[IndexedDimension]] = [[], []]
    for dim in dims:
        form = (
            Layout.contiguous(shape)
            if dim
            else Layout.contiguous((shape[0], 1, 1)).expand(shape)
        )
        found = _indices(backend, SIZES[dim], form)
        for end in (0, 1):
            ends[end].append(IndexedDimension(found[end], SIZES[dim], base.strides[dim]))
    return Layout(shape, strides, 0), ends


CASES = [((9, 5, 6), (0,)), ((7, 4, 6), (1,)), ((7, 5, 11), (2,)), ((8, 3, 6), (0, 1))]
CASES += [((2, 3, 4), (0, 1, 2)), ((7, 5, 0), (2,)), ((1, 1, 1), (0, 1, 2))]


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("dtype", [bool_, float64], ids=str)
@pytest.mark.parametrize(("shape", "dims"), CASES)
def test_gather(
    shape: tuple[int, ...], dims: tuple[int, ...], dtype: DType, traits: str
) -> None:
    backend = BACKENDS[traits]()
    layout, ends = _places(backend, shape, dims)
    values = [k % 2 if dtype is bool_ else k % 97 for k in range(210)]
    source = pair(backend, values, Layout.contiguous(SIZES), dtype)
    for form in (Layout.contiguous(shape), Layout.contiguous(shape[::-1]).permute((2, 1, 0))):
        output = pair(backend, [0], form, dtype)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            given = source[end]._replace(layout=layout)
            place.gather(given, ends[end], output[end])
        assert whole(output.device) == whole(output.host)


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize(
    ("record", "dtype"),
    [
        (REPLACE, bfloat16),
        (ADD_TO, float32),
        (ADD_TO, bool_),
        (MULTIPLY_BY, int8),
        (KEEP_LARGER, bfloat16),
        (KEEP_SMALLER, float32),
    ],
    ids=lambda x: x.name,
)
@pytest.mark.parametrize(("shape", "dims"), CASES)
def test_scatter(
    shape: tuple[int, ...],
    dims: tuple[int, ...],
    record: Combination,
    dtype: DType,
    traits: str,
) -> None:
    backend = BACKENDS[traits]()
    layout, ends = _places(backend, shape, dims)
    # Small integers, so that sums and products are exact in every dtype.
    values = [k % 2 if dtype is bool_ else k % 3 - 1 for k in range(210)]
    written = pair(backend, values, Layout.contiguous(shape[::-1]).permute((2, 1, 0)), dtype)
    one = dtype.convert(1)
    for source in (written, (one, one)):
        target = pair(backend, values[::-1], Layout.contiguous(SIZES), dtype)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            given = target[end]._replace(layout=layout)
            place.scatter(record, source[end], ends[end], given)
        assert elements(target.device) == elements(target.host)


@pytest.mark.parametrize("wrong", [4, -5, 2**40])
def test_an_index_out_of_range_is_an_error_that_writes_nothing(wrong: int) -> None:
    backend = default_backend()
    index = pair(backend, [0, 3, wrong], Layout.contiguous((3,)), int64).device
    lookup = [IndexedDimension(index, 4, 1)]
    target = pair(backend, [1.0, 2.0, 3.0, 4.0], Layout.contiguous((4,)), float32).device
    spread = target._replace(layout=Layout((3,), (0,), 0))
    with pytest.raises(IndexError, match="out of bounds for dimension with size 4"):
        backend.scatter(ADD_TO, 5.0, lookup, spread)
    assert elements(target) == [1.0, 2.0, 3.0, 4.0]
    output = pair(backend, [0.0], Layout.contiguous((3,)), float32).device
    with pytest.raises(IndexError, match="out of bounds for dimension with size 4"):
        backend.gather(spread, lookup, output)


def test_nan_stays_where_the_larger_is_kept() -> None:
    backend = default_backend()
    index = pair(backend, [0, 1, 1, 2], Layout.contiguous((4,)), int64)
    nan = float("nan")
    for record in (KEEP_LARGER, KEEP_SMALLER):
        source = pair(backend, [5.0, nan, 2.0, -1.0], Layout.contiguous((4,)), float32)
        target = pair(backend, [nan, 0.0, 0.0], Layout.contiguous((3,)), float32)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            spread = target[end]._replace(layout=Layout((4,), (0,), 0))
            place.scatter(record, source[end], [IndexedDimension(index[end], 3, 1)], spread)
        assert str(elements(target.device)) == str(elements(target.host))


@pytest.mark.parametrize("traits", BACKENDS)
@pytest.mark.parametrize("record", [REPLACE, ADD_TO], ids=lambda x: x.name)
def test_rows(record: Combination, traits: str) -> None:
    """Rows of neighbouring elements, more than an owner collects at a time, and with a tail."""
    backend = BACKENDS[traits]()
    rows, columns, lines = 40, 19, 600
    index = _indices(backend, rows, Layout.contiguous((lines,)))
    ends = [
        [IndexedDimension(each._replace(layout=Layout((lines, columns), (1, 0), 0)), rows, 19)]
        for each in index
    ]
    spread = Layout((lines, columns), (0, 1), 0)
    table = pair(backend, range(97), Layout.contiguous((rows, columns)), float32)
    found = pair(backend, [0], Layout.contiguous((lines, columns)), float32)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        place.gather(table[end]._replace(layout=spread), ends[end], found[end])
    assert whole(found.device) == whole(found.host)
    sources: list[Pair | tuple[float, float]] = [found, (3.0, 3.0)]
    for layout in (Layout((lines, columns), (1, 0), 0), Layout((lines, columns), (40, 2), 1)):
        sources.append(pair(backend, range(89), layout, float32))
    for source in sources:
        target = pair(backend, range(91), Layout.contiguous((rows, columns)), float32)
        for place, end in ((REFERENCE, 0), (backend, 1)):
            given = target[end]._replace(layout=spread)
            place.scatter(record, source[end], ends[end], given)
        assert elements(target.device) == elements(target.host)


def test_indices_are_checked_again_after_a_write_that_backward_need_not_notice() -> None:
    values = gnomon.arange(10.0).to("opencl")
    places = gnomon.tensor([0, 1]).to("opencl")
    assert values[places].tolist() == [0.0, 1.0]
    places.data.fill_(10)
    assert places._version == 0
    with pytest.raises(IndexError, match="out of bounds for dimension with size 10"):
        values[places]


def test_indices_are_checked_once() -> None:
    backend = default_backend()
    written = pair(backend, [0, 3, -1], Layout.contiguous((3,)), int64).device
    # Not from the host, which would check what it writes.
    index = written._replace(storage=Storage(backend, backend.allocate(24)))
    backend.elementwise(COPY, (written,), index)
    backend.synchronize()
    lookup = [IndexedDimension(index, 4, 1)]
    target = pair(backend, [0.0], Layout.contiguous((4,)), float32).device
    spread = target._replace(layout=Layout((3,), (0,), 0))
    runtime = backend.runtime
    launches = []
    for _ in range(2):
        before = runtime.launches
        backend.scatter(ADD_TO, 5.0, lookup, spread)
        launches.append(runtime.launches - before)
    assert launches == [2, 1]
    # In another range, and when they have changed, they are checked again.
    with pytest.raises(IndexError, match="size 3"):
        backend.scatter(ADD_TO, 5.0, [IndexedDimension(index, 3, 1)], spread)
    backend.write(index.storage.memory, 8, memoryview(int64.pack([7])).cast("B"))
    index.storage.count_writes()
    with pytest.raises(IndexError, match="size 4"):
        backend.scatter(ADD_TO, 5.0, lookup, spread)
    assert elements(target) == [10.0, 0.0, 0.0, 20.0]


@pytest.mark.parametrize("record", [ADD_TO, MULTIPLY_BY], ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", [bfloat16, float16], ids=lambda dtype: dtype.name)
def test_sums_and_products_of_16_bits_are_rounded_once(
    dtype: DType, record: Combination
) -> None:
    backend = default_backend()
    count = 90
    values = [1.0 + (k * 37 % 11) / 256 for k in range(count)]
    source = pair(backend, values, Layout((3, count), (0, 1), 0), dtype)
    index = pair(
        backend, [k * k % 4 for k in range(count)], Layout((3, count), (0, 1), 0), int64
    )
    # Columns 1, 3, 5 and 7 of a matrix whose other columns are left alone.
    target = pair(backend, [0.5, 1.5], Layout.contiguous((3, 9)), dtype)
    for place, end in ((REFERENCE, 0), (backend, 1)):
        reached = target[end]._replace(layout=Layout((3, count), (9, 0), 1))
        place.scatter(record, source[end], [IndexedDimension(index[end], 4, 2)], reached)
    assert elements(target.device) == elements(target.host)


@pytest.mark.parametrize("count", (1, 16383, 16384, 16385, 40000))
@pytest.mark.parametrize("every", (1, 2, 9999))
def test_nonzero_of_lines_of_several_parts(count: int, every: int) -> None:
    values = [float(k % every == every // 2) for k in range(count)]
    found = gnomon.tensor(values).to(str(default_backend().device)).nonzero()
    assert found.tolist() == [[k] for k in range(count) if k % every == every // 2]
