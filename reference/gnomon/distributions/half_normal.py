"""The half-normal distribution."""

from __future__ import annotations

import math

from gnomon.distributions.half import Half
from gnomon.distributions.normal import Normal
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["HalfNormal"]


class HalfNormal(Half):
    """The absolute value of a normal number of mean 0 and standard deviation ``scale``."""

    def __init__(self, scale: Value, validate_args: bool | None = None) -> None:
        super().__init__(Normal(0.0, scale, validate_args=False), validate_args)

    @property
    def mean(self) -> Tensor:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        return self.scale.square() * (1 - 2 / math.pi)
