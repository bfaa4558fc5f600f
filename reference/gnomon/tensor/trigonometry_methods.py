"""Trigonometric and hyperbolic functions, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.core import TensorCore
from gnomon.op.in_place import apply_in_place
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import hyperbolic, trigonometry

if TYPE_CHECKING:
    from typing import Self


class TrigonometryMethods(TensorCore):
    """Trigonometric and hyperbolic functions; each method is the function of its name."""

    def sin(self) -> Self:
        """Return ``gnomon.sin(self)``."""
        return trigonometry.sin(self)

    def sin_(self) -> Self:
        """Replace each element by its ``sin``."""
        return trigonometry.sin_(self)

    def cos(self) -> Self:
        """Return ``gnomon.cos(self)``."""
        return trigonometry.cos(self)

    def cos_(self) -> Self:
        """Replace each element by its ``cos``."""
        return trigonometry.cos_(self)

    def tan(self) -> Self:
        """Return ``gnomon.tan(self)``."""
        return trigonometry.tan(self)

    def tan_(self) -> Self:
        """Replace each element by its ``tan``."""
        return trigonometry.tan_(self)

    def asin(self) -> Self:
        """Return ``gnomon.asin(self)``."""
        return trigonometry.asin(self)

    def asin_(self) -> Self:
        """Replace each element by its ``asin``."""
        return trigonometry.asin_(self)

    arcsin = asin
    arcsin_ = asin_

    def acos(self) -> Self:
        """Return ``gnomon.acos(self)``."""
        return trigonometry.acos(self)

    def acos_(self) -> Self:
        """Replace each element by its ``acos``."""
        return trigonometry.acos_(self)

    arccos = acos
    arccos_ = acos_

    def atan(self) -> Self:
        """Return ``gnomon.atan(self)``."""
        return trigonometry.atan(self)

    def atan_(self) -> Self:
        """Replace each element by its ``atan``."""
        return trigonometry.atan_(self)

    arctan = atan
    arctan_ = atan_

    @numpy_names
    def atan2(self, other: Self) -> Self:
        """Return ``gnomon.atan2(self, other)``."""
        return trigonometry.atan2(self, other)

    @numpy_names
    def atan2_(self, other: Self) -> Self:
        """Replace each element by ``atan2`` of it and its partner in ``other``."""
        return apply_in_place(trigonometry.atan2, self, other)

    arctan2 = atan2
    arctan2_ = atan2_

    def sinc(self) -> Self:
        """Return ``gnomon.sinc(self)``."""
        return trigonometry.sinc(self)

    def sinc_(self) -> Self:
        """Replace each element by its ``sinc``."""
        return trigonometry.sinc_(self)

    def deg2rad(self) -> Self:
        """Return ``gnomon.deg2rad(self)``."""
        return trigonometry.deg2rad(self)

    def deg2rad_(self) -> Self:
        """Replace each element by its ``deg2rad``."""
        return trigonometry.deg2rad_(self)

    def rad2deg(self) -> Self:
        """Return ``gnomon.rad2deg(self)``."""
        return trigonometry.rad2deg(self)

    def rad2deg_(self) -> Self:
        """Replace each element by its ``rad2deg``."""
        return trigonometry.rad2deg_(self)

    def sinh(self) -> Self:
        """Return ``gnomon.sinh(self)``."""
        return hyperbolic.sinh(self)

    def sinh_(self) -> Self:
        """Replace each element by its ``sinh``."""
        return hyperbolic.sinh_(self)

    def cosh(self) -> Self:
        """Return ``gnomon.cosh(self)``."""
        return hyperbolic.cosh(self)

    def cosh_(self) -> Self:
        """Replace each element by its ``cosh``."""
        return hyperbolic.cosh_(self)

    def tanh(self) -> Self:
        """Return ``gnomon.tanh(self)``."""
        return hyperbolic.tanh(self)

    def tanh_(self) -> Self:
        """Replace each element by its ``tanh``."""
        return hyperbolic.tanh_(self)

    def asinh(self) -> Self:
        """Return ``gnomon.asinh(self)``."""
        return hyperbolic.asinh(self)

    def asinh_(self) -> Self:
        """Replace each element by its ``asinh``."""
        return hyperbolic.asinh_(self)

    arcsinh = asinh
    arcsinh_ = asinh_

    def acosh(self) -> Self:
        """Return ``gnomon.acosh(self)``."""
        return hyperbolic.acosh(self)

    def acosh_(self) -> Self:
        """Replace each element by its ``acosh``."""
        return hyperbolic.acosh_(self)

    arccosh = acosh
    arccosh_ = acosh_

    def atanh(self) -> Self:
        """Return ``gnomon.atanh(self)``."""
        return hyperbolic.atanh(self)

    def atanh_(self) -> Self:
        """Replace each element by its ``atanh``."""
        return hyperbolic.atanh_(self)

    arctanh = atanh
    arctanh_ = atanh_
