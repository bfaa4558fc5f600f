"""The log-normal distribution."""

from __future__ import annotations

from typing import ClassVar, cast

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.normal import Normal
from gnomon.distributions.single_transforms import ExpTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["LogNormal"]


class LogNormal(TransformedDistribution):
    """The exponential of a normal number."""

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {"loc": self.loc, "scale": self.scale}

    @property
    def _normal(self) -> Normal:
        return cast(Normal, self.base_dist)

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithm."""
        return self._normal.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the logarithm."""
        return self._normal.scale

    @property
    def mean(self) -> Tensor:
        return (self.loc + self.scale.square() / 2).exp()

    @property
    def mode(self) -> Tensor:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        square = self.scale.square()
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Tensor:
        return self._normal.entropy() + self.loc
