"""The Kumaraswamy distribution."""

from __future__ import annotations

import math
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.gumbel import EULER
from gnomon.distributions.single_transforms import AffineTransform, PowerTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.uniform import Uniform
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.tensor import Tensor

__all__ = ["Kumaraswamy"]


class Kumaraswamy(TransformedDistribution):
    """Numbers from 0 to 1 much like beta ones: (1 - u ** (1 / b)) ** (1 / a) for a uniform u,
    where a is ``concentration1`` and b is ``concentration0``.
    """

    _constraints: ClassVar[Constraints] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    _batched = ("concentration1", "concentration0")

    def __init__(
        self,
        concentration1: Value,
        concentration0: Value,
        validate_args: bool | None = None,
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        shape = self.concentration0.shape
        zeros, ones = self.concentration0.new_zeros(shape), self.concentration0.new_ones(shape)
        transforms = [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]
        super().__init__(Uniform(zeros, ones, validate_args), transforms, validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.unit_interval

    def _moment(self, order: int) -> Tensor:
        power = 1 + order / self.concentration1
        sum_of_both = (power + self.concentration0).lgamma()
        return (power.lgamma() + (self.concentration0 + 1).lgamma() - sum_of_both).exp()

    @property
    def mean(self) -> Tensor:
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        mode = ((a - 1) / (a * b - 1)).pow(a.reciprocal())
        return mode.masked_fill((a < 1) | (b < 1), math.nan)

    @property
    def variance(self) -> Tensor:
        return self._moment(2) - self._moment(1).square()

    def entropy(self) -> Tensor:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
