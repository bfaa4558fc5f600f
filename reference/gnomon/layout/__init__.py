"""Layouts: where the elements of a tensor lie. Pure integers; no dtype, no storage."""

from gnomon.layout.dims import broadcast_shapes, infer_size, normalize_dim, normalize_dims
from gnomon.layout.layout import Layout
from gnomon.layout.operands import (
    Overlap,
    collapse_together,
    loop_order,
    output_layout,
    overlap,
    share_positions,
)
from gnomon.layout.reshaping import view_strides
from gnomon.layout.size import Size, numel_of
from gnomon.layout.strides import (
    channels_last_strides,
    contiguous_strides,
    dense_strides,
    is_contiguous,
)

__all__ = [
    "Layout",
    "Overlap",
    "Size",
    "broadcast_shapes",
    "channels_last_strides",
    "collapse_together",
    "contiguous_strides",
    "dense_strides",
    "infer_size",
    "is_contiguous",
    "loop_order",
    "normalize_dim",
    "normalize_dims",
    "numel_of",
    "output_layout",
    "overlap",
    "share_positions",
    "view_strides",
]
