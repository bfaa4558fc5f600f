"""Exponentials and logarithms, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import exponentials

if TYPE_CHECKING:
    from typing import Self


class ExponentialMethods(TensorCore):
    """Exponentials and logarithms; each method is the function of its name."""

    def exp(self) -> Self:
        """Return ``gnomon.exp(self)``."""
        return exponentials.exp(self)

    def exp_(self) -> Self:
        """Replace each element by its ``exp``."""
        return exponentials.exp_(self)

    def exp2(self) -> Self:
        """Return ``gnomon.exp2(self)``."""
        return exponentials.exp2(self)

    def exp2_(self) -> Self:
        """Replace each element by its ``exp2``."""
        return exponentials.exp2_(self)

    def expm1(self) -> Self:
        """Return ``gnomon.expm1(self)``."""
        return exponentials.expm1(self)

    def expm1_(self) -> Self:
        """Replace each element by its ``expm1``."""
        return exponentials.expm1_(self)

    def log(self) -> Self:
        """Return ``gnomon.log(self)``."""
        return exponentials.log(self)

    def log_(self) -> Self:
        """Replace each element by its ``log``."""
        return exponentials.log_(self)

    def log2(self) -> Self:
        """Return ``gnomon.log2(self)``."""
        return exponentials.log2(self)

    def log2_(self) -> Self:
        """Replace each element by its ``log2``."""
        return exponentials.log2_(self)

    def log10(self) -> Self:
        """Return ``gnomon.log10(self)``."""
        return exponentials.log10(self)

    def log10_(self) -> Self:
        """Replace each element by its ``log10``."""
        return exponentials.log10_(self)

    def log1p(self) -> Self:
        """Return ``gnomon.log1p(self)``."""
        return exponentials.log1p(self)

    def log1p_(self) -> Self:
        """Replace each element by its ``log1p``."""
        return exponentials.log1p_(self)

    @numpy_names
    def logaddexp(self, other: Self) -> Self:
        """Return ``gnomon.logaddexp(self, other)``."""
        return exponentials.logaddexp(self, other)

    @numpy_names
    def logaddexp2(self, other: Self) -> Self:
        """Return ``gnomon.logaddexp2(self, other)``."""
        return exponentials.logaddexp2(self, other)
