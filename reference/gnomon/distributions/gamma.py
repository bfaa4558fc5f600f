"""The gamma distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.draws import standard_gamma
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.dtypes import finfo
from gnomon.tensor import Tensor

__all__ = ["Gamma"]


class Gamma(Distribution):
    """The gamma distribution of shape ``concentration`` and inverse scale ``rate``."""

    _constraints: ClassVar[Constraints] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    has_rsample = True
    _batched = ("concentration", "rate")
    _region = constraints.nonnegative

    def __init__(
        self, concentration: Value, rate: Value, validate_args: bool | None = None
    ) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Tensor) -> Tensor:
        value, concentration, rate = self._checked(value), self.concentration, self.rate
        density = concentration.xlogy(rate) + (concentration - 1).xlogy(value) - rate * value
        return density - concentration.lgamma()

    def entropy(self) -> Tensor:
        concentration = self.concentration
        return (
            concentration
            - self.rate.log()
            + concentration.lgamma()
            + (1.0 - concentration) * concentration.digamma()
        )
