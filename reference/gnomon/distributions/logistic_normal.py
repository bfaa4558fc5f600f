"""The logistic-normal distribution."""

from __future__ import annotations

from typing import ClassVar, cast

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraint, Constraints
from gnomon.distributions.independent import Independent
from gnomon.distributions.normal import Normal
from gnomon.distributions.single_transforms import StickBreakingTransform
from gnomon.distributions.transformed_distribution import TransformedDistribution
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["LogisticNormal"]


class LogisticNormal(TransformedDistribution):
    """Vectors of sum 1: normal numbers break off parts of what is left of a stick."""

    _constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }

    def __init__(self, loc: Value, scale: Value, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    def _given(self) -> dict[str, Tensor]:
        return {"loc": self.loc, "scale": self.scale}

    @property
    def _normal(self) -> Normal:
        return cast(Normal, cast(Independent, self.base_dist).base_dist)

    @property
    def support(self) -> Constraint:
        return constraints.simplex

    @property
    def loc(self) -> Tensor:
        """The means of the normal numbers."""
        return self._normal.loc

    @property
    def scale(self) -> Tensor:
        """The standard deviations of the normal numbers."""
        return self._normal.scale
