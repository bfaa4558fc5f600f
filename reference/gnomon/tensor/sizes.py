"""Sizes as programs give them: as several arguments or one sequence, of numbers or of 0-d tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex, TypeAlias

Sizes: TypeAlias = "SupportsIndex | Sequence[SupportsIndex]"


def sizes_of(operation: str, sizes: Sequence[Sizes]) -> tuple[int, ...]:
    """Return the shape meant by the arguments ``sizes``: ``(2, 3)`` and ``((2, 3),)`` alike.

    Raises TypeError for what is no integer, RuntimeError for a negative size.

    >>> sizes_of("zeros", ((2, 3),))
    (2, 3)
    """
    given: Sequence[Sizes] = sizes
    if len(sizes) == 1 and isinstance(sizes[0], Sequence):
        given = sizes[0]
    shape = []
    for position, size in enumerate(given, start=1):
        if isinstance(size, bool) or not isinstance(size, SupportsIndex):
            raise TypeError(
                f"{operation}(): argument 'size' (position {position}) must be tuple of ints, not "
                f"{type(size).__name__}"
            )
        shape.append(size.__index__())
    if any(size < 0 for size in shape):
        raise RuntimeError(
            f"{operation}: Trying to create tensor with negative dimension, shape {shape}. Dimension "
            "sizes must be non-negative."
        )
    return tuple(shape)
