"""Names of PyTorch's past."""

from __future__ import annotations

from gnomon.errors import warn
from gnomon.nn.modules.classification_loss import NLLLoss
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

__all__ = ["Container", "NLLLoss2d"]


class Container(Module):
    """A module with the children that it is given by name; assign them to a module instead."""

    def __init__(self, **kwargs: Module) -> None:
        super().__init__()
        warn("nn.Container is deprecated. Assign modules to a Module.", FutureWarning)
        for name, module in kwargs.items():
            self.add_module(name, module)


class NLLLoss2d(NLLLoss):
    """``NLLLoss``, which takes images as well."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        warn("nn.NLLLoss2d is deprecated. Use nn.NLLLoss.", FutureWarning)
        super().__init__(weight, size_average, ignore_index, reduce, reduction)
