"""Copies with the elements elsewhere, and diagonals: each method is the function's."""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex, overload

from gnomon.composite import grids
from gnomon.core import TensorCore
from gnomon.op.arguments import IntegerArgument, integers
from gnomon.op.in_place import replace, snapshot
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import diagonals, rearranging

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self


class RearrangingMethods(TensorCore):
    """Repeating, rolling, reversing, turning, triangles and diagonals."""

    @overload
    def repeat(self, *repeats: IntegerArgument) -> Self: ...
    @overload
    def repeat(self, *, repeats: Sequence[SupportsIndex]) -> Self: ...
    def repeat(
        self, *times: IntegerArgument, repeats: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return copies of the tensor laid side by side, ``repeats`` times along each dim.

        >>> import gnomon as torch
        >>> torch.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
        """
        return rearranging.repeat(self, _given("repeat", times) if repeats is None else repeats)

    @overload
    def tile(self, *dims: IntegerArgument) -> Self: ...
    @overload
    def tile(self, *, dims: Sequence[SupportsIndex]) -> Self: ...
    def tile(
        self, *times: IntegerArgument, dims: Sequence[SupportsIndex] | None = None
    ) -> Self:
        """Return ``gnomon.tile(self, dims)``."""
        return rearranging.tile(self, _given("tile", times) if dims is None else dims)

    @numpy_names
    def repeat_interleave(
        self,
        repeats: SupportsIndex | Self,
        dim: SupportsIndex | None = None,
        *,
        output_size: int | None = None,
    ) -> Self:
        """Return ``gnomon.repeat_interleave(self, repeats, dim)``."""
        return grids.repeat_interleave(self, repeats, dim, output_size=output_size)

    def roll(self, shifts: IntegerArgument, dims: IntegerArgument = ()) -> Self:
        """Return ``gnomon.roll(self, shifts, dims)``."""
        return rearranging.roll(self, shifts, dims)

    @overload
    def flip(self, *dims: IntegerArgument) -> Self: ...
    @overload
    def flip(self, *, dims: Sequence[SupportsIndex]) -> Self: ...
    def flip(self, *axes: IntegerArgument, dims: Sequence[SupportsIndex] | None = None) -> Self:
        """Return ``gnomon.flip(self, dims)``."""
        return rearranging.flip(self, _given("flip", axes) if dims is None else dims)

    def fliplr(self) -> Self:
        """Return ``gnomon.fliplr(self)``."""
        return rearranging.fliplr(self)

    def flipud(self) -> Self:
        """Return ``gnomon.flipud(self)``."""
        return rearranging.flipud(self)

    def rot90(self, k: int = 1, dims: Sequence[SupportsIndex] = (0, 1)) -> Self:
        """Return ``gnomon.rot90(self, k, dims)``."""
        return rearranging.rot90(self, k, dims)

    def tril(self, diagonal: SupportsIndex = 0) -> Self:
        """Return ``gnomon.tril(self, diagonal)``."""
        return rearranging.tril(self, diagonal)

    def tril_(self, diagonal: SupportsIndex = 0) -> Self:
        """Overwrite what lies above the ``diagonal``-th diagonal with zeros."""
        return replace(self, "tril_", rearranging.tril(snapshot(self), diagonal))

    def triu(self, diagonal: SupportsIndex = 0) -> Self:
        """Return ``gnomon.triu(self, diagonal)``."""
        return rearranging.triu(self, diagonal)

    def triu_(self, diagonal: SupportsIndex = 0) -> Self:
        """Overwrite what lies below the ``diagonal``-th diagonal with zeros."""
        return replace(self, "triu_", rearranging.triu(snapshot(self), diagonal))

    def diag(self, diagonal: SupportsIndex = 0) -> Self:
        """Return ``gnomon.diag(self, diagonal)``."""
        return diagonals.diag(self, diagonal)

    def diagflat(self, offset: SupportsIndex = 0) -> Self:
        """Return ``gnomon.diagflat(self, offset)``."""
        return diagonals.diagflat(self, offset)

    def diag_embed(
        self, offset: SupportsIndex = 0, dim1: SupportsIndex = -2, dim2: SupportsIndex = -1
    ) -> Self:
        """Return ``gnomon.diag_embed(self, offset, dim1, dim2)``."""
        return diagonals.diag_embed(self, offset, dim1, dim2)

    def trace(self) -> Self:
        """Return ``gnomon.trace(self)``."""
        return diagonals.trace(self)


def _given(operation: str, arguments: tuple[IntegerArgument, ...]) -> tuple[int, ...]:
    """Return the integers a method was called with; there must be an argument."""
    if not arguments:
        raise TypeError(f"{operation}: missing its numbers. Pass () for a 0-d tensor.")
    return integers(operation, arguments)
