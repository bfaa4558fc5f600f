"""Operands that a reduction of results side by side would read across memory, again and again:
a copy of them is laid out for it first.

The distances of many points to a few, say, read the few for each of the many, one coordinate
of all of them at a time.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Final, NamedTuple, final

from gnomon.backend import Layout
from gnomon_opencl.kernels.expressions import Expression, Launch, launches
from gnomon_opencl.kernels.reduce import Reducing, courses_of, geometry_of
from gnomon_opencl.traits import Traits

_CACHED: Final = 4096
#: How often each element is read at least, where a copy is worth its launch.
_READ_AGAIN: Final = 8
#: Copies begin at whole cache lines.
_LINE_BYTES: Final = 64


@final
class Copying(NamedTuple):
    """Copies of operands into one buffer."""

    #: Which operand each copies; it is given the buffer, then the operand.
    launches: tuple[tuple[int, Launch], ...]
    #: All operands as they are read then.
    layouts: tuple[Layout, ...]


@lru_cache(_CACHED)
def copying_for(
    reducing: Reducing,
    expression: Expression,
    layouts: tuple[Layout, ...],
    room: int,
    traits: Traits,
) -> Copying:
    """Return the copies, into ``room`` bytes, that help a reduction of what ``expression``
    makes of operands with ``layouts``.
    """
    geometry = geometry_of(reducing, layouts, traits)
    if geometry.kernel != "reduce_columns" or not traits.is_processor:
        return Copying((), layouts)
    read = list(layouts)
    copies: list[tuple[int, Launch]] = []
    begin, stored = 0, len(expression.stores)
    for place, dtype in enumerate(expression.loads, stored):
        stride, layout = geometry.courses[place].kept.strides[-1], layouts[place]
        own = _without_repeats(layout)
        if stride in (0, 1) or own.numel * _READ_AGAIN > layout.numel:
            continue
        moved = _along_results(reducing, layout, begin // dtype.itemsize)
        end = begin + own.numel * dtype.itemsize
        with_moved = (*read[:place], moved, *read[place + 1 :])
        if end > room or courses_of(reducing, with_moved) is None:
            continue
        copy = Expression((dtype,), (), (), (0,))
        made = launches(copy, (_without_repeats(moved), own), traits)
        copies += [(place, launch) for launch in made]
        read[place] = moved
        begin = -(-end // _LINE_BYTES) * _LINE_BYTES
    return Copying(tuple(copies), tuple(read))


def _without_repeats(layout: Layout) -> Layout:
    """Return the layout with each element but once."""
    shape = [1 if not stride else size for size, stride in zip(*layout[:2], strict=True)]
    return layout._replace(shape=tuple(shape))


def _along_results(reducing: Reducing, layout: Layout, offset: int) -> Layout:
    """Return an operand's layout with results next to each other that are so in the input."""
    moving = [
        dim for dim, stride in enumerate(layout.strides) if stride and layout.shape[dim] > 1
    ]
    across = [dim for dim in moving if dim not in reducing.dims]
    last = min(across, key=lambda dim: reducing.input.strides[dim])
    order = [*[dim for dim in moving if dim != last], last]
    strides = [0] * layout.ndim
    for index, dim in enumerate(order):
        strides[dim] = prod([layout.shape[each] for each in order[index + 1 :]])
    return Layout(layout.shape, tuple(strides), offset)
