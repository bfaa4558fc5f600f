"""The reference's convolution: every result is one sum of exact products, rounded once.

A result is the sum over channels and taps of kernel times input, plus the bias. What lies in
the padding has no tap, so it costs nothing and an infinite weight stays out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from math import fsum, prod
from operator import mul

from gnomon.backend import Operand
from gnomon.composite.convolution_geometry import Geometry
from gnomon.cpu.elements import read_elements, write_cells
from gnomon.dtypes import Scalar

#: Flat positions in an image, and the flat positions in the kernel they are multiplied with.
_Window = tuple[tuple[int, ...], tuple[int, ...]]


def convolve(
    input: Operand, weight: Operand, bias: Operand | None, geometry: Geometry, output: Operand
) -> None:
    """Write the convolution of ``input`` (N, C, \\*spatial) with ``weight`` to ``output``."""
    dtype = output.dtype
    if dtype.is_floating_point:
        try:
            cells = dtype.pack(_sums(input, weight, bias, geometry, output, exactly=True))
        except (OverflowError, ValueError):  # an infinity, or a partial sum out of range
            cells = dtype.pack(_sums(input, weight, bias, geometry, output, exactly=False))
    else:
        cells = dtype.pack(_sums(input, weight, bias, geometry, output, exactly=False))
    write_cells(output, cells)


def _sums(
    input: Operand,
    weight: Operand,
    bias: Operand | None,
    geometry: Geometry,
    output: Operand,
    exactly: bool,
) -> list[Scalar]:
    batch, channels, *spatial = input.layout.shape
    windows = _windows(geometry, spatial, weight.layout.shape[2:], output.layout.shape[2:])
    filters = _filters(weight, bias, geometry)
    images = read_elements(input)
    size, depth = prod(spatial), channels // geometry.groups
    total = fsum if exactly else sum
    known: dict[tuple[int, tuple[int, ...]], list[list[Scalar]]] = {}
    values: list[Scalar] = []
    for image in range(batch):
        for group in range(geometry.groups):
            first = image * channels + group * depth
            planes = [images[k * size : (k + 1) * size] for k in range(first, first + depth)]
            results: list[list[Scalar]] = []
            for positions, taps in windows:
                factors = known.get((group, taps))
                if factors is None:
                    factors = known[group, taps] = [
                        [plane[tap] for plane in kernel for tap in taps] + offset
                        for kernel, offset in filters[group]
                    ]
                column = [plane[position] for plane in planes for position in positions]
                column.append(1)  # what the bias, the last factor, is multiplied with
                results.append([total(map(mul, row, column)) for row in factors])
            values += chain.from_iterable(zip(*results, strict=True))
    return values


def _windows(
    geometry: Geometry, spatial: Sequence[int], kernel: Sequence[int], counts: Sequence[int]
) -> list[_Window]:
    """Return what each result reads, in logical order."""
    found: list[_Window] = [((0,), (0,))]
    for dim, (size, length, count) in enumerate(zip(spatial, kernel, counts, strict=True)):
        taps = geometry.taps(dim, size, length, count)
        found = [
            (
                tuple([base * size + at for base in positions for at, _ in pairs]),
                tuple([base * length + tap for base in places for _, tap in pairs]),
            )
            for positions, places in found
            for pairs in taps
        ]
    return found


def _filters(
    weight: Operand, bias: Operand | None, geometry: Geometry
) -> list[list[tuple[list[Sequence[Scalar]], list[Scalar]]]]:
    """Return, for every group and result channel, a plane per input channel, and the bias."""
    groups = geometry.groups
    layout = weight.layout.unflatten(0, (groups, weight.layout.shape[0] // groups))
    if geometry.transposed:
        layout = layout.transpose(1, 2)
    elements = read_elements(weight.under(layout))
    _, results, depth, *kernel = layout.shape
    size = prod(kernel)
    offsets = [0] * (groups * results) if bias is None else read_elements(bias)
    return [
        [
            (
                [
                    elements[plane * size : (plane + 1) * size]
                    for plane in range(channel * depth, (channel + 1) * depth)
                ],
                [offsets[channel]],
            )
            for channel in range(group * results, (group + 1) * results)
        ]
        for group in range(groups)
    ]
