"""The rows that folds are judged by."""

from __future__ import annotations

from gnomon.backend import bool_, float32, int8, int64
from gnomon_conformance.checks.reductions import neighbours


def test_neighbours_are_equal_in_a_narrower_dtype_only() -> None:
    for dtype in (float32, int64):
        for row in neighbours(dtype, 5):
            first, second, *_ = row
            assert first != second
            assert [*map(dtype.convert, row)] == row
    assert any(float(a) == float(b) for a, b, *_ in neighbours(int64, 5))
    assert neighbours(int8, 5) == neighbours(bool_, 5) == []
