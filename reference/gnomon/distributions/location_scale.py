"""What distributions share that are shifted by ``loc`` and stretched by ``scale``."""

from __future__ import annotations

from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.distribution import Distribution
from gnomon.distributions.utils import Value, broadcast_all
from gnomon.tensor import Tensor


class LocationScale(Distribution):
    """A distribution of real numbers that is symmetric about ``loc``."""

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    has_rsample = True
    _batched = ("loc", "scale")
    _region = constraints.real

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc
