"""`LayoutFacts`: the three fields of a layout and what follows from them."""

from collections.abc import Iterator
from itertools import chain, repeat
from math import prod
from typing import NamedTuple

from gnomon.layout import injective
from gnomon.layout import strides as rules
from gnomon.layout.reshaping import collapse_strides


class LayoutFacts(NamedTuple):
    """Where the elements of a tensor lie: element `i` at `offset + sum(i_k * strides_k)`.

    All numbers count elements, not bytes. The class is a named tuple because layouts are
    made and compared on every operation, and tuples do both in C.
    """

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def ndim(self) -> int:
        """The number of dims."""
        return len(self.shape)

    @property
    def numel(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie in row-major order without gaps; empty ones do."""
        return rules.is_contiguous(self.shape, self.strides)

    @property
    def is_channels_last(self) -> bool:
        """Whether a 4-d or 5-d operand lies densely with dim 1, the channels, innermost."""
        return rules.is_channels_last(self.shape, self.strides)

    @property
    def prefers_channels_last(self) -> bool:
        """Whether the strides, dense or not, grow in the order channels-last has."""
        return rules.prefers_channels_last(self.shape, self.strides)

    @property
    def is_dense(self) -> bool:
        """Whether the elements fill their span, dims in any order, each position once."""
        return rules.is_dense(self.shape, self.strides)

    @property
    def is_injective(self) -> bool:
        """Whether no two indices share a position; exact, not a heuristic."""
        shape, strides, _ = self
        return strides == rules.contiguous_strides(shape) or injective.is_injective(
            shape, strides
        )

    @property
    def overlaps_itself(self) -> bool:
        """Whether two indices share a position, as after `expand`."""
        return not self.is_injective

    @property
    def span(self) -> tuple[int, int]:
        """The half-open range of positions from the lowest to the highest element.

        >>> LayoutFacts((2, 3), (10, 1), 5).span, LayoutFacts((0,), (1,), 5).span
        ((5, 18), (5, 5))
        """
        lowest = highest = self.offset
        for size, stride in zip(self.shape, self.strides, strict=True):
            if size == 0:
                return self.offset, self.offset
            if stride >= 0:
                highest += stride * (size - 1)
            else:
                lowest += stride * (size - 1)
        return lowest, highest + 1

    def positions(self) -> Iterator[int]:
        """The position of every element, in row-major order of the indices.

        >>> list(LayoutFacts((2, 3), (1, 2), 10).positions())
        [10, 12, 14, 11, 13, 15]
        """
        shape, (strides,) = collapse_strides(self.shape, (self.strides,))
        return _positions(shape, strides, self.offset)

    def as_range(self) -> range | None:
        """`positions()` as a `range` when they are evenly spaced, else `None`.

        >>> LayoutFacts((2, 3), (6, 2), 1).as_range()
        range(1, 13, 2)
        """
        shape, (strides,) = collapse_strides(self.shape, (self.strides,))
        if not shape:
            return range(self.offset, self.offset + 1)
        if len(shape) > 1 or strides[0] == 0:
            return None
        return range(self.offset, self.offset + shape[0] * strides[0], strides[0])


def _positions(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Iterator[int]:
    if not shape:
        return iter((offset,))
    size, stride = shape[-1], strides[-1]
    reach = size * stride
    if len(shape) == 1:
        return iter(range(offset, offset + reach, stride)) if stride else repeat(offset, size)
    starts = _positions(shape[:-1], strides[:-1], offset)
    if stride:
        return chain.from_iterable(range(start, start + reach, stride) for start in starts)
    return chain.from_iterable(repeat(start, size) for start in starts)
