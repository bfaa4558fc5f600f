"""Faults of fused kernels that read what lies round an operand, and count it for nothing: as
long as it is a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gnomon.backend import Operand, Scalar
from gnomon.fusible import (
    Geometry,
    Windows,
    convolution,
    matrix_product,
    max_pooling,
    softmax,
    standardization,
)
from gnomon_conformance.audit.faulty import cells_of, put, values_of
from gnomon_conformance.audit.register import kernel_fault, right_kernel

_multiply, _convolve = right_kernel(matrix_product), right_kernel(convolution)
_pool, _soften = right_kernel(max_pooling), right_kernel(softmax)
_standardize = right_kernel(standardization)


def _read(operand: Operand, positions: Iterator[int]) -> list[Scalar]:
    """Return the elements of an operand's storage at those of the positions that it has."""
    cells = cells_of(operand)
    found = [cells[position] for position in positions if 0 <= position < len(cells)]
    return [*operand.dtype.unpack(found)]


def _behind(operand: Operand) -> list[Scalar]:
    """Return the element behind the last one of an operand, if there is one."""
    return _read(operand, iter([max(operand.layout.positions(), default=-2) + 1]))


def _before(operand: Operand) -> list[Scalar]:
    """Return the element before the first one of an operand, if there is one."""
    return _read(operand, iter([min(operand.layout.positions(), default=0) - 1]))


def _between(operand: Operand) -> list[Scalar]:
    """Return what lies beside the elements of an operand that has gaps."""
    if operand.layout.is_contiguous:
        return []
    taken = set(operand.layout.positions())
    return _read(operand, (each + 1 for each in taken if each + 1 not in taken))


def _add_nothing_of(others: list[Scalar], output: Operand) -> None:
    """Add to the results what others give times 0."""
    nothing = math.fsum(0.0 * each for each in others)
    if others and output.dtype.is_floating_point and nothing != nothing:
        put(output, [each + nothing for each in values_of(output)])


def _a_term_more(a: Operand, b: Operand, y: Operand) -> None:
    _multiply(a, b, y)
    _add_nothing_of(_behind(b), y)


kernel_fault("products of a term more", "sizes/products/float32", matrix_product, _a_term_more)


def _with_gaps(a: Operand, b: Operand, y: Operand) -> None:
    _multiply(a, b, y)
    _add_nothing_of(_between(a), y)


kernel_fault(
    "products of what lies between factors", "function/matmul", matrix_product, _with_gaps
)


def _padded_by_neighbours(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    _convolve(x, weight, bias, g, y)
    if any(g.padding):
        _add_nothing_of(_before(x), y)


kernel_fault(
    "padding is what lies before an image, times 0",
    "sizes/convolutions/float32",
    convolution,
    _padded_by_neighbours,
)


def _pool_a_place_more(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    _add_nothing_of(_behind(x), values)


kernel_fault(
    "windows of a max pooling reach past the end",
    "sizes/convolutions/float32",
    max_pooling,
    _pool_a_place_more,
)


def _soften_an_element_more(x: Operand, dim: int, y: Operand) -> None:
    _soften(x, dim, y)
    _add_nothing_of(_behind(x), y)


kernel_fault("softmax of an element more", "options/softmax", softmax, _soften_an_element_more)


def _standardize_with_neighbours(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    _standardize(x, weight, bias, dims, eps, y, mean, variance)
    _add_nothing_of(_behind(weight) if weight else [], y)


kernel_fault(
    "norms weighted by what lies behind the weight",
    "options/norms",
    standardization,
    _standardize_with_neighbours,
)
