"""Rounding, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.ops import rounding

if TYPE_CHECKING:
    from typing import Self


class RoundingMethods(TensorCore):
    """Rounding; each method is the function of its name."""

    def floor(self) -> Self:
        """Return ``gnomon.floor(self)``."""
        return rounding.floor(self)

    def floor_(self) -> Self:
        """Replace each element by its ``floor``."""
        return rounding.floor_(self)

    def ceil(self) -> Self:
        """Return ``gnomon.ceil(self)``."""
        return rounding.ceil(self)

    def ceil_(self) -> Self:
        """Replace each element by its ``ceil``."""
        return rounding.ceil_(self)

    def trunc(self) -> Self:
        """Return ``gnomon.trunc(self)``."""
        return rounding.trunc(self)

    def trunc_(self) -> Self:
        """Replace each element by its ``trunc``."""
        return rounding.trunc_(self)

    fix = trunc
    fix_ = trunc_

    def frac(self) -> Self:
        """Return ``gnomon.frac(self)``."""
        return rounding.frac(self)

    def frac_(self) -> Self:
        """Replace each element by its ``frac``."""
        return rounding.frac_(self)

    def round(self, *, decimals: int = 0) -> Self:
        """Return ``gnomon.round(self, decimals=decimals)``."""
        return rounding.round(self, decimals=decimals)

    def round_(self, *, decimals: int = 0) -> Self:
        """Replace each element by itself rounded to ``decimals`` digits."""
        return rounding.round_(self, decimals=decimals)
