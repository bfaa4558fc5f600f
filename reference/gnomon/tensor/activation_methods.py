"""Activations, as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gnomon.composite import activations, softmax
from gnomon.core import TensorCore
from gnomon.op.numpy_names import numpy_names
from gnomon.ops import piecewise_activations

if TYPE_CHECKING:
    from typing import Self

    from gnomon.dtypes import DType


class ActivationMethods(TensorCore):
    """Activations; each method is the function of its name."""

    def relu(self) -> Self:
        """Return ``gnomon.relu(self)``."""
        return piecewise_activations.relu(self)

    def relu_(self) -> Self:
        """Replace each element by its ``relu``."""
        return piecewise_activations.relu_(self)

    def hardshrink(self, lambd: float = 0.5) -> Self:
        """Return ``gnomon.hardshrink(self, lambd)``."""
        return activations.hardshrink(self, lambd)

    def prelu(self, weight: Self) -> Self:
        """Return ``gnomon.prelu(self, weight)``."""
        return activations.prelu(self, weight)

    @numpy_names
    def softmax(self, dim: int, dtype: DType | None = None) -> Self:
        """Return ``gnomon.softmax(self, dim, dtype)``."""
        return softmax.softmax(self, dim, dtype)

    @numpy_names
    def log_softmax(self, dim: int, dtype: DType | None = None) -> Self:
        """Return ``gnomon.log_softmax(self, dim, dtype)``."""
        return softmax.log_softmax(self, dim, dtype)
