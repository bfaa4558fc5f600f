"""The Laplace distribution."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.distributions.location_scale import LocationScale
from gnomon.dtypes import finfo
from gnomon.tensor import Tensor

__all__ = ["Laplace"]


class Laplace(LocationScale):
    """Two exponential distributions back to back at ``loc``, of mean distance ``scale``."""

    @property
    def variance(self) -> Tensor:
        return 2 * self.scale.square()

    @property
    def stddev(self) -> Tensor:
        return 2**0.5 * self.scale

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        # From just above -1, for the logarithm of 0.
        u = self.loc.new_empty(shape).uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * (-u.abs()).log1p()

    def log_prob(self, value: Tensor) -> Tensor:
        distance = (self._checked(value) - self.loc).abs()
        return -(2 * self.scale).log() - distance / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        distance = self._checked(value) - self.loc
        return 0.5 - 0.5 * distance.sign() * (-distance.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        term = value - 0.5
        return self.loc - self.scale * term.sign() * (-2 * term.abs()).log1p()

    def entropy(self) -> Tensor:
        return 1 + (2 * self.scale).log()
