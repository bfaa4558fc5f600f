"""The binomial distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.composite.sampling import binomial
from gnomon.distributions import constraints
from gnomon.distributions.bernoulli import BinaryParameters
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.utils import Value
from gnomon.graph.modes import no_grad
from gnomon.tensor import Tensor
from gnomon.tensor.sequences import arange

__all__ = ["Binomial"]


class Binomial(BinaryParameters):
    """How many of ``total_count`` trials are successes."""

    _constraints: ClassVar[Constraints] = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    _batched = ("total_count", "_probs", "_logits")

    def __init__(
        self,
        total_count: Value = 1,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.to(self._param.dtype)
        super().__init__(self.param_shape, validate_args=validate_args)

    @property
    def support(self) -> Constraint:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        value, count, logits = self._checked(value), self.total_count, self.logits
        choices = (value + 1).lgamma() + (count - value + 1).lgamma()
        # count log(1 + exp(logits)), which does not overflow.
        normalizer = count * logits.clamp(min=0) + count * (-logits.abs()).exp().log1p()
        return value * logits - choices - (normalizer - (count + 1).lgamma())

    def entropy(self) -> Tensor:
        logarithms = self.log_prob(self.enumerate_support(False))
        return -(logarithms.exp() * logarithms).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        count = int(self.total_count.max())
        if self.total_count.min() != count:
            raise NotImplementedError(
                "Inhomogeneous total count not supported by `enumerate_support`."
            )
        values = arange(1 + count, dtype=self._param.dtype, device=self._param.device)
        values = values.view(-1, *[1] * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values
