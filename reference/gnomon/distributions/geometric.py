"""The geometric distribution."""

from __future__ import annotations

from collections.abc import Sequence

from gnomon.distributions import constraints
from gnomon.distributions.bernoulli import BinaryParameters
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.dtypes import finfo
from gnomon.graph.modes import no_grad
from gnomon.nn.functional import binary_cross_entropy_with_logits
from gnomon.tensor import Tensor

__all__ = ["Geometric"]


class Geometric(BinaryParameters):
    """How many failures come before the first success; probabilities are larger than 0."""

    _region = constraints.nonnegative_integer

    def __init__(
        self,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._take(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)
        if self._validate_args and self._probs is not None and not (self._probs > 0).all():
            raise ValueError(
                f"Expected parameter probs of distribution {self!r} to be positive, but found "
                f"invalid values:\n{self._probs}"
            )

    @property
    def mean(self) -> Tensor:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        return self.probs * 0

    @property
    def variance(self) -> Tensor:
        probs = self.probs
        return (1.0 / probs - 1.0) / probs

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            probs = self.probs
            u = probs.new_empty(self._extended_shape(sample_shape)).uniform_()
            u = u.clamp(min=finfo(probs.dtype).tiny)
            return (u.log() / (-probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        value, probs = broadcast_all(self._checked(value), self.probs)
        # A certain success has no failure before it, with certainty: 0 times -inf is 0 there.
        failures = probs.masked_fill((probs == 1) & (value == 0), 0)
        return value * (-failures).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        coin = binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return coin / self.probs
