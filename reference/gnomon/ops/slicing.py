"""Views of a part: one index, a range, a diagonal, windows, or any strides at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeVar

from gnomon.core import TensorCore
from gnomon.dispatch import filled
from gnomon.dtypes import Kind
from gnomon.errors import explain
from gnomon.graph.nodes import recording
from gnomon.layout import Layout
from gnomon.op.arguments import integer, integer_sequence, integers
from gnomon.op.linear import linear
from gnomon.op.numpy_names import numpy_names
from gnomon.op.view import View, through_storage, view_through_storage
from gnomon.ops.arithmetic import div

__all__ = ["as_strided", "diagonal", "narrow", "select"]

T = TypeVar("T", bound=TensorCore)

SELECT = View(name="select", layout=Layout.select)
SLICE = View(name="slice", layout=Layout.slice)
NARROW = View(name="narrow", layout=Layout.narrow, node_name="SliceBackward0")
DIAGONAL = View(name="diagonal", layout=Layout.diagonal)
UNFOLD = View(name="unfold", layout=Layout.unfold)


@numpy_names
def select(input: T, dim: SupportsIndex, index: SupportsIndex) -> T:
    """Return the elements of ``input`` at ``index`` of ``dim``, which goes away.

    >>> import gnomon as torch
    >>> torch.select(torch.tensor([[1, 2], [3, 4]]), 1, -1)
    tensor([2, 4])
    """
    return SELECT(input, *integers("select", (dim, index)))


@numpy_names
def narrow(input: T, dim: SupportsIndex, start: SupportsIndex, length: SupportsIndex) -> T:
    """Return the ``length`` elements of ``dim`` from ``start`` on; nothing is clamped.

    >>> import gnomon as torch
    >>> torch.narrow(torch.tensor([1, 2, 3, 4]), 0, 1, 2)
    tensor([2, 3])
    """
    if isinstance(start, TensorCore) and (
        start.operand.layout.shape
        or start.operand.dtype.kind not in (Kind.UNSIGNED, Kind.SIGNED)
    ):
        raise RuntimeError(
            explain(
                "narrow",
                "start must be an 0-dim integral Tensor",
                start,
                remedy="Give an int",
            )
        )
    return NARROW(input, *integers("narrow", (dim, start, length)))


@numpy_names
def diagonal(
    input: T, offset: SupportsIndex = 0, dim1: SupportsIndex = 0, dim2: SupportsIndex = 1
) -> T:
    """Return the elements whose index in ``dim2`` is the one in ``dim1`` plus ``offset``.

    They are the last dim of the view, in place of the two.

    >>> import gnomon as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return DIAGONAL(input, *integers("diagonal", (offset, dim1, dim2)))


def unfold(input: T, dimension: SupportsIndex, size: SupportsIndex, step: SupportsIndex) -> T:
    """Return the windows of ``size`` elements every ``step`` along ``dimension``.

    The elements of a window are a new last dim; windows share memory where ``step < size``.
    """
    return UNFOLD(input, *integers("unfold", (dimension, size, step)))


@numpy_names
def as_strided(
    input: T,
    size: Sequence[SupportsIndex],
    stride: Sequence[SupportsIndex],
    storage_offset: SupportsIndex | None = None,
) -> T:
    """Return any layout of ``input``'s storage; by default it begins where ``input`` does.

    Raises RuntimeError for a layout that reaches beyond the storage.

    >>> import gnomon as torch
    >>> torch.as_strided(torch.tensor([1, 2, 3, 4]), (3, 2), (1, 1))
    tensor([[1, 2],
            [2, 3],
            [3, 4]])
    """
    layout = strided_layout("as_strided", input, size, stride, storage_offset)
    result = view_through_storage(input, layout)
    base = input.operand.layout
    if not recording(input) or base.is_injective:
        return result
    # Elements that share a place share its cotangent, or it would count more than once.
    ones = input.like(filled(input.operand.storage.backend, base.shape, input.operand.dtype, 1))
    counts = through_storage(base, base, ones)
    return linear(
        "AsStridedBackward0",
        input,
        result,
        lambda g: div(through_storage(base, layout, g), counts),
    )


def strided_layout(
    operation: str,
    input: TensorCore,
    size: Sequence[SupportsIndex],
    stride: Sequence[SupportsIndex],
    storage_offset: SupportsIndex | None,
) -> Layout:
    """Return the layout that ``as_strided`` is asked for, checked against the storage."""
    storage, layout, dtype = input.operand
    sizes, strides = integer_sequence(operation, size), integer_sequence(operation, stride)
    offset = None if storage_offset is None else integer(operation, storage_offset)
    strided = layout.as_strided(sizes, strides, offset)
    _, end = strided.span
    needed = end * dtype.itemsize
    if strided.numel and needed > storage.nbytes:
        raise RuntimeError(
            explain(
                operation,
                f"setStorage: sizes {list(sizes)}, strides {list(strides)}, storage offset "
                f"{strided.offset}, and itemsize {dtype.itemsize} requiring a storage size of "
                f"{needed} are out of bounds for storage of size {storage.nbytes}",
                input,
                remedy="Choose sizes and strides within the storage",
            )
        )
    return strided
