"""Comparisons and logic as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import comparison
from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import comparison as records
from gnomon.ops import logic

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class ComparisonMethods(TensorCore):
    """Comparisons and logic; each method is the function of its name, with ``_`` in place.

    In place, truth is written as the numbers 0 and 1 of the tensor's dtype.
    """

    @numpy_names
    def eq(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.eq(self, other)``."""
        return records.eq(self, other)

    @numpy_names
    def eq_(self, other: Self | Scalar) -> Self:
        """Do :meth:`eq` in place."""
        return apply_in_place(records.eq, self, other)

    @numpy_names
    def ne(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.ne(self, other)``."""
        return records.ne(self, other)

    @numpy_names
    def ne_(self, other: Self | Scalar) -> Self:
        """Do :meth:`ne` in place."""
        return apply_in_place(records.ne, self, other)

    @numpy_names
    def lt(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.lt(self, other)``."""
        return records.lt(self, other)

    @numpy_names
    def lt_(self, other: Self | Scalar) -> Self:
        """Do :meth:`lt` in place."""
        return apply_in_place(records.lt, self, other)

    @numpy_names
    def le(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.le(self, other)``."""
        return records.le(self, other)

    @numpy_names
    def le_(self, other: Self | Scalar) -> Self:
        """Do :meth:`le` in place."""
        return apply_in_place(records.le, self, other)

    @numpy_names
    def gt(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.gt(self, other)``."""
        return records.gt(self, other)

    @numpy_names
    def gt_(self, other: Self | Scalar) -> Self:
        """Do :meth:`gt` in place."""
        return apply_in_place(records.gt, self, other)

    @numpy_names
    def ge(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.ge(self, other)``."""
        return records.ge(self, other)

    @numpy_names
    def ge_(self, other: Self | Scalar) -> Self:
        """Do :meth:`ge` in place."""
        return apply_in_place(records.ge, self, other)

    def isnan(self) -> Self:
        """Return ``gnomon.isnan(self)``."""
        return records.isnan(self)

    def isinf(self) -> Self:
        """Return ``gnomon.isinf(self)``."""
        return records.isinf(self)

    def isfinite(self) -> Self:
        """Return ``gnomon.isfinite(self)``."""
        return records.isfinite(self)

    def isposinf(self) -> Self:
        """Return ``gnomon.isposinf(self)``."""
        return records.isposinf(self)

    def isneginf(self) -> Self:
        """Return ``gnomon.isneginf(self)``."""
        return records.isneginf(self)

    def isreal(self) -> Self:
        """Return ``gnomon.isreal(self)``."""
        return records.isreal(self)

    @numpy_names
    def logical_and(self, other: Self) -> Self:
        """Return ``gnomon.logical_and(self, other)``."""
        return logic.logical_and(self, other)

    @numpy_names
    def logical_and_(self, other: Self) -> Self:
        """Do :meth:`logical_and` in place."""
        return apply_in_place(logic.logical_and, self, other)

    @numpy_names
    def logical_or(self, other: Self) -> Self:
        """Return ``gnomon.logical_or(self, other)``."""
        return logic.logical_or(self, other)

    @numpy_names
    def logical_or_(self, other: Self) -> Self:
        """Do :meth:`logical_or` in place."""
        return apply_in_place(logic.logical_or, self, other)

    @numpy_names
    def logical_xor(self, other: Self) -> Self:
        """Return ``gnomon.logical_xor(self, other)``."""
        return logic.logical_xor(self, other)

    @numpy_names
    def logical_xor_(self, other: Self) -> Self:
        """Do :meth:`logical_xor` in place."""
        return apply_in_place(logic.logical_xor, self, other)

    def logical_not(self) -> Self:
        """Return ``gnomon.logical_not(self)``."""
        return logic.logical_not(self)

    def logical_not_(self) -> Self:
        """Do :meth:`logical_not` in place."""
        return apply_in_place(logic.logical_not, self)

    @numpy_names
    def isclose(
        self, other: Self, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
    ) -> Self:
        """Return ``gnomon.isclose(self, other, rtol, atol, equal_nan)``."""
        return comparison.isclose(self, other, rtol, atol, equal_nan)

    @numpy_names
    def allclose(
        self,
        other: TensorCore,
        rtol: float = 1e-05,
        atol: float = 1e-08,
        equal_nan: bool = False,
    ) -> bool:
        """Return ``gnomon.allclose(self, other, rtol, atol, equal_nan)``."""
        return comparison.allclose(self, other, rtol, atol, equal_nan)

    @numpy_names
    def equal(self, other: TensorCore) -> bool:
        """Return ``gnomon.equal(self, other)``."""
        return comparison.equal(self, other)

    not_equal = ne
    not_equal_ = ne_
    less = lt
    less_ = lt_
    less_equal = le
    less_equal_ = le_
    greater = gt
    greater_ = gt_
    greater_equal = ge
    greater_equal_ = ge_
