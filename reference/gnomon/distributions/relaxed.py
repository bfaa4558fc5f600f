"""What relaxed distributions share: continuous ones that come near to discrete ones."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar, cast

from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.tensor import Tensor


class _Tempered(Protocol):
    """A distribution of scores, whose transform is a relaxed sample."""

    temperature: Tensor

    @property
    def probs(self) -> Tensor: ...
    @property
    def logits(self) -> Tensor: ...
    def _given(self) -> dict[str, Tensor]: ...


Scores = TypeVar("Scores", bound=_Tempered)


class Relaxed(TransformedDistribution, Generic[Scores]):
    """A transformed distribution of scores, with their parameters."""

    @property
    def _scores(self) -> Scores:
        return cast(Scores, self.base_dist)

    def _given(self) -> dict[str, Tensor]:
        return self._scores._given()

    @property
    def temperature(self) -> Tensor:
        """How far samples keep from those of the discrete distribution."""
        return self._scores.temperature

    @property
    def probs(self) -> Tensor:
        """The probabilities of the discrete distribution."""
        return self._scores.probs

    @property
    def logits(self) -> Tensor:
        """The log odds, or the logarithms, of the probabilities."""
        return self._scores.logits
