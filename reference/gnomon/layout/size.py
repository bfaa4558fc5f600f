"""`Size`: the tuple of ints that a tensor's `shape` is."""

from collections.abc import Iterable
from functools import lru_cache
from math import prod
from operator import index
from typing import Final, Self, SupportsIndex, final, overload

_CACHED_SHAPES: Final = 4096


@final
class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple of ints that knows how many elements it spans.

    Slicing, `+` and `*` stay sizes. A `TypeError` names the first item that is not an int.

    >>> Size([2, 3])
    torch.Size([2, 3])
    >>> Size([2, 3]).numel(), Size([2, 3, 4])[1:], (1,) + Size([2])
    (6, torch.Size([3, 4]), torch.Size([1, 2]))
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = ()) -> Self:
        sizes = tuple(sizes)
        try:
            return super().__new__(cls, map(index, sizes))
        except TypeError:
            position, item = next(
                (position, item)
                for position, item in enumerate(sizes)
                if not hasattr(item, "__index__")
            )
            raise TypeError(
                f"torch.Size() takes an iterable of 'int' (item {position} is "
                f"'{type(item).__name__}'); convert each item with int() first"
            ) from None

    @staticmethod
    @lru_cache(_CACHED_SHAPES)
    def of(shape: tuple[int, ...]) -> "Size":
        """`Size(shape)` for a tuple already known to hold ints, remembered per shape.

        >>> Size.of((2, 3)) is Size.of((2, 3))
        True
        """
        return tuple.__new__(Size, shape)

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return prod(self)

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice, /) -> "Size": ...
    def __getitem__(self, key: SupportsIndex | slice, /) -> "int | Size":
        if isinstance(key, slice):
            return Size(super().__getitem__(key))
        return super().__getitem__(key)

    def __add__(  # type: ignore[override]  # narrower than tuple: only ints make a size
        self, other: tuple[int, ...], /
    ) -> "Size":
        if not isinstance(other, tuple):
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size; "
                "convert it with tuple() first"
            )
        return Size(super().__add__(other))

    def __radd__(self, other: tuple[int, ...], /) -> "Size":
        if not isinstance(other, tuple):
            return NotImplemented
        return Size((*other, *self))

    def __mul__(self, times: SupportsIndex, /) -> "Size":
        return Size(super().__mul__(times))

    def __rmul__(self, times: SupportsIndex, /) -> "Size":
        return Size(super().__rmul__(times))

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


def numel_of(shape: Iterable[int]) -> int:
    """The number of elements of `shape`: the product of its sizes, 1 for no dims.

    >>> numel_of((2, 3)), numel_of(()), numel_of((2, 0))
    (6, 1, 0)
    """
    return prod(shape)
