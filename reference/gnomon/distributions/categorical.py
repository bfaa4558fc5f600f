"""The categorical distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.composite.grids import broadcast_tensors
from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import logits_to_probs, probs_to_logits
from gnomon.dtypes import finfo
from gnomon.graph.modes import no_grad
from gnomon.tensor import Tensor
from gnomon.tensor.sequences import arange

__all__ = ["Categorical"]


class Categorical(Distribution):
    """One of as many categories as the last dim of ``probs`` or ``logits`` has, by number.

    ``probs`` need no sum of 1, and ``logits`` may be off by a constant; both are normalized.

    >>> import gnomon as torch
    >>> Categorical(torch.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    _constraints: ClassVar[Constraints] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True
    _batched = ("_probs", "_logits")

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        param = probs if logits is None else logits
        if param is None or (probs is not None and logits is not None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        if param.dim() < 1:
            name = "probs" if logits is None else "logits"
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        self._probs = param / param.sum(-1, keepdim=True) if logits is None else None
        self._logits = (
            None if logits is None else logits - logits.logsumexp(dim=-1, keepdim=True)
        )
        self._num_events = param.shape[-1]
        super().__init__(param.shape[:-1], validate_args=validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {"logits" if self._probs is None else "probs": self._param}

    @property
    def probs(self) -> Tensor:
        """The probabilities, of sum 1."""
        return logits_to_probs(self._param) if self._probs is None else self._probs

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities."""
        return probs_to_logits(self._param) if self._logits is None else self._logits

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter that was given."""
        return self._param.shape

    @property
    def _param(self) -> Tensor:
        param = self._logits if self._probs is None else self._probs
        assert param is not None
        return param

    @property
    def support(self) -> Constraint:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        return self._param.new_full(self._extended_shape(), math.nan)

    @property
    def mode(self) -> Tensor:
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> Tensor:
        return self._param.new_full(self._extended_shape(), math.nan)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        count = math.prod(sample_shape)
        with no_grad():
            rows = self.probs.reshape(-1, self._num_events)
            return rows.multinomial(count, True).T.reshape(shape)

    def log_prob(self, value: Tensor) -> Tensor:
        places, logits = broadcast_tensors(
            self._checked(value).long().unsqueeze(-1), self.logits
        )
        return logits.gather(-1, places[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        # 0 log 0 is 0.
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        values = arange(self._num_events, device=self._param.device)
        values = values.view(-1, *[1] * len(self._batch_shape))
        return values.expand(-1, *self._batch_shape) if expand else values


class OfCategories(Distribution):
    """A distribution that is made of a categorical one, whose events are as many numbers."""

    _constraints: ClassVar[Constraints] = Categorical._constraints
    _batched = ("_categorical",)

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
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

    @property
    def param_shape(self) -> tuple[int, ...]:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape
