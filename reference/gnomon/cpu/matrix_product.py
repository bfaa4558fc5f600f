"""The reference's matrix product: every output is correctly rounded in float32 and below.

Products of two float32 numbers are exact in float64, and ``fsum`` adds exactly and rounds once.
"""

from __future__ import annotations

from math import fsum
from operator import mul

from gnomon.backend import Operand
from gnomon.cpu.elements import read_rows, write_cells
from gnomon.dtypes import Scalar


def multiply_matrices(left: Operand, right: Operand, output: Operand) -> None:
    """Write the products of two batches of matrices, (b, n, k) and (b, k, m), to (b, n, m)."""
    dtype = output.dtype
    if dtype.is_floating_point:
        try:
            cells = dtype.pack(_products(left, right, exactly=True))
        except (OverflowError, ValueError):  # an infinity, or a partial sum out of range
            cells = dtype.pack(_products(left, right, exactly=False))
    else:
        cells = dtype.pack(_products(left, right, exactly=False))
    write_cells(output, cells)


def _products(left: Operand, right: Operand, exactly: bool) -> list[Scalar]:
    batch, rows, _ = left.layout.shape
    columns = right.layout.shape[2]
    left_rows = list(map(list, read_rows(left, (2,))))
    right_columns = list(map(list, read_rows(right, (1,))))
    total = fsum if exactly else sum
    values: list[Scalar] = []
    for matrix in range(batch):
        across = right_columns[matrix * columns : (matrix + 1) * columns]
        for row in left_rows[matrix * rows : (matrix + 1) * rows]:
            values += [total(map(mul, row, column)) for column in across]
    return values
