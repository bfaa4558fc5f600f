"""The Fisher–Snedecor distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.gamma import Gamma
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.dtypes import finfo
from gnomon.tensor import Tensor

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Distribution):
    """The ratio of two chi-squared numbers, each over its degrees of freedom."""

    _constraints: ClassVar[Constraints] = {
        "df1": constraints.positive,
        "df2": constraints.positive,
    }
    has_rsample = True
    _batched = ("df1", "df2", "_gamma1", "_gamma2")
    _region = constraints.positive

    def __init__(self, df1: Value, df2: Value, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return (self.df2 / (self.df2 - 2)).masked_fill(self.df2 <= 2, math.nan)

    @property
    def mode(self) -> Tensor:
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self) -> Tensor:
        df1, df2 = self.df1, self.df2
        spread = df1 * (df2 - 2).square() * (df2 - 4)
        variance = 2 * df2.square() * (df1 + df2 - 2) / spread
        return variance.masked_fill(df2 <= 4, math.nan)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        first = self._gamma1.rsample(sample_shape)
        second = self._gamma2.rsample(sample_shape)
        tiny = finfo(second.dtype).tiny
        value = first / second.clamp(min=tiny)
        return value.clamp(min=tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        half1, half2 = self.df1 * 0.5, self.df2 * 0.5
        ratio = self.df1 / self.df2
        constant = (half1 + half2).lgamma() - half1.lgamma() - half2.lgamma()
        density = half1 * ratio.log() + (half1 - 1) * value.log()
        return constant + density - (half1 + half2) * (ratio * value).log1p()
