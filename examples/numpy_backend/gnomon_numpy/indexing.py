"""Reading and writing through indices, and sorting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from gnomon.backend import IndexedDimension, Layout, Operand, Scalar
from gnomon_numpy.cells import (
    STORED,
    Array,
    bytes_of,
    decoded,
    elements,
    encoded,
    store,
    window,
)

_COMBINE: Final = {
    "add": np.add,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
RULES: Final = frozenset({"replace", *_COMBINE})


def gather(source: Operand, indexed: Sequence[IndexedDimension], output: Operand) -> None:
    """Write to ``output`` the elements of ``source`` that the indices find."""
    found = _all_cells(source)[_positions(source.layout, indexed)]
    window(output)[...] = found


def scatter(
    rule: str,
    source: Operand | Scalar,
    indexed: Sequence[IndexedDimension],
    destination: Operand,
) -> None:
    """Combine ``source`` into the places of ``destination`` that the indices name."""
    dtype = destination.dtype
    cells = _all_cells(destination)
    positions = _positions(destination.layout, indexed)
    given = elements(source) if isinstance(source, Operand) else np.asarray(source)
    values = np.broadcast_to(given, positions.shape).ravel()
    positions = positions.ravel()
    if rule == "replace":
        cells[positions] = encoded(values, dtype)  # NumPy assigns in order: the last stays
        return
    places, place_of = np.unique(positions, return_inverse=True)
    combined = decoded(cells[places], dtype)
    if combined.dtype.kind == "f":
        combined, values = combined.astype(np.float64), values.astype(np.float64)
    elif combined.dtype.kind != "b":
        values = encoded(values, dtype)
    before = combined.copy()
    _COMBINE[rule].at(combined, place_of, values)
    if rule in ("maximum", "minimum"):
        combined = _first_zeros(combined, before, place_of, values)
    cells[places] = encoded(combined, dtype)


def _first_zeros(combined: Array, before: Array, place_of: Array, values: Array) -> Array:
    """Give extremes that are zero the sign of the first zero: what is there, or arrives."""
    signed = combined.copy()
    zeros = np.flatnonzero(values == 0)[::-1]
    zeros = zeros[combined[place_of[zeros]] == 0]
    signed[place_of[zeros]] = values[zeros]
    return np.where((combined == 0) & (before == 0), before, signed)


def sort(input: Operand, dim: int, descending: bool, values: Operand, indices: Operand) -> None:
    """Sort along ``dim``; NumPy puts NaN last, and equal elements in their order."""
    elements_along = elements(input)
    if descending:  # from the back, so that equal elements stay in order when it is turned
        reversed_order = np.argsort(np.flip(elements_along, dim), dim, kind="stable")
        order = input.layout.shape[dim] - 1 - np.flip(reversed_order, dim)
    else:
        order = np.argsort(elements_along, dim, kind="stable")
    found = np.take_along_axis(window(input), order, dim)
    window(values)[...] = found
    store(indices, order)


def _all_cells(operand: Operand) -> Array:
    """Return every cell of the operand's storage, in one dim."""
    stored, memory = STORED[operand.dtype], bytes_of(operand)
    return memory[: memory.size // stored.itemsize * stored.itemsize].view(stored)


def _positions(layout: Layout, indexed: Sequence[IndexedDimension]) -> Array:
    """Return which cell of the storage each index reads or writes.

    Raises IndexError for an index out of range.
    """
    shape, strides, offset = layout
    positions = np.full(shape, offset, np.int64)
    for dim, (size, stride) in enumerate(zip(shape, strides, strict=True)):
        behind = (1,) * (len(shape) - dim - 1)
        positions += np.arange(size).reshape(size, *behind) * stride
    for lookup in indexed:
        index, size = elements(lookup.indices), lookup.size
        lowest = -size if lookup.negative else 0
        wrong = index[(index < lowest) | (index >= size)]
        if wrong.size:
            raise IndexError(
                f"index {wrong[0]} is out of bounds for dimension with size {size}. Indices "
                f"lie in [{lowest}, {size - 1}]."
            )
        positions += np.where(index < 0, index + size, index) * lookup.stride
    return positions
