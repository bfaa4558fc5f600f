"""The chi-squared distribution."""

from __future__ import annotations

from typing import ClassVar

from gnomon.distributions import constraints
from gnomon.distributions.constraints import Constraints
from gnomon.distributions.gamma import Gamma
from gnomon.distributions.utils import Value
from gnomon.tensor import Tensor

__all__ = ["Chi2"]


class Chi2(Gamma):
    """The sum of the squares of ``df`` normal numbers."""

    _constraints: ClassVar[Constraints] = {"df": constraints.positive}

    def __init__(self, df: Value, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * df, 0.5, validate_args)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self.concentration * 2

    def _given(self) -> dict[str, Tensor]:
        return {"df": self.df}
