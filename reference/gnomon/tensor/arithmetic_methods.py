"""Arithmetic as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import arithmetic
from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import arithmetic as records

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import Scalar


class ArithmeticMethods(TensorCore):
    """Arithmetic; each method is the function of its name, with ``_`` in place."""

    @numpy_names
    def add(self, other: Self | Scalar, *, alpha: Scalar = 1) -> Self:
        """Return ``gnomon.add(self, other, alpha=alpha)``."""
        return arithmetic.add(self, other, alpha=alpha)

    @numpy_names
    def add_(self, other: Self | Scalar, *, alpha: Scalar = 1) -> Self:
        """Do :meth:`add` in place."""
        return arithmetic.add_(self, other, alpha=alpha)

    @numpy_names
    def sub(self, other: Self | Scalar, *, alpha: Scalar = 1) -> Self:
        """Return ``gnomon.sub(self, other, alpha=alpha)``."""
        return arithmetic.sub(self, other, alpha=alpha)

    @numpy_names
    def sub_(self, other: Self | Scalar, *, alpha: Scalar = 1) -> Self:
        """Do :meth:`sub` in place."""
        return arithmetic.sub_(self, other, alpha=alpha)

    @numpy_names
    def mul(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.mul(self, other)``."""
        return records.mul(self, other)

    @numpy_names
    def mul_(self, other: Self | Scalar) -> Self:
        """Do :meth:`mul` in place."""
        return apply_in_place(records.mul, self, other)

    @numpy_names
    def div(self, other: Self | Scalar, *, rounding_mode: str | None = None) -> Self:
        """Return ``gnomon.div(self, other, rounding_mode=rounding_mode)``."""
        return arithmetic.div(self, other, rounding_mode=rounding_mode)

    @numpy_names
    def div_(self, other: Self | Scalar, *, rounding_mode: str | None = None) -> Self:
        """Do :meth:`div` in place."""
        return arithmetic.div_(self, other, rounding_mode=rounding_mode)

    @numpy_names
    def true_divide(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.true_divide(self, other)``."""
        return records.div(self, other)

    @numpy_names
    def true_divide_(self, other: Self | Scalar) -> Self:
        """Do :meth:`true_divide` in place."""
        return apply_in_place(records.div, self, other)

    @numpy_names
    def floor_divide(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.floor_divide(self, other)``."""
        return records.floor_divide(self, other)

    @numpy_names
    def floor_divide_(self, other: Self | Scalar) -> Self:
        """Do :meth:`floor_divide` in place."""
        return apply_in_place(records.floor_divide, self, other)

    @numpy_names
    def remainder(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.remainder(self, other)``."""
        return records.remainder(self, other)

    @numpy_names
    def remainder_(self, other: Self | Scalar) -> Self:
        """Do :meth:`remainder` in place."""
        return apply_in_place(records.remainder, self, other)

    @numpy_names
    def fmod(self, other: Self | Scalar) -> Self:
        """Return ``gnomon.fmod(self, other)``."""
        return records.fmod(self, other)

    @numpy_names
    def fmod_(self, other: Self | Scalar) -> Self:
        """Do :meth:`fmod` in place."""
        return apply_in_place(records.fmod, self, other)

    def neg(self) -> Self:
        """Return ``gnomon.neg(self)``."""
        return records.neg(self)

    def neg_(self) -> Self:
        """Do :meth:`neg` in place."""
        return apply_in_place(records.neg, self)

    def abs(self) -> Self:
        """Return ``gnomon.abs(self)``."""
        return records.abs(self)

    def abs_(self) -> Self:
        """Do :meth:`abs` in place."""
        return apply_in_place(records.abs, self)

    def reciprocal(self) -> Self:
        """Return ``gnomon.reciprocal(self)``."""
        return records.reciprocal(self)

    def reciprocal_(self) -> Self:
        """Do :meth:`reciprocal` in place."""
        return apply_in_place(records.reciprocal, self)

    def sign(self) -> Self:
        """Return ``gnomon.sign(self)``."""
        return records.sign(self)

    def sign_(self) -> Self:
        """Do :meth:`sign` in place."""
        return apply_in_place(records.sign, self)

    def sgn(self) -> Self:
        """Return ``gnomon.sgn(self)``."""
        return records.sgn(self)

    def sgn_(self) -> Self:
        """Do :meth:`sgn` in place."""
        return apply_in_place(records.sgn, self)

    def positive(self) -> Self:
        """Return ``gnomon.positive(self)``."""
        return arithmetic.positive(self)

    def addcmul(
        self, tensor1: Self | Scalar, tensor2: Self | Scalar, *, value: Scalar = 1
    ) -> Self:
        """Return ``gnomon.addcmul(self, tensor1, tensor2, value=value)``."""
        return arithmetic.addcmul(self, tensor1, tensor2, value=value)

    def addcmul_(
        self, tensor1: Self | Scalar, tensor2: Self | Scalar, *, value: Scalar = 1
    ) -> Self:
        """Do :meth:`addcmul` in place."""
        return arithmetic.addcmul_(self, tensor1, tensor2, value=value)

    def addcdiv(
        self, tensor1: Self | Scalar, tensor2: Self | Scalar, *, value: Scalar = 1
    ) -> Self:
        """Return ``gnomon.addcdiv(self, tensor1, tensor2, value=value)``."""
        return arithmetic.addcdiv(self, tensor1, tensor2, value=value)

    def addcdiv_(
        self, tensor1: Self | Scalar, tensor2: Self | Scalar, *, value: Scalar = 1
    ) -> Self:
        """Do :meth:`addcdiv` in place."""
        return arithmetic.addcdiv_(self, tensor1, tensor2, value=value)

    def lerp(self, end: Self, weight: Self | Scalar) -> Self:
        """Return ``gnomon.lerp(self, end, weight)``."""
        return arithmetic.lerp(self, end, weight)

    def lerp_(self, end: Self, weight: Self | Scalar) -> Self:
        """Do :meth:`lerp` in place."""
        return arithmetic.lerp_(self, end, weight)

    subtract = sub
    subtract_ = sub_
    multiply = mul
    multiply_ = mul_
    divide = div
    divide_ = div_
    negative = neg
    negative_ = neg_
    absolute = abs
    absolute_ = abs_
