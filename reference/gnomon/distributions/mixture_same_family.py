"""Mixtures of distributions of one family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gnomon.distributions import constraints
from gnomon.distributions.categorical import Categorical
from gnomon.distributions.constraints import Constraint
from gnomon.distributions.distribution import Distribution
from gnomon.graph.modes import no_grad
from gnomon.nn.functional import log_softmax
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """Samples of one of the components along the last dim of the batch of
    ``component_distribution``, which ``mixture_distribution`` chooses.
    """

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                "mixture_distribution needs to be a Categorical, but is "
                f"{type(mixture_distribution).__name__}."
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "component_distribution needs to be a Distribution, but is "
                f"{type(component_distribution).__name__}."
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        mixture, batch = mixture_distribution.batch_shape, component_distribution.batch_shape
        for size, other in zip(reversed(mixture), reversed(batch[:-1]), strict=False):
            if size not in (1, other) and other != 1:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixture}) is not compatible with "
                    f"`component_distribution.batch_shape` ({batch})"
                )
        count = mixture_distribution.param_shape[-1]
        if batch[-1] != count:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({batch[-1]})"
            )
        self._num_component = count
        event = component_distribution.event_shape
        self._event_ndims = len(event)
        super().__init__(batch[:-1], event, validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        components = self._component_distribution
        return type(self)(
            self._mixture_distribution.expand(batch_shape),
            components.expand((*batch_shape, self._num_component)),
            validate_args=False,
        )

    @property
    def mixture_distribution(self) -> Categorical:
        """What chooses a component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    @property
    def support(self) -> Constraint:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    def _weights(self) -> Tensor:
        probs = self._mixture_distribution.probs
        return probs.reshape(*probs.shape, *[1] * self._event_ndims)

    @property
    def mean(self) -> Tensor:
        dim = -1 - self._event_ndims
        return (self._weights() * self._component_distribution.mean).sum(dim)

    @property
    def variance(self) -> Tensor:
        dim, weights = -1 - self._event_ndims, self._weights()
        means = self._component_distribution.mean
        within = (weights * self._component_distribution.variance).sum(dim)
        between = (weights * (means - self.mean.unsqueeze(dim)).square()).sum(dim)
        return within + between

    def _with_component(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1 - self._event_ndims)

    def cdf(self, value: Tensor) -> Tensor:
        shares = self._component_distribution.cdf(self._with_component(value))
        return (shares * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        value = self._with_component(self._checked(value))
        densities = self._component_distribution.log_prob(value)
        weights = log_softmax(self._mixture_distribution.logits, dim=-1)
        return (densities + weights).logsumexp(dim=-1)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            chosen = self._mixture_distribution.sample(sample_shape)
            samples = self._component_distribution.sample(sample_shape)
            dim = samples.dim() - 1 - self._event_ndims
            ones = [1] * (1 + self._event_ndims)
            places = chosen.reshape(*chosen.shape, *ones)
            places = places.expand(*chosen.shape, 1, *self._event_shape)
            return samples.gather(dim, places).squeeze(dim)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self._mixture_distribution},\n"
            f"  {self._component_distribution})"
        )
