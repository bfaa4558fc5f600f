"""Operands in two places at once, on the reference and on NumPy, and how they compare."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from gnomon.backend import ALL_DTYPES, Backend, DType, Kind, Layout, Operand, Scalar, Storage
from gnomon.backend import bool_ as bool_dtype
from gnomon.cpu import ReferenceBackend
from gnomon.op.claims import Tolerance, Ulps
from gnomon.op.record import NumericRecord

pytest.importorskip("numpy", reason="the backend is made of NumPy")
pytest.importorskip("scipy", reason="the backend takes special functions from SciPy")

from gnomon_numpy import NumPyBackend

REFERENCE = ReferenceBackend()
NUMPY = NumPyBackend()

#: Cells of a storage beyond what a layout reaches, which nothing may write to.
GUARD = 5
SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, -1e-310, 65504.0, -3e38, 1.0, -1.0)

LAYOUTS = {
    "contiguous": Layout.contiguous((3, 5)),
    "transposed, offset": Layout((3, 5), (1, 3), 2),
    "stepped": Layout((3, 5), (11, 2), 3),
    "expanded": Layout((3, 5), (0, 1), 1),
    "overlapping itself": Layout((3, 5), (1, 1), 0),
    "four dims, permuted": Layout((2, 3, 1, 4), (1, 8, 99, 2), 5),
    "a dim of nothing": Layout((3, 0), (1, 1), 7),
    "one element": Layout((1, 1), (7, 9), 4),
}


class Twins(NamedTuple):
    """One operand on the reference and one like it on NumPy."""

    reference: Operand
    numpy: Operand


def twins(values: Sequence[Scalar], layout: Layout, dtype: DType) -> Twins:
    """Return operands whose storage holds ``values``, over and over, and a guard behind it."""
    count = layout.span[1] + GUARD
    data = memoryview(dtype.pack([values[k % len(values)] for k in range(count)])).cast("B")
    return Twins(*[_operand(place, data, layout, dtype) for place in (REFERENCE, NUMPY)])


def _operand(backend: Backend, data: memoryview, layout: Layout, dtype: DType) -> Operand:
    storage = Storage(backend, backend.allocate(data.nbytes))
    backend.write(storage.memory, 0, data)
    return Operand(storage, layout, dtype)


def outputs(shape: tuple[int, ...], dtype: DType) -> Twins:
    """Return outputs whose last dim steps the farthest, among cells that must stay."""
    strides = [2]
    for size in shape[:-1]:
        strides.append(strides[-1] * max(size, 1))
    return twins([dtype.convert(1)], Layout(shape, tuple(strides[: len(shape)]), 3), dtype)


def assert_equal(pair: Twins, dtype: DType, allowed: float = 0.0) -> None:
    """Compare the whole storages, so that what lies between the elements counts as well."""
    expected, found = _cells(pair.reference), _cells(pair.numpy)
    for place, (mine, other) in enumerate(zip(found, expected, strict=True)):
        assert apart(mine, other, dtype) <= allowed, (place, mine, other)


def _cells(operand: Operand) -> Sequence[Scalar]:
    storage, _, dtype = operand
    data = storage.backend.read(storage.memory, 0, storage.nbytes)
    return dtype.unpack(data.cast(dtype.cell))


def apart(mine: Scalar, other: Scalar, dtype: DType) -> float:
    """Return how many numbers of the dtype lie between two; what is zero has a sign as well."""
    if not dtype.is_floating_point or mine != mine or other != other:
        return 0.0 if mine == other or (mine != mine and other != other) else math.inf
    if mine == other == 0:
        return 0.0 if math.copysign(1.0, mine) == math.copysign(1.0, other) else math.inf
    return abs(_rank(mine, dtype) - _rank(other, dtype))


def _rank(value: Scalar, dtype: DType) -> int:
    bits = int.from_bytes(memoryview(dtype.pack([value])).cast("B"), "little")
    sign = 1 << (8 * dtype.itemsize - 1)
    return bits if bits < sign else sign - 1 - bits


def allowed(tolerance: Tolerance, dtype: DType) -> float:
    """Return the ULPs that a record allows; sums here have terms that add up exactly."""
    if not dtype.is_floating_point:
        return 0.0
    if not isinstance(tolerance, Ulps):
        return 4.0
    if dtype.itemsize == 2:
        return tolerance.float16
    return tolerance.float64 if dtype.itemsize == 8 else tolerance.float32


def dtypes_of(record: NumericRecord) -> list[tuple[DType, DType]]:
    """Return the dtypes a record computes in, each with the dtype of its result."""
    found = []
    for dtype in ALL_DTYPES:
        try:
            compute, result = record.dtype(record.name, dtype)
        except (RuntimeError, NotImplementedError):
            continue
        if compute is dtype:
            found.append((dtype, result))
    return found


def drawn(dtype: DType, count: int, draw: random.Random, special: bool) -> list[Scalar]:
    """Return quarters, whose sums are exact, or what is special about the dtype."""
    if dtype is bool_dtype:
        return [draw.random() < 0.5 for _ in range(count)]
    if dtype.is_floating_point:
        if special:
            return [dtype.convert(draw.choice(SPECIAL)) for _ in range(count)]
        return [draw.randint(-12, 12) / 4 for _ in range(count)]
    bits = 8 * dtype.itemsize
    low = 0 if dtype.kind is Kind.UNSIGNED else -(2 ** (bits - 1))
    if special:
        ends = (low, low + 1, low + 2**bits - 1, 0, 1, 2, bits - 1, bits)
        return [dtype.convert(draw.choice(ends)) for _ in range(count)]
    return [dtype.convert(draw.randint(-3, 3)) for _ in range(count)]
