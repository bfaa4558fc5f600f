"""The half-Cauchy distribution."""

from __future__ import annotations

import math

from gnomon.distributions.cauchy import Cauchy
from gnomon.distributions.half import Half
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["HalfCauchy"]


class HalfCauchy(Half):
    """The absolute value of a Cauchy number around 0."""

    def __init__(self, scale: Value, validate_args: bool | None = None) -> None:
        super().__init__(Cauchy(0.0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale.new_full(self._extended_shape(), math.inf)

    @property
    def variance(self) -> Tensor:
        return self.base_dist.variance
