"""The categorical distribution, with vectors that have a 1 at the category."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.categorical import OfCategories
from gnomon.nn.functional import one_hot
from gnomon.tensor import Tensor
from gnomon.tensor.factories import eye

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OneHotCategorical(OfCategories):
    """Vectors with a 1 at the category and zeros elsewhere."""

    has_enumerate_support = True
    _region = constraints.one_hot

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        return one_hot(self.probs.argmax(dim=-1), self._event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        drawn = self._categorical.sample(sample_shape)
        return one_hot(drawn, self._event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        return self._categorical.log_prob(self._checked(value).argmax(-1))

    def entropy(self) -> Tensor:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count, probs = self._event_shape[0], self.probs
        values = eye(count, dtype=probs.dtype, device=probs.device)
        values = values.view(count, *[1] * len(self._batch_shape), count)
        return values.expand(count, *self._batch_shape, count) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """The same, with samples whose gradient is that of the probabilities.

    Bengio, Léonard and Courville, "Estimating or Propagating Gradients Through Stochastic
    Neurons for Conditional Computation", 2013.
    """

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        probs = self.probs
        return self.sample(sample_shape) + (probs - probs.detach())
