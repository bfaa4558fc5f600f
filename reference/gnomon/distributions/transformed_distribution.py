"""The distribution of transformed samples of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gnomon.distributions import constraints
from gnomon.distributions.combined_transforms import ComposeTransform
from gnomon.distributions.constraints import Constraint
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.independent import Independent
from gnomon.distributions.transform import Transform
from gnomon.distributions.utils import sum_rightmost
from gnomon.graph.modes import no_grad
from gnomon.tensor import Tensor

if TYPE_CHECKING:
    from typing import Self

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of samples of ``base_distribution`` after ``transforms``.

    >>> from gnomon.distributions import ExpTransform, Normal
    >>> import gnomon as torch
    >>> TransformedDistribution(Normal(0.0, 1.0), ExpTransform()).log_prob(torch.tensor(1.0))
    tensor(-0.9189)
    """

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        self.transforms = (
            [transforms] if isinstance(transforms, Transform) else list(transforms)
        )
        for transform in self.transforms:
            if not isinstance(transform, Transform):
                raise ValueError(
                    "transforms must be a Transform or a list of Transforms, but was "
                    f"{transform!r}"
                )
        base_shape = base_distribution.batch_shape + base_distribution.event_shape
        whole = ComposeTransform(self.transforms)
        dims = whole.domain.event_dim
        if len(base_shape) < dims:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{dims}, but got {base_shape}."
            )
        shape = whole.forward_shape(base_shape)
        needed = whole.inverse_shape(shape)
        if needed != base_shape:
            batch = needed[: len(needed) - len(base_distribution.event_shape)]
            base_distribution = base_distribution.expand(batch)
        added = dims - len(base_distribution.event_shape)
        if added > 0:
            base_distribution = Independent(base_distribution, added)
        self.base_dist = base_distribution
        event_dims = whole.codomain.event_dim + max(-added, 0)
        cut = len(shape) - event_dims
        super().__init__(shape[:cut], shape[cut:], validate_args)
        self.has_rsample = base_distribution.has_rsample

    def expand(self, batch_shape: Sequence[int], _instance: Distribution | None = None) -> Self:
        expanded = super().expand(batch_shape)
        shape: Sequence[int] = (*batch_shape, *self._event_shape)
        for transform in reversed(self.transforms):
            shape = transform.inverse_shape(shape)
        base = self.base_dist
        expanded.base_dist = base.expand(shape[: len(shape) - len(base.event_shape)])
        return expanded

    @property
    def support(self) -> Constraint:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self._event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with no_grad():
            return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._transformed(self.base_dist.rsample(sample_shape))

    def _transformed(self, value: Tensor) -> Tensor:
        for transform in self.transforms:
            value = transform(value)
        return value

    def log_prob(self, value: Tensor) -> Tensor:
        y = self._checked(value)
        dims = len(self._event_shape)
        slopes: Tensor | float = 0.0
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            dims += transform.domain.event_dim - transform.codomain.event_dim
            slope = transform.log_abs_det_jacobian(x, y)
            slopes = slopes - sum_rightmost(slope, dims - transform.domain.event_dim)
            y = x
        density = self.base_dist.log_prob(y)
        return slopes + sum_rightmost(density, dims - len(self.base_dist.event_shape))

    def cdf(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._with_sign(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        return self._transformed(self.base_dist.icdf(self._with_sign(value)))

    def _with_sign(self, share: Tensor) -> Tensor:
        """Return ``share`` of a distribution that rises, 1 less it of one that falls."""
        sign = ComposeTransform(self.transforms).sign
        return share if isinstance(sign, int) and sign == 1 else sign * (share - 0.5) + 0.5
