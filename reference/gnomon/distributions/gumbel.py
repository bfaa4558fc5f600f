"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.single_transforms import AffineTransform, ExpTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.uniform import Uniform
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.dtypes import finfo
from gnomon.tensor import Tensor

__all__ = ["Gumbel"]

# The Euler–Mascheroni constant, https://oeis.org/A001620
EULER = 0.5772156649015329


class Gumbel(TransformedDistribution):
    """The largest of many numbers: -log(-log(u)) for a uniform u, scaled and shifted."""

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    _batched = ("loc", "scale")

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        low = self.loc.new_full(self.loc.shape, limits.tiny)
        base = Uniform(low, self.loc.new_full(low.shape, 1 - limits.eps), validate_args)
        transforms = [
            ExpTransform().inv,
            AffineTransform(0, -self.scale.new_ones(self.scale.shape)),
            ExpTransform().inv,
            AffineTransform(loc, -self.scale),
        ]
        super().__init__(base, transforms, validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.real

    @property
    def mean(self) -> Tensor:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def stddev(self) -> Tensor:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        return self.stddev.square()

    def log_prob(self, value: Tensor) -> Tensor:
        y = (self.loc - self._checked(value)) / self.scale
        return (y - y.exp()) - self.scale.log()

    def entropy(self) -> Tensor:
        return self.scale.log() + (1 + EULER)
