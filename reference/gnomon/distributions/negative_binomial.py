"""The negative binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.composite.sampling import poisson
from gnomon.distributions import constraints
from gnomon.distributions.bernoulli import BinaryParameters
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.gamma import Gamma
from gnomon.distributions.utils import Value
from gnomon.graph.modes import no_grad
from gnomon.nn.functional import logsigmoid
from gnomon.tensor import Tensor

__all__ = ["NegativeBinomial"]


class NegativeBinomial(BinaryParameters):
    """How many successes come before ``total_count`` failures."""

    _constraints: ClassVar[Constraints] = {
        "total_count": constraints.nonnegative,
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    _batched = ("total_count", "_probs", "_logits")
    _region = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Value,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.to(self._param.dtype)
        super().__init__(self.param_shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return poisson(rates.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        value, count, logits = self._checked(value), self.total_count, self.logits
        density = count * logsigmoid(-logits) + value * logsigmoid(logits)
        constant = -(count + value).lgamma() + (1.0 + value).lgamma() + count.lgamma()
        return density - constant.masked_fill(count + value == 0.0, 0.0)
