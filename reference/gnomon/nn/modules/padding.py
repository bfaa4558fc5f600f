"""Padding as layers: images, signals and volumes with margins.

``padding`` is one number for all sides, or a number before and after each dim, last dim first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, TypeAlias

from gnomon.nn import functional as F
from gnomon.nn.modules.module import Module
from gnomon.tensor import Tensor

Padding: TypeAlias = int | Sequence[int]

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _Pad(Module):
    """Pads the last ``_dims`` dims."""

    _dims: ClassVar[int]
    _mode: ClassVar[str]
    padding: tuple[int, ...]

    def __init__(self, padding: Padding) -> None:
        super().__init__()
        if isinstance(padding, int):
            self.padding = (padding,) * (2 * self._dims)
        else:
            self.padding = tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """Pads with ``value``."""

    value: float

    def __init__(self, padding: Padding, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    """Pads with zeros."""

    def __init__(self, padding: Padding) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPad(_Pad):
    """Pads with what is at the other end."""

    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        rank = self._dims + 1
        if input.ndim not in (rank, rank + 1):
            raise ValueError(f"expected {rank}D or {rank + 1}D input (got {input.ndim}D input)")
        return super().forward(input)


class _ReflectionPad(_Pad):
    """Pads with the mirror image, without the element at the edge."""

    _mode = "reflect"


class _ReplicationPad(_Pad):
    """Pads with the element at the edge."""

    _mode = "replicate"


class CircularPad1d(_CircularPad):
    """Pads the last dim with what is at its other end."""

    _dims = 1


class CircularPad2d(_CircularPad):
    """Pads the last two dims with what is at their other ends."""

    _dims = 2


class CircularPad3d(_CircularPad):
    """Pads the last three dims with what is at their other ends."""

    _dims = 3


class ConstantPad1d(_ConstantPad):
    """Pads the last dim with ``value``."""

    _dims = 1


class ConstantPad2d(_ConstantPad):
    """Pads the last two dims with ``value``."""

    _dims = 2


class ConstantPad3d(_ConstantPad):
    """Pads the last three dims with ``value``."""

    _dims = 3


class ReflectionPad1d(_ReflectionPad):
    """Pads the last dim with its mirror image.

    >>> import gnomon as torch
    >>> ReflectionPad1d((2, 0))(torch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3.]])
    """

    _dims = 1


class ReflectionPad2d(_ReflectionPad):
    """Pads the last two dims with their mirror image."""

    _dims = 2


class ReflectionPad3d(_ReflectionPad):
    """Pads the last three dims with their mirror image."""

    _dims = 3


class ReplicationPad1d(_ReplicationPad):
    """Pads the last dim with the element at its edge."""

    _dims = 1


class ReplicationPad2d(_ReplicationPad):
    """Pads the last two dims with the elements at their edges."""

    _dims = 2


class ReplicationPad3d(_ReplicationPad):
    """Pads the last three dims with the elements at their edges."""

    _dims = 3


class ZeroPad1d(_ZeroPad):
    """Pads the last dim with zeros."""

    _dims = 1


class ZeroPad2d(_ZeroPad):
    """Pads the last two dims with zeros."""

    _dims = 2


class ZeroPad3d(_ZeroPad):
    """Pads the last three dims with zeros."""

    _dims = 3
