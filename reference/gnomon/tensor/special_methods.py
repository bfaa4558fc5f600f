"""Special functions, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.ops import bessel, error_functions, gamma, logistic

if TYPE_CHECKING:
    from typing import Self


class SpecialMethods(TensorCore):
    """Special functions; each method is the function of its name."""

    def erf(self) -> Self:
        """Return ``gnomon.erf(self)``."""
        return error_functions.erf(self)

    def erf_(self) -> Self:
        """Replace each element by its ``erf``."""
        return error_functions.erf_(self)

    def erfc(self) -> Self:
        """Return ``gnomon.erfc(self)``."""
        return error_functions.erfc(self)

    def erfc_(self) -> Self:
        """Replace each element by its ``erfc``."""
        return error_functions.erfc_(self)

    def erfinv(self) -> Self:
        """Return ``gnomon.erfinv(self)``."""
        return error_functions.erfinv(self)

    def erfinv_(self) -> Self:
        """Replace each element by its ``erfinv``."""
        return apply_in_place(error_functions.erfinv, self)

    def lgamma(self) -> Self:
        """Return ``gnomon.lgamma(self)``."""
        return gamma.lgamma(self)

    def lgamma_(self) -> Self:
        """Replace each element by its ``lgamma``."""
        return apply_in_place(gamma.lgamma, self)

    def digamma(self) -> Self:
        """Return ``gnomon.digamma(self)``."""
        return gamma.digamma(self)

    def digamma_(self) -> Self:
        """Replace each element by its ``digamma``."""
        return apply_in_place(gamma.digamma, self)

    def polygamma(self, n: int) -> Self:
        """Return ``gnomon.polygamma(n, self)``."""
        return gamma.polygamma(n, self)

    def polygamma_(self, n: int) -> Self:
        """Replace each element by its ``polygamma`` of order ``n``."""
        return gamma.polygamma_(self, n)

    def mvlgamma(self, p: int) -> Self:
        """Return ``gnomon.mvlgamma(self, p)``."""
        return gamma.mvlgamma(self, p)

    def mvlgamma_(self, p: int) -> Self:
        """Replace each element by its ``mvlgamma`` of dimension ``p``."""
        return gamma.mvlgamma_(self, p)

    def i0(self) -> Self:
        """Return ``gnomon.i0(self)``."""
        return bessel.i0(self)

    def i0_(self) -> Self:
        """Replace each element by its ``i0``."""
        return bessel.i0_(self)

    def sigmoid(self) -> Self:
        """Return ``gnomon.sigmoid(self)``."""
        return logistic.sigmoid(self)

    def sigmoid_(self) -> Self:
        """Replace each element by its ``sigmoid``."""
        return logistic.sigmoid_(self)

    def logit(self, eps: float | None = None) -> Self:
        """Return ``gnomon.logit(self, eps)``."""
        return logistic.logit(self, eps)

    def logit_(self, eps: float | None = None) -> Self:
        """Replace each element by its ``logit``."""
        return logistic.logit_(self, eps)
