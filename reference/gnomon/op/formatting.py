"""Layouts by the name of their memory format."""

from __future__ import annotations

from gnomon.errors import explain
from gnomon.formats import MemoryFormat
from gnomon.layout import Layout

_RANKS = {MemoryFormat.CHANNELS_LAST: 4, MemoryFormat.CHANNELS_LAST_3D: 5}


def formatted(operation: str, layout: Layout, memory_format: MemoryFormat) -> Layout:
    """Return the layout of a fresh tensor of ``layout``'s shape in ``memory_format``.

    Raises RuntimeError when the format is for another number of dims.

    >>> formatted("clone", Layout.contiguous((1, 2, 3, 4)), MemoryFormat.CHANNELS_LAST).strides
    (24, 1, 8, 2)
    """
    if memory_format is MemoryFormat.PRESERVE:
        return layout.dense_like()
    if memory_format is MemoryFormat.CONTIGUOUS:
        return Layout.contiguous(layout.shape)
    rank = _RANKS[memory_format]
    if layout.ndim != rank:
        raise RuntimeError(
            explain(
                operation,
                f"required rank {rank} tensor to use {memory_format.value} format, shape is "
                f"{list(layout.shape)}",
                remedy="Use contiguous_format",
            )
        )
    return layout.channels_last()


def has_format(layout: Layout, memory_format: MemoryFormat) -> bool:
    """Return whether ``layout`` is laid out in ``memory_format`` without gaps.

    >>> has_format(Layout.contiguous((1, 1, 3, 4)), MemoryFormat.CHANNELS_LAST)
    True
    """
    if memory_format in (MemoryFormat.PRESERVE, MemoryFormat.CONTIGUOUS):
        return layout.is_contiguous
    return layout.ndim == _RANKS[memory_format] and layout.is_channels_last
