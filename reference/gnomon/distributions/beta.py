"""The beta distribution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.dirichlet import Dirichlet
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.ops.joining import stack
from gnomon.tensor import Tensor

__all__ = ["Beta"]


class Beta(Distribution):
    """Numbers from 0 to 1, nearer to 1 the larger ``concentration1`` is than
    ``concentration0``.
    """

    _constraints: ClassVar[Constraints] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    has_rsample = True
    _batched = ("_dirichlet",)
    _region = constraints.unit_interval

    def __init__(
        self,
        concentration1: Value,
        concentration0: Value,
        validate_args: bool | None = None,
    ) -> None:
        pair = stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(pair, validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {
            "concentration1": self.concentration1,
            "concentration0": self.concentration0,
        }

    @property
    def concentration1(self) -> Tensor:
        """The concentration at 1 (alpha)."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        """The concentration at 0 (beta)."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.square() * (total + 1))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    def log_prob(self, value: Tensor) -> Tensor:
        value = self._checked(value)
        return self._dirichlet.log_prob(stack((value, 1.0 - value), -1))

    def entropy(self) -> Tensor:
        return self._dirichlet.entropy()
