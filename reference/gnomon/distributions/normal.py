"""The normal distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.composite.sampling import normal_around
from gnomon.distributions.location_scale import LocationScale
from gnomon.distributions.utils import standard_normal
from gnomon.graph.modes import no_grad
from gnomon.tensor import Tensor

__all__ = ["Normal"]


class Normal(LocationScale):
    """The normal distribution of mean ``loc`` and standard deviation ``scale``.

    >>> import gnomon as torch
    >>> Normal(0.0, 1.0).log_prob(torch.tensor(0.0))
    tensor(-0.9189)
    """

    @property
    def stddev(self) -> Tensor:
        return self.scale

    @property
    def variance(self) -> Tensor:
        return self.scale.square()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal_around(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = standard_normal(shape, self.loc.dtype, self.loc.device)
        return self.loc + noise * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        distance = (self._checked(value) - self.loc).square() / (2 * self.variance)
        return -distance - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value: Tensor) -> Tensor:
        return 0.5 * (
            1
            + ((self._checked(value) - self.loc) * self.scale.reciprocal() / math.sqrt(2)).erf()
        )

    def icdf(self, value: Tensor) -> Tensor:
        return self.loc + self.scale * (2 * value - 1).erfinv() * math.sqrt(2)

    def entropy(self) -> Tensor:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()
