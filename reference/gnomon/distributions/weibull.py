"""The Weibull distribution."""

from __future__ import annotations

from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.exponential import Exponential
from gnomon.distributions.gumbel import EULER
from gnomon.distributions.single_transforms import AffineTransform, PowerTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.tensor import Tensor

__all__ = ["Weibull"]


class Weibull(TransformedDistribution):
    """An exponential number to the power 1 / ``concentration``, times ``scale``."""

    _constraints: ClassVar[Constraints] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    _batched = ("scale", "concentration")

    def __init__(
        self, scale: Value, concentration: Value, validate_args: bool | None = None
    ) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        base = Exponential(self.scale.new_ones(self.scale.shape), validate_args)
        power = PowerTransform(self.concentration.reciprocal())
        super().__init__(base, [power, AffineTransform(0, self.scale)], validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.positive

    @property
    def mean(self) -> Tensor:
        return self.scale * (1 + self.concentration.reciprocal()).lgamma().exp()

    @property
    def mode(self) -> Tensor:
        concentration = self.concentration
        mode = self.scale * ((concentration - 1) / concentration) ** concentration.reciprocal()
        return mode.masked_fill(concentration <= 1, 0.0)

    @property
    def variance(self) -> Tensor:
        power = self.concentration.reciprocal()
        second = (1 + 2 * power).lgamma().exp()
        return self.scale.square() * (second - (2 * (1 + power).lgamma()).exp())

    def entropy(self) -> Tensor:
        power = self.concentration.reciprocal()
        return EULER * (1 - power) + (self.scale * power).log() + 1
