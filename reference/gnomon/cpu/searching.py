"""The reference's search: the bisection of Python's standard library, row by row."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import repeat
from operator import ge, gt, ne

from gnomon.backend import Operand
from gnomon.cpu.elements import read_elements, read_rows, write_cells
from gnomon.dtypes import Scalar


def find_insertion_points(
    sequence: Operand, values: Operand, right: bool, output: Operand
) -> None:
    """Write how many elements of the sequence's last dim each value is behind.

    A 1-d sequence serves all values, any other one the values of the same leading dims.
    """
    last = len(sequence.layout.shape) - 1
    found: list[Scalar] = []
    if last:
        sought = read_rows(values, (last,))
        rows = read_rows(sequence, (last,))
    else:
        sought = iter([read_elements(values)])
        rows = iter([read_elements(sequence)])
    for row, wanted in zip(rows, sought, strict=True):
        found += _points(row, wanted, right)
    write_cells(output, output.dtype.pack(found))


def _points(row: Sequence[Scalar], wanted: Sequence[Scalar], right: bool) -> list[int]:
    if any(map(ne, row, row)):
        return list(map(_point_among_nan, repeat(row), wanted, repeat(right)))
    size = len(row)
    bisect = bisect_right if right else bisect_left
    return [bisect(row, value) if value == value else size for value in wanted]


def _point_among_nan(row: Sequence[Scalar], value: Scalar, right: bool) -> int:
    """Bisect where a nan reaches no value: the library's bisection would stop before it."""
    reaches = gt if right else ge
    low, high = 0, len(row)
    while low < high:
        middle = (low + high) // 2
        if reaches(row[middle], value):
            high = middle
        else:
            low = middle + 1
    return low
