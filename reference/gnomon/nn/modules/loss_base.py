"""What losses share: a reduction, and weights of their terms."""

from __future__ import annotations

from gnomon.nn.functional.reduction import reduction_of
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor


class _Loss(Module):
    """A loss with its reduction."""

    reduction: str

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        self.reduction = reduction_of(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """A loss whose terms have weights."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
