"""Rules that carry strides over to another shape: viewing, expanding, merging dims."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Final

from gnomon.errors import explain
from gnomon.layout.strides import contiguous_strides

_CACHED_COLLAPSES: Final = 4096


def view_strides(
    shape: tuple[int, ...], strides: tuple[int, ...], new_shape: tuple[int, ...]
) -> tuple[int, ...] | None:
    """The strides that show the same elements, in the same order, as `new_shape`.

    `None` when there are none, that is when a new dim would span two old ones that are not
    adjacent in memory. Both shapes must hold as many elements.

    >>> view_strides((2, 6), (12, 1), (2, 3, 2))
    (12, 2, 1)
    >>> view_strides((2, 6), (12, 1), (12,)) is None
    True
    """
    if 0 in shape:
        return strides if shape == new_shape else contiguous_strides(new_shape)
    if strides == contiguous_strides(shape):
        return contiguous_strides(new_shape)
    pending = list(new_shape)
    reversed_strides = []
    for run_size, run_stride in _runs_from_the_end(shape, strides):
        filled = 1
        while pending and (filled < run_size or pending[-1] == 1):
            reversed_strides.append(filled * run_stride)
            filled *= pending.pop()
        if filled != run_size:
            return None
    return tuple(reversed_strides[::-1])


def _runs_from_the_end(
    shape: tuple[int, ...], strides: tuple[int, ...]
) -> Iterator[tuple[int, int]]:
    """(size, stride) of each longest group of dims that steps through memory evenly."""
    run_size, run_stride = shape[-1], strides[-1]
    for size, stride in zip(shape[-2::-1], strides[-2::-1], strict=True):
        if size == 1 or stride == run_size * run_stride:
            run_size *= size
        else:
            yield run_size, run_stride
            run_size, run_stride = size, stride
    yield run_size, run_stride


def collapse_strides(
    shape: tuple[int, ...], operand_strides: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The fewest dims that visit every operand's elements in the same order.

    Dims of size 1 go, and a dim joins the next one when every operand steps evenly across
    the two. No elements give the shape (0,).

    >>> collapse_strides((2, 1, 3), ((3, 9, 1), (0, 0, 0)))
    ((6,), ((1,), (0,)))
    """
    return _collapse_strides(shape, operand_strides)


@lru_cache(_CACHED_COLLAPSES)
def _collapse_strides(
    shape: tuple[int, ...], operand_strides: tuple[tuple[int, ...], ...]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    count = len(operand_strides)
    if 0 in shape:
        return (0,), ((1,),) * count
    if all(strides == contiguous_strides(shape) for strides in operand_strides):
        shape, operand_strides = (prod(shape),), ((1,),) * count
    sizes: list[int] = []
    steps: list[tuple[int, ...]] = []
    for dim, size in enumerate(shape):
        if size == 1:
            continue
        step = tuple([strides[dim] for strides in operand_strides])
        if steps and steps[-1] == tuple([size * stride for stride in step]):
            sizes[-1] *= size
            steps[-1] = step
        else:
            sizes.append(size)
            steps.append(step)
    return tuple(sizes), tuple([tuple([step[k] for step in steps]) for k in range(count)])


def expand_strides(
    shape: tuple[int, ...], strides: tuple[int, ...], new_shape: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """`new_shape` with each -1 resolved, and the strides that repeat `shape` over it.

    A dim of size 1 that grows, and a new leading dim, repeats by a stride of 0. A new dim
    of size 1 gets the stride that `unsqueeze` would give it.

    Raises `RuntimeError` when a dim of another size would change.

    >>> expand_strides((3, 1), (1, 1), (2, -1, 4))
    ((2, 3, 4), (0, 1, 0))
    """
    added = len(new_shape) - len(shape)
    if added < 0:
        raise RuntimeError(
            explain(
                "expand",
                f"shape {list(shape)} to size={list(new_shape)}: the number of sizes provided "
                f"({len(new_shape)}) must be greater or equal to the number of dimensions in "
                f"the tensor ({len(shape)})",
                remedy="Give a size, or -1, for each dim.",
            )
        )
    sizes = list(new_shape)
    steps = [0] * added + list(strides)
    for dim, (old_size, size) in enumerate(zip(shape, sizes[added:], strict=True), added):
        if size == -1:
            sizes[dim] = old_size
        elif size != old_size:
            if old_size != 1 or size < 0:
                raise RuntimeError(
                    explain(
                        "expand",
                        f"The expanded size of the tensor ({size}) must match the "
                        f"existing size ({old_size}) at non-singleton dimension {dim}.  "
                        f"Target sizes: {list(new_shape)}.  Tensor sizes: {list(shape)}",
                        remedy="Only dims of size 1 expand.",
                    )
                )
            steps[dim] = 0
    for dim in range(added - 1, -1, -1):
        if sizes[dim] < 0:
            raise RuntimeError(
                explain(
                    "expand",
                    f"The expanded size of the tensor ({sizes[dim]}) isn't allowed in a "
                    f"leading, non-existing dimension {dim}",
                    remedy=f"Give the size: shape {list(shape)} has none there to keep.",
                )
            )
        if sizes[dim] == 1 and shape:
            steps[dim] = sizes[dim + 1] * steps[dim + 1]
    return tuple(sizes), tuple(steps)


def check_strided(shape: Sequence[int], strides: Sequence[int], offset: int) -> None:
    """Raise `RuntimeError` unless the three are such as `as_strided` accepts.

    >>> check_strided((2, 3), (0, 1), 4)
    """
    if len(shape) != len(strides):
        rule = "mismatch in length of strides and shape"
    elif any(stride < 0 for stride in strides):
        rule = "Negative strides are not supported at the moment"
    elif any(size < 0 for size in shape):
        rule = "negative sizes"
    elif offset < 0:
        rule = f"Tensor: invalid storage offset {offset}"
    else:
        return
    raise RuntimeError(
        explain(
            "as_strided",
            f"{rule}, got strides: {list(strides)} for sizes: {list(shape)}",
            remedy="Give a size and a stride of 0 or more for each dim, and such an offset.",
        )
    )
