"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.bernoulli import BinaryParameters
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.relaxed import Relaxed
from gnomon.distributions.single_transforms import SigmoidTransform
from gnomon.distributions.utils import Value, broadcast_all, clamp_probs
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(BinaryParameters):
    """The log odds of a relaxed Bernoulli number.

    Maddison, Mnih and Teh, "The Concrete Distribution", 2017.
    """

    has_rsample = True
    _region = constraints.real

    def __init__(
        self,
        temperature: Tensor,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(rand(shape, dtype=probs.dtype, device=probs.device))
        odds = u.log() - (-u).log1p() + probs.log() - (-probs).log1p()
        return odds / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(Relaxed[LogitRelaxedBernoulli]):
    """Numbers from 0 to 1, which are nearer to 0 and 1 the lower the ``temperature`` is."""

    _constraints: ClassVar[Constraints] = BinaryParameters._constraints

    def __init__(
        self,
        temperature: Tensor,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.unit_interval
