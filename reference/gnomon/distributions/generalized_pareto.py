"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["GeneralizedPareto"]

# So near to 0, a concentration counts as 0: the distribution is then an exponential one.
_SMALL = 1e-8


class GeneralizedPareto(Distribution):
    """Numbers from ``loc`` on whose tail is heavier the larger ``concentration`` is.

    It is exponential for 0, a Pareto distribution above, and of bounded reach below.
    """

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True
    _batched = ("loc", "scale", "concentration")

    def __init__(
        self,
        loc: Value,
        scale: Value,
        concentration: Value,
        validate_args: bool | None = None,
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def support(self) -> Constraint:
        reach = self.loc - self.scale / self._safe_concentration()
        upper = reach.masked_fill(self.concentration >= 0, math.inf)
        return constraints.interval(self.loc, upper)

    def _is_exponential(self) -> Tensor:
        return self.concentration.abs() <= _SMALL

    def _safe_concentration(self) -> Tensor:
        return self.concentration.masked_fill(self._is_exponential(), 1.0)

    @property
    def mean(self) -> Tensor:
        mean = self.loc + self.scale / (1 - self.concentration)
        return mean.masked_fill(self.concentration >= 1, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        rest = 1 - self.concentration
        variance = self.scale.square() / (rest.square() * (1 - 2 * self.concentration))
        return variance.masked_fill(self.concentration >= 0.5, math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        return self.icdf(rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Tensor) -> Tensor:
        z = (self._checked(value) - self.loc) / self.scale
        concentration = self._safe_concentration()
        power = 1 / concentration + 1
        # A power of 0 is that of a uniform density, at its end too.
        tail = (power * (concentration * z).log1p()).masked_fill(power == 0, 0.0)
        return -self.scale.log() - z.where(self._is_exponential(), tail)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """Return the logarithm of the probability of a sample above ``value``."""
        z = (self._checked(value) - self.loc) / self.scale
        concentration = self._safe_concentration()
        tail = (concentration * z).log1p() / concentration
        return -z.where(self._is_exponential(), tail)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Return the logarithm of ``cdf(value)``."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        logarithm, concentration = (-value).log1p(), self._safe_concentration()
        tail = (-concentration * logarithm).expm1() / concentration
        exponential = (-logarithm).expand(tail.shape)
        return self.loc + self.scale * exponential.where(self._is_exponential(), tail)

    def entropy(self) -> Tensor:
        return self.scale.log() + self.concentration + 1
