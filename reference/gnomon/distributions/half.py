"""What distributions of absolute values share."""

from __future__ import annotations

import math
from typing import ClassVar, cast

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.location_scale import LocationScale
from gnomon.distributions.single_transforms import AbsTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.tensor import Tensor


class Half(TransformedDistribution):
    """The absolute value of a number whose distribution is symmetric about 0."""

    _constraints: ClassVar[Constraints] = {"scale": constraints.positive}

    def __init__(self, base: LocationScale, validate_args: bool | None = None) -> None:
        super().__init__(base, AbsTransform(), validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {"scale": self.scale}

    @property
    def scale(self) -> Tensor:
        """The scale of the number of either sign."""
        return cast(LocationScale, self.base_dist).scale

    @property
    def support(self) -> Constraint:
        return constraints.nonnegative

    @property
    def mode(self) -> Tensor:
        return self.scale * 0

    def log_prob(self, value: Tensor) -> Tensor:
        density = self.base_dist.log_prob(self._checked(value)) + math.log(2)
        return density.masked_fill(value < 0, -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        return 2 * self.base_dist.cdf(self._checked(value)) - 1

    def icdf(self, value: Tensor) -> Tensor:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        return self.base_dist.entropy() - math.log(2)
