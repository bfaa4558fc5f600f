"""Max pools whose windows lie at random, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from gnomon.nn import functional as F
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

__all__ = ["FractionalMaxPool2d", "FractionalMaxPool3d"]

Size: TypeAlias = int | Sequence[int]
Ratio: TypeAlias = float | Sequence[float]


class _FractionalMaxPoolNd(Module):
    """The arguments of fractional max pools."""

    _dims: ClassVar[int]

    kernel_size: tuple[int, ...]
    return_indices: bool
    output_size: tuple[int, ...] | None
    output_ratio: tuple[float, ...] | None
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Size,
        output_size: Size | None = None,
        output_ratio: Ratio | None = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name, count = type(self).__name__, self._dims
        self.kernel_size = _each(kernel_size, count)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else _each(output_size, count)
        ratio = output_ratio
        if isinstance(ratio, int | float):
            ratio = (ratio,) * count
        self.output_ratio = None if ratio is None else tuple(ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(
            0 < each < 1 for each in self.output_ratio
        ):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


def _each(size: Size, count: int) -> tuple[int, ...]:
    return (size,) * count if isinstance(size, int) else tuple(size)


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The largest element of each of randomly placed windows of an image.

    There are ``output_size`` of them, or ``output_ratio``, below 1, times the input's sizes.
    Raises ValueError unless exactly one of both is given.

    >>> import gnomon as torch
    >>> FractionalMaxPool2d(3, output_size=(13, 12))(torch.ones(2, 16, 20, 20)).shape
    torch.Size([2, 16, 13, 12])
    """

    _dims = 2

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the largest elements, and their places if asked for."""
        return F.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """The largest element of each of randomly placed windows of a volume.

    >>> import gnomon as torch
    >>> FractionalMaxPool3d(2, output_ratio=0.5)(torch.ones(1, 2, 6, 4, 4)).shape
    torch.Size([1, 2, 3, 2, 2])
    """

    _dims = 3

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return the largest elements, and their places if asked for."""
        return F.fractional_max_pool3d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )
