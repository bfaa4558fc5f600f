"""The reference's standardization: sums are exact, and results are rounded once."""

from __future__ import annotations

from itertools import repeat
from math import inf, nan, sqrt

from gnomon.backend import Operand
from gnomon.cpu.elements import read_rows, with_last, write_cells
from gnomon.dtypes import Scalar
from gnomon.op.reduction import exact_sum


def standardize_rows(
    input: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    output: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    """Write the standardized ``input`` to ``output``, and the statistics of its rows."""
    factors = repeat(None) if weight is None else read_rows(weight, dims)
    offsets = repeat(None) if bias is None else read_rows(bias, dims)
    values: list[Scalar] = []
    centers: list[Scalar] = []
    spreads: list[Scalar] = []
    # A weight or a bias that is left out never ends.
    for row, scales, shifts in zip(read_rows(input, dims), factors, offsets, strict=False):
        count = len(row)
        center = exact_sum(row) / count if count else nan
        centered = [value - center for value in row]
        spread = exact_sum([value * value for value in centered]) / count if count else nan
        deviation = sqrt(spread + eps) if spread + eps >= 0 else nan
        reciprocal = 1 / deviation if deviation else inf
        results = [value * reciprocal for value in centered]
        if scales is not None:
            results = [value * scale for value, scale in zip(results, scales, strict=True)]
        if shifts is not None:
            results = [value + shift for value, shift in zip(results, shifts, strict=True)]
        values += results
        centers.append(center)
        spreads.append(spread)
    write_cells(with_last(output, dims), output.dtype.pack(values))
    write_cells(mean, mean.dtype.pack(centers))
    write_cells(variance, variance.dtype.pack(spreads))
