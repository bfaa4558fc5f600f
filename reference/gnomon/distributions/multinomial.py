"""The multinomial distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.binomial import Binomial
from gnomon.distributions.categorical import OfCategories
from gnomon.distributions.constraints import Constraint
from gnomon.distributions.utils import broadcast_all
from gnomon.graph.modes import no_grad
from gnomon.tensor import Tensor

__all__ = ["Multinomial"]


class Multinomial(OfCategories):
    """How often each category comes in ``total_count`` trials."""

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        super().__init__(probs, logits, validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            drawn = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
            counts = self.probs.new_zeros(self._extended_shape(sample_shape))
            return counts.scatter_add_(-1, drawn, counts.new_ones(drawn.shape))

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        logits = logits.masked_fill((value == 0) & (logits == -math.inf), 0)
        choices = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return choices + (logits * value).sum(-1)

    def entropy(self) -> Tensor:
        count = self.probs.new_full((), self.total_count)
        binomial = Binomial(self.total_count, self.probs)
        support = binomial.enumerate_support(expand=False)[1:]
        repeats = binomial.log_prob(support).exp() * (support + 1).lgamma()
        whole = count * self._categorical.entropy() - (count + 1).lgamma()
        return whole + repeats.sum((0, -1))
