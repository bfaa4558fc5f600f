"""The von Mises distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.dtypes import float64
from gnomon.graph.modes import no_grad
from gnomon.special import i0e, i1e
from gnomon.tensor import Tensor
from gnomon.tensor.random_factories import rand

__all__ = ["VonMises"]

# Below it the proposal's formula would lose all digits; its limit is used.
_SMALL_CONCENTRATION = 1e-5


class VonMises(Distribution):
    """Angles around ``loc``, in radians from -π to π, the nearer the larger
    ``concentration`` is.
    """

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    _batched = ("loc", "concentration")
    _region = constraints.real

    def __init__(
        self, loc: Value, concentration: Value, validate_args: bool | None = None
    ) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The mean direction."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The circular variance: 1 less the length of the mean of the unit vectors."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Return angles.

        Best and Fisher, "Efficient Simulation of the von Mises Distribution", 1979: rejection
        from a wrapped Cauchy distribution, in float64 whatever the dtype.
        """
        shape = self._extended_shape(sample_shape)
        with no_grad():
            loc = self.loc.to(float64)
            concentration = self.concentration.to(float64)
            proposal = _proposal(concentration)
            angles = loc.new_empty(shape)
            done = angles.new_zeros(shape).bool()
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=float64, device=loc.device).unbind()
                z = (math.pi * u1).cos()
                cosine = (1 + proposal * z) / (proposal + z)
                c = concentration * (proposal - cosine)
                accepted = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                angles = ((u3 - 0.5).sign() * cosine.acos()).where(accepted, angles)
                done = done | accepted
            return ((angles + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        near = self.concentration * (self._checked(value) - self.loc).cos()
        normalizer = i0e(self.concentration).log() + self.concentration
        return near - math.log(2 * math.pi) - normalizer


def _proposal(concentration: Tensor) -> Tensor:
    tau = 1 + (1 + 4 * concentration.square()).sqrt()
    rho = (tau - (2 * tau).sqrt()) / (2 * concentration)
    usual = (1 + rho.square()) / (2 * rho)
    flat = concentration.reciprocal() + concentration
    return flat.where(concentration < _SMALL_CONCENTRATION, usual)
