"""The Dirichlet distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.draws import dirichlet
from gnomon.tensor import Tensor

__all__ = ["Dirichlet"]


class Dirichlet(Distribution):
    """Vectors of positive numbers of sum 1; the last dim is that of ``concentration``."""

    _constraints: ClassVar[Constraints] = {
        "concentration": constraints.independent(constraints.positive, 1)
    }
    has_rsample = True
    _batched = ("concentration",)
    _region = constraints.simplex

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        # With no concentration above 1 the density is largest in a corner.
        flat = (self.concentration < 1).all(dim=-1, keepdim=True)
        largest = mode.argmax(-1, keepdim=True)
        corner = mode.new_zeros(mode.shape).scatter_(-1, largest, 1.0)
        return corner.where(flat, mode)

    @property
    def variance(self) -> Tensor:
        total = self.concentration.sum(-1, True)
        rest = total - self.concentration
        return self.concentration * rest / (total.square() * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        density = (self.concentration - 1.0).xlogy(self._checked(value)).sum(-1)
        total = self.concentration.sum(-1)
        return density + total.lgamma() - self.concentration.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        count = self.concentration.shape[-1]
        total = self.concentration.sum(-1)
        spread = ((self.concentration - 1.0) * self.concentration.digamma()).sum(-1)
        constant = self.concentration.lgamma().sum(-1) - total.lgamma()
        return constant - (count - total) * total.digamma() - spread
