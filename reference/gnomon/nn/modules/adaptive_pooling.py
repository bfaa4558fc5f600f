"""Adaptive poolings as layers: a number of windows instead of their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from gnomon.nn import functional as F
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
]

Size: TypeAlias = int | Sequence[int]
#: None leaves a dim as it is.
OutputSize: TypeAlias = "int | Sequence[int | None] | None"


class _AdaptiveMaxPoolNd(Module):
    """How many windows an adaptive max pool has."""

    output_size: OutputSize
    return_indices: bool

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest element of each of ``output_size`` windows that cover a signal.

    >>> import gnomon as torch
    >>> AdaptiveMaxPool1d(5)(torch.ones(1, 64, 8)).shape
    torch.Size([1, 64, 5])
    """

    output_size: Size

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the largest elements, and their places if asked for."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest element of each of the windows that cover an image.

    >>> import gnomon as torch
    >>> AdaptiveMaxPool2d(2)(torch.ones(1, 3, 5, 5)).shape
    torch.Size([1, 3, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the largest elements, and their places if asked for."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest element of each of the windows that cover a volume.

    >>> import gnomon as torch
    >>> AdaptiveMaxPool3d(2)(torch.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the largest elements, and their places if asked for."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _AdaptiveAvgPoolNd(Module):
    """How many windows an adaptive average pool has."""

    output_size: OutputSize

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The mean of each of ``output_size`` windows that cover a signal.

    >>> import gnomon as torch
    >>> AdaptiveAvgPool1d(5)(torch.ones(1, 64, 8)).shape
    torch.Size([1, 64, 5])
    """

    output_size: Size

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The mean of each of the windows that cover an image.

    >>> import gnomon as torch
    >>> AdaptiveAvgPool2d((1, None))(torch.ones(1, 3, 5, 5)).shape
    torch.Size([1, 3, 1, 5])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The mean of each of the windows that cover a volume.

    >>> import gnomon as torch
    >>> AdaptiveAvgPool3d((1, None, 2))(torch.ones(1, 3, 5, 5, 5)).shape
    torch.Size([1, 3, 1, 5, 2])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the means."""
        return F.adaptive_avg_pool3d(input, self.output_size)
