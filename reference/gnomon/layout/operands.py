"""Rules over several layouts: whether two share positions, and loops over operands."""

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, final

from gnomon.layout.dims import broadcast_shapes
from gnomon.layout.injective import has_solution
from gnomon.layout.layout import Layout
from gnomon.layout.reshaping import collapse_strides
from gnomon.layout.strides import innermost_first, strides_in_order

_CACHED_OUTPUTS: Final = 4096


@final
class Overlap(Enum):
    """How the positions of two layouts of one storage relate."""

    NONE = "none"
    FULL = "full"
    PARTIAL = "partial"
    TOO_HARD = "too hard"


def overlap(a: Layout, b: Layout, itemsizes: tuple[int, int] = (1, 1)) -> Overlap:
    """How `a` and `b` share memory, as in-place and `out=` checks ask.

    An operation may write through one layout while it reads the other when they share
    nothing (`NONE`) or are the same (`FULL`), not when `PARTIAL`. Layouts with gaps or
    overlaps of their own are `TOO_HARD` and allowed, as in PyTorch; `share_positions`
    decides those. `itemsizes` are of their elements, where they may differ.

    >>> base = Layout.contiguous((4,))
    >>> overlap(base.slice(0, 0, 3), base.slice(0, 1, 4))
    <Overlap.PARTIAL: 'partial'>
    >>> overlap(base, base, (4, 1))
    <Overlap.PARTIAL: 'partial'>
    """
    size_a, size_b = itemsizes
    if a == b and size_a == size_b:
        return Overlap.FULL
    if 0 in a.shape or 0 in b.shape:
        return Overlap.NONE
    if not a.is_dense or not b.is_dense:
        return Overlap.TOO_HARD
    first_a, end_a = [position * size_a for position in a.span]
    first_b, end_b = [position * size_b for position in b.span]
    if (first_a, end_a) == (first_b, end_b):
        same = a.strides == b.strides and size_a == size_b
        return Overlap.FULL if same else Overlap.PARTIAL
    return Overlap.PARTIAL if first_a < end_b and first_b < end_a else Overlap.NONE


def share_positions(a: Layout, b: Layout) -> bool:
    """Whether some position belongs to both layouts of one storage; exact.

    >>> base = Layout.contiguous((6,))
    >>> share_positions(base.slice(0, 0, 6, 2), base.slice(0, 1, 6, 2))
    False
    """
    if 0 in a.shape or 0 in b.shape:
        return False
    first_a, end_a = a.span
    first_b, end_b = b.span
    if first_a >= end_b or first_b >= end_a:
        return False
    if a.is_dense and b.is_dense:
        return True
    terms = [
        (stride, 0, size - 1) if layout is a else (stride, 1 - size, 0)
        for layout in (a, b)
        for size, stride in zip(layout.shape, layout.strides, strict=True)
    ]
    return has_solution(b.offset - a.offset, terms)


def collapse_together(layouts: Sequence[Layout], *, any_order: bool = False) -> list[Layout]:
    """Layouts of one shape with the fewest dims that pair up the same elements.

    The pairs come in the same order, or, with `any_order`, in the order that steps through
    memory best, which merges more dims.

    >>> matrix = Layout.contiguous((2, 3))
    >>> collapse_together([matrix, matrix.slice(0, 0, 1).expand((2, 3))])[1]
    Layout(shape=(2, 3), strides=(0, 1), offset=0)
    >>> collapse_together([matrix, matrix])[1]
    Layout(shape=(6,), strides=(1,), offset=0)
    >>> collapse_together([matrix.transpose(0, 1)] * 2, any_order=True)[0]
    Layout(shape=(6,), strides=(1,), offset=0)
    """
    if not layouts:
        return []
    shape = layouts[0].shape
    operand_strides = [layout.strides for layout in layouts]
    if any_order:
        order = loop_order(layouts)
        shape = tuple([shape[dim] for dim in order])
        operand_strides = [
            tuple([strides[dim] for dim in order]) for strides in operand_strides
        ]
    sizes, collapsed = collapse_strides(shape, tuple(operand_strides))
    return [
        Layout(sizes, strides, layout.offset)
        for strides, layout in zip(collapsed, layouts, strict=True)
    ]


def loop_order(layouts: Sequence[Layout]) -> tuple[int, ...]:
    """The dims of layouts of one shape, outermost first, for the best steps in memory.

    >>> loop_order([Layout.contiguous((2, 3, 4)).permute((2, 0, 1))])
    (1, 2, 0)
    """
    strides = [layout.strides for layout in layouts]
    return tuple(innermost_first(layouts[0].shape, strides)[::-1])


def output_layout(operands: Sequence[Layout], operation: str = "output_layout") -> Layout:
    """The layout of the fresh output of an elementwise operation, as PyTorch chooses it.

    `operands` are the layouts as given, before broadcasting. Operands of one shape that are
    all contiguous, all channels-last or all dense with the same strides pass that on;
    otherwise the strides that the operands are read with, the first operand deciding first,
    give the order of the output's dims.

    Raises `RuntimeError` when the shapes do not broadcast.

    >>> output_layout([Layout((2, 3), (1, 2)), Layout((), ())])
    Layout(shape=(2, 3), strides=(1, 2), offset=0)
    """
    return _output_layout(tuple(operands), operation)


@lru_cache(_CACHED_OUTPUTS)
def _output_layout(operands: tuple[Layout, ...], operation: str) -> Layout:
    first = operands[0]
    shape = first.shape
    if all(operand.shape == shape for operand in operands):
        if all(operand.is_contiguous for operand in operands):
            return Layout.contiguous(shape)
        if len(shape) == 4 and all(operand.is_channels_last for operand in operands):
            return first.channels_last()
        if first.is_dense and all(operand.strides == first.strides for operand in operands):
            return Layout(shape, first.strides, 0)
    else:
        shape = broadcast_shapes(*[operand.shape for operand in operands], operation=operation)
    order = innermost_first(shape, [_read_strides(operand, shape) for operand in operands])
    if order == list(range(len(shape) - 1, -1, -1)):
        return Layout.contiguous(shape)
    return Layout(shape, strides_in_order(shape, order), 0)


def _read_strides(operand: Layout, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of `operand` broadcast to `shape`, 0 wherever it has or gets size 1 -> n."""
    missing = len(shape) - len(operand.shape)
    return (0,) * missing + tuple(
        [
            0 if size == 1 and wanted != 1 else stride
            for size, wanted, stride in zip(
                operand.shape, shape[missing:], operand.strides, strict=True
            )
        ]
    )
