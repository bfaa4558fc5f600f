"""Student's t distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.chi2 import Chi2
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import Value, broadcast_all, standard_normal
from gnomon.tensor import Tensor

__all__ = ["StudentT"]


class StudentT(Distribution):
    """A normal number divided by the root of a chi-squared one over its degrees of freedom
    ``df``, times ``scale``, around ``loc``.
    """

    _constraints: ClassVar[Constraints] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    has_rsample = True
    _batched = ("df", "loc", "scale", "_chi2")
    _region = constraints.real

    def __init__(
        self,
        df: Value,
        loc: Value = 0.0,
        scale: Value = 1.0,
        validate_args: bool | None = None,
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        df = self.df
        variance = self.scale.square() * df / (df - 2)
        return variance.masked_fill(df <= 2, math.inf).masked_fill(df <= 1, math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = standard_normal(shape, self.df.dtype, self.df.device)
        spread = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (noise * (spread / self.df).rsqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        distance, df = (self._checked(value) - self.loc) / self.scale, self.df
        constant = (
            self.scale.log()
            + 0.5 * df.log()
            + 0.5 * math.log(math.pi)
            + (0.5 * df).lgamma()
            - (0.5 * (df + 1.0)).lgamma()
        )
        return -0.5 * (df + 1.0) * (distance.square() / df).log1p() - constant

    def entropy(self) -> Tensor:
        df = self.df
        # The logarithm of B(1/2, df / 2) sqrt(df).
        constant = (0.5 * df).lgamma() + math.lgamma(0.5) - (0.5 * (1 + df)).lgamma()
        spread = 0.5 * (df + 1) * ((0.5 * (df + 1)).digamma() - (0.5 * df).digamma())
        return self.scale.log() + spread + 0.5 * df.log() + constant
