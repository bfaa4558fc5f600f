"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import ClassVar, cast

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.gamma import Gamma
from gnomon.distributions.single_transforms import PowerTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """One over a gamma number of shape ``concentration`` and inverse scale ``rate``."""

    _constraints: ClassVar[Constraints] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }

    def __init__(
        self, concentration: Value, rate: Value, validate_args: bool | None = None
    ) -> None:
        base = Gamma(concentration, rate, validate_args)
        power = PowerTransform(-base.rate.new_ones(()))
        super().__init__(base, power, validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {"concentration": self.concentration, "rate": self.rate}

    @property
    def concentration(self) -> Tensor:
        """The shape of the gamma number."""
        return cast(Gamma, self.base_dist).concentration

    @property
    def rate(self) -> Tensor:
        """The inverse scale of the gamma number."""
        return cast(Gamma, self.base_dist).rate

    @property
    def support(self) -> Constraint:
        return constraints.positive

    @property
    def mean(self) -> Tensor:
        mean = self.rate / (self.concentration - 1)
        return mean.masked_fill(self.concentration <= 1, math.inf)

    @property
    def mode(self) -> Tensor:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        concentration = self.concentration
        spread = (concentration - 1).square() * (concentration - 2)
        return (self.rate.square() / spread).masked_fill(concentration <= 2, math.inf)

    def entropy(self) -> Tensor:
        concentration = self.concentration
        constant = concentration + self.rate.log() + concentration.lgamma()
        return constant - (1 + concentration) * concentration.digamma()
