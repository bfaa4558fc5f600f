"""Shapes and strides as kernels that walk over elements take them: see ``walk.cl``."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

from gnomon.backend import Layout


def walk(layout: Layout, dims: int) -> bytes:
    """Return the struct ``Walk`` of ``layout``, with ones in front to make ``dims`` dims."""
    missing = dims - len(layout.shape)
    sizes = (1,) * missing + layout.shape
    strides = (0,) * missing + layout.strides
    return pack(f"{2 * dims}q", *sizes, *strides)


def walks(layouts: Sequence[Layout], dims: int) -> bytes:
    """Return the struct ``Walks`` of ``reduce.cl`` for layouts of one shape."""
    first = layouts[0].shape
    missing = dims - len(first)
    sizes = (1,) * missing + first
    strides = [layout.strides[dim] for dim in range(len(first)) for layout in layouts]
    return integers(*sizes, *(0,) * (missing * len(layouts)), *strides)


def even_dims(*layouts: Layout) -> int:
    """Return how many dims hold each of ``layouts``: 2, 4, 6, ..., so that few texts serve."""
    return max(2, *(len(layout.shape) + len(layout.shape) % 2 for layout in layouts))


def integers(*values: int) -> bytes:
    """Return a struct of members of the type ``long``."""
    return pack(f"{len(values)}q", *values)
