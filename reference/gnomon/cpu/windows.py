"""The reference's poolings and interpolations: one pass over each image's windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fsum, prod
from operator import mul
from typing import TypeAlias

from gnomon.backend import Operand
from gnomon.composite.pooling_windows import Windows
from gnomon.composite.resampling import Resampling
from gnomon.cpu.elements import read_elements, write_cells
from gnomon.dtypes import Scalar

#: Flat positions in an image, and their weights.
_Taps: TypeAlias = list[tuple[tuple[int, ...], tuple[float, ...]]]


def largest_in_windows(
    input: Operand, windows: tuple[Windows, ...], values: Operand, indices: Operand
) -> None:
    """Write the largest element of every window, and its flat position in its image.

    The first of several wins, but the last of several NaNs, as in PyTorch.
    """
    sizes = input.layout.shape[input.layout.ndim - len(windows) :]
    found: list[tuple[int, ...]] = [(0,)]
    for size, along in zip(sizes, windows, strict=True):
        found = [
            tuple([base * size + at for base in bases for at in positions])
            for bases in found
            for positions in along
        ]
    largest: list[Scalar] = []
    places: list[int] = []
    for image in _images(input, prod(sizes)):
        for positions in found:
            elements = [image[position] for position in positions]
            best = max(elements)
            place = positions[elements.index(best)] if best == best else -1
            for position, element in zip(positions, elements, strict=True):
                if element != element:
                    place, best = position, element
            largest.append(best)
            places.append(place)
    write_cells(values, values.dtype.pack(largest))
    write_cells(indices, indices.dtype.pack(places))


def resample_images(
    input: Operand, resampling: Resampling, divisors: tuple[int, ...] | None, output: Operand
) -> None:
    """Write the weighted sums, added exactly and rounded once, over the divisors."""
    try:
        values = _sums(input, resampling, divisors, fsum)
    except (OverflowError, ValueError):  # an infinity, or a partial sum out of range
        values = _sums(input, resampling, divisors, sum)
    write_cells(output, output.dtype.pack(values))


def _sums(
    input: Operand,
    resampling: Resampling,
    divisors: tuple[int, ...] | None,
    total: Callable[[Sequence[Scalar]], Scalar],
) -> list[Scalar]:
    taps = _combined(resampling)
    plain = all(weight == 1.0 for _, weights in taps for weight in weights)
    values: list[Scalar] = []
    for image in _images(input, prod(resampling.sizes)):
        read = [[image[position] for position in positions] for positions, _ in taps]
        if not plain:
            read = [
                list(map(mul, elements, weights))
                for elements, (_, weights) in zip(read, taps, strict=True)
            ]
        results = [total(elements) for elements in read]
        if divisors is not None:
            results = [result / by for result, by in zip(results, divisors, strict=True)]
        values += results
    return values


def _combined(resampling: Resampling) -> _Taps:
    """Return the flat positions and the weights of every result, in logical order."""
    found: _Taps = [((0,), (1.0,))]
    for size, along in zip(resampling.sizes, resampling.taps, strict=True):
        found = [
            (
                tuple([base * size + at for base in bases for at, _ in pairs]),
                tuple([weight * factor for weight in weights for _, factor in pairs]),
            )
            for bases, weights in found
            for pairs in along
        ]
    return found


def _images(input: Operand, size: int) -> list[Sequence[Scalar]]:
    elements = read_elements(input)
    return [elements[start : start + size] for start in range(0, len(elements), size)]
