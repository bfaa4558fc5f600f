"""The Bernoulli distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import (
    Value,
    broadcast_all,
    logits_to_probs,
    probs_to_logits,
)
from gnomon.graph.modes import no_grad
from gnomon.nn.functional import binary_cross_entropy_with_logits
from gnomon.tensor import Tensor
from gnomon.tensor.sequences import arange

__all__ = ["Bernoulli"]


class BinaryParameters(Distribution):
    """A distribution of successes: their probability, given as such or as log odds."""

    _constraints: ClassVar[Constraints] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    _batched: ClassVar[tuple[str, ...]] = ("_probs", "_logits")

    def _take(self, probs: Value | None, logits: Value | None, *others: Value) -> list[Tensor]:
        """Keep what was given; return ``others`` broadcast with it."""
        given = one_of(probs, logits)
        tensor, *rest = broadcast_all(given, *others)
        self._probs = None if probs is None else tensor
        self._logits = None if logits is None else tensor
        return rest

    def _given(self) -> dict[str, Tensor]:
        return {**super()._given(), "logits" if self._probs is None else "probs": self._param}

    # Neither is kept when it follows from the other, so that gradients flow anew each time.
    @property
    def probs(self) -> Tensor:
        """The probability of a success."""
        return logits_to_probs(self._param, True) if self._probs is None else self._probs

    @property
    def logits(self) -> Tensor:
        """The log odds of a success."""
        return probs_to_logits(self._param, True) if self._logits is None else self._logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter that was given."""
        return self._param.shape

    @property
    def _param(self) -> Tensor:
        param = self._logits if self._probs is None else self._probs
        assert param is not None
        return param


def one_of(probs: Value | None, logits: Value | None) -> Value:
    """Return the parameter that was given; ValueError unless it is just one."""
    if probs is None and logits is not None:
        return logits
    if probs is not None and logits is None:
        return probs
    raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class Bernoulli(BinaryParameters):
    """1 with probability ``probs``, else 0.

    >>> Bernoulli(0.25).mean
    tensor(0.2500)
    """

    has_enumerate_support = True
    _region = constraints.boolean

    def __init__(
        self,
        probs: Value | None = None,
        logits: Value | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._take(probs, logits)
        super().__init__(self.param_shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.probs

    @property
    def mode(self) -> Tensor:
        probs = self.probs
        return (probs >= 0.5).to(probs.dtype).masked_fill(probs == 0.5, math.nan)

    @property
    def variance(self) -> Tensor:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            return self.probs.expand(self._extended_shape(sample_shape)).bernoulli()

    def log_prob(self, value: Tensor) -> Tensor:
        logits, value = broadcast_all(self.logits, self._checked(value))
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        param = self._param
        values = arange(2, dtype=param.dtype, device=param.device)
        values = values.view(-1, *[1] * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values
