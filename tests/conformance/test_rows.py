"""The rows that folds are judged by."""

from __future__ import annotations

import math

import pytest

from gnomon.backend import bool_, float32, int8, int64
from gnomon_conformance import zoo
from gnomon_conformance.checks.reductions import neighbours
from gnomon_conformance.launches.folds import in_logical_order, rows_along


def test_neighbours_are_equal_in_a_narrower_dtype_only() -> None:
    for dtype in (float32, int64):
        for row in neighbours(dtype, 5):
            first, second, *_ = row
            assert first != second
            assert [*map(dtype.convert, row)] == row
    assert any(float(a) == float(b) for a, b, *_ in neighbours(int64, 5))
    assert neighbours(int8, 5) == neighbours(bool_, 5) == []


@pytest.mark.parametrize("shape", [(6,), (2, 3), (3, 4, 5), (2, 1, 3, 2), (3, 0, 2), (0, 4)])
def test_rows_along_a_dim_are_the_elements_in_logical_order(shape: tuple[int, ...]) -> None:
    values = [*range(math.prod(shape))]
    for kind in (zoo.contiguous, zoo.permuted):
        stores: list[bytes] = []
        place = zoo.placed(stores, [*values] or [0], kind(shape), int64)
        for dim, size in enumerate(shape):
            rows = rows_along(stores, place, (dim,))
            assert all(len(row) == size for row in rows)
            step = math.prod(shape[dim + 1 :])
            assert all(
                row == [*range(int(row[0]), int(row[0]) + size * step, step)]
                for row in rows
                if row
            )
            assert in_logical_order(rows, shape, dim) == values
