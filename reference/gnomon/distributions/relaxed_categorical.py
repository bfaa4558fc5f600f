"""The relaxed categorical distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.categorical import OfCategories
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.relaxed import Relaxed
from gnomon.distributions.single_transforms import ExpTransform
from gnomon.distributions.utils import broadcast_all, clamp_probs
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(OfCategories):
    """The logarithms of a relaxed one-hot vector.

    Maddison, Mnih and Teh, "The Concrete Distribution", 2017.
    """

    has_rsample = True
    # Below 0 as well: its exponential is what has a sum of 1.
    _region = constraints.real_vector

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape, logits = self._extended_shape(sample_shape), self.logits
        u = clamp_probs(rand(shape, dtype=logits.dtype, device=logits.device))
        scores = (logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        count = self._event_shape[0]
        logits, value = broadcast_all(self.logits, self._checked(value))
        constant = self.temperature.log() * (count - 1) + math.lgamma(count)
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1) + constant


class RelaxedOneHotCategorical(Relaxed[ExpRelaxedCategorical]):
    """Vectors of sum 1, which are nearer to one-hot ones the lower the ``temperature`` is."""

    _constraints: ClassVar[Constraints] = ExpRelaxedCategorical._constraints

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.simplex
