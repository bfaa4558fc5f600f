"""Faults of fused kernels that show with NaN, infinities, equal elements and offsets only."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gnomon.backend import Operand, Scalar
from gnomon.fusible import (
    Geometry,
    Windows,
    convolution,
    insertion_points,
    log_softmax,
    max_pooling,
    max_pooling_backward,
    softmax,
    standardization,
)
from gnomon_conformance.audit.faulty import last, put, rows_of, values_of
from gnomon_conformance.audit.register import decomposed, kernel_fault, right_kernel

_pool, _convolve = right_kernel(max_pooling), right_kernel(convolution)
_soften, _soften_log = right_kernel(softmax), right_kernel(log_softmax)
_find, _standardize = right_kernel(insertion_points), right_kernel(standardization)


def _without_nan(output: Operand) -> None:
    put(output, [0.0 if value != value else value for value in values_of(output)])


def _later_place(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    """Give the place behind, where the same number stands there."""
    _pool(x, windows, values, indices)
    shape = x.layout.shape
    size = math.prod(shape[len(shape) - len(windows) :])
    elements, largest = values_of(x), values_of(values)
    count = len(largest) // (len(elements) // size)
    found: list[Scalar] = []
    for number, (value, place) in enumerate(zip(largest, values_of(indices), strict=True)):
        behind = int(place) + 1
        again = behind % shape[-1] and elements[number // count * size + behind] == value
        found.append(behind if again else place)
    put(indices, found)


kernel_fault(
    "place of a later one of equals from a max pooling",
    "special-inputs/max-pool2d-indices",
    max_pooling,
    _later_place,
)


def _pool_numbers(
    x: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    _pool(x, windows, values, indices)
    _without_nan(values)


kernel_fault("max pooling without NaN", "special-inputs/max-pool2d", max_pooling, _pool_numbers)


def _put_numbers_back(
    g: Operand, indices: Operand, sizes: tuple[int, ...], dx: Operand
) -> None:
    decomposed(max_pooling_backward, (g, indices), (sizes,), (dx,))
    _without_nan(dx)


kernel_fault(
    "derivative of a max pooling without NaN",
    "special-inputs/max-pool2d-overlapping",
    max_pooling_backward,
    _put_numbers_back,
)


def _of_rows(
    right: Callable[[Operand, int, Operand], None],
    change: Callable[[Sequence[Scalar], list[Scalar]], Sequence[Scalar]],
) -> Callable[[Operand, int, Operand], None]:
    """Return the kernel whose results ``change``, of a row and its right results, replaces."""

    def wrong(x: Operand, dim: int, y: Operand) -> None:
        right(x, dim, y)
        found: list[Scalar] = []
        for row, results in zip(rows_of(x, (dim,)), rows_of(y, (dim,)), strict=True):
            found += change(row, results)
        put(y.under(last(y.layout, (dim,))), found)

    return wrong


kernel_fault(
    "softmax leaves out a NaN",
    "special-inputs/softmax",
    softmax,
    _of_rows(
        _soften, lambda row, y: [0.0 if a != a else b for a, b in zip(row, y, strict=True)]
    ),
)
kernel_fault(
    "softmax gives all to an infinity",
    "special-inputs/softmax-middle",
    softmax,
    _of_rows(
        _soften,
        lambda row, y: [float(x == math.inf) for x in row] if math.inf in row else y,
    ),
)
kernel_fault(
    "log_softmax of an infinity is 0",
    "special-inputs/log-softmax",
    log_softmax,
    _of_rows(
        _soften_log,
        lambda row, y: [0.0 if a == math.inf else b for a, b in zip(row, y, strict=True)],
    ),
)


def _first_for_nan(sequence: Operand, values: Operand, right: bool, output: Operand) -> None:
    _find(sequence, values, right, output)
    pairs = zip(values_of(values), values_of(output), strict=True)
    put(output, [0 if value != value else place for value, place in pairs])


kernel_fault(
    "insertion point of NaN is the first",
    "special-inputs/searchsorted-right",
    insertion_points,
    _first_for_nan,
)


def _convolve_numbers(
    x: Operand, weight: Operand, bias: Operand | None, g: Geometry, y: Operand
) -> None:
    _convolve(x, weight, bias, g, y)
    _without_nan(y)


kernel_fault("convolution without NaN", "special-inputs/conv2d", convolution, _convolve_numbers)


def _by_squares(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    """Take for the variance the mean of squares, less the square of the mean, in float32."""
    _standardize(x, None, None, dims, eps, y, mean, variance)
    found: list[Scalar] = []
    for row in rows_of(x, dims):
        squares = x.dtype.round(math.fsum(float(each) ** 2 for each in row) / len(row))
        centre = x.dtype.round(math.fsum(row) / len(row))
        spread = max(float(x.dtype.round(squares - x.dtype.round(centre**2))), 0.0)
        found += [(each - centre) / math.sqrt(spread + eps) for each in row]
    put(y.under(last(y.layout, dims)), found)


kernel_fault(
    "standardization by the mean of squares",
    "special-inputs/layer-norm-plain",
    standardization,
    _by_squares,
)


def _without_eps(
    x: Operand,
    weight: Operand | None,
    bias: Operand | None,
    dims: tuple[int, ...],
    eps: float,
    y: Operand,
    mean: Operand,
    variance: Operand,
) -> None:
    """Divide by the deviation alone where that is zero."""
    _standardize(x, weight, bias, dims, eps, y, mean, variance)
    if 0 in values_of(variance):
        put(y, [math.nan] * y.layout.numel)


kernel_fault(
    "standardization of equal elements divides by zero",
    "special-inputs/layer-norm",
    standardization,
    _without_eps,
)
