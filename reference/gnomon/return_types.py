"""What operations with several results return: tuples whose items also have names.

They compare, unpack and pickle as tuples do, and print as PyTorch's do.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from gnomon.core import TensorCore

T = TypeVar("T", bound=TensorCore)


class _Pair(tuple[T, T]):
    """Two results with names."""

    __slots__ = ()

    names: ClassVar[tuple[str, str]]

    def __repr__(self) -> str:
        items = [f"{name}={item!r}" for name, item in zip(self.names, self, strict=True)]
        return f"torch.return_types.{type(self).__name__}(\n" + ",\n".join(items) + ")"


class _ValuesAndIndices(_Pair[T]):
    """Elements that were selected along a dim, and where they stood."""

    __slots__ = ()

    names = ("values", "indices")

    @property
    def values(self) -> T:
        """The elements selected."""
        return self[0]

    @property
    def indices(self) -> T:
        """Where in the dim they stood, as int64."""
        return self[1]


class max(_ValuesAndIndices[T]):
    """The result of ``max`` along a dim."""

    __slots__ = ()


class min(_ValuesAndIndices[T]):
    """The result of ``min`` along a dim."""

    __slots__ = ()


class median(_ValuesAndIndices[T]):
    """The result of ``median`` along a dim."""

    __slots__ = ()


class nanmedian(_ValuesAndIndices[T]):
    """The result of ``nanmedian`` along a dim."""

    __slots__ = ()


class mode(_ValuesAndIndices[T]):
    """The result of ``mode``."""

    __slots__ = ()


class kthvalue(_ValuesAndIndices[T]):
    """The result of ``kthvalue``."""

    __slots__ = ()


class sort(_ValuesAndIndices[T]):
    """The result of ``sort``."""

    __slots__ = ()


class topk(_ValuesAndIndices[T]):
    """The result of ``topk``."""

    __slots__ = ()


class cummax(_ValuesAndIndices[T]):
    """The result of ``cummax``."""

    __slots__ = ()


class cummin(_ValuesAndIndices[T]):
    """The result of ``cummin``."""

    __slots__ = ()


class aminmax(_Pair[T]):
    """The result of ``aminmax``."""

    __slots__ = ()

    names = ("min", "max")

    @property
    def min(self) -> T:
        """The smallest elements."""
        return self[0]

    @property
    def max(self) -> T:
        """The largest elements."""
        return self[1]


class histogram(_Pair[T]):
    """The result of ``histogram``."""

    __slots__ = ()

    names = ("hist", "bin_edges")

    @property
    def hist(self) -> T:
        """How much fell into each bin."""
        return self[0]

    @property
    def bin_edges(self) -> T:
        """The ends of the bins, one more than there are bins."""
        return self[1]


class frexp(_Pair[T]):
    """The result of ``frexp``."""

    __slots__ = ()

    names = ("mantissa", "exponent")

    @property
    def mantissa(self) -> T:
        """The numbers scaled by a power of two into [0.5, 1)."""
        return self[0]

    @property
    def exponent(self) -> T:
        """The power of two by which they were scaled, as int32."""
        return self[1]
