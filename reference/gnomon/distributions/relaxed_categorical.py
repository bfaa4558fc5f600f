"""The relaxed categorical distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, cast

from gnomon.distributions import constraints
from gnomon.distributions.categorical import Categorical
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.single_transforms import ExpTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.utils import broadcast_all, clamp_probs
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(Distribution):
    """The logarithms of a relaxed one-hot vector.

    Maddison, Mnih and Teh, "The Concrete Distribution", 2017.
    """

    _constraints: ClassVar[Constraints] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_rsample = True
    _batched = ("_categorical",)
    # Below 0 as well: its exponential is what has a sum of 1.
    _region = constraints.real_vector

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        events = self._categorical.param_shape[-1:]
        super().__init__(self._categorical.batch_shape, events, validate_args)

    def _given(self) -> dict[str, Tensor]:
        return self._categorical._given()

    @property
    def probs(self) -> Tensor:
        """The probabilities, of sum 1."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._categorical.logits

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


class RelaxedOneHotCategorical(TransformedDistribution):
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
    def _relaxed(self) -> ExpRelaxedCategorical:
        return cast(ExpRelaxedCategorical, self.base_dist)

    def _given(self) -> dict[str, Tensor]:
        return self._relaxed._given()

    @property
    def support(self) -> Constraint:
        return constraints.simplex

    @property
    def temperature(self) -> Tensor:
        """How far samples keep from one-hot vectors."""
        return self._relaxed.temperature

    @property
    def probs(self) -> Tensor:
        """The probabilities, of sum 1."""
        return self._relaxed.probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return self._relaxed.logits
