"""Rules over a shape and its strides: contiguity, density, viewing, merging of dims."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_CACHED_SHAPES: Final = 4096


@lru_cache(_CACHED_SHAPES)
def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The row-major strides of `shape`, a dim of size 0 counting as size 1.

    >>> contiguous_strides((2, 3, 4)), contiguous_strides((2, 0, 4)), contiguous_strides(())
    ((12, 4, 1), (4, 4, 1), ())
    """
    counted = tuple([size or 1 for size in shape])
    return strides_in_order(counted, range(len(shape) - 1, -1, -1))


def channels_last_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of `shape` (N, C, *spatial) with channels innermost: N, *spatial, C.

    >>> channels_last_strides((2, 3, 4, 5))
    (60, 1, 15, 3)
    """
    return strides_in_order(shape, _channels_last_order(len(shape)))


def strides_in_order(shape: tuple[int, ...], order: Sequence[int]) -> tuple[int, ...]:
    """Dense strides of `shape` whose dims are laid out in `order`, innermost first.

    Outside a dim of size 0 every stride is 0, as PyTorch has it for every order but the
    row-major one.

    >>> strides_in_order((2, 3, 4), (0, 2, 1))
    (1, 8, 2)
    """
    strides = [0] * len(shape)
    step = 1
    for dim in order:
        strides[dim] = step
        step *= shape[dim]
    return tuple(strides)


def _channels_last_order(ndim: int) -> tuple[int, ...]:
    return (1, *range(ndim - 1, 1, -1), 0)


def is_contiguous(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether elements lie in row-major order without gaps.

    The stride of a dim of size 1 is never used and does not matter; an empty tensor is
    contiguous.

    >>> is_contiguous((2, 3), (3, 1)), is_contiguous((1, 3), (7, 1)), is_contiguous((0,), (5,))
    (True, True, True)
    """
    if strides == contiguous_strides(shape) or 0 in shape:
        return True
    return _steps_densely(shape, strides, range(len(shape) - 1, -1, -1))


def is_channels_last(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether a 4-d (N, C, H, W) or 5-d operand lies densely with channels innermost.

    >>> is_channels_last((2, 3, 4, 5), (60, 1, 15, 3))
    True
    """
    ndim = len(shape)
    if ndim != 4 and ndim != 5:
        return False
    return _steps_densely(shape, strides, _channels_last_order(ndim))


def _steps_densely(
    shape: tuple[int, ...], strides: tuple[int, ...], order: Sequence[int]
) -> bool:
    step = 1
    for dim in order:
        size = shape[dim]
        if size != 1:
            if strides[dim] != step:
                return False
            step *= size
    return True


def prefers_channels_last(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether strides, dense or not, grow in the order C, W, H, N of channels-last.

    This is how convolutions and poolings choose their output's memory format. Where sizes
    of 1 leave both orders possible, row-major wins.

    >>> prefers_channels_last((2, 3, 4, 5), (120, 2, 30, 6))
    True
    """
    ndim = len(shape)
    if ndim not in (4, 5) or strides[1] == 0 or 0 in shape:
        return False
    least = 0
    for dim in _channels_last_order(ndim):
        stride = strides[dim]
        if stride < least or (dim == 0 and least == strides[1]):
            return False
        least = stride * shape[dim]
    return True


def is_dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether elements fill their span with no gap and no overlap, dims in any order.

    >>> is_dense((2, 3), (1, 2)), is_dense((2, 3), (4, 1)), is_dense((2, 3), (0, 1))
    (True, False, False)
    """
    if strides == contiguous_strides(shape) or 0 in shape:
        return True
    order = sorted(range(len(shape)), key=strides.__getitem__)
    return _steps_densely(shape, strides, order)


def dense_strides(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...]:
    """The strides that a new tensor of the same shape and stride order gets.

    Strides without gaps or overlap are kept as they are; others give dense strides whose
    dims keep their order from outermost to innermost.

    >>> dense_strides((2, 3), (1, 2)), dense_strides((2, 3), (10, 30))
    ((1, 2), (1, 2))
    """
    if is_dense(shape, strides):
        return strides
    return strides_in_order(shape, innermost_first(shape, [strides]))


def innermost_first(
    shape: tuple[int, ...], operand_strides: Sequence[tuple[int, ...]]
) -> list[int]:
    """The dims in the order a loop over the operands should nest them, innermost first.

    An earlier operand decides before a later one; a stride of 0 decides nothing; equal
    strides put the smaller size inside; undecided dims stay row-major. The comparison is
    not transitive, so this is an insertion sort and not `sorted`: its order of comparisons
    is part of the result.

    >>> innermost_first((2, 3), [(1, 2)])
    [0, 1]
    """
    order = list(range(len(shape) - 1, -1, -1))
    for start in range(1, len(order)):
        current = start
        for candidate in range(start - 1, -1, -1):
            inner, outer = order[candidate], order[current]
            comparison = _compare_dims(inner, outer, shape, operand_strides)
            if comparison > 0:
                order[candidate], order[current] = outer, inner
                current = candidate
            elif comparison < 0:
                break
    return order


def _compare_dims(
    inner: int,
    outer: int,
    shape: tuple[int, ...],
    operand_strides: Sequence[tuple[int, ...]],
) -> int:
    """Positive when the two dims must swap, negative when they must not, 0 undecided."""
    for strides in operand_strides:
        inner_stride, outer_stride = strides[inner], strides[outer]
        if inner_stride == 0 or outer_stride == 0:
            continue
        if inner_stride != outer_stride:
            return inner_stride - outer_stride
        if shape[inner] > shape[outer]:
            return 1
    return 0
