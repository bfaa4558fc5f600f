"""Operations of integers as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import integers

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class IntegerMethods(TensorCore):
    """Bits, shifts, divisors; each method is the function of its name, with ``_`` in place."""

    @numpy_names
    def bitwise_and(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.bitwise_and(self, other)``."""
        return integers.bitwise_and(self, other)

    @numpy_names
    def bitwise_and_(self, other: Self | Scalar) -> Self:
        """Do :meth:`bitwise_and` in place."""
        return apply_in_place(integers.bitwise_and, self, other)

    @numpy_names
    def bitwise_or(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.bitwise_or(self, other)``."""
        return integers.bitwise_or(self, other)

    @numpy_names
    def bitwise_or_(self, other: Self | Scalar) -> Self:
        """Do :meth:`bitwise_or` in place."""
        return apply_in_place(integers.bitwise_or, self, other)

    @numpy_names
    def bitwise_xor(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.bitwise_xor(self, other)``."""
        return integers.bitwise_xor(self, other)

    @numpy_names
    def bitwise_xor_(self, other: Self | Scalar) -> Self:
        """Do :meth:`bitwise_xor` in place."""
        return apply_in_place(integers.bitwise_xor, self, other)

    @numpy_names
    def bitwise_left_shift(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.bitwise_left_shift(self, other)``."""
        return integers.bitwise_left_shift(self, other)

    @numpy_names
    def bitwise_left_shift_(self, other: Self | Scalar) -> Self:
        """Do :meth:`bitwise_left_shift` in place."""
        return apply_in_place(integers.bitwise_left_shift, self, other)

    @numpy_names
    def bitwise_right_shift(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.bitwise_right_shift(self, other)``."""
        return integers.bitwise_right_shift(self, other)

    @numpy_names
    def bitwise_right_shift_(self, other: Self | Scalar) -> Self:
        """Do :meth:`bitwise_right_shift` in place."""
        return apply_in_place(integers.bitwise_right_shift, self, other)

    def bitwise_not(self) -> Self:
        """Return ``gnomon.bitwise_not(self)``."""
        return integers.bitwise_not(self)

    def bitwise_not_(self) -> Self:
        """Do :meth:`bitwise_not` in place."""
        return apply_in_place(integers.bitwise_not, self)

    @numpy_names
    def gcd(self, other: Self) -> Self:
        """Return ``gnomon.gcd(self, other)``."""
        return integers.gcd(self, other)

    @numpy_names
    def gcd_(self, other: Self) -> Self:
        """Do :meth:`gcd` in place."""
        return apply_in_place(integers.gcd, self, other)

    @numpy_names
    def lcm(self, other: Self) -> Self:
        """Return ``gnomon.lcm(self, other)``."""
        return integers.lcm(self, other)

    @numpy_names
    def lcm_(self, other: Self) -> Self:
        """Do :meth:`lcm` in place."""
        return apply_in_place(integers.lcm, self, other)
