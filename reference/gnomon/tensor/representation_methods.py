"""Sign, exponent and neighbours of floats, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon import return_types
from gnomon.composite import representation
from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import representation as records

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class RepresentationMethods(TensorCore):
    """Floats as numerals; each method is the function of its name, with ``_`` in place."""

    def signbit(self) -> Self:
        """Return ``gnomon.signbit(self)``."""
        return records.signbit(self)

    @numpy_names
    def copysign(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.copysign(self, other)``."""
        return records.copysign(self, other)

    @numpy_names
    def copysign_(self, other: Self | Scalar) -> Self:
        """Do :meth:`copysign` in place."""
        return apply_in_place(records.copysign, self, other)

    @numpy_names
    def ldexp(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.ldexp(self, other)``."""
        return records.ldexp(self, other)

    @numpy_names
    def ldexp_(self, other: Self | Scalar) -> Self:
        """Do :meth:`ldexp` in place."""
        return apply_in_place(records.ldexp, self, other)

    @numpy_names
    def nextafter(self, other: Self) -> Self:
        """Return ``gnomon.nextafter(self, other)``."""
        return records.nextafter(self, other)

    @numpy_names
    def nextafter_(self, other: Self) -> Self:
        """Do :meth:`nextafter` in place."""
        return apply_in_place(records.nextafter, self, other)

    def frexp(self) -> return_types.frexp[Self]:
        """Return ``gnomon.frexp(self)``."""
        return representation.frexp(self)

    def heaviside(self, values: Self) -> Self:
        """Return ``gnomon.heaviside(self, values)``."""
        return representation.heaviside(self, values)

    def heaviside_(self, values: Self) -> Self:
        """Do :meth:`heaviside` in place."""
        return representation.heaviside_(self, values)
