"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.bernoulli import BinaryParameters
from gnomon.distributions.utils import Value, broadcast_all, clamp_probs
from gnomon.nn.functional import binary_cross_entropy_with_logits
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(BinaryParameters):
    """Numbers from 0 to 1 with a density proportional to that of a Bernoulli number.

    Between the two ``lims``, around 1/2, where the formulas lose digits, their Taylor series
    are used. Loaiza-Ganem and Cunningham, "The continuous Bernoulli", 2019.
    """

    has_rsample = True
    _region = constraints.unit_interval

    def __init__(
        self,
        probs: Value | None = None,
        logits: Value | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._take(probs, logits)
        self._lims = lims
        super().__init__(self.param_shape, validate_args=validate_args)

    @property
    def probs(self) -> Tensor:
        """The parameter, which lies between 0 and 1 and is not the mean."""
        return clamp_probs(super().probs)

    def _is_near_half(self) -> Tensor:
        low, high = self._lims
        probs = self.probs
        return (probs > low) & (probs <= high)

    def _away_from_half(self) -> tuple[Tensor, Tensor]:
        """Return the parameter where it is not near 1/2, and its log odds."""
        probs = self.probs.masked_fill(self._is_near_half(), self._lims[0])
        return probs, probs.log() - (-probs).log1p()

    def _log_normalizer(self) -> Tensor:
        probs, odds = self._away_from_half()
        x = (self.probs - 0.5).square()
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return series.where(self._is_near_half(), (odds / (2 * probs - 1)).log())

    @property
    def mean(self) -> Tensor:
        probs, odds = self._away_from_half()
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x.square()) * x
        return series.where(self._is_near_half(), probs / (2 * probs - 1) - 1 / odds)

    @property
    def variance(self) -> Tensor:
        probs, odds = self._away_from_half()
        x = (self.probs - 0.5).square()
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        spread = probs * (probs - 1) / (1 - 2 * probs).square() + odds.pow(-2)
        return series.where(self._is_near_half(), spread)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, probs = self._extended_shape(sample_shape), self.probs
        return self.icdf(rand(shape, dtype=probs.dtype, device=probs.device))

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        density = -binary_cross_entropy_with_logits(logits, value, reduction="none")
        return density + self._log_normalizer()

    def cdf(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        probs, _ = self._away_from_half()
        share = probs.pow(value) * (1 - probs).pow(1 - value) + probs - 1
        shape = (value + probs).shape
        share = value.expand(shape).where(self._is_near_half(), share / (2 * probs - 1))
        return share.masked_fill(value <= 0, 0.0).masked_fill(value >= 1, 1.0)

    def icdf(self, value: Tensor) -> Tensor:
        probs, odds = self._away_from_half()
        found = ((-probs + value * (2 * probs - 1)).log1p() - (-probs).log1p()) / odds
        return value.expand(found.shape).where(self._is_near_half(), found)

    def entropy(self) -> Tensor:
        failure, success = (-self.probs).log1p(), self.probs.log()
        return self.mean * (failure - success) - self._log_normalizer() - failure
