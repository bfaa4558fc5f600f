"""The verbs beside elementwise do on NumPy what they do on the reference."""

from __future__ import annotations

import math
import random
from itertools import chain, combinations

import pytest

from gnomon.backend import (
    ALL_DTYPES,
    DType,
    IndexedDimension,
    Layout,
    PhiloxGenerator,
    Scalar,
    Storage,
    int64,
)
from gnomon.errors import NotSupported, OutOfMemoryError
from gnomon.op.random_source import RandomSource
from gnomon.op.reduction import Reduction
from gnomon.op.scan import Scan
from gnomon.op.scatter_records import Combination
from gnomon.op.source import Source
from gnomon.records import all_records

from .twins import (
    LAYOUTS,
    NUMPY,
    REFERENCE,
    allowed,
    assert_equal,
    drawn,
    dtypes_of,
    outputs,
    twins,
)

RECORDS = [found.record for found in all_records()]
REDUCTIONS = {record.name: record for record in RECORDS if isinstance(record, Reduction)}
SCANS = {record.name: record for record in RECORDS if isinstance(record, Scan)}
COMBINATIONS = {record.name: record for record in RECORDS if isinstance(record, Combination)}
SOURCES = {record.name: record for record in RECORDS if isinstance(record, Source)}
DRAWS = {
    record.name: record
    for record in RECORDS
    if isinstance(record, RandomSource) and record.philox is not None
}
INTERVALS = {"random": ((0, 2**40), (-(2**63), 2**63), (5, 2**28 + 6))}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction_over_any_dims(name: str) -> None:
    record = REDUCTIONS[name]
    draw = random.Random(name)
    for layout in LAYOUTS.values():
        ndim = len(layout.shape)
        for dtype, result in dtypes_of(record):
            for special in (False, True):
                input = twins(drawn(dtype, layout.span[1] + 1, draw, special), layout, dtype)
                every = [combinations(range(ndim), count) for count in range(ndim + 1)]
                dims = draw.choice(list(chain.from_iterable(every)))
                empty = any(layout.shape[dim] == 0 for dim in dims)
                parameters = draw.choice(record.samples or ((),))
                if empty and (not record.has_identity or math.inf in map(abs, parameters)):
                    continue
                kept = tuple([1 if k in dims else n for k, n in enumerate(layout.shape)])
                output = outputs(kept, result)
                REFERENCE.reduce(record, input.reference, dims, parameters, output.reference)
                NUMPY.reduce(record, input.numpy, dims, parameters, output.numpy)
                assert_equal(output, result, allowed(record.tolerance, result))


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_along_any_dim(name: str) -> None:
    record = SCANS[name]
    draw = random.Random(name)
    for layout in LAYOUTS.values():
        for dtype, result in dtypes_of(record):
            for special in (False, True):
                values = drawn(dtype, layout.span[1] + 1, draw, special)
                if name == "logcumsumexp":  # near 0 the result is a difference of larger ones
                    values = list(map(abs, values))
                input = twins(values, layout, dtype)
                for dim in range(len(layout.shape)):
                    output = outputs(layout.shape, result)
                    REFERENCE.scan(record, input.reference, dim, output.reference)
                    NUMPY.scan(record, input.numpy, dim, output.numpy)
                    assert_equal(output, result, allowed(record.tolerance, result))


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: dtype.name)
def test_a_sort_is_stable_with_nan_as_the_largest(dtype: DType) -> None:
    draw = random.Random(dtype.name)
    for layout in LAYOUTS.values():
        for special in (False, True):
            input = twins(drawn(dtype, layout.span[1] + 1, draw, special), layout, dtype)
            for dim in range(len(layout.shape)):
                for descending in (False, True):
                    values, indices = outputs(layout.shape, dtype), outputs(layout.shape, int64)
                    for place, backend in enumerate((REFERENCE, NUMPY)):
                        backend.sort(
                            input[place], dim, descending, values[place], indices[place]
                        )
                    assert_equal(values, dtype)
                    assert_equal(indices, int64)


class Lookup:
    """Two dims of a tensor that are read through indices of every odd layout."""

    def __init__(self, draw: random.Random, negative: bool, beyond: int = 0) -> None:
        #: The tensor looked into, whose dims of 3 and 2 the indices replace.
        self.base = Layout((3, 4, 2), (1, 7, 3), 2)
        shape = (5, 4, 6)
        self.launch = self.base._replace(shape=shape, strides=(0, 7, 0))
        layouts = (Layout(shape, (1, 0, 5), 3), Layout(shape, (24, 6, 1), 0))
        self.reference: list[IndexedDimension] = []
        self.numpy: list[IndexedDimension] = []
        for dim, layout in zip((0, 2), layouts, strict=True):
            size, stride = self.base.shape[dim], self.base.strides[dim]
            lowest = -size if negative else 0
            values = [draw.randint(lowest, size - 1) for _ in range(layout.span[1])]
            values[-1] += beyond
            pair = twins(values, layout, int64)
            self.reference.append(IndexedDimension(pair.reference, size, stride, negative))
            self.numpy.append(IndexedDimension(pair.numpy, size, stride, negative))


@pytest.mark.parametrize("dtype", ALL_DTYPES, ids=lambda dtype: dtype.name)
def test_indices_read_and_write_in_logical_order(dtype: DType) -> None:
    draw = random.Random(dtype.name)
    for negative in (False, True):
        lookup = Lookup(draw, negative)
        shape = lookup.launch.shape
        source = twins(drawn(dtype, 40, draw, True), lookup.launch, dtype)
        output = outputs(shape, dtype)
        REFERENCE.gather(source.reference, lookup.reference, output.reference)
        NUMPY.gather(source.numpy, lookup.numpy, output.numpy)
        assert_equal(output, dtype)
        for record in COMBINATIONS.values():
            for special in (False, True):
                target = twins(drawn(dtype, 40, draw, special), lookup.launch, dtype)
                arriving = twins(
                    drawn(dtype, 120, draw, special), Layout(shape, (1, 5, 20)), dtype
                )
                number: Scalar = dtype.convert(1)
                for given in (arriving, (number, number)):
                    REFERENCE.scatter(record, given[0], lookup.reference, target.reference)
                    NUMPY.scatter(record, given[1], lookup.numpy, target.numpy)
                    assert_equal(target, dtype)


@pytest.mark.parametrize("beyond", [9, -9])
def test_an_index_out_of_range_writes_nothing(beyond: int) -> None:
    lookup = Lookup(random.Random(0), negative=True, beyond=beyond)
    target = twins([1, 2, 3], lookup.launch, int64)
    output = outputs(lookup.launch.shape, int64)
    before = bytes(NUMPY.read(target.numpy.storage.memory, 0, target.numpy.storage.nbytes))
    for backend, indexed in ((REFERENCE, lookup.reference), (NUMPY, lookup.numpy)):
        place = int(backend is NUMPY)
        with pytest.raises(IndexError, match=r"index -?\d+ is out of bounds for dimension"):
            backend.gather(target[place], indexed, output[place])
        with pytest.raises(IndexError, match=r"index -?\d+ is out of bounds for dimension"):
            backend.scatter(COMBINATIONS["add"], 1, indexed, target[place])
    after = bytes(NUMPY.read(target.numpy.storage.memory, 0, target.numpy.storage.nbytes))
    assert before == after


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_fills_in_logical_order(name: str) -> None:
    record = SOURCES[name]
    for dtype in ALL_DTYPES:
        for parameters in record.samples:
            count = int(parameters[2]) if name in ("linspace", "logspace") else 60
            shape = (3, count // 3) if count % 3 == 0 else (count,)
            output = outputs(shape, dtype)
            REFERENCE.source(record, parameters, None, output.reference)
            NUMPY.source(record, parameters, None, output.numpy)
            assert_equal(output, dtype, allowed(record.tolerance, dtype))


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_gives_every_accelerators_numbers(name: str) -> None:
    record = DRAWS[name]
    for dtype in ALL_DTYPES:
        if name in ("uniform", "normal", "exponential") and not dtype.is_floating_point:
            continue
        for parameters in (*record.samples, *INTERVALS.get(name, ())):
            for shape in ((), (7,), (0, 3), (41, 5)):
                output = outputs(shape, dtype)
                streams = [PhiloxGenerator(2**40 + 3) for _ in range(2)]
                for place, backend in enumerate((REFERENCE, NUMPY)):
                    streams[place].next_offset()
                    backend.source(record, parameters, streams[place], output[place])
                assert_equal(output, dtype)
                assert streams[0].state_bytes() == streams[1].state_bytes()


def test_what_is_not_known_is_said_to_be_lacking() -> None:
    class Unknown:
        name = "unknown"

    assert not NUMPY.supports("unknown", [int64])
    operand = twins([0], Layout.contiguous((2,)), int64).numpy
    with pytest.raises(NotSupported, match="unknown: the device numpy:0 has no kernel"):
        NUMPY.elementwise(Unknown(), [operand], operand)  # type: ignore[arg-type]
    with pytest.raises(NotSupported, match="unknown"):
        NUMPY.reduce(Unknown(), operand, (0,), (), operand)  # type: ignore[arg-type]
    with pytest.raises(NotSupported, match="unknown"):
        NUMPY.scan(Unknown(), operand, 0, operand)  # type: ignore[arg-type]
    with pytest.raises(NotSupported, match="unknown"):
        NUMPY.scatter(Unknown(), operand, [], operand)  # type: ignore[arg-type]
    with pytest.raises(NotSupported, match="unknown"):
        NUMPY.source(Unknown(), (), None, operand)  # type: ignore[arg-type]


def test_memory_is_copied_in_and_out_and_runs_out_with_an_error() -> None:
    storage = Storage(NUMPY, NUMPY.allocate(8))
    NUMPY.write(storage.memory, 2, memoryview(b"abc"))
    assert bytes(NUMPY.read(storage.memory, 2, 3)) == b"abc"
    assert NUMPY.allocate(0).nbytes == 0
    with pytest.raises(OutOfMemoryError, match="make smaller ones"):
        NUMPY.allocate(2**60)
