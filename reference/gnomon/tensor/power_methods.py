"""Powers and roots as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import powers
from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import powers as records

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class PowerMethods(TensorCore):
    """Powers and roots; each method is the function of its name, with ``_`` in place."""

    def square(self) -> Self:
        """Return ``gnomon.square(self)``."""
        return records.square(self)

    def square_(self) -> Self:
        """Do :meth:`square` in place."""
        return apply_in_place(records.square, self)

    def sqrt(self) -> Self:
        """Return ``gnomon.sqrt(self)``."""
        return records.sqrt(self)

    def sqrt_(self) -> Self:
        """Do :meth:`sqrt` in place."""
        return apply_in_place(records.sqrt, self)

    def rsqrt(self) -> Self:
        """Return ``gnomon.rsqrt(self)``."""
        return records.rsqrt(self)

    def rsqrt_(self) -> Self:
        """Do :meth:`rsqrt` in place."""
        return apply_in_place(records.rsqrt, self)

    def pow(self, exponent: Self | Scalar) -> Self:
        """Return ``gnomon.pow(self, exponent)``."""
        return powers.pow(self, exponent)

    def pow_(self, exponent: Self | Scalar) -> Self:
        """Do :meth:`pow` in place."""
        return powers.pow_(self, exponent)

    def float_power(self, exponent: Self | Scalar) -> Self:
        """Return ``gnomon.float_power(self, exponent)``."""
        return powers.float_power(self, exponent)

    def float_power_(self, exponent: Self | Scalar) -> Self:
        """Do :meth:`float_power` in place."""
        return powers.float_power_(self, exponent)

    @numpy_names
    def hypot(self, other: Self) -> Self:
        """Return ``gnomon.hypot(self, other)``."""
        return records.hypot(self, other)

    @numpy_names
    def hypot_(self, other: Self) -> Self:
        """Do :meth:`hypot` in place."""
        return apply_in_place(records.hypot, self, other)

    @numpy_names
    def xlogy(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.xlogy(self, other)``."""
        return powers.xlogy(self, other)

    @numpy_names
    def xlogy_(self, other: Self | Scalar) -> Self:
        """Do :meth:`xlogy` in place."""
        return powers.xlogy_(self, other)
