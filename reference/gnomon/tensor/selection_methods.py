"""Selection as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import selection
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import selection as records

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class SelectionMethods(TensorCore):
    """Selection; each method is the function of its name, with ``_`` in place."""

    @numpy_names
    def maximum(self, other: Self) -> Self:
        """Return ``gnomon.maximum(self, other)``."""
        return records.maximum(self, other)

    @numpy_names
    def minimum(self, other: Self) -> Self:
        """Return ``gnomon.minimum(self, other)``."""
        return records.minimum(self, other)

    @numpy_names
    def fmax(self, other: Self) -> Self:
        """Return ``gnomon.fmax(self, other)``."""
        return records.fmax(self, other)

    @numpy_names
    def fmin(self, other: Self) -> Self:
        """Return ``gnomon.fmin(self, other)``."""
        return records.fmin(self, other)

    def clamp(self, min: Self | Scalar | None = None, max: Self | Scalar | None = None) -> Self:
        """Return ``gnomon.clamp(self, min, max)``."""
        return selection.clamp(self, min, max)

    def clamp_(
        self, min: Self | Scalar | None = None, max: Self | Scalar | None = None
    ) -> Self:
        """Do :meth:`clamp` in place."""
        return selection.clamp_(self, min, max)

    def clamp_min(self, min: Self | Scalar) -> Self:
        """Return ``gnomon.clamp_min(self, min)``."""
        return selection.clamp_min(self, min)

    def clamp_min_(self, min: Self | Scalar) -> Self:
        """Do :meth:`clamp_min` in place."""
        return selection.clamp_min_(self, min)

    def clamp_max(self, max: Self | Scalar) -> Self:
        """Return ``gnomon.clamp_max(self, max)``."""
        return selection.clamp_max(self, max)

    def clamp_max_(self, max: Self | Scalar) -> Self:
        """Do :meth:`clamp_max` in place."""
        return selection.clamp_max_(self, max)

    def nan_to_num(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Self:
        """Return ``gnomon.nan_to_num(self, nan, posinf, neginf)``."""
        return selection.nan_to_num(self, nan, posinf, neginf)

    def nan_to_num_(
        self, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
    ) -> Self:
        """Do :meth:`nan_to_num` in place."""
        return selection.nan_to_num_(self, nan, posinf, neginf)

    @numpy_names
    def where(self, condition: Self, other: Self | Scalar) -> Self:
        """Return ``gnomon.where(condition, self, other)``."""
        return selection.where(condition, self, other)

    clip = clamp
    clip_ = clamp_
